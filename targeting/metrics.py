"""Measures of a ranking and of a probability, with bootstrap intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.snapshot import Flag, Long, Real

SHARES = (0.01, 0.02, 0.05, 0.10)
"""Parts of the shipments that are examined, the highest-scored first."""

RESAMPLES = 200
LEVEL = 0.95
BINS = 15


def auc(labels: npt.NDArray[np.integer] | Flag, values: npt.NDArray[np.floating]) -> float:
    """Return the area under the ROC curve, ties counted half; NaN where there is one class only."""
    positive = np.asarray(labels).astype(bool)
    hits, misses = int(positive.sum()), int((~positive).sum())
    if not hits or not misses:
        return float("nan")
    _, place, size = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2.0)[place]
    return float((rank[positive].sum() - hits * (hits + 1) / 2.0) / (hits * misses))


@dataclass(frozen=True)
class Ranking:
    """Shipments from the riskiest down; equal values in an order that a seed decides and nothing else.

    Attributes:
        order: [n] positions, riskiest first.
        group: [n] number of the value at each place of the order, 0 for the highest; equal where values are equal.
        labels: [n] at each place, 1 infraction, 0 clean.
        revenue: [n] at each place.
    """

    order: Long
    group: Long
    labels: npt.NDArray[np.int64]
    revenue: Real


def rank(values: Real, labels: npt.NDArray[np.integer] | Flag, revenue: Real, seed: int) -> Ranking:
    """Return the ranking by a value; blank values are equal, and lowest."""
    lot = np.random.default_rng(seed).permutation(len(values))
    ranked = np.where(np.isnan(values), -np.inf, values)
    order = np.lexsort((lot, -ranked))
    falling = ranked[order]
    group = np.cumsum(falling != np.append(falling[:1], falling[:-1]))
    return Ranking(order, group, np.asarray(labels)[order].astype(np.int64), revenue[order])


def measure(ranking: Ranking, seed: int) -> dict[str, Any]:
    """Return AUC, average precision, and precision, recall and revenue at each of `SHARES`, each with an interval.

    The interval holds the middle 95 % of what `RESAMPLES` bootstrap samples give (Efron and Tibshirani, "An
    Introduction to the Bootstrap", 1993). Revenue is the part of all revenue.
    """
    whole = _figures(ranking, np.ones(len(ranking.labels), dtype=np.int64))
    rng = np.random.default_rng(seed)
    samples: dict[str, list[float]] = {name: [] for name in whole}
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(0, len(ranking.labels), len(ranking.labels)), minlength=len(ranking.labels))
        for name, value in _figures(ranking, drawn).items():
            samples[name].append(value)
    return {name: {"value": _plain(value), "interval": _interval(samples[name])} for name, value in whole.items()}


def top(ranking: Ranking, share: float) -> Long:
    """Return the positions of the highest-scored part of the shipments."""
    return ranking.order[: _size(len(ranking.order), share)]


def _size(count: int, share: float) -> int:
    return max(int(count * share), 1)


def _figures(ranking: Ranking, weight: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the measures where each place of the ranking counts `weight` times."""
    hits = weight * ranking.labels
    taken, found = np.cumsum(weight), np.cumsum(hits)
    total, infractions = int(taken[-1]), int(found[-1])
    figures = {
        "auc": _weighted_auc(ranking, weight, hits),
        "average_precision": _average_precision(ranking, taken, found),
    }
    revenue = weight * ranking.revenue
    earned = np.cumsum(revenue)
    for share in SHARES:
        size = _size(total, share)
        # The last place may count more often than there is room for.
        last = int(np.searchsorted(taken, size))
        over = int(taken[last]) - size
        caught = float(found[last] - over * ranking.labels[last])
        gained = float(earned[last] - over * ranking.revenue[last])
        percent = f"{share:.0%}"
        figures[f"precision_at_{percent}"] = caught / size
        figures[f"recall_at_{percent}"] = caught / infractions if infractions else float("nan")
        figures[f"revenue_at_{percent}"] = gained / float(earned[-1]) if earned[-1] > 0 else float("nan")
    return figures


def _weighted_auc(ranking: Ranking, weight: npt.NDArray[np.int64], hits: npt.NDArray[np.int64]) -> float:
    size = int(ranking.group[-1]) + 1
    positive = np.bincount(ranking.group, hits, minlength=size)
    negative = np.bincount(ranking.group, weight - hits, minlength=size)
    pairs = float(positive.sum() * negative.sum())
    if not pairs:
        return float("nan")
    below = negative.sum() - np.cumsum(negative)
    return float((positive * (below + negative / 2.0)).sum()) / pairs


def _average_precision(ranking: Ranking, taken: npt.NDArray[np.int64], found: npt.NDArray[np.int64]) -> float:
    """Return the mean precision at each infraction, equal values being taken together."""
    if not found[-1]:
        return float("nan")
    last = np.flatnonzero(np.diff(ranking.group, append=-1))
    precision = found[last] / np.maximum(taken[last], 1)
    return float((precision * np.diff(found[last], prepend=0)).sum() / found[-1])


def _interval(values: list[float]) -> list[float | None]:
    known = np.array([value for value in values if not np.isnan(value)])
    if not len(known):
        return [None, None]
    outside = (1.0 - LEVEL) / 2.0
    return [float(np.quantile(known, outside)), float(np.quantile(known, 1.0 - outside))]


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value


def reliability(probability: Real, labels: npt.NDArray[np.integer] | Flag) -> dict[str, Any]:
    """Return the expected calibration error and the table behind it, over bins of equally many shipments.

    ECE = Σ (bin's part of the shipments) · |bin's rate of infractions - bin's mean probability| (Naeini, Cooper and
    Hauskrecht, AAAI 2015; bins of equal mass after Nguyen and O'Connor, EMNLP 2015).
    """
    order = np.argsort(probability, kind="stable")
    hits = np.asarray(labels).astype(np.float64)[order]
    bins = [part for part in np.array_split(np.arange(len(order)), BINS) if len(part)]
    table = [
        {
            "shipments": len(part),
            "mean_probability": float(probability[order[part]].mean()),
            "rate": float(hits[part].mean()),
        }
        for part in bins
    ]
    error = sum(row["shipments"] * abs(row["rate"] - row["mean_probability"]) for row in table) / len(order)
    return {"expected_calibration_error": error, "bins": table}
