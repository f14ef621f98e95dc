"""Networks whose communities are known, because they were planted: of log-normal size, some links across."""

from typing import NamedTuple

import numpy as np

from graph.partition import WeightedTies
from graph.snapshot import Long

COMMUNITIES = 2_000
DEGREE = 5.4
ACROSS = 0.2
"""The part of the links that join two communities."""

SMALLEST = 3


class Planted(NamedTuple):
    """A network of n nodes, every one with a link, and the community [n] that each is in."""

    ties: WeightedTies
    truth: Long


def planted(seed: int, median: float, sigma: float) -> Planted:
    """Plant communities of a median size; σ is the standard deviation of its logarithm. Nodes come in no order."""
    rng = np.random.default_rng(seed)
    size = np.maximum(np.rint(rng.lognormal(np.log(median), sigma, COMMUNITIES)), SMALLEST).astype(np.int64)
    truth, count = np.repeat(np.arange(COMMUNITIES), size), int(size.sum())
    links = round(DEGREE * count / 2)
    inside = round((1 - ACROSS) * links)
    start = np.repeat(np.cumsum(size) - size, size)
    # More are drawn than wanted, since a small community may draw one pair several times.
    one = rng.integers(count, size=2 * inside)
    fellow = start[one] + (rng.random(len(one)) * size[truth[one]]).astype(np.int64)
    other = rng.integers(count, size=(2, 2 * (links - inside)))
    other = other[:, truth[other[0]] != truth[other[1]]]
    code = np.concatenate(
        [_distinct(rng, one, fellow, count, inside), _distinct(rng, other[0], other[1], count, links - inside)]
    )
    name = rng.permutation(count)
    tied, ends = np.unique(name[np.array([code // count, code % count])], return_inverse=True)
    of_name = np.empty(count, dtype=np.int64)
    of_name[name] = truth
    left, right = ends.reshape(2, -1)
    return Planted(WeightedTies(left, right, np.ones(len(left))), of_name[tied])


def _distinct(rng: np.random.Generator, one: Long, other: Long, count: int, most: int) -> Long:
    """Return pairs of different nodes as codes, each once, as many of them as are wanted and there are."""
    code = np.unique((np.minimum(one, other) * count + np.maximum(one, other))[one != other])
    return rng.permutation(code)[:most]
