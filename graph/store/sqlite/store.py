"""The embedded store: one SQLite file, many readers beside one writer."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

import pyarrow as pa

from graph.records import LinkRef, Ref
from graph.search import Hit
from graph.store.batches import Batch, LoadChunk, Quarantined
from graph.store.errors import StoreError
from graph.store.findings import Finding
from graph.store.kept import Kept
from graph.store.neighbourhood import Adjacent, Expanded, Expansion, Neighbours
from graph.store.results import Picked, PublishedSet, check_results
from graph.store.sqlite import ledger
from graph.store.sqlite.adjacent import adjacent
from graph.store.sqlite.checking import check
from graph.store.sqlite.connect import connect, prepare, refusals, tidy, writing
from graph.store.sqlite.contents import contents
from graph.store.sqlite.expand import KEPT, expand
from graph.store.sqlite.layout import LARGE_INDEXES, create_indexes, drop_indexes
from graph.store.sqlite.links import neighbours
from graph.store.sqlite.load import Loader
from graph.store.sqlite.remove import remove_rows
from graph.store.sqlite.resolve import exists, resolve
from graph.store.sqlite.results import count_results, publish, published, results
from graph.store.sqlite.scan import scan
from graph.store.sqlite.search import search
from graph.store.sqlite.settle import note_named, settle_days, settle_shipments
from graph.store.sqlite.shown import link_values, shown
from graph.store.sqlite.things import get
from graph.store.things import ThingWithRecords, check_search


class SqliteStore:
    """A store in one file; it can be shared between threads.

    A load is one transaction: it becomes visible whole, and one that is interrupted, even by `kill -9`, leaves no
    trace. A second writer waits `wait` seconds and is then refused with a StoreError.
    """

    def __init__(self, path: str | Path, *, create: bool = True, wait: float = 5.0) -> None:
        """Open the store at `path`, or make it unless `create` is false. Raises StoreError where that is not to be."""
        self.path = Path(path)
        self._wait = wait
        self._idle: list[sqlite3.Connection] = []
        self._held: sqlite3.Connection | None = None
        self._kept = Kept(KEPT)
        prepare(self.path, wait, create=create)

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Release what the store holds open."""
        while self._held is None and self._idle:
            self._idle.pop().close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection whose transaction sees one version."""
        if self._held is not None:
            with refusals(self.path):
                yield self._held
            return
        with refusals(self.path):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = connect(self.path, self._wait)
            try:
                connection.execute("BEGIN")
                # The first read is what fixes the version.
                ledger.version(connection)
                yield connection
            finally:
                connection.rollback()
                self._idle.append(connection)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection within a write transaction."""
        if self._held is not None:
            raise StoreError("This view of the store can only be read.")
        with refusals(self.path):
            connection = connect(self.path, self._wait)
            try:
                with writing(connection):
                    yield connection
                tidy(connection)
            finally:
                connection.close()

    @contextmanager
    def reading(self) -> Iterator[Self]:
        """Return a context manager within which all reads see one version of the store."""
        with self._reading() as connection:
            view = copy(self)
            view._held = connection
            yield view

    def interrupt(self) -> None:
        """Break off what a view reads just now, from another thread; its reader gets a StoreError."""
        if self._held is not None:
            self._held.interrupt()

    def version(self) -> int:
        """Return the counter that each committed load and removal raises; 0 for an empty store."""
        with self._reading() as connection:
            return ledger.version(connection)

    def find_batch(self, content_hash: str, source: str, mapping: str, mapping_version: str) -> Batch | None:
        """Return the committed batch of this very content, or None."""
        with self._reading() as connection:
            return ledger.find(connection, content_hash, source, mapping, mapping_version)

    def batches(self) -> list[Batch]:
        """Return the ledger, oldest first."""
        with self._reading() as connection:
            return ledger.batches(connection)

    def quarantined(self, batch_id: str | None = None) -> Iterator[tuple[str, Quarantined]]:
        """Yield (batch id, refused row), by batch, file and row."""
        with self._reading() as connection:
            yield from ledger.quarantined(connection, batch_id)

    def add_batch(self, batch: Batch, chunks: Iterable[LoadChunk]) -> Batch:
        """Store all chunks as one batch, visible whole at its commit; an error while iterating leaves no trace."""
        with self._writing() as connection:
            number = ledger.reserve(connection, batch)
            first = not connection.execute("SELECT EXISTS (SELECT 1 FROM declaration)").fetchone()[0]
            if first:
                for statement in drop_indexes(LARGE_INDEXES):
                    connection.execute(statement)
            loader = Loader(connection, number, first=first)
            batch = batch.heading()
            for chunk in chunks:
                loader.add(chunk.statements)
                connection.executemany(
                    "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?)", ((number, *row) for row in chunk.quarantined)
                )
                batch = batch.counting(chunk)
            if first:
                settle_shipments(connection, "SELECT shipment FROM declaration GROUP BY shipment HAVING count(*) > 1")
                for statement in create_indexes(LARGE_INDEXES):
                    connection.execute(statement)
            else:
                settle_shipments(connection, f"SELECT shipment FROM declaration WHERE batch = {number} AND NOT shown")
            note_named(connection, number)
            settle_days(connection)
            entered = batch.entered(ledger.raise_version(connection))
            ledger.enter(connection, number, entered)
        return entered

    def remove_batch(self, batch_id: str) -> Batch:
        """Remove one batch exactly: records that no other batch brought are gone. Raises StoreError if unknown."""
        with self._writing() as connection:
            number = ledger.number(connection, batch_id)
            [removed] = [batch for batch in ledger.batches(connection) if batch.id == batch_id]
            remove_rows(connection, number)
            connection.execute("DELETE FROM batch WHERE number = ?", (number,))
            ledger.raise_version(connection)
        return removed

    def contents(self, batch_id: str) -> Iterator[LoadChunk]:
        """Yield what one batch brought in bounded pieces, which make the same batch in another store."""
        with self._reading() as connection:
            yield from contents(connection, batch_id)

    def check(self) -> list[Finding]:
        """Say what there is and what is wrong. Nothing is changed."""
        with self._reading() as connection:
            return check(connection)

    def scan(self, shape: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the live statements of one shape in bounded pieces, all of one version."""
        with self._reading() as connection:
            yield from scan(connection, shape, columns)

    def get(self, ref: Ref, *, until: date | None = None, limit: int = 100) -> ThingWithRecords | None:
        """Return a thing with its records (at most `limit`), as known before `until`; None if absent."""
        with self._reading() as connection:
            return get(connection, ref, until, limit)

    def exists(self, ref: Ref) -> bool:
        """Tell whether there is such a thing."""
        with self._reading() as connection:
            return exists(connection, ref)

    def shown(self, refs: Iterable[Ref], fields: Collection[str] | None = None) -> dict[Ref, Mapping[str, str]]:
        """Return the value shown for each field of these things, of each that has any; `fields` narrows it to some."""
        with self._reading() as connection:
            return shown(connection, refs, fields)

    def link_values(self, links: Iterable[LinkRef]) -> dict[LinkRef, Mapping[str, str]]:
        """Return the value shown for each field of these links, of each that has any."""
        with self._reading() as connection:
            return link_values(connection, links)

    def resolve(self, text: str, limit: int = 20) -> list[Ref]:
        """Return the things that `text` may mean, by type and key: a complete key, or the bare id in any source."""
        with self._reading() as connection:
            return resolve(connection, text, limit)

    def search(self, text: str, *, types: Sequence[str] | None = None, limit: int = 20) -> list[Hit]:
        """Return the things that a text may mean, best first, then by type and key."""
        asked = check_search(text, types, limit)
        with self._reading() as connection:
            return search(connection, asked, limit)

    def neighbours(self, starts: Sequence[Ref], *, links: Sequence[str] | None = None, limit: int = 50) -> Neighbours:
        """Return at most `limit` links of each start by link type and direction; `links` narrows the types."""
        with self._reading() as connection:
            return neighbours(connection, starts, links, limit)

    def expand(self, asked: Expansion) -> Expanded:
        """Return what lies around things. Raises StoreError where that cannot be asked."""
        with self._reading() as connection:
            return expand(connection, asked, self._kept)

    def adjacent(self, starts: Sequence[Ref], *, most: int, links: Sequence[str] | None = None) -> Adjacent:
        """Return all links of those starts that have at most `most` of them, and how many each start has."""
        with self._reading() as connection:
            return adjacent(connection, starts, most, links)

    def publish(self, heading: PublishedSet, tables: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
        """Store one set of results and switch to it atomically; a reader sees the old set or the new."""
        check_results(tables)
        with self._writing() as connection:
            publish(connection, heading, tables)

    def published(self) -> PublishedSet | None:
        """Return the heading of the current set, or None where nothing was published."""
        with self._reading() as connection:
            return published(connection)

    def results(
        self, table: str, *, after: Sequence[str] | None = None, limit: int | None = None, **picked: Unpack[Picked]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows of the current set in the order of `RESULT_ORDER`."""
        check_results([table], picked)
        with self._reading() as connection:
            yield from results(connection, table, picked, after, limit)

    def count_results(self, table: str, **picked: Unpack[Picked]) -> int:
        """Return how many rows of the current set there are, narrowed in the same way."""
        check_results([table], picked)
        with self._reading() as connection:
            return count_results(connection, table, picked)
