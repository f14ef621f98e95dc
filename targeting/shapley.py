"""Shapley values of boosted trees for many rows at once, the same as LightGBM's own but for rounding.

Of a tree they depend on nothing but which way a row goes at each of its splits, and a tree of few leaves tells far
fewer kinds of rows apart than there are rows: each kind is taken apart once.

What a leaf adds is kept for every way to meet the features before it, 2^d of them for d features, which is for trees of
few leaves: of 15, at most 16,384.

What a leaf adds is a product over the features on the way to it: for a feature that is known, whether the row goes to
the leaf (o, 1 or 0), for one that is not, the part of the training rows that does (z). The Shapley value of feature i
is then (o_i - z_i) times the integral over t from 0 to 1 of the product of the others' (1 - t) z_j + t o_j, by the
multilinear extension of the game (Owen, "Multilinear Extensions of Games", Management Science 18, 1972). Gauss's
quadrature gives it exactly. The game is that of Lundberg et al., "From local explanations to global understanding with
explainable AI for trees", Nature Machine Intelligence 2, 2020.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import lightgbm
import numpy as np

from graph.snapshot import Long, Real
from targeting.features import Matrix

MOST = 53
"""Splits of a tree at most: as many bits of a number are exact."""

_ENDLESS = 1e300
"""What LightGBM writes for an infinite threshold, which all but blanks are below."""


class Split(NamedTuple):
    """One question of a tree: which rows go left by the value of one feature.

    Attributes:
        feature: its number.
        threshold: the greatest value that goes left; of a category, the categories that do.
        blank_left: whether a blank goes left.
    """

    feature: int
    threshold: float | frozenset[int]
    blank_left: bool


class Splits:
    """The splits of a tree, for many rows at once."""

    def __init__(self, splits: Sequence[Split]) -> None:
        """Take the splits in their order."""
        if len(splits) > MOST:
            raise ValueError(f"A tree asks {len(splits)} times; at most {MOST} can be told apart.")
        thresholds = [np.nan if isinstance(split.threshold, frozenset) else split.threshold for split in splits]
        sets = [split.threshold for split in splits if isinstance(split.threshold, frozenset)]
        self.features: Long = np.array([split.feature for split in splits], dtype=np.int64)
        self._thresholds = _rounded_down(np.array(thresholds, dtype=np.float64))[:, None]
        self._blank_left = np.array([split.blank_left for split in splits])[:, None]
        self._categorical = np.flatnonzero(np.isnan(thresholds))
        self._bits = 2.0 ** np.arange(len(splits))
        # The last column is for all that none of them names.
        self._categories = np.zeros((len(sets), 1 + max((max(named) + 1 for named in sets), default=0)), dtype=bool)
        for row, named in zip(self._categories, sets, strict=True):
            row[list(named)] = True

    def ways(self, columns: Matrix) -> Long:
        """Return which way rows go, by their values, [all features, n]; split by split a bit that is set for left."""
        values = columns[self.features]
        left = values <= self._thresholds
        left |= np.isnan(values) & self._blank_left
        if len(self._categorical):
            asked, (count, width) = values[self._categorical], self._categories.shape
            # What follows the point is cut off.
            category = np.where((asked > -1) & (asked < width - 1), asked, width - 1).astype(np.int64)
            left[self._categorical] = self._categories.take(category + width * np.arange(count)[:, None])
        return (self._bits @ left.astype(np.float64)).astype(np.int64)


def _rounded_down(thresholds: Real) -> Matrix:
    """Return the greatest numbers of a value's digits that are not above the thresholds."""
    with np.errstate(over="ignore"):
        near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)


class Leaves:
    """The leaves of a tree: what each adds, by which of the features on the way to it a row goes there.

    Attributes:
        features: [p] the features of the tree, each once.
    """

    def __init__(self, ways: Sequence["Way"], values: Sequence[float]) -> None:
        """Take the way to each leaf, and its value."""
        self.features: Long = np.unique([feature for way in ways for feature in way.features])
        self._asked = np.array([[asked] for way in ways for asked in way.asked], dtype=np.int64)
        self._left = np.array([[left] for way in ways for left in way.left], dtype=np.int64)
        sizes = [len(way.features) for way in ways]
        # A row of all shares is found by the number whose bits say at which features a row goes to the leaf.
        firsts = np.cumsum([0, *(2**size for size in sizes[:-1])])
        self._first = firsts[:, None]
        self._bits = np.zeros((len(ways), len(self._asked)))
        # Of two columns or more each is summed leaf by leaf, so that a row is told the same alone and among others.
        self._shares = np.zeros((sum(2**size for size in sizes), max(2, len(self.features))))
        step = 0
        for at, (way, value, first, size) in enumerate(zip(ways, values, firsts, sizes, strict=True)):
            self._bits[at, step : step + size] = 2.0 ** np.arange(size)[::-1]
            self._shares[first : first + 2**size, np.searchsorted(self.features, way.features)] = _shares(
                value, way.parts
            )
            step += size

    def added(self, ways: Long) -> Real:
        """Return what each of the features adds, [n, p], by the ways that rows go, [n]."""
        towards = (ways & self._asked) == self._left
        found = (self._bits @ towards).astype(np.int64) + self._first
        added: Real = self._shares.take(found, axis=0).sum(axis=0)
        return added[:, : len(self.features)]


def _shares(value: float, parts: Sequence[float]) -> Real:
    """Return what the features on the way to a leaf add, by which of them a row goes there; see the module."""
    count = len(parts)
    towards = (np.arange(2**count)[:, None] >> np.arange(count)[::-1] & 1).astype(np.float64)
    points, weights = np.polynomial.legendre.leggauss((count + 1) // 2)
    points, weights = (points + 1) / 2, weights / 2
    known = np.array(parts)[:, None] * (1 - points) + towards[:, :, None] * points
    others = np.ones_like(known)
    others[:, 1:] = np.cumprod(known[:, :-1], axis=1)
    others[:, :-1] *= np.cumprod(known[:, :0:-1], axis=1)[:, ::-1]
    shares: Real = value * (towards - parts) * (others @ weights)
    return shares


class Way(NamedTuple):
    """The way to a node; splits are bits of a number, which are set where a row goes left.

    Attributes:
        features: the features on the way, each once.
        asked, left: [features] for each of them the splits that ask for it, and those at which the way goes left.
        parts: [features] the part of the training rows that goes on at its splits.
    """

    features: list[int]
    asked: list[int]
    left: list[int]
    parts: list[float]

    def onward(self, feature: int, split: int, *, left: bool, part: float) -> "Way":
        """Return the way with one step more."""
        way = self
        if feature not in self.features:
            way = Way([*self.features, feature], [*self.asked, 0], [*self.left, 0], [*self.parts, 1.0])
        at, bit = way.features.index(feature), 1 << split
        asked, turned, parts = list(way.asked), list(way.left), list(way.parts)
        asked[at] |= bit
        turned[at] |= bit if left else 0
        parts[at] *= part
        return Way(way.features, asked, turned, parts)


class Tree(NamedTuple):
    """A tree: its splits, and its leaves."""

    splits: Splits
    leaves: Leaves


def trees(booster: lightgbm.Booster) -> list[Tree]:
    """Return the trees of a booster that ask anything.

    Raises:
        ValueError: a tree asks more than `MOST` times, or takes zero for missing.
    """
    found = []
    for told in booster.dump_model()["tree_info"]:
        splits: list[Split] = []
        leaves = list(_leaves(told["tree_structure"], splits, Way([], [], [], [])))
        if splits:
            found.append(Tree(Splits(splits), Leaves(*zip(*leaves, strict=True))))
    return found


def _leaves(node: Mapping[str, Any], splits: list[Split], way: Way) -> Iterator[tuple[Way, float]]:
    """Yield the leaves below a node, to which a way leads, with their values, and note the splits."""
    if "split_feature" not in node:
        yield way, float(node["leaf_value"])
        return
    at = len(splits)
    splits.append(_split(node))
    for side in ("left", "right"):
        below = node[f"{side}_child"]
        part = below.get("internal_count", below.get("leaf_count")) / node["internal_count"]
        yield from _leaves(below, splits, way.onward(splits[at].feature, at, left=side == "left", part=part))


def _split(node: Mapping[str, Any]) -> Split:
    feature = int(node["split_feature"])
    if node["decision_type"] == "==":
        return Split(feature, frozenset(map(int, str(node["threshold"]).split("||"))), blank_left=False)
    if node["missing_type"] == "Zero":
        raise ValueError("A tree takes zero for missing, which is not provided for.")
    threshold = float(node["threshold"])
    if threshold >= _ENDLESS:
        threshold = math.inf
    # Where no training row was blank, a blank is like 0.
    blank_left = bool(node["default_left"]) if node["missing_type"] == "NaN" else threshold >= 0
    return Split(feature, threshold, blank_left)


def contributions(found: list[Tree], values: Matrix) -> Real:
    """Return what each feature adds to the log odds of each row, [n, features]; with a constant they sum to it.

    Args:
        found: the trees.
        values: [n, features] the rows.
    """
    columns = np.ascontiguousarray(values.T)
    total = np.zeros(columns.shape)
    for tree in found:
        kinds, kind = np.unique(tree.splits.ways(columns), return_inverse=True)
        total[tree.leaves.features] += tree.leaves.added(kinds).T[:, kind]
    return total.T
