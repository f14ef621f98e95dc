"""Reaching a Neo4j server, and saying in one sentence what is wrong where that fails."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from neo4j import READ_ACCESS, Driver, GraphDatabase, ManagedTransaction, NotificationMinimumSeverity, Session
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    TransientError,
)

from graph.store.errors import AddressError, StoreError
from graph.store.layouts import check_version
from graph.store.neo4j.constraints import constrain
from graph.store.neo4j.layout import LABELS, LOCK, STORE, VERSION
from graph.store.neo4j.migrations import MIGRATIONS
from graph.store.neo4j.writer import SECONDS, read

OLDEST = (5, 26)

# What the driver has to say comes as an error, too; without a handler it would stand on the screen of the user.
logging.getLogger("neo4j").addHandler(logging.NullHandler())
_NAMED = 10
"""Labels of others that are named where a store is not made beside them."""


@dataclass(frozen=True)
class Login:
    """As whom a server is reached, and which of its databases is meant."""

    user: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str = "neo4j"


@contextmanager
def refusals(address: str, *, reaching: bool = False) -> Iterator[None]:
    """Turn what the driver and the server refuse into a StoreError that its user can act on.

    With `reaching` it is not known yet whether there is a server at all.
    """
    try:
        yield
    except BufferError as error:
        # Of the driver, where a connection was lost while it read.
        raise StoreError(_lost(address, error)) from error
    except (Neo4jError, DriverError) as error:
        raise StoreError(_sentence(error, address, reaching=reaching)) from error


def _lost(address: str, error: Exception) -> str:
    return f"The connection to the Neo4j server at {address} was lost ({_words(error)}); repeat the command."


def _sentence(error: Neo4jError | DriverError, address: str, *, reaching: bool) -> str:
    code = getattr(error, "code", None) or ""
    if isinstance(error, AuthError):
        return (
            f"The Neo4j server at {address} refuses user or password; set TIDEWAITER_NEO4J_USER and"
            " TIDEWAITER_NEO4J_PASSWORD."
        )
    if "DatabaseNotFound" in code or "database does not exist" in str(error).lower():
        return f"The Neo4j server at {address} has no such database; set TIDEWAITER_NEO4J_DATABASE to one that it has."
    if "TransactionTimedOut" in code:
        return f"The Neo4j server at {address} ended a question that took longer than {SECONDS} s; ask for less."
    if isinstance(error, TransientError):
        return f"The Neo4j server at {address} cannot do this now ({_words(error)}); try again."
    if isinstance(error, ServiceUnavailable | DriverError) and not isinstance(error, Neo4jError):
        if not reaching:
            return _lost(address, error)
        return f"No Neo4j server answers at {address} ({_words(error)}); start it, or check TIDEWAITER_STORE."
    return f"The Neo4j server at {address} refused ({_words(error)})."


def _words(error: Exception) -> str:
    return " ".join(str(getattr(error, "message", None) or error).split()).rstrip(".")[:300]


def connect(address: str, login: Login) -> Driver:
    """Return a driver for the server at an address.

    Raises:
        AddressError: it is no address.
        StoreError: no server answers, it refuses the login, or it is too old.
    """
    try:
        if not urlsplit(address).hostname:
            raise AddressError(f"The store address {address!r} names no server; write neo4j://host:7687.")
        driver = GraphDatabase.driver(
            address,
            auth=(login.user, login.password),
            connection_timeout=10,
            max_transaction_retry_time=30,
            notifications_min_severity=NotificationMinimumSeverity.OFF,
        )
    except (ConfigurationError, ValueError) as error:
        raise AddressError(f"The store address {address!r} cannot be used ({_words(error)}).") from error
    try:
        with refusals(address, reaching=True):
            check_agent(address, driver.get_server_info().agent)
    except ValueError as error:
        driver.close()
        raise AddressError(f"The store address {address!r} cannot be used ({_words(error)}).") from error
    except BaseException:
        driver.close()
        raise
    return driver


def check_agent(address: str, agent: str) -> None:
    """Raise StoreError where a server, as which it names itself (`Neo4j/5.27-aura`), is too old."""
    found = re.search(r"/(\d+)\.(\d+)", agent)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        raise StoreError(f"The server at {address} is {agent}; Tidewaiter needs Neo4j {'.'.join(map(str, OLDEST))}.")


def check_empty(address: str, login: Login) -> None:
    """Raise StoreError where a database holds anything but a store into which nothing was loaded."""
    text = (
        f"RETURN EXISTS {{ MATCH (n) WHERE NOT n:{STORE} AND NOT n:{LOCK} }} "
        f"OR EXISTS {{ MATCH (s:{STORE}) WHERE s.version > 0 }}"
    )
    driver = connect(address, login)
    with driver, refusals(address), driver.session(database=login.database, default_access_mode=READ_ACCESS) as session:
        if read(session, lambda tx: tx.run(text).single(strict=True)[0]):
            raise StoreError(f"The database at {address} is not empty, and an import would replace what it holds.")


def prepare(session: Session, address: str, *, create: bool, adopt: bool) -> None:
    """Check that the database is a store of this version; make one where it is empty, or beside what `adopt` allows.

    Raises StoreError where it holds something else, or nothing and `create` is false.
    """
    text = f"MATCH (s:{STORE}) RETURN s.layout AS layout, coalesce(s.imported, false) AS imported"
    rows = read(session, lambda tx: [(row["layout"], row["imported"]) for row in tx.run(text)])
    found = [layout for layout, _ in rows]
    if not found:
        if not create:
            raise no_store(address)
        _check_foreign(session, address, adopt=adopt)
        constrain(session, 60)
        session.execute_write(
            lambda tx: tx.run(
                f"MERGE (s:{STORE} {{id: 1}}) ON CREATE SET s.layout = $layout, s.version = 0, s.folded = 0 "
                f"MERGE (:{LOCK} {{id: 1}}) MERGE (:{LOCK} {{id: 2}})",
                layout=VERSION,
            ).consume()
        )
        found = [VERSION]
    check_version(address, found[0], VERSION, MIGRATIONS)
    if any(imported for _, imported in rows):
        # What was imported comes without constraints.
        constrain(session, 3_600)


def _check_foreign(session: Session, address: str, *, adopt: bool) -> None:
    """Raise StoreError where a store may not be made beside what the database holds."""
    # Somebody else may just have made the store.
    text = f"RETURN EXISTS {{ MATCH () }} AND NOT EXISTS {{ MATCH (:{STORE}) }}"
    if not read(session, lambda tx: tx.run(text).single(strict=True)[0]):
        return
    labels = read(session, lambda tx: tx.run("CALL db.labels() YIELD label RETURN label ORDER BY label").value())
    if not adopt:
        raise StoreError(
            f"The database at {address} holds something else than a Tidewaiter store ({_listed(labels)}); choose"
            " another, empty it, or allow with --adopt to make the store beside that."
        )
    taken = [label for label in labels if label in LABELS]
    if taken:
        raise StoreError(
            f"The database at {address} has nodes of others that are labelled as Tidewaiter labels its own"
            f" ({_listed(taken)}); choose another database."
        )


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(labels[:_NAMED]) or "nodes without a label"
    return f"{named}, ..." if len(labels) > _NAMED else named


def no_store(address: str) -> StoreError:
    """Return the error for a store that was not made yet."""
    return StoreError(f"There is no store at {address}; load something first with `tidewaiter ingest`.")


def layout(tx: ManagedTransaction) -> int:
    """Return the version of what stands in the database, 0 where there is no store."""
    found: list[int] = tx.run(f"MATCH (s:{STORE}) RETURN s.layout").value()
    return found[0] if found else 0
