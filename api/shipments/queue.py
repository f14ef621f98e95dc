"""One page of the inspection queue."""

import json
from collections.abc import Mapping
from typing import Any

from api.http.pages import cursor, going_on
from api.shipments.schemas import QueueRow
from graph.store.base import GraphStore
from graph.store.results import Picked, PublishedSet


def page(
    view: GraphStore, published: PublishedSet, wanted: Picked, after: str | None, limit: int
) -> tuple[list[QueueRow], int, str | None]:
    """Return the rows of a page, the number of all that are wanted, and the cursor of the next page.

    Raises:
        Problem: the cursor is of no such list, or of a set that has been replaced.
        NotInSetError: it names a row that is not in the set.
    """
    rows: list[Mapping[str, Any]] = []
    for batch in view.results("shipment", after=going_on(published, after, 1), limit=limit + 1, **wanted):
        rows.extend(batch.to_pylist())
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
