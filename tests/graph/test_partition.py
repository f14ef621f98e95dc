"""The division of a network by itself: the resolution that is found, and what a partition depends on."""

from itertools import combinations

import numpy as np
import pytest

from graph.partition import WeightedTies, divide

CLIQUES, SIZE = 60, 5


def tied(pairs: list[tuple[int, int]]) -> WeightedTies:
    left, right = np.array(sorted(pairs), dtype=np.int64).T
    return WeightedTies(left, right, np.ones(len(left)))


def ring_of_cliques() -> WeightedTies:
    """Return cliques, each tied to the next by one tie: the example by which the limit of modularity was shown."""
    inside = [
        (clique * SIZE + one, clique * SIZE + other)
        for clique in range(CLIQUES)
        for one, other in combinations(range(SIZE), 2)
    ]
    between = [(clique * SIZE, ((clique + 1) % CLIQUES) * SIZE + 1) for clique in range(CLIQUES)]
    return tied(inside + [(min(pair), max(pair)) for pair in between])


def test_small_groups_of_a_large_network_are_not_merged() -> None:
    ties = ring_of_cliques()
    merged = divide(CLIQUES * SIZE, ties, 1, 1.0)
    found = divide(CLIQUES * SIZE, ties, 1)
    assert merged.number.max() + 1 < CLIQUES
    assert found.number.tolist() == np.repeat(np.arange(CLIQUES), SIZE).tolist()
    assert found.resolution > 1 and found.modularity < merged.modularity
    assert found.stability.min() > 0.7


def test_one_group_is_left_whole_and_pairs_are_left_together() -> None:
    clique = divide(6, tied(list(combinations(range(6), 2))), 1)
    assert clique.number.tolist() == [0] * 6
    pairs = divide(40, tied([(2 * pair, 2 * pair + 1) for pair in range(20)]), 1)
    assert pairs.number.tolist() == np.repeat(np.arange(20), 2).tolist()


def test_weight_and_not_number_of_ties_decides() -> None:
    ties = ring_of_cliques()
    scaled = divide(CLIQUES * SIZE, ties._replace(weight=ties.weight * 1e-3), 1)
    found = divide(CLIQUES * SIZE, ties, 1)
    assert scaled.resolution == pytest.approx(found.resolution)
    assert scaled.number.tolist() == found.number.tolist()


def test_a_seed_draws_the_order_of_the_visits() -> None:
    ring = tied([(min(at, (at + 1) % 99), max(at, (at + 1) % 99)) for at in range(99)])
    one, again, other = (divide(99, ring, seed, 1.0, runs=0) for seed in (1, 1, 2))
    assert one.number.tolist() == again.number.tolist() != other.number.tolist()
    assert np.isnan(one.stability).all()
