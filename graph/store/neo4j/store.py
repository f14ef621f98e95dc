"""The store on a Neo4j server."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import date
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import pyarrow as pa
from neo4j import READ_ACCESS, GraphDatabase, ManagedTransaction, Session

from graph.columns import date_undated
from graph.records import LinkRef, Ref
from graph.search import Hit
from graph.statements import Statements
from graph.store.batches import Batch, LoadChunk, Quarantined
from graph.store.errors import StoreError
from graph.store.findings import Finding
from graph.store.kept import Kept
from graph.store.neighbourhood import Adjacent, Expanded, Expansion, Neighbours
from graph.store.neo4j import checking, contents, ledger, results
from graph.store.neo4j.adjacent import adjacent
from graph.store.neo4j.chunks import REFUSED
from graph.store.neo4j.connect import Login, connect, prepare, refusals
from graph.store.neo4j.expand import KEPT, expand
from graph.store.neo4j.interrupting import Reads
from graph.store.neo4j.load import load
from graph.store.neo4j.network import chunks_of, neighbours, resolve
from graph.store.neo4j.scan import each_once, scan
from graph.store.neo4j.search import search
from graph.store.neo4j.settle import settle
from graph.store.neo4j.shown import link_values, shown
from graph.store.neo4j.things import get
from graph.store.neo4j.writer import AGAIN, SECONDS, BusyError, Writer, alone, read
from graph.store.results import Picked, PublishedSet, check_results, not_in_set
from graph.store.things import ThingWithRecords, check_search
from graph.whole import fold_whole
from graph.whole import read as read_statements

Found = TypeVar("Found")


class Neo4jStore:
    """A store in a database of a Neo4j server; it can be shared between threads.

    A load is written in pieces that nobody reads, and becomes visible whole when its row enters the ledger; the network
    that people see follows. One that is interrupted leaves nothing that is read, and its pieces are deleted by the
    next writer. A second writer waits for the first, and is refused with a StoreError after `writer.WAIT` seconds.
    """

    def __init__(self, address: str, login: Login, *, create: bool = True, adopt: bool = False) -> None:
        """Open the store at an address, or make it unless `create` is false; with `adopt` beside nodes of others.

        Raises StoreError where that is not to be.
        """
        self.address, self._database = address, login.database
        self._driver = connect(address, login)
        # Of a cluster, each member answers what another has committed for this client.
        self._bookmarks = GraphDatabase.bookmark_manager()
        self._held: ledger.Ledger | None = None
        self._set: tuple[str, PublishedSet] | None = None
        self._unsettled = ""
        self._reads: Reads | None = None
        self._kept, self._hubs = Kept(1), Kept(KEPT)
        try:
            with (
                refusals(address),
                self._driver.session(database=self._database, max_transaction_retry_time=AGAIN) as session,
            ):
                prepare(session, address, create=create, adopt=adopt)
                now = read(session, ledger.read)
            if now.folded != now.version:
                # A writer was interrupted, and is followed here, or is at work, and others may read meanwhile.
                try:
                    with self._writing(wait=1.0):
                        pass
                except BusyError:
                    pass
                except StoreError as error:
                    # Whatever does not ask about the network is answered nevertheless, and a batch can be removed.
                    self._unsettled = str(error)
        except BaseException:
            self.close()
            raise

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
        if self._held is None:
            self._driver.close()

    def _session(self) -> Session:
        return self._driver.session(
            database=self._database,
            default_access_mode=READ_ACCESS,
            bookmark_manager=self._bookmarks,
            max_transaction_retry_time=AGAIN,
        )

    def _read(self, work: Callable[[ManagedTransaction], Found]) -> Found:
        with refusals(self.address), self._session() as session:
            return read(session, work, self._metadata())

    def _metadata(self) -> dict[str, Any]:
        return {} if self._reads is None else self._reads.metadata

    def _ledger(self) -> ledger.Ledger:
        return self._held or self._read(ledger.read)

    def _of_network(self, work: Callable[[ManagedTransaction], Found]) -> Found:
        """Read the network, which must be that of the version asked for, before and after."""

        def checked(tx: ManagedTransaction) -> Found:
            before = ledger.versions(tx)
            if before[0] != before[1]:
                raise self._behind(before[0])
            wanted = before[0] if self._held is None else self._held.version
            found = work(tx) if before[0] == wanted else None
            if found is None or ledger.versions(tx) != (wanted, wanted):
                raise StoreError("The store was changed while it was read; repeat the command.")
            return found

        return self._read(checked)

    def _behind(self, version: int) -> StoreError:
        """Return the error for a question about a network that does not show its version yet."""
        if self._unsettled:
            return StoreError(
                f"The network could not be brought to version {version}: {self._unsettled} If that stays so, remove the"
                " batch that was loaded last."
            )
        return StoreError(f"The network is being brought to version {version}; repeat the command in a while.")

    @contextmanager
    def _writing(self, wait: float | None = None, *, settled: bool = True) -> Iterator[tuple[Writer, ledger.Ledger]]:
        """Be the only writer of a store whose network, where it is to be `settled`, shows its version."""
        if self._held is not None:
            raise StoreError("This view of the store can only be read.")
        with refusals(self.address), alone(self._driver, self._database, wait, self._bookmarks) as writer:
            now = writer.read(ledger.read)
            ledger.sweep(writer)
            if settled and now.folded != now.version:
                settle(writer)
            yield writer, now

    @contextmanager
    def reading(self) -> Iterator[Self]:
        """Return a context manager within which all reads see one version of the store."""
        view = copy(self)
        if self._held is None:
            view._held, view._set = self._read(lambda tx: (ledger.read(tx), results.published(tx)))
            view._reads = Reads(self._driver, self._database)
        yield view

    def interrupt(self) -> None:
        """Break off what a view reads just now, from another thread, and let it read no more."""
        if self._reads is not None:
            self._reads.interrupt()

    def version(self) -> int:
        """Return the counter that each committed load and removal raises; 0 for an empty store."""
        return self._ledger().version

    def find_batch(self, content_hash: str, source: str, mapping: str, mapping_version: str) -> Batch | None:
        """Return the committed batch of this very content, or None."""
        return self._ledger().find(content_hash, source, mapping, mapping_version)

    def batches(self) -> list[Batch]:
        """Return the ledger, oldest first."""
        return [entry.batch for entry in self._ledger().entries]

    def quarantined(self, batch_id: str | None = None) -> Iterator[tuple[str, Quarantined]]:
        """Yield (batch id, refused row), by batch, file and row."""
        now = self._ledger()
        for entry in now.entries if batch_id is None else [now.entry(batch_id)]:
            rows = [Quarantined(**row) for table in self._pieces(REFUSED, [entry]) for row in table.to_pylist()]
            for row in sorted(rows):
                yield entry.batch.id, row

    def add_batch(self, batch: Batch, chunks: Iterable[LoadChunk]) -> Batch:
        """Store all chunks as one batch, visible whole at its commit; an error while iterating leaves no trace."""
        with self._writing() as (writer, before):
            return load(writer, before, batch, chunks)

    def remove_batch(self, batch_id: str) -> Batch:
        """Remove one batch exactly: records that no other batch brought are gone. Raises StoreError if unknown."""
        # A batch that the network could not follow must go before anything can be settled.
        with self._writing(settled=False) as (writer, before):
            found = before.entry(batch_id).batch
            ledger.strike(writer, batch_id, before.version + 1)
            settle(writer)
        return found

    def contents(self, batch_id: str) -> Iterator[LoadChunk]:
        """Yield what one batch brought in bounded pieces, which make the same batch in another store."""
        batch, name = self._ledger().entry(batch_id)
        # A transaction for each: whoever stores the pieces may take longer than one may last.
        for number in self._read(lambda tx: contents.parts(tx, name)):
            yield self._read(partial(contents.part, load=name, number=number))
        yield LoadChunk(Statements(), [], batch.rows_in, batch.rows_loaded, batch.rows_duplicate)

    def check(self) -> list[Finding]:
        """Say what there is and what is wrong. Nothing is changed."""
        with self.reading() as view:
            now = view._ledger()
            whole = fold_whole(date_undated(read_statements(view)), values=False) if now.folded == now.version else None

        def found(tx: ManagedTransaction) -> list[Finding]:
            findings = checking.check(tx, now, whole)
            if ledger.read(tx) != now:
                raise StoreError("The store was changed while it was looked at; repeat the command.")
            return findings

        return self._read(found)

    def _pieces(self, shape: str, entries: Sequence[ledger.Entry]) -> Iterator[pa.Table]:
        loads = [entry.load for entry in entries]
        with (
            refusals(self.address),
            self._session() as session,
            session.begin_transaction(metadata=self._metadata(), timeout=SECONDS) as tx,
        ):
            yield from scan(tx, loads, shape)

    def scan(self, shape: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the live statements of one shape in bounded pieces, all of one version."""
        tables = self._pieces(shape, self._ledger().entries)
        for table in each_once(tables) if shape == "description" else tables:
            yield from (table if columns is None else table.select(list(columns))).to_batches()

    def get(self, ref: Ref, *, until: date | None = None, limit: int = 100) -> ThingWithRecords | None:
        """Return a thing with its records (at most `limit`), as known before `until`; None if absent."""

        def found(tx: ManagedTransaction) -> tuple[ThingWithRecords | None]:
            return (get(tx, ref, until, limit, (self._held or ledger.read(tx)).entries),)

        return self._of_network(found)[0]

    def exists(self, ref: Ref) -> bool:
        """Tell whether there is such a thing."""
        return self._of_network(lambda tx: chunks_of(tx, ref) is not None)

    def shown(self, refs: Iterable[Ref], fields: Collection[str] | None = None) -> dict[Ref, Mapping[str, str]]:
        """Return the value shown for each field of these things, of each that has any; `fields` narrows it to some."""
        return self._of_network(lambda tx: shown(tx, refs, fields))

    def link_values(self, links: Iterable[LinkRef]) -> dict[LinkRef, Mapping[str, str]]:
        """Return the value shown for each field of these links, of each that has any."""
        return self._of_network(lambda tx: link_values(tx, links))

    def resolve(self, text: str, limit: int = 20) -> list[Ref]:
        """Return the things that `text` may mean, by type and key: a complete key, or the bare id in any source."""
        return self._of_network(lambda tx: resolve(tx, text, limit))

    def search(self, text: str, *, types: Sequence[str] | None = None, limit: int = 20) -> list[Hit]:
        """Return the things that a text may mean, best first, then by type and key."""
        asked = check_search(text, types, limit)
        return self._of_network(lambda tx: search(tx, asked, limit))

    def neighbours(self, starts: Sequence[Ref], *, links: Sequence[str] | None = None, limit: int = 50) -> Neighbours:
        """Return at most `limit` links of each start by link type and direction; `links` narrows the types."""
        return self._of_network(lambda tx: neighbours(tx, starts, links, limit))

    def expand(self, asked: Expansion) -> Expanded:
        """Return what lies around things. Raises StoreError where that cannot be asked."""
        held = self._published()
        return self._of_network(lambda tx: expand(tx, asked, held[0] if held else None, self._hubs))

    def adjacent(self, starts: Sequence[Ref], *, most: int, links: Sequence[str] | None = None) -> Adjacent:
        """Return all links of those starts that have at most `most` of them, and how many each start has."""
        return self._of_network(lambda tx: adjacent(tx, starts, most, links))

    def publish(self, heading: PublishedSet, tables: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
        """Store one set of results and switch to it atomically; a reader sees the old set or the new."""
        check_results(tables)
        with self._writing() as (writer, _):
            results.publish(writer, heading, tables)

    def published(self) -> PublishedSet | None:
        """Return the heading of the current set, or None where nothing was published."""
        found = self._published()
        return None if found is None else found[1]

    def _published(self) -> tuple[str, PublishedSet] | None:
        return self._read(results.published) if self._held is None else self._set

    def results(
        self, table: str, *, after: Sequence[str] | None = None, limit: int | None = None, **picked: Unpack[Picked]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows of the current set in the order of `RESULT_ORDER`."""
        check_results([table], picked)
        held = self._published()
        if held is not None:
            yield from results.results(self._read, held[0], table, picked, after, limit)
        elif after is not None:
            raise not_in_set(after)

    def count_results(self, table: str, **picked: Unpack[Picked]) -> int:
        """Return how many rows of the current set there are, narrowed in the same way."""
        check_results([table], picked)
        held = self._published()
        return 0 if held is None else results.count_results(self._read, held[0], table, picked, self._kept)
