"""Batches: what is loaded and removed as one, and the ledger row that a store keeps of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from graph.statements import Statements
from graph.store.errors import AlreadyThereError, StoreError


class Quarantined(NamedTuple):
    """A row that was not loaded: where it stands, and which rule its value broke."""

    file: str
    row: int
    rule: str
    column: str
    value: str


@dataclass(frozen=True)
class Batch:
    """The ledger row of one load.

    `content_hash` is the hash of the content, `rows_in` = `rows_loaded` + `rows_quarantined` + `rows_duplicate`. The
    same `content_hash`, `source`, `mapping` and `mapping_version` again is the same batch.
    """

    id: str
    content_hash: str
    source: str
    mapping: str
    mapping_version: str
    name: str
    rows_in: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    loaded_at: datetime | None = None
    version: int = 0

    def heading(self) -> "Batch":
        """Return the batch as it is before any of its rows is counted."""
        return replace(self, rows_in=0, rows_loaded=0, rows_quarantined=0, rows_duplicate=0)

    def counting(self, chunk: "LoadChunk") -> "Batch":
        """Return the batch with the rows of one more chunk."""
        return replace(
            self,
            rows_in=self.rows_in + chunk.rows_in,
            rows_loaded=self.rows_loaded + chunk.rows_loaded,
            rows_quarantined=self.rows_quarantined + len(chunk.quarantined),
            rows_duplicate=self.rows_duplicate + chunk.rows_duplicate,
        )

    def entered(self, version: int) -> "Batch":
        """Return the batch as it enters the ledger: now, unless it comes with the time of its load."""
        return replace(self, loaded_at=self.loaded_at or datetime.now(UTC), version=version)


class LoadChunk(NamedTuple):
    """A bounded part of a load: statements that refer to each other only, rows refused, rows that came before."""

    statements: Statements
    quarantined: Sequence[Quarantined]
    rows_in: int
    rows_loaded: int
    rows_duplicate: int


def unknown_batch(batch_id: str) -> StoreError:
    """Return the error for a batch that is not there."""
    return StoreError(f"There is no batch {batch_id!r}; `tidewaiter batches` lists those there are.")


def already_there(batch: Batch) -> AlreadyThereError:
    """Return the error for a batch that is there already."""
    return AlreadyThereError(f"Batch {batch.id!r} ({batch.name}) is in the store already; nothing was changed.")
