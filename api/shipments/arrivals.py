"""Declarations that a request brings: checked, scored with what is ready, and not stored."""

from typing import TYPE_CHECKING

from api.arrivals import arrival_as_data, refused_as_data
from api.http.problems import Fault, Problem
from api.http.published import heading
from api.shipments.schemas import ArrivalAnswer, AskedScores, RefusedAnswer, ScoresAnswer
from api.shipments.warm import WarmNetwork

if TYPE_CHECKING:
    from ingest.rows import Rows

_NAMED = 20
"""Unknown columns that are named at most."""
_LONGEST = 200


def scored(ready: WarmNetwork, asked: AskedScores) -> ScoresAnswer:
    """Return what the published model says of declarations.

    Raises:
        Problem: they have columns that the format does not name, or nothing is ready to score them.
        StoreError: the store cannot be asked.
    """
    from ingest.rows import read_rows

    rows = read_rows(asked.declarations, source=asked.source)
    _check_columns(rows)
    warm = ready.ready()
    from targeting.arrivals import score_arrivals

    with ready.using:
        found = score_arrivals(warm, rows.statements)
    return ScoresAnswer(
        published=heading(warm.published),
        store_version=warm.version,
        arrivals=[
            ArrivalAnswer.model_validate(arrival_as_data(row, arrival, rows.good))
            for row, arrival in zip(rows.good, found, strict=True)
        ],
        refused=[RefusedAnswer.model_validate(refused_as_data(row)) for row in rows.refused],
    )


def _check_columns(rows: "Rows") -> None:
    """Refuse columns that nobody would read, so that a misspelt one cannot pass."""
    if rows.unknown:
        faults = [
            Fault(where=f"body.declarations.{column}"[:_LONGEST], what="the native format has no such column")
            for column in rows.unknown[:_NAMED]
        ]
        raise Problem(
            "invalid",
            f"Columns that the native format does not have: {len(rows.unknown):,}; the first is {faults[0].where}.",
            errors=faults,
        )
