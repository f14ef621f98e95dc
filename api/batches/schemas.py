"""Batches as the service answers them."""

from datetime import datetime

from pydantic import Field

from api.http.answers import Answer
from graph.store.batches import Batch


class BatchAnswer(Answer):
    """The ledger row of one load: rows in = loaded + quarantined + exact duplicates."""

    id: str
    name: str
    source: str
    mapping: str
    mapping_version: str
    content_hash: str
    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    rows_duplicate: int
    loaded_at: datetime | None
    version: int = Field(description="The version of the store with which it became visible.")


class RefusedRow(Answer):
    """A row that was not loaded, and why."""

    file: str
    row: int
    rule: str
    column: str
    value: str


def answer(batch: Batch) -> BatchAnswer:
    """Return a ledger row as it is answered."""
    return BatchAnswer(**{name: getattr(batch, name) for name in BatchAnswer.model_fields})
