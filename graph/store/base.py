"""The store protocol: what every backend must answer, in terms of tables and keys.

No method takes Cypher or SQL. Every answer is totally ordered, so that each store gives the same one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from types import TracebackType
from typing import Protocol, Self, Unpack

import pyarrow as pa

from graph.records import LinkRef, Ref
from graph.search import Hit
from graph.store.batches import Batch, LoadChunk, Quarantined
from graph.store.findings import Finding
from graph.store.neighbourhood import Adjacent, Expanded, Expansion, Neighbours
from graph.store.results import Picked, PublishedSet
from graph.store.things import ThingWithRecords


class LoadTarget(Protocol):
    """What a load is written to."""

    def find_batch(self, content_hash: str, source: str, mapping: str, mapping_version: str) -> Batch | None:
        """Return the committed batch of this very content, or None."""
        ...

    def add_batch(self, batch: Batch, chunks: Iterable[LoadChunk]) -> Batch:
        """Store all chunks as one batch, visible whole at its commit; an error while iterating leaves no trace.

        Returns the ledger row with its counts, version and time: now, unless the batch comes with the time of its load.
        Raises AlreadyThereError where the batch is there.
        """
        ...


class GraphStore(LoadTarget, Protocol):
    """A place that holds the network. Opening checks the schema version and rolls an interrupted load back."""

    def __enter__(self) -> Self:
        """Return the store itself."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        ...

    def close(self) -> None:
        """Release what the store holds open."""
        ...

    def version(self) -> int:
        """Return the counter that each committed load and removal raises; 0 for an empty store."""
        ...

    def remove_batch(self, batch_id: str) -> Batch:
        """Remove one batch exactly: records that no other batch brought are gone. Raises StoreError if unknown."""
        ...

    def batches(self) -> list[Batch]:
        """Return the ledger, oldest first."""
        ...

    def quarantined(self, batch_id: str | None = None) -> Iterator[tuple[str, Quarantined]]:
        """Yield (batch id, refused row), by batch, file and row. Raises StoreError where the batch is unknown."""
        ...

    def contents(self, batch_id: str) -> Iterator[LoadChunk]:
        """Yield what one batch brought in bounded pieces, which make the same batch in another store.

        The counts of all pieces together are those of the ledger row. Raises StoreError where the batch is unknown.
        """
        ...

    def check(self) -> list[Finding]:
        """Say what there is and what is wrong: nothing is, where all findings are right. Nothing is changed."""
        ...

    def scan(self, shape: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the live statements of one shape in bounded pieces, all of one version.

        Statements that several batches brought may come more than once (the fold does not mind). The order is not
        defined. `description` yields each description that a live statement refers to exactly once.
        """
        ...

    def reading(self) -> AbstractContextManager["GraphStore"]:
        """Return a context manager within which all reads see one version of the store."""
        ...

    def get(self, ref: Ref, *, until: date | None = None, limit: int = 100) -> ThingWithRecords | None:
        """Return a thing with its records (at most `limit`), as known before `until`; None if absent.

        Records come newest `last_on` first (those without a day last), then by role, source and fields. For a shipment,
        inspection or list entry they are its versions (and the rows that only name it), and `links` holds the links
        that leave the version that counts, in order.
        """
        ...

    def exists(self, ref: Ref) -> bool:
        """Tell whether there is such a thing."""
        ...

    def shown(self, refs: Iterable[Ref], fields: Collection[str] | None = None) -> dict[Ref, Mapping[str, str]]:
        """Return the value shown for each field of these things, of each that has any; `fields` narrows it to some."""
        ...

    def link_values(self, links: Iterable[LinkRef]) -> dict[LinkRef, Mapping[str, str]]:
        """Return the value shown for each field of these links, of each that has any: ownerships, places of transit."""
        ...

    def resolve(self, text: str, limit: int = 20) -> list[Ref]:
        """Return the things that `text` may mean, by type and key: a complete key, or the bare id within any source.

        Either may stand behind the type (`trader:kr/Q12`, `kr/Q12`, `trader:Q12`, `Q12`), whose case does not matter.
        """
        ...

    def search(self, text: str, *, types: Sequence[str] | None = None, limit: int = 20) -> list[Hit]:
        """Return the things that a text may mean (`graph/search.py`), best first, then by type and key.

        Names, aliases, identifiers, addresses, contacts and goods descriptions are searched; of shipments that fit
        equally well the newest come first. `text` may begin with a type (`trader:acme`); `types` narrows the answer.
        Raises StoreError where there is no such type, or `limit` is not between 1 and `graph.search.MOST`.
        """
        ...

    def neighbours(self, starts: Sequence[Ref], *, links: Sequence[str] | None = None, limit: int = 50) -> Neighbours:
        """Return at most `limit` links of each start by link type and direction; `links` narrows the types.

        Rows come in the order of the starts, then of the schema's link types, outgoing before incoming, then newest
        `last_on` first (those without a day last), then by type and key of the end. Links of shipments are those of the
        version that counts. `counts` holds the true number wherever there is a link. Raises StoreError where `links`
        names a type that the schema does not have.
        """
        ...

    def expand(self, asked: Expansion) -> Expanded:
        """Return what lies around things. Raises StoreError where that cannot be asked."""
        ...

    def adjacent(self, starts: Sequence[Ref], *, most: int, links: Sequence[str] | None = None) -> Adjacent:
        """Return all links of those starts that have at most `most` of them in all, and how many each start has.

        `links` narrows the types of the links that are returned. Raises StoreError where it names one that the schema
        does not have.
        """
        ...

    def publish(self, heading: PublishedSet, tables: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
        """Store one set of results and switch to it atomically; a reader sees the old set or the new.

        A table that is not given is empty in the new set. Raises ValueError where one is not of `RESULTS`.
        """
        ...

    def published(self) -> PublishedSet | None:
        """Return the heading of the current set, or None where nothing was published."""
        ...

    def results(
        self, table: str, *, after: Sequence[str] | None = None, limit: int | None = None, **picked: Unpack[Picked]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows of the current set in the order of `RESULT_ORDER`.

        Args:
            table: one of `RESULTS`.
            after: the key of a row of the set; only those behind it are wanted.
            limit: at most so many rows.
            picked: what narrows them.

        Raises:
            ValueError: the table is not of `RESULTS`, or has not what it is to be narrowed by.
            StoreError: `after` is not in the set.
        """
        ...

    def count_results(self, table: str, **picked: Unpack[Picked]) -> int:
        """Return how many rows of the current set there are, narrowed in the same way."""
        ...
