"""The inspection queue: shipments of a period in the order in which they should be examined.

Reads the published set of results and nothing else. The columns are those of the native format's page ("What scoring
writes"). The file is data for machines: identifiers and reasons are written as they are, so a spreadsheet that runs
text beginning with `=` as a formula must be told to import the columns as text.
"""

import csv
import json
from collections.abc import Iterator
from datetime import date
from typing import Any, TextIO

from graph.store.base import GraphStore
from targeting import TargetingError

DIVIDER = "; "
"""Between the reasons in the file; `targeting.words` keeps the mark out of them."""

COLUMNS = (
    "source",
    "shipment_id",
    "accepted_on",
    "score",
    "declared",
    "profile",
    "linked",
    "gnn",
    "lane",
    "community_id",
    "reasons",
)


def rows(
    store: GraphStore, first: date, last: date, *, everything: bool = False, capacity: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the published set accepted from `first` to `last`, both included, riskiest first.

    Each has the values of `COLUMNS`; the reasons are a list.

    Args:
        store: where the set is published.
        first: first day of acceptance.
        last: last day of acceptance.
        everything: also shipments whose outcome is known, which stand last where it was in the training.
        capacity: how many examinations can be done; None for all.

    Raises:
        TargetingError: nothing has been scored, or the period is none.
    """
    heading = store.published()
    if heading is None or not heading.model:
        raise TargetingError("No shipment has been scored yet; run `tidewaiter train`, then `tidewaiter score`.")
    if last < first:
        raise TargetingError(f"The period ends on {last}, before it begins on {first}; swap the two days.")
    taken = 0
    for batch in store.results("shipment", accepted_from=first, accepted_to=last):
        for row in batch.to_pylist():
            if capacity is not None and taken >= capacity:
                return
            if everything or not row["decided"]:
                taken += 1
                yield _line(row)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    named = {
        **row,
        "shipment_id": row["shipment"].removeprefix(f"{row['source']}/"),
        "community_id": row["community"],
        "reasons": json.loads(row["reasons"]) if row["reasons"] else [],
    }
    return {column: named[column] for column in COLUMNS}


def write(
    store: GraphStore,
    first: date,
    last: date,
    output: TextIO,
    *,
    everything: bool = False,
    capacity: int | None = None,
) -> int:
    """Write the queue as CSV to an open file, and return its number of rows; see `rows` for the rest."""
    writer = csv.DictWriter(output, COLUMNS)
    writer.writeheader()
    count = 0
    for line in rows(store, first, last, everything=everything, capacity=capacity):
        writer.writerow({**line, "reasons": DIVIDER.join(line["reasons"])})
        count += 1
    return count
