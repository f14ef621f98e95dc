"""A network divided into communities, at a resolution that is found, and how firm each node's place is.

Leiden's method (Traag, Waltman and van Eck, Sci. Rep. 9, 2019) seeks the partition of greatest modularity at a
resolution γ. NetworKit's goes on for ever where a gain is lost in rounding, so it is given numbers with which nothing
is ever rounded: `docs/decisions/0008-leiden-in-whole-numbers.md`.

The resolution is not assumed. The partition of greatest modularity merges small groups in a large network (Fortunato
and Barthélemy, PNAS 104, 2007), so modularity cannot judge it. The map equation can: it gives the bits that a step of a
random walk takes to describe where communities have names of their own (Rosvall, Axelsson and Bergstrom, Eur. Phys. J.
Special Topics 178, 2009), and both too few and too many communities make that long. Where communities are large and
sparse its minimum is flat and lies too high; so, of the resolutions at which the walk is described in hardly more than
the fewest bits, that one is taken whose partition agrees best with those found when ties are left out, by the adjusted
Rand index (Hubert and Arabie, J. Classification 2, 1985). What else was tried: `docs/quality.md`.
"""

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from graph.snapshot import Long, Real

LOWEST, STEP = 1.0, 2**0.5
"""Where none is given, the first resolution tried, and what it is multiplied by as long as descriptions stay short."""

PLATEAU = 0.01
"""The part by which a description may exceed the shortest."""

LEFT_OUT = 0.1
"""The part of the ties that a perturbed run leaves out."""

RUNS = 4
"""Perturbed runs from which stability is taken."""

_TRIALS = 2
_ITERATIONS = 3
_BITS = 26
_MOST_OF_VOLUME = 0.875
_MOST_TRIED = 100
_ONE_AT_A_TIME = threading.Lock()


class WeightedTies(NamedTuple):
    """Weighted ties between nodes, each once."""

    left: Long
    right: Long
    weight: Real


class Partition(NamedTuple):
    """A network divided.

    Attributes:
        resolution: γ, as given or found.
        modularity: at γ = 1.
        number: [n] the community of every node, numbered by the first member.
        stability: [n] mean Jaccard index of a node's community and those that it has when ties are left out.
    """

    resolution: float
    modularity: float
    number: Long
    stability: Real


def divide(
    count: int, ties: WeightedTies, seed: int, resolution: float | None = None, *, runs: int = RUNS
) -> Partition:
    """Divide a network, of which every node has a tie; the same input and seed give the same, bit for bit.

    Args:
        count: how many nodes.
        ties: between them.
        seed: of the order in which nodes are visited and of the ties left out.
        resolution: γ; found where not given.
        runs: from which stability is taken; where there are none it is blank.
    """
    with _one_thread():
        if resolution is None:
            resolution = _chosen(count, ties, seed)
        whole = _partition(count, ties, slice(None), resolution, seed)
        others = [_perturbed(count, ties, resolution, seed, run + 1) for run in range(runs)]
    return Partition(resolution, _modularity(whole, ties), whole, _stability(whole, others))


def meetings(one: Long, other: Long) -> tuple[Long, Long, Long]:
    """Return where two partitions meet: (community in one, community in the other, nodes in both)."""
    width = int(other.max(initial=0)) + 1
    code, count = np.unique(one * width + other, return_counts=True)
    return code // width, code % width, count


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let NetworKit run on one thread, where it gives one answer; its seed and threads are the process's."""
    import networkit  # takes seconds, which those who only read communities need not wait

    with _ONE_AT_A_TIME:
        threads = networkit.getMaxNumberOfThreads()
        networkit.setNumberOfThreads(1)
        try:
            yield
        finally:
            networkit.setNumberOfThreads(threads)


def _partition(count: int, ties: WeightedTies, kept: Long | slice, resolution: float, seed: int) -> Long:
    """Return a community per node, numbered by the first member; each is connected in itself.

    Nodes are visited in an order that is drawn, since a single thread would always take the same.
    """
    import networkit

    left, right = ties.left[kept], ties.right[kept]
    units, rest, gamma = _in_whole_numbers(ties.weight[kept], resolution)
    tied = np.flatnonzero(units)
    order = np.append(np.random.default_rng(seed).permutation(count), [count, count + 1])
    ends = np.append(order[left[tied]], count), np.append(order[right[tied]], count + 1)
    graph = networkit.GraphFromCoo((np.append(units[tied], rest), ends), n=count + 2, weighted=True)
    method = networkit.community.ParallelLeiden(graph, randomize=False, iterations=_ITERATIONS, gamma=gamma)
    found = np.asarray(method.run().getPartition().getVector())[order[:count]]
    # What leaves a community without being asked again may leave it in pieces.
    inside = found[left] == found[right]
    ones = np.ones(int(inside.sum()), dtype=np.int8)
    whole = csr_array((ones, (left[inside], right[inside])), shape=(count, count))
    pieces = connected_components(whole, directed=False)[1]
    _, first, number = np.unique(pieces, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]


def _in_whole_numbers(weight: Real, resolution: float) -> tuple[Real, float, float]:
    """Return weights as whole numbers, the weight of a tie apart from them, and the resolution for all of these.

    Together the weights are half of a power of two, and the resolution is a power of two, so that the method, which
    multiplies and divides by them, rounds nothing. The tie apart takes up what the weights lack; the more it takes, the
    smaller is the part of the volume that the others are of, and the finer they are divided: so any resolution can be
    had.
    """
    half = 2.0 ** (max(_BITS, len(weight).bit_length() + 3) - 1)
    gamma = 2.0 ** math.ceil(math.log2(resolution / _MOST_OF_VOLUME))
    units = np.rint(weight / weight.sum() * (resolution / gamma * half))
    return units, half - float(units.sum()), gamma


def _perturbed(count: int, ties: WeightedTies, resolution: float, seed: int, run: int) -> Long:
    rng = np.random.default_rng([seed, run])
    kept = np.flatnonzero(rng.random(len(ties.weight)) >= LEFT_OUT)
    return _partition(count, ties, kept, resolution, seed + run)


def _agreement(one: Long, other: Long) -> float:
    """Return the adjusted Rand index of two partitions, 0 where one of them puts everything, or nothing, together."""

    def couples(sizes: Long) -> float:
        return float((sizes * (sizes - 1) // 2).sum())

    both = couples(meetings(one, other)[2])
    first, second = couples(np.bincount(one)), couples(np.bincount(other))
    total = len(one) * (len(one) - 1) / 2
    expected = first * second / total if total else 0.0
    most = (first + second) / 2
    return (both - expected) / (most - expected) if most > expected else 0.0


def _chosen(count: int, ties: WeightedTies, seed: int) -> float:
    """Return the resolution, of those with short descriptions, whose partition changes least when ties are left out."""
    tried: list[tuple[float, float, Long]] = []
    for number in range(_MOST_TRIED):
        resolution = LOWEST * STEP**number
        whole = _partition(count, ties, slice(None), resolution, seed)
        tried.append((_code_length(whole, ties), resolution, whole))
        most = (1 + PLATEAU) * min(length for length, _, _ in tried)
        if tried[-1][0] > most:
            break
    found = []
    for length, resolution, whole in tried:
        if length <= most:
            runs = (_perturbed(count, ties, resolution, seed, run + 1) for run in range(_TRIALS))
            found.append((float(np.mean([_agreement(whole, run) for run in runs])), -resolution))
    return -max(found)[1]


def _code_length(number: Long, ties: WeightedTies) -> float:
    """Return the bits for a step of a random walk along the ties: the map equation of two levels."""

    def entropy(*parts: Real) -> float:
        rates = np.concatenate(parts)
        rates = rates[rates > 0]
        return -float(rates @ np.log2(rates))

    whole = 2 * ties.weight.sum()
    ends, count = np.concatenate([ties.left, ties.right]), int(number.max()) + 1
    visits = np.bincount(ends, np.tile(ties.weight, 2)) / whole
    within = np.bincount(number, visits, minlength=count)
    across = np.tile(np.where(number[ties.left] != number[ties.right], ties.weight, 0.0), 2)
    leaving = np.bincount(number[ends], across, minlength=count) / whole
    every = np.array([leaving.sum()])
    return 2 * entropy(leaving) + entropy(visits) - entropy(every, within + leaving)


def _stability(whole: Long, runs: Sequence[Long]) -> Real:
    """Return for each node the mean Jaccard index of its community and the one it has in each run."""
    total = np.zeros(len(whole)) if runs else np.full(len(whole), np.nan)
    for run in runs:
        one, other, both = meetings(whole, run)
        union = np.bincount(whole)[one] + np.bincount(run)[other] - both
        width = int(run.max(initial=0)) + 1
        at = np.searchsorted(one * width + other, whole * width + run)
        total += (both / union)[at]
    return total / max(len(runs), 1)


def _modularity(number: Long, ties: WeightedTies) -> float:
    whole = float(ties.weight.sum())
    inside = ties.weight[number[ties.left] == number[ties.right]].sum()
    degree = np.bincount(number[ties.left], ties.weight, minlength=int(number.max()) + 1)
    degree = degree + np.bincount(number[ties.right], ties.weight, minlength=len(degree))
    return float(inside / whole - ((degree / (2 * whole)) ** 2).sum())
