"""Synthetic worlds of seeds that were used for no development, judged by their truth, over all shipments."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.quality.figures import Figure, figure
from benchmarks.quality.invented import FIRST, LAST, SHIPMENTS, invented
from benchmarks.quality.mixed import mix_in
from graph.build import snapshot
from targeting.evaluate import COLUMNS, evaluate

SEEDS = (5101, 5202, 5303, 5404, 5505)
MIXED = 5505
"""The one of them that other patterns are mixed into (`benchmarks.quality.mixed`)."""

AT = "truth_at_5%"
PARTS = {
    "rings": "ring_recall",
    "never inspected": "ring_recall_never_inspected",
    "look-alikes": "innocent_lookalikes_chosen",
}


def measure(data: Path, folder: Path, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Invent each world, load it, and evaluate; `data` is not read."""
    reports = {}
    for world in SEEDS:
        with invented(folder, world, say, partial(_mixed_in, world)) as (files, store):
            reports[str(world)] = evaluate(snapshot(store), FIRST, LAST, seed=seed, truth=files, progress=say)
    return {"seed": seed, "shipments": SHIPMENTS, "worlds": reports, "mean": means(reports, seed)}


def _mixed_in(world: int, files: Path) -> None:
    if world == MIXED:
        mix_in(files, world)


def by_column(worlds: Mapping[str, Mapping[str, Any]], names: Sequence[str], seed: int) -> dict[str, dict[str, Figure]]:
    """Return by column the means over worlds, by their measures, with intervals over the worlds."""
    found = {}
    for name in names:
        measured = [measures[name] for measures in worlds.values()]
        found[name] = {
            **{title: figure([one[AT][key]["part"] for one in measured], seed) for title, key in PARTS.items()},
            "AUC": figure([one["auc"]["value"] for one in measured], seed),
            "average precision": figure([one["average_precision"]["value"] for one in measured], seed),
        }
    return found


def means(reports: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return the means of all columns, and how many times as many ring shipments the score finds as the baselines."""
    measures = {world: report["measures"] for world, report in reports.items()}
    found: dict[str, Any] = dict(by_column(measures, COLUMNS, seed))
    for base in ("base_declared", "base_tabular"):
        rings = [[each[name][AT]["ring_recall"]["part"] for name in ("score", base)] for each in measures.values()]
        found[f"rings, score against {base}"] = figure([ours / theirs for ours, theirs in rings], seed)
    return found
