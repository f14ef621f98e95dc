"""The figures of communities: planted networks are as they are said to be, and pairs are counted right."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.planted import COMMUNITIES, DEGREE, planted
from benchmarks.quality.communities import confidence, read_rings, rings_found
from graph.communities import communities
from graph.partition import Partition
from tests.graph.networks import FIRST, Rows, day_number


def test_planted_communities_are_as_they_are_said_to_be() -> None:
    ties, truth = planted(3, 20, 0.7)
    assert len(np.unique(truth)) == COMMUNITIES
    assert 2 * len(ties.left) / len(truth) == pytest.approx(DEGREE, rel=0.02)
    assert (truth[ties.left] != truth[ties.right]).mean() == pytest.approx(0.2, abs=0.01)
    assert len(np.unique(np.sort([ties.left, ties.right], axis=0), axis=1).T) == len(ties.left)
    assert np.union1d(ties.left, ties.right).tolist() == list(range(len(truth)))
    assert planted(3, 20, 0.7).truth.tolist() == truth.tolist() != planted(4, 20, 0.7).truth.tolist()


def test_confidence_stands_beside_what_is_true() -> None:
    number = np.array([0, 0, 0, 0, 1, 1])
    truth = np.array([5, 5, 5, 6, 7, 7])
    found = Partition(1.0, 0.5, number, np.array([0.5, 0.5, 0.5, 0.1, 1.0, 1.0]))
    told = confidence(found, truth)
    assert told[0]["stability"] == pytest.approx((0.1 + 0.5) / 2)
    # Of the first two, one shares its community with three others falsely, and one has three of four right.
    assert told[0]["truth"] == pytest.approx((1 / 4 + 3 / 4) / 2)
    assert told[-1] == {"stability": 1.0, "truth": 1.0}


def test_pairs_of_rings_are_counted_among_importers(tmp_path: Path) -> None:
    rows = Rows.new()
    for at, name in enumerate("abcdefg"):
        rows.declare(f"s/D{name}", at, f"s/{name}", "s/seller", None, address="one")
    (tmp_path / "truth_entities.csv").write_text(
        "entity_type,entity_id,role,ring_id,innocent_lookalike\n"
        "trader,a,shell_importer,R1,0\ntrader,b,shell_importer,R1,0\ntrader,c,reborn_importer,R2,0\n"
        "trader,seller,ring_seller,R1,0\ntrader,d,family_firm,,1\ntrader,e,family_firm,,1\ntrader,none,shell_importer,R1,0\n"
    )
    view = rows.snapshot()
    truth = read_rings(tmp_path, view)
    keys = view.things["Trader"].keys.to_pylist()
    of = {key.partition("/")[2]: at for at, key in enumerate(keys)}
    assert truth.ring[[of[name] for name in "abcd"]].tolist() == [0, 0, 1, -1] and truth.ring[of["seller"]] == -1
    assert truth.lookalike.sum() == 2
    found = communities(view, day_number(FIRST) + 30, seed=1)
    # a, b, c and d stand together, with the seller; e and f by themselves; g nowhere.
    number = np.full(len(keys), -1, dtype=np.int32)
    for name, home in {"a": 0, "b": 0, "c": 0, "d": 0, "seller": 0, "e": 1, "f": 1}.items():
        number[of[name]] = home
    found = replace(found, number={**found.number, "Trader": number}, ids=("x", "y"), size=np.array([5, 2]))
    told = rings_found(found, view, truth)
    # Of six pairs three have the innocent d; of the other three one is of one ring.
    assert told["precision"] == pytest.approx(1 / 6)
    assert told["recall"] == 1.0
    assert told["of pairs of members"] == pytest.approx(1 / 3)
    assert told["look-alikes"] == 0.5
