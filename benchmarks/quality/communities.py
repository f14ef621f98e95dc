"""Communities judged by a truth that finding them does not read: planted ones, and the rings of synthetic worlds.

Planted communities are judged by normalised mutual information. Of the worlds, pairs of importers are judged that stand
in one community, one of them at least a ring's: such a pair is right where both are of one ring. Figures at other
resolutions stand beside, and among them that of the best, which only the truth can tell.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from benchmarks.planted import planted
from benchmarks.quality.figures import figure
from benchmarks.quality.invented import invented
from graph.build import snapshot
from graph.communities import Communities, communities
from graph.partition import LOWEST, STEP, Partition, divide, meetings
from graph.snapshot import Flag, Long, Snapshot

SEEDS = (1, 2, 3, 4, 5)
SIZES: Mapping[str, tuple[float, float]] = {
    "median size 8, σ 1": (8, 1.0),
    "median size 20, σ .7": (20, 0.7),
    "median size 60, σ 1": (60, 1.0),
}
WORLDS = (101, 202, 303)
AS_OF = date(2024, 4, 1)
RESOLUTIONS = tuple(LOWEST * STEP**number for number in range(20))
"""Tried for the best, which is found by the truth."""

MEMBERS = ("shell_importer", "reborn_importer")
"""Roles of importers that belong to a ring."""

FIFTHS = 5


class Rings(NamedTuple):
    """What is true of the importers of a world: the ring of each, -1 for none, and who but looks like a member."""

    ring: Long
    lookalike: Flag


def measure(data: Path, folder: Path, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Divide planted networks and worlds; `data` is not read."""
    report: dict[str, Any] = {"seed": seed, "planted": {}, "rings": {}}
    for title, (median, sigma) in SIZES.items():
        say(f"planted communities of {title}")
        rows = [_of_planted(median, sigma, world, seed) for world in SEEDS]
        report["planted"][title] = means([figures for figures, _ in rows], seed)
        report["planted"][title]["confidence"] = [
            means(list(fifth), seed) for fifth in zip(*(confidence for _, confidence in rows), strict=True)
        ]
    found = []
    for world in WORLDS:
        say(f"rings of world {world}")
        with invented(folder, world, say) as (files, store):
            found.append(_of_world(snapshot(store), files, seed))
    for row in found[0]:
        report["rings"][row] = means([world[row] for world in found], seed)
    return report


def means(rows: Sequence[Mapping[str, float]], seed: int) -> dict[str, Any]:
    """Return the mean of each figure, with its interval."""
    return {name: figure([row[name] for row in rows], seed) for name in rows[0]}


def _of_planted(median: float, sigma: float, world: int, seed: int) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Return the figures of a planted network, and by fifths of confidence how right the communities are."""
    ties, truth = planted(world, median, sigma)
    count = len(truth)
    ours = divide(count, ties, seed)
    others = [divide(count, ties, seed, resolution, runs=0) for resolution in RESOLUTIONS]
    alike = [float(normalized_mutual_info_score(truth, one.number)) for one in (ours, *others)]
    best = int(np.argmax(alike[1:]))
    figures = {"nodes": float(count), "missed": alike[1 + best] - alike[0]}
    at_one = RESOLUTIONS.index(1.0)
    for name, one, like in (
        ("γ = 1", others[at_one], alike[1 + at_one]),
        ("ours", ours, alike[0]),
        ("best", others[best], alike[1 + best]),
    ):
        figures |= {f"{name}: γ": one.resolution, f"{name}: found": float(one.number.max() + 1), f"{name}: NMI": like}
    again = divide(count, ties, seed + 1, ours.resolution, runs=0)
    figures["agreement of seeds"] = float(adjusted_rand_score(ours.number, again.number))
    return figures, confidence(ours, truth)


def confidence(found: Partition, truth: Long) -> list[dict[str, float]]:
    """Return, by fifths of rising stability, its mean beside the Jaccard index of true and found communities."""
    one, other, both = meetings(found.number, truth)
    union = np.bincount(found.number)[one] + np.bincount(truth)[other] - both
    code = one * (int(truth.max()) + 1) + other
    right = (both / union)[np.searchsorted(code, found.number * (int(truth.max()) + 1) + truth)]
    fifths = np.array_split(np.argsort(found.stability, kind="stable"), FIFTHS)
    return [{"stability": float(found.stability[part].mean()), "truth": float(right[part].mean())} for part in fifths]


def _of_world(network: Snapshot, where: Path, seed: int) -> dict[str, dict[str, float]]:
    day = (AS_OF - date(1970, 1, 1)).days
    truth = read_rings(where, network)
    ours = communities(network, day, seed=seed)
    others = [communities(network, day, seed=seed, resolution=resolution) for resolution in RESOLUTIONS]
    best = max(others, key=lambda one: rings_found(one, network, truth)["F1"])
    rows = {"γ = 1": others[RESOLUTIONS.index(1.0)], "ours": ours, "best": best}
    return {name: {"γ": one.resolution, **rings_found(one, network, truth)} for name, one in rows.items()}


def read_rings(where: Path, network: Snapshot) -> Rings:
    """Read which traders belong to which ring, and which innocent ones look as though they did."""
    place = {key.partition("/")[2]: at for at, key in enumerate(network.things["Trader"].keys.to_pylist())}
    ring, lookalike = np.full(len(place), -1, dtype=np.int64), np.zeros(len(place), dtype=bool)
    numbers: dict[str, int] = {}
    with (where / "truth_entities.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["entity_type"] == "trader" and (at := place.get(row["entity_id"])) is not None:
                lookalike[at] |= row["innocent_lookalike"] == "1"
                if row["role"] in MEMBERS:
                    ring[at] = numbers.setdefault(row["ring_id"], len(numbers))
    return Rings(ring, lookalike)


def rings_found(found: Communities, network: Snapshot, truth: Rings) -> dict[str, float]:
    """Return how well the pairs of rings are found, and which part of the look-alikes stands among ring members."""
    importers = np.zeros(len(truth.ring), dtype=bool)
    keys = network.declarations.keys["importer"]
    importers[keys[keys >= 0]] = True
    member = importers & (truth.ring >= 0)
    home = np.where(importers, found.number["Trader"], -1).astype(np.int64)
    placed, inside = home >= 0, member & (home >= 0)
    every, others = (np.bincount(home[who], minlength=len(found)) for who in (placed, placed & ~member))
    right = _couples(meetings(home[inside], truth.ring[inside])[2])
    precision = right / max(_couples(every) - _couples(others), 1)
    recall = right / max(_couples(np.bincount(truth.ring[member])), 1)
    ringed = np.append(np.bincount(home[inside], minlength=len(found)) > 1, False)
    lookalike = importers & truth.lookalike
    return {
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / max(precision + recall, 1e-9),
        "of pairs of members": right / max(_couples(every - others), 1),
        "look-alikes": float(ringed[home[lookalike]].mean()),
        "stability of members": float(found.stability["Trader"][inside].mean()),
        "stability of others": float(found.stability["Trader"][placed & ~member].mean()),
    }


def _couples(sizes: Long) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
