"""The division of a network by itself: the resolution that is found, and what a partition depends on."""

import multiprocessing
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


def divide_clients_of_hubs(seed: int) -> None:
    """Divide a network in which hubs tie their clients by one part of their number each, which binary digits lack."""
    rng = np.random.default_rng(seed)
    hub, client = np.divmod(np.unique(rng.integers(0, 50, 640) * 1000 + rng.integers(50, 254, 640)), 1000)
    tied, ends = np.unique([hub, client], return_inverse=True)
    left, right = ends.reshape(2, -1)
    ties = WeightedTies(left, right, 1.0 / np.bincount(left)[left])
    for resolution in (8.0, 16.0, 32.0, 64.0):
        divide(len(tied), ties, seed, resolution, runs=0)


def test_an_end_is_found_where_gains_would_be_lost_in_rounding() -> None:
    # Nobody can stop a division that goes on for ever, but its process can be ended.
    child = multiprocessing.get_context("spawn").Process(target=divide_clients_of_hubs, args=(179,))
    child.start()
    child.join(60)
    ended = not child.is_alive()
    child.kill()
    child.join()
    assert ended and child.exitcode == 0


@pytest.mark.parametrize("pairs", [2, 7, 10, 1000])
def test_a_resolution_is_what_it_says_though_it_is_made_of_powers_of_two(pairs: int) -> None:
    # A pair of one tie of n stands together where 1 / 2n > γ / (2n)², so up to a resolution of 2n.
    ties = tied([(2 * pair, 2 * pair + 1) for pair in range(pairs)])
    together, apart = (divide(2 * pairs, ties, 1, 2 * pairs * part, runs=0) for part in (0.999, 1.001))
    assert together.number.max() + 1 == pairs
    assert apart.number.max() + 1 == 2 * pairs
