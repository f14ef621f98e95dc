"""The peer that passes messages over the whole trade network."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from benchmarks.quality import relational
from graph.build import snapshot
from graph.snapshot import Long, Snapshot
from graph.store.sqlite import SqliteStore
from ingest.load import load
from ingest.synthetic import simulate
from targeting.days import day_number

AS_OF = day_number(date(2024, 1, 1))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("world")
    simulate(folder / "world", shipments=3_000, seed=7)
    with SqliteStore(folder / "s.db") as store:
        load(store, folder / "world", mapping="native", source=None)
        return snapshot(store)


def judged(whole: Snapshot) -> Long:
    first = whole.declarations.first
    rows: Long = first[whole.declarations.accepted_on[first] >= AS_OF]
    return rows


def test_one_seed_says_one_thing_of_every_row(whole: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relational, "STEPS", 10)
    rows = judged(whole)
    said = relational.scores(whole, AS_OF, rows, 1)
    assert said.shape == rows.shape and np.isfinite(said).all() and said.std() > 0
    assert np.array_equal(said, relational.scores(whole, AS_OF, rows, 1))
    assert not np.array_equal(said, relational.scores(whole, AS_OF, rows, 2))


def test_what_became_known_later_changes_nothing(whole: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relational, "STEPS", 5)
    rows, outcomes = judged(whole), whole.outcomes
    late = outcomes.known_on >= AS_OF
    assert late.any()
    turned = replace(outcomes, infraction=np.where(late, ~outcomes.infraction, outcomes.infraction))
    other = replace(whole, outcomes=turned)
    assert np.array_equal(relational.scores(whole, AS_OF, rows, 1), relational.scores(other, AS_OF, rows, 1))
