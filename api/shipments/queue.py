"""One page of the inspection queue."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from api.http.pages import cursor
from api.shipments.schemas import QueueRow
from graph.store.base import GraphStore

Key = tuple[bool, float, str]
"""Place of a row in the queue: without a score, the score negated, the shipment."""


class Wanted(NamedTuple):
    """Which shipments are wanted: accepted from `first` to `last`, both included, and of these lanes, if any."""

    first: date
    last: date
    lane: str | None = None
    decided: bool = False
    community: str | None = None


def page(view: GraphStore, wanted: Wanted, after: Key | None, limit: int) -> tuple[list[QueueRow], int, str | None]:
    """Return the rows of a page, the number of all that are wanted, and the cursor of the next page."""
    rows: list[Mapping[str, Any]] = []
    total = 0
    more = False
    for row in _rows(view, wanted):
        total += 1
        if more or (after is not None and key(row) <= after):
            continue
        if len(rows) < limit:
            rows.append(row)
        else:
            more = True
    return [_answer(row) for row in rows], total, cursor(*key(rows[-1])) if more else None


def key(row: Mapping[str, Any]) -> Key:
    """Return the place of a row in the queue."""
    return row["score"] is None, -(row["score"] or 0.0), row["shipment"]


def _rows(view: GraphStore, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    for batch in view.results("shipment", accepted_from=wanted.first, accepted_to=wanted.last):
        for row in batch.to_pylist():
            if row["decided"] and not wanted.decided:
                continue
            if wanted.lane not in (None, row["lane"]) or wanted.community not in (None, row["community"]):
                continue
            yield row


def _answer(row: Mapping[str, Any]) -> QueueRow:
    told = {name: row[name] for name in QueueRow.model_fields if name in row}
    return QueueRow(
        **{
            **told,
            "id": row["shipment"],
            "shipment_id": row["shipment"].removeprefix(f"{row['source']}/"),
            "reasons": json.loads(row["reasons"]) if row["reasons"] else [],
        }
    )
