"""One page of the inspection queue."""

import json
from collections.abc import Mapping
from typing import Any

from api.http.pages import cursor, position
from api.http.problems import Problem
from api.shipments.schemas import QueueRow
from graph.store.base import GraphStore, Picked, PublishedSet, StoreError


def page(
    view: GraphStore, published: PublishedSet, wanted: Picked, after: str | None, limit: int
) -> tuple[list[QueueRow], int, str | None]:
    """Return the rows of a page, the number of all that are wanted, and the cursor of the next page.

    Raises:
        Problem: the cursor is none, or one of a set that has been replaced.
    """
    last = position(after, str, str)
    if last is not None and last[0] != published.id:
        raise Problem("not-ready", "Another set has been published since the page before: begin again without `after`.")
    rows: list[Mapping[str, Any]] = []
    try:
        for batch in view.results("shipment", after=None if last is None else last[1:], limit=limit + 1, **wanted):
            rows.extend(batch.to_pylist())
    except StoreError:
        if last is not None and not list(view.results("shipment", keys=last[1:], limit=1)):
            raise Problem(
                "not-ready", "The row to go on from is not in the list: begin again without `after`."
            ) from None
        raise
    following = cursor(published.id, rows[limit - 1]["shipment"]) if len(rows) > limit else None
    return [_answer(row) for row in rows[:limit]], view.count_results("shipment", **wanted), following


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
