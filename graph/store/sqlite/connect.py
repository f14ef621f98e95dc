"""Opening the file of an SQLite store, and saying in one sentence what is wrong where that fails."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from graph.store.errors import StoreError
from graph.store.layouts import check_version
from graph.store.sqlite.layout import APPLICATION_ID, INDEXES, TABLES, USER_VERSION, create_indexes
from graph.store.sqlite.migrations import MIGRATIONS

_PAGE_CACHE_KIB = 64 * 1024


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn what SQLite refuses into a StoreError that its user can act on."""
    try:
        yield
    except sqlite3.Error as error:
        sentence = _sentence(getattr(error, "sqlite_errorcode", 0) & 0xFF, path, str(error))
        if sentence is None:
            raise
        raise StoreError(sentence) from error


def _sentence(code: int, path: Path, detail: str) -> str | None:
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"Another process is writing to the store {path}; try again when it has finished."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return f"The store {path} may only be read; allow writing to the file and its folder, or choose another."
        case sqlite3.SQLITE_FULL:
            return f"The disk of the store {path} is full; nothing was changed, free some space and try again."
        case sqlite3.SQLITE_IOERR:
            return f"The store {path} could not be read or written ({detail}); check the disk and its free space."
        case sqlite3.SQLITE_CORRUPT:
            return f"The store {path} is damaged ({detail}); restore it or load the files into a new store."
        case sqlite3.SQLITE_NOTADB:
            return f"{path} is not a Tidewaiter store; choose another path."
        case sqlite3.SQLITE_INTERRUPT:
            return "The question was broken off; ask for less, or try again."
        case sqlite3.SQLITE_CANTOPEN:
            return f"The store {path} cannot be opened; check that its folder exists and may be written to."
    return None


def connect(path: Path, wait: float) -> sqlite3.Connection:
    """Return a connection to an existing store; `wait` bounds the seconds that it waits for another writer."""
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None, check_same_thread=False)
    try:
        # With a WAL, NORMAL survives a killed process; only a power cut can lose the last commits, and none in part.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def prepare(path: Path, wait: float, *, create: bool) -> None:
    """Check that the file is a store of this version; make one where there is none.

    Raises StoreError where it is something else, or where there is none and `create` is false.
    """
    with refusals(path):
        if path.is_dir():
            raise StoreError(f"The store {path} is a folder; name a file.")
        if not path.exists():
            if not create:
                raise StoreError(f"There is no store at {path}; load something first with `tidewaiter ingest`.")
            if not path.parent.is_dir():
                raise StoreError(f"The folder {path.parent} of the store does not exist; create it first.")
            try:
                path.touch()
            except OSError as error:
                raise StoreError(f"The store {path} cannot be made: {error.strerror}; choose another path.") from error
        connection = connect(path, wait)
        try:
            _check(connection, path, create=create)
        finally:
            connection.close()


def _check(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    application, version, tables = _marks(connection)
    if not (application or tables):
        if not create:
            raise StoreError(f"There is no store at {path}; load something first with `tidewaiter ingest`.")
        connection.execute("PRAGMA journal_mode = WAL")
        with writing(connection):
            # Somebody else may have made the store meanwhile.
            if not any(_marks(connection)):
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {USER_VERSION}")
                for statement in (*TABLES, *create_indexes(INDEXES)):
                    connection.execute(statement)
        application, version, tables = _marks(connection)
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is not a Tidewaiter store; choose another path.")
    check_version(path, version, USER_VERSION, MIGRATIONS)


def migrate(path: Path, wait: float = 5.0) -> tuple[int, int]:
    """Bring a store to the layout of this code, in one transaction; return its version before and after.

    Raises StoreError where there is no store, or where it is of a layout that cannot be brought forward.
    """
    with refusals(path):
        if not path.is_file():
            raise StoreError(f"There is no store at {path}; load something first with `tidewaiter ingest`.")
        connection = connect(path, wait)
        try:
            application, before, _ = _marks(connection)
            if application != APPLICATION_ID or before not in MIGRATIONS:
                _check(connection, path, create=False)
                return before, before
            with writing(connection):
                # Somebody else may have done it meanwhile.
                while step := MIGRATIONS.get(_marks(connection)[1]):
                    step(connection)
            tidy(connection)
            return before, USER_VERSION
        finally:
            connection.close()


def _marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return application, version, tables


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold one write transaction: committed as a whole, or gone without a trace."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled the transaction back already.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def tidy(connection: sqlite3.Connection) -> None:
    """After a write, move the WAL into the file, unless a reader needs it."""
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
