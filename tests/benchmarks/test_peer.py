"""What the division of networks is measured beside, without the peer, which nothing else installs."""

import sys

import numpy as np
import pytest

from benchmarks import communities as benchmark
from benchmarks.communities import Division, modularity, ours, table
from benchmarks.planted import planted
from graph.partition import divide


def test_modularity_is_that_of_the_partition() -> None:
    network = planted(1, 5, 0.3)
    found = divide(len(network.truth), network.ties, 1, 4.0, runs=0)
    assert modularity(found.number, network.ties, 1.0) == pytest.approx(found.modularity)
    singles = np.arange(len(network.truth))
    assert modularity(singles, network.ties, 1.0) > modularity(singles, network.ties, 4.0)
    measured = ours(network, 4.0, 0)
    assert measured.modularity == pytest.approx(modularity(found.number, network.ties, 4.0), abs=0.02)


def test_ratios_are_those_of_each_turn() -> None:
    mine, other = [Division(2, 1, 0.5, 9), Division(4, 3, 0.5, 9)], [Division(4, 2, 0.5, 8), Division(4, 4, 0.5, 8)]
    assert table([(1.0, "Tidewaiter", mine), (1.0, "igraph", other)]).splitlines()[2:] == [
        "| 1 | Tidewaiter | 3.0 | 2.0 | 0.5000 | 9 | 0.50, 0.75 |",
        "| 1 | igraph | 4.0 | 3.0 | 0.5000 | 8 |  |",
    ]


def test_what_is_to_be_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "igraph", None)
    with pytest.raises(SystemExit, match=r"requirements/peer\.txt"):
        benchmark.main([])
