"""The as-of rule and determinism of everything that the score is made of, on a small invented world.

The world is cut at a day: what is computed for shipments accepted before it must be the same bits whether later records
are there or not.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gnn.features import tokens
from graph.build import from_statements
from graph.columns import known_before
from graph.snapshot import Int, Long, Snapshot
from targeting import registry
from targeting.declared import declared
from targeting.inputs import capped_days, shipment_keys
from targeting.model import Model, Scores, day_number, score, train
from targeting.network import network
from targeting.profiles import profiles
from tests.targeting.conftest import SEED, World

CUT = date(2023, 12, 1)
AS_OF = day_number(CUT)


@dataclass(frozen=True)
class Worlds:
    """One world with everything, and as it was known before the cut; rows of the same shipments in both."""

    whole: Snapshot
    before: Snapshot
    rows_whole: Long
    rows_before: Long


@pytest.fixture(scope="module")
def worlds(world: World) -> Worlds:
    whole, before = from_statements(world.statements), from_statements(known_before(world.statements, CUT))
    rows_before = before.declarations.first
    rows_whole = whole.declarations.first
    rows_whole = rows_whole[whole.declarations.known_on[rows_whole] < AS_OF]
    assert shipment_keys(whole, rows_whole).equals(shipment_keys(before, rows_before))
    assert len(rows_before) < len(whole.declarations.first)
    assert before.outcomes.known_on.max() < whole.outcomes.known_on.max()
    return Worlds(whole, before, rows_whole, rows_before)


@pytest.fixture(scope="module")
def model(worlds: Worlds) -> Model:
    return train(worlds.before, CUT, seed=SEED)


def scored(snapshot: Snapshot, model: Model, rows: Long, reasons: int = 0) -> Scores:
    here = network(snapshot, AS_OF, seed=SEED, resolution=model.resolution)
    return score(model, here, rows, reasons=reasons)


def days(snapshot: Snapshot, rows: Long) -> Int:
    return capped_days(snapshot, rows, AS_OF)


def test_no_feature_sees_what_became_known_later(worlds: Worlds, model: Model) -> None:
    for one, other in (
        (
            declared(worlds.whole, worlds.rows_whole, model.vocabulary).values,
            declared(worlds.before, worlds.rows_before, model.vocabulary).values,
        ),
        (
            profiles(worlds.whole, worlds.rows_whole, days(worlds.whole, worlds.rows_whole), model.plan).rates,
            profiles(worlds.before, worlds.rows_before, days(worlds.before, worlds.rows_before), model.plan).rates,
        ),
        (
            tokens(worlds.whole, worlds.rows_whole, days(worlds.whole, worlds.rows_whole)).values,
            tokens(worlds.before, worlds.rows_before, days(worlds.before, worlds.rows_before)).values,
        ),
    ):
        assert one.tobytes() == other.tobytes()


def test_no_score_or_reason_by_a_fixed_model_sees_what_became_known_later(worlds: Worlds, model: Model) -> None:
    one = scored(worlds.whole, model, worlds.rows_whole[-300:], reasons=3)
    other = scored(worlds.before, model, worlds.rows_before[-300:], reasons=3)
    for name in ("score", "declared", "profile", "linked", "gnn"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert one.reasons == other.reasons


def test_training_frozen_at_a_day_does_not_see_what_became_known_later(
    worlds: Worlds, model: Model, tmp_path: Path
) -> None:
    again = train(worlds.whole, CUT, seed=SEED)
    assert registry.save(again, tmp_path) == registry.save(model, tmp_path)


def test_a_model_read_back_gives_the_same_bits(worlds: Worlds, model: Model, tmp_path: Path) -> None:
    name, back = registry.load(tmp_path, registry.save(model, tmp_path))
    assert registry.load(tmp_path)[0] == name
    rows = worlds.rows_before[-200:]
    one, other = scored(worlds.before, model, rows), scored(worlds.before, back, rows)
    for column in ("score", "declared", "profile", "linked", "gnn"):
        assert getattr(one, column).tobytes() == getattr(other, column).tobytes(), column


def test_a_score_is_blank_exactly_where_the_own_outcome_was_in_the_training(worlds: Worlds, model: Model) -> None:
    found = scored(worlds.before, model, worlds.rows_before, reasons=3)
    learnt = np.isnan(found.score)
    assert learnt.sum() == model.metrics["rows"]
    assert all(why == () for why, blank in zip(found.reasons, learnt, strict=True) if blank)
    assert all(len(why) <= 3 for why in found.reasons)
    given = found.score[~learnt]
    assert ((given > 0) & (given < 1)).all()
