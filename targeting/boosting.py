"""Gradient-boosted trees (LightGBM) with one small, fixed tuning, the same for the score, its components and baselines.

Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from graph.snapshot import Flag, Int, Long, Real
from targeting.features import Block, Matrix
from targeting.shapley import Tree, contributions, trees

THREADS = 1
"""Fixed, since the order of parallel sums is part of the result; on a busy machine of two cores a second thread made
training eight times slower (the threads wait for each other in turns)."""

FOLDS = 3
ROUNDS, PATIENCE = 600, 40
FEWEST_ROUNDS, UNCHECKED_ROUNDS = 10, 100
HELD_OUT = 0.2
"""Part of the training rows, the latest, on which the number of rounds is chosen."""

LEAVES = 15
"""Of a tree. More helped the declared data of some 30,000 rows by themselves, and the score not at all, while the cost
of its reasons grows with the square of the depth."""

READ = 0.3
"""Part of the features that each tree may read."""

TELLING = 0.9
"""Part of all that trees gain by splitting which the most telling features have together."""

_PARAMETERS: Mapping[str, Any] = MappingProxyType(
    {
        "objective": "binary",
        "learning_rate": 0.05,
        "min_child_samples": 20,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "cat_smooth": 20.0,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": THREADS,
        "verbose": -1,
    }
)


@dataclass(frozen=True)
class Ensemble:
    """Boosters of equal standing, each trained on all folds but one; what they say is the mean of their logits."""

    members: tuple[lightgbm.Booster, ...]

    def logits(self, features: Block) -> Real:
        """Return the log odds of an infraction for each row, [n]."""
        total = np.zeros(len(features.values))
        for member in self.members:
            total += _logits(member, features.values)
        return total / len(self.members)

    def take(self, member: int) -> "Ensemble":
        """Return one member by itself."""
        return Ensemble((self.members[member],))

    def contributions(self, features: Block) -> Real:
        """Return what each feature adds to each row's log odds, [n, features]; with a constant they sum to it."""
        total = np.zeros(features.values.shape)
        for found in self._trees:
            total += contributions(found, features.values)
        return total / len(self.members)

    @cached_property
    def _trees(self) -> list[list[Tree]]:
        return [trees(member) for member in self.members]


def fit(
    features: Block,
    labels: npt.NDArray[np.integer],
    days: Int,
    fold: Long,
    seed: int,
    leaves: int = LEAVES,
    read: float = READ,
    rounds: int | None = None,
) -> tuple[Ensemble, Real]:
    """Train one booster per fold, on all rows outside it.

    Args:
        features: [n] rows.
        labels: [n] 1 infraction, 0 clean.
        days: [n] the day of each row.
        fold: [n] the fold of each row, 0 to `FOLDS` - 1.
        seed: one seed, one result.
        leaves: of a tree.
        read: part of the features that each tree may read.
        rounds: how many trees each booster has; by default it is chosen on the latest rows.

    Returns:
        The ensemble, and the log odds of each row by the one member that did not see it, [n].
    """
    if rounds is None:
        rounds = _rounds(_stopped(features, labels, days, seed, leaves, read))

    def member(number: int) -> lightgbm.Booster:
        outside = fold != number
        if len(np.unique(labels[outside])) < 2:
            # So few rows that a fold holds all of a kind; without both there would be nothing to tell apart.
            outside = np.ones(len(labels), dtype=bool)
        parameters = _parameters(seed + number, leaves, read)
        return lightgbm.train(parameters, _dataset(features, labels, outside), num_boost_round=rounds)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        members = tuple(pool.map(member, range(FOLDS)))
    out_of_fold = np.zeros(len(labels))
    for number, booster in enumerate(members):
        inside = fold == number
        if inside.any():
            out_of_fold[inside] = _logits(booster, features.values[inside])
    return Ensemble(members), out_of_fold


def most_telling(features: Block, labels: npt.NDArray[np.integer], days: Int, seed: int) -> tuple[Long, int]:
    """Return which features are worth their while, in their order, and how many rounds all of them need.

    They are those by which trees gain most, `TELLING` of all. Where the number of rounds cannot be chosen, or nothing
    tells, all features are. Arguments are those of `fit`.
    """
    booster = _stopped(features, labels, days, seed, LEAVES, READ)
    rounds, every = _rounds(booster), np.arange(len(features.names))
    if booster is None:
        return every, rounds
    gain = booster.feature_importance("gain", iteration=booster.best_iteration)
    if not gain.any():
        return every, rounds
    order = np.argsort(-gain, kind="stable")
    return np.sort(order[: np.searchsorted(np.cumsum(gain[order]), TELLING * gain.sum()) + 1]), rounds


def _matrix(values: Matrix) -> Matrix:
    """Return the features, or one that is always 0 where there is none: then the trees say the overall rate."""
    return values if values.shape[1] else np.zeros((len(values), 1), dtype=np.float32)


def _logits(booster: lightgbm.Booster, values: Matrix) -> Real:
    return np.asarray(booster.predict(_matrix(values), raw_score=True, num_threads=THREADS), dtype=np.float64)


def latest(days: Int) -> Flag:
    """Return which rows are the latest: whole days, about `HELD_OUT` of all rows."""
    return np.asarray(days >= np.sort(days)[int(len(days) * (1 - HELD_OUT))])


def _parameters(seed: int, leaves: int, read: float) -> dict[str, Any]:
    return {**_PARAMETERS, "num_leaves": leaves, "feature_fraction": read, "seed": seed}


def _dataset(
    features: Block, labels: npt.NDArray[np.integer], rows: Flag, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        _matrix(features.values[rows]),
        labels[rows],
        reference=reference,
        categorical_feature=[int(at) for at in np.flatnonzero(features.categorical)],
        params={"verbose": -1, "cat_smooth": _PARAMETERS["cat_smooth"]},
    )


def _rounds(stopped: lightgbm.Booster | None) -> int:
    return UNCHECKED_ROUNDS if stopped is None else max(stopped.best_iteration, FEWEST_ROUNDS)


def _stopped(
    features: Block, labels: npt.NDArray[np.integer], days: Int, seed: int, leaves: int, read: float
) -> lightgbm.Booster | None:
    """Train on the early rows for as long as it helps on the latest; None where either has one kind of rows only."""
    late = latest(days)
    if len(np.unique(labels[late])) < 2 or len(np.unique(labels[~late])) < 2:
        return None
    early = _dataset(features, labels, ~late)
    return lightgbm.train(
        _parameters(seed, leaves, read),
        early,
        num_boost_round=ROUNDS,
        valid_sets=[_dataset(features, labels, late, early)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
