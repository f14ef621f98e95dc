"""Evaluation: what the score would have been worth in a past period, beside its components and two fixed baselines.

Everything is frozen at the first day A of the period: training, rates, links and communities use what was known before
A, and nothing that became known later, not even within the period.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from graph.snapshot import UNDATED, Flag, Long, Real, Snapshot, labels, last_outcome
from targeting import TargetingError, baselines
from targeting.days import day_number, day_text
from targeting.inputs import training_rows
from targeting.metrics import LEVEL, measure, rank, reliability
from targeting.scoring import network_of, score
from targeting.training import train
from targeting.truth import by_pattern, read_truth

COLUMNS = ("score", "declared", "profile", "linked", "gnn", *baselines.NAMES)
CALIBRATED = ("score", *baselines.NAMES)


def evaluate(
    snapshot: Snapshot,
    first: date,
    last: date,
    *,
    seed: int,
    truth: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure the score on the shipments accepted from `first` to `last`, both included.

    The labels are the outcomes known in the whole snapshot, or the truth of a synthetic world for all its shipments.

    Args:
        snapshot: the network.
        first: A, the day before which everything used must have been known.
        last: the last day of acceptance.
        seed: of training, ties and resamples.
        truth: folder with the truth files of a synthetic world.
        progress: is told what is being done.

    Returns:
        What `tidewaiter evaluate` writes as JSON: numbers, texts, lists and dictionaries only.

    Raises:
        TargetingError: there are no shipments or labels in the period, or nothing to learn from before it.
    """
    as_of = day_number(first)
    rows = _rows(snapshot, as_of, day_number(last))
    known = read_truth(truth, snapshot, rows, as_of) if truth is not None else None
    label, revenue = _outcomes(snapshot, rows)
    if known is not None:
        label = known.infraction.astype(np.int64)
    else:
        kept = np.flatnonzero(label >= 0)
        rows, label, revenue = rows[kept], label[kept], revenue[kept]
    if not len(rows) or label.all() or not label.any():
        raise TargetingError(
            f"Of the shipments accepted from {first} to {last}, {int(label.sum()):,} have an infraction and "
            f"{int((label == 0).sum()):,} are clean; both kinds are needed: load more outcomes, or "
            "choose another period."
        )
    model = train(snapshot, first, seed=seed, progress=progress)
    here = network_of(model, snapshot, as_of)
    found = score(model, here, rows, reasons=0, progress=progress)
    values = {name: getattr(found, name) for name in COLUMNS if name not in baselines.NAMES}
    values |= baselines.scores(snapshot, as_of, rows, seed, progress)
    unseen = _unseen_importers(snapshot, as_of, rows)
    report: dict[str, Any] = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "as_of": day_text(as_of),
        "seed": seed,
        "snapshot_version": snapshot.version,
        "labels": "truth" if known is not None else "outcomes",
        "shipments": len(rows),
        "infractions": int(label.sum()),
        "training": {**model.metrics, "calibrated_on": model.calibration.arm},
        "measures": {},
        "calibration": {},
    }
    for name in COLUMNS:
        progress(f"measuring {name}")
        ranking = rank(values[name], label, revenue, seed)
        report["measures"][name] = measure(ranking, seed)
        if known is not None:
            report["measures"][name]["truth_at_5%"] = by_pattern(known, ranking)
        if name in CALIBRATED:
            report["calibration"][name] = reliability(values[name], label)
    report["unseen_importers"] = {
        "shipments": int(unseen.sum()),
        "infractions": int(label[unseen].sum()),
        "measures": {
            name: measure(rank(values[name][unseen], label[unseen], revenue[unseen], seed), seed) for name in COLUMNS
        }
        if unseen.any()
        else {},
    }
    if arm := _random_arm(snapshot, rows, values["score"]):
        report["random_arm"] = arm
    if known is not None:
        report["rings_never_inspected"] = len(known.never_inspected)
    return report


def _rows(snapshot: Snapshot, first: int, last: int) -> Long:
    declarations = snapshot.declarations
    rows = declarations.first
    accepted = declarations.accepted_on[rows]
    rows = rows[(accepted >= first) & (accepted <= last)]
    if not len(rows):
        raise TargetingError(
            f"No shipment was accepted from {day_text(first)} to {day_text(last)}; choose another period, or load it."
        )
    return rows


def _unseen_importers(snapshot: Snapshot, as_of: int, rows: Long) -> Flag:
    """Return which rows name an importer of whom the training has no outcome: nothing is known of it by itself, [n]."""
    importers = snapshot.declarations.keys["importer"]
    return ~np.isin(importers[rows], importers[training_rows(snapshot, as_of)[0]])


def _random_arm(snapshot: Snapshot, rows: Long, score: Real) -> dict[str, Any]:
    """Return what the score says of the shipments that were examined at random, and what was found; {} without any.

    The interval holds the rate of infractions with 95 % (Wilson, "Probable inference, the law of succession, and
    statistical inference", JASA 22, 1927).
    """
    outcomes, shipments = snapshot.outcomes, snapshot.declarations.shipment[rows]
    at = last_outcome(snapshot, shipments, np.full(len(rows), UNDATED, dtype=np.int32))
    arm = np.flatnonzero(at >= 0)
    arm = arm[outcomes.random[at[arm]]]
    if not len(arm):
        return {}
    infractions = int(outcomes.infraction[at[arm]].sum())
    rate = binomtest(infractions, len(arm)).proportion_ci(LEVEL, method="wilson")
    return {
        "shipments": len(arm),
        "infractions": infractions,
        "mean_probability": float(score[arm].mean()),
        "rate": {"value": infractions / len(arm), "interval": [float(rate.low), float(rate.high)]},
    }


def _outcomes(snapshot: Snapshot, rows: Long) -> tuple[Long, Real]:
    """Return label (-1 where there is none) and revenue of each row by the last that is known."""
    outcomes, shipments = snapshot.outcomes, snapshot.declarations.shipment[rows]
    label = labels(snapshot, shipments, np.full(len(rows), UNDATED, dtype=np.int32)).astype(np.int64)
    revenue = np.zeros(len(snapshot.things["Shipment"]))
    # Change points are sorted by day, and the last one written stands.
    revenue[outcomes.shipment] = outcomes.revenue
    return label, revenue[shipments]
