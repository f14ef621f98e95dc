"""What would change if an outcome were cleared, a link taken away, or one added: told without touching the store.

Waiting shipments of a period are compared as the published set has them, and as the published model with its lanes
rates them in the network that is supposed (`graph.supposed`). Everything that the score reads is found anew there:
rates and profiles, structure, what is aggregated for the graph neural network, and linked risk, which loses exactly
what came over what was taken away. Only the communities stay as they were drawn, since another drawing would move
shipments that the supposition has nothing to do with; what is counted in them is counted anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.build import snapshot
from graph.records import Ref
from graph.snapshot import Long, Snapshot
from graph.store.base import GraphStore
from graph.store.results import PublishedSet
from graph.supposed import Supposition, suppose
from targeting import TargetingError
from targeting.days import day_number
from targeting.lanes import LANE_DAYS, lanes_of
from targeting.published import published_scores
from targeting.scoring import network_of, score

CHANGED = 1e-9
"""By how much a linked risk or a score must differ to have changed; less is rounding."""


@dataclass(frozen=True)
class Rating:
    """How a shipment is rated: its linked risk, its score, and the lane of that."""

    linked: float
    score: float
    lane: str


@dataclass(frozen=True)
class Change:
    """A shipment that would be rated otherwise."""

    shipment: Ref
    accepted_on: date
    before: Rating
    after: Rating


@dataclass(frozen=True)
class WhatIf:
    """What a supposition would change.

    Attributes:
        published: the set whose model, as-of day and lanes are used.
        first, last: the period of acceptance that was looked at; `last` is None where it has no end.
        waiting: how many shipments wait in it.
        changes: those whose linked risk, score or lane would be another, the most telling first: other lanes, then the
            greatest difference of the score.
    """

    published: PublishedSet
    first: date
    last: date | None
    waiting: int
    changes: list[Change]


def what_if(
    store: GraphStore,
    models: Path,
    supposition: Supposition,
    first: date | None = None,
    last: date | None = None,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> WhatIf:
    """Find which waiting shipments would be rated otherwise.

    Args:
        store: where the network and the published set are; it is only read.
        models: folder of the registry.
        supposition: what is supposed.
        first: first day of acceptance; by default the period of the lanes, up to the set's as-of day.
        last: last day of acceptance, included; by default there is none.
        progress: is told what is being done.

    Raises:
        TargetingError: no scores of the network as it is are published, their model is not there, or what is supposed
            does not fit the network; or the period is none.
    """
    with store.reading() as view:
        published, model = published_scores(view, models, current=True)
        first = first or published.as_of - timedelta(days=LANE_DAYS)
        if last is not None and last < first:
            raise TargetingError(f"The period ends on {last}, before it begins on {first}; name other days.")
        progress("reading the network")
        whole = snapshot(view)
        before = {
            row["shipment"]: row
            for batch in view.results("shipment", accepted_from=first, accepted_to=last, undecided=True)
            for row in batch.select(["shipment", "accepted_on", "linked", "score", "lane"]).to_pylist()
        }
    try:
        supposed = suppose(whole, supposition)
    except ValueError as error:
        raise TargetingError(str(error)) from None
    day = day_number(published.as_of)
    here = network_of(model, whole, day, progress=progress)
    rows = _rows(whole, list(before))
    found = score(
        model,
        replace(here, snapshot=supposed.snapshot, shares=supposed.shares),
        rows,
        reasons=0,
        progress=progress,
    )
    keys = whole.things["Shipment"].keys.take(whole.declarations.shipment[rows]).to_pylist()
    lanes = lanes_of(found.score, published.thresholds)
    changes = [
        Change(
            Ref("Shipment", key),
            before[key]["accepted_on"],
            Rating(before[key]["linked"], before[key]["score"], before[key]["lane"]),
            Rating(float(linked), float(value), str(lane)),
        )
        for key, linked, value, lane in zip(keys, found.linked, found.score, lanes, strict=True)
        if _differs(before[key], float(linked), float(value), lane)
    ]
    return WhatIf(published, first, last, len(before), sorted(changes, key=_telling))


def _rows(whole: Snapshot, keys: list[str]) -> Long:
    """Return the rows of the first versions of shipments, in order of the shipments."""
    declarations = whole.declarations
    asked = pc.index_in(pa.array(keys, pa.string()), value_set=whole.things["Shipment"].keys).to_numpy()
    first = declarations.first
    rows: Long = first[np.isin(declarations.shipment[first], asked)]
    return rows


def _differs(row: Mapping[str, Any], linked: float, value: float, lane: str | None) -> bool:
    moved = max(abs(row["linked"] - linked), abs(row["score"] - value))
    return bool(moved > CHANGED) or row["lane"] != lane


def _telling(change: Change) -> tuple[bool, float, Ref]:
    before, after = change.before, change.after
    return before.lane == after.lane, -abs(after.score - before.score), change.shipment
