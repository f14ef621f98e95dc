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

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import lightgbm
import numpy as np

from graph.snapshot import Flag, Long, Real
from targeting.features import Matrix

_ZERO = 1e-35
"""What LightGBM takes for zero."""


class Split(NamedTuple):
    """One question of a tree: which rows go left by the value of one feature.

    Attributes:
        feature: its number.
        threshold: the greatest value that goes left; of a category, the categories that do.
        missing: which values count as missing: `None`, `Zero` or `NaN`.
        missing_left: whether those go left.
    """

    feature: int
    threshold: np.float64 | frozenset[int]
    missing: str
    missing_left: bool

    def left(self, values: Matrix) -> Flag:
        """Return which rows go left, by their values of the feature, [n]."""
        if isinstance(self.threshold, frozenset):
            # What follows the point is cut off.
            return np.isin(np.trunc(values), np.fromiter(self.threshold, dtype=np.float32))
        blank = np.isnan(values)
        # The threshold has twice the digits of a value.
        below = values <= self.threshold
        if self.missing == "NaN":
            return np.where(blank, self.missing_left, below)
        if self.missing == "Zero":
            return np.where(blank | (np.abs(values) <= _ZERO), self.missing_left, below)
        return np.where(blank, self.threshold >= 0, below)


class Leaf(NamedTuple):
    """A leaf of a tree, and the way to it; splits are bits of a number, which are set where a row goes left.

    Attributes:
        features: the features on the way, each once.
        asked, left: [features] for each of them the splits that ask for it, and those at which the way goes left.
        shares: [2^features, features] what each feature adds, by which of them a row goes to the leaf: the first is
            the highest bit.
    """

    features: list[int]
    asked: list[int]
    left: list[int]
    shares: Real

    def of(self, ways: Long) -> Real:
        """Return what each of its features adds, [n, features], by the ways that rows go, [n]."""
        code = np.zeros(len(ways), dtype=np.int64)
        for asked, left in zip(self.asked, self.left, strict=True):
            code = 2 * code + ((ways & asked) == left)
        shares: Real = self.shares[code]
        return shares


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


class _Way(NamedTuple):
    """The way to a node: as in `Leaf`, with the part of the training rows that goes on at the splits of a feature."""

    features: list[int]
    asked: list[int]
    left: list[int]
    parts: list[float]

    def onward(self, feature: int, split: int, *, left: bool, part: float) -> "_Way":
        """Return the way with one step more."""
        way = self
        if feature not in self.features:
            way = _Way([*self.features, feature], [*self.asked, 0], [*self.left, 0], [*self.parts, 1.0])
        at, bit = way.features.index(feature), 1 << split
        asked, turned, parts = list(way.asked), list(way.left), list(way.parts)
        asked[at] |= bit
        turned[at] |= bit if left else 0
        parts[at] *= part
        return _Way(way.features, asked, turned, parts)


class Tree(NamedTuple):
    """A tree: its splits, and its leaves."""

    splits: list[Split]
    leaves: list[Leaf]


def trees(booster: lightgbm.Booster) -> list[Tree]:
    """Return the trees of a booster."""
    found = []
    for told in booster.dump_model()["tree_info"]:
        splits: list[Split] = []
        found.append(Tree(splits, list(_leaves(told["tree_structure"], splits, _Way([], [], [], [])))))
    return found


def _leaves(node: Mapping[str, Any], splits: list[Split], way: _Way) -> Iterator[Leaf]:
    """Yield the leaves below a node, to which a way leads, and note the splits."""
    if "split_feature" not in node:
        if way.features:
            yield Leaf(way.features, way.asked, way.left, _shares(float(node["leaf_value"]), way.parts))
        return
    feature, at = int(node["split_feature"]), len(splits)
    threshold: np.float64 | frozenset[int] = (
        frozenset(map(int, str(node["threshold"]).split("||")))
        if node["decision_type"] == "=="
        else np.float64(node["threshold"])
    )
    splits.append(Split(feature, threshold, node["missing_type"], bool(node["default_left"])))
    for side in ("left", "right"):
        below = node[f"{side}_child"]
        part = below.get("internal_count", below.get("leaf_count")) / node["internal_count"]
        yield from _leaves(below, splits, way.onward(feature, at, left=side == "left", part=part))


def contributions(found: list[Tree], values: Matrix) -> Real:
    """Return what each feature adds to the log odds of each row, [n, features]; with a constant they sum to it.

    Args:
        found: the trees.
        values: [n, features] the rows.
    """
    columns = np.asfortranarray(values)
    total = np.zeros(values.shape, order="F")
    for tree in found:
        if not tree.splits:
            continue
        ways = np.zeros(len(values), dtype=np.int64)
        for at, split in enumerate(tree.splits):
            ways |= split.left(columns[:, split.feature]).astype(np.int64) << at
        kinds, kind = np.unique(ways, return_inverse=True)
        place = {feature: at for at, feature in enumerate(dict.fromkeys(split.feature for split in tree.splits))}
        said = np.zeros((len(kinds), len(place)))
        for leaf in tree.leaves:
            said[:, [place[feature] for feature in leaf.features]] += leaf.of(kinds)
        for feature, at in place.items():
            total[:, feature] += said[kind, at]
    return total
