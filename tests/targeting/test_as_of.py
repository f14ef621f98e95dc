"""The as-of rule and determinism of everything that the score is made of, on a small invented world.

The world is cut at a day: what is computed for shipments accepted before it must be the same bits whether later records
are there or not.
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.features import tokens
from graph.build import from_statements
from graph.columns import known_before
from graph.snapshot import Int, Long, Snapshot
from targeting import registry
from targeting.days import day_number
from targeting.declared import declared
from targeting.inputs import capped_days, read, shipment_keys
from targeting.model import Model
from targeting.network import network
from targeting.profiles import profiles
from targeting.scoring import Scores, score
from targeting.training import train
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
    here = network(snapshot, AS_OF, seed=SEED, resolution=model.resolution, parameters=model.linked)
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


@settings(max_examples=5)
@given(st.integers(0, 2**32), st.floats(0.0, 1.0))
def test_whatever_becomes_known_later_changes_no_feature_and_no_score(
    world: World, worlds: Worlds, model: Model, seed: int, share: float
) -> None:
    """Some of the later records are there, and these say something else than they did."""
    rng = np.random.default_rng(seed)
    later = {}
    for name, table in world.statements.items():
        if "known_on" not in table.column_names:
            continue
        known = pc.fill_null(pc.less(table["known_on"], pa.scalar(CUT)), False).to_numpy(zero_copy_only=False)
        kept = np.flatnonzero(~known & (rng.random(len(known)) < share))
        others = table.take(pa.array(kept))
        for column in ("importer", "exporter", "outcome", "customs_value", "owner", "commodity"):
            if column in table.column_names:
                shuffled = others[column].take(pa.array(rng.permutation(len(kept))))
                others = others.set_column(table.column_names.index(column), table.schema.field(column), shuffled)
        later[name] = pa.concat_tables([table.filter(pa.array(known)), others])
    other = from_statements(replace(world.statements, **later))
    keys = dict(zip(other.things["Shipment"].keys.to_pylist(), range(len(other.things["Shipment"])), strict=True))
    chosen = worlds.rows_before[-200:]
    shipments = [keys[key] for key in shipment_keys(worlds.before, chosen).to_pylist()]
    first = np.full(len(keys), -1)
    first[other.declarations.shipment[other.declarations.first]] = other.declarations.first
    found = [
        (read(around, model.vocabulary, model.plan, rows, days(here, rows)), score(model, around, rows, reasons=0))
        for here, rows in ((worlds.before, chosen), (other, first[shipments]))
        for around in (network(here, AS_OF, seed=SEED, resolution=model.resolution),)
    ]
    (one, said), (two, again) = found
    for name in ("declared", "profile", "network", "tokens"):
        assert getattr(one, name).values.tobytes() == getattr(two, name).values.tobytes(), name
    for column in ("score", "declared", "profile", "linked", "gnn"):
        assert getattr(said, column).tobytes() == getattr(again, column).tobytes(), column


def test_a_column_that_is_filled_only_later_gets_no_weight(world: World) -> None:
    """Amendments after the inspection that say what it found are the future of every row that they would help with."""
    inspection, declaration = world.statements.inspection, world.statements.declaration
    of = dict(zip(inspection["shipment"].to_pylist(), range(len(inspection)), strict=True))
    rows = [at for at, shipment in enumerate(declaration["shipment"].to_pylist()) if shipment in of]
    found = inspection.take(pa.array([of[declaration["shipment"][at].as_py()] for at in rows]))
    amended = declaration.take(pa.array(rows))
    told = [
        json.dumps({"found": outcome, "recovered": float(outcome == "infraction")})
        for outcome in found["outcome"].to_pylist()
    ]
    for column, values in (("known_on", found["known_on"]), ("extra", pa.chunked_array([told], pa.string()))):
        place, kind = declaration.column_names.index(column), declaration.schema.field(column)
        amended = amended.set_column(place, kind, values.cast(kind.type))
    here = from_statements(replace(world.statements, declaration=pa.concat_tables([declaration, amended])))
    assert {"extra.found", "extra.recovered"} <= {*here.declarations.texts, *here.declarations.numbers}
    model = train(here, CUT, seed=SEED)
    assert not [name for name in (*model.vocabulary.names, *model.plan.names) if "found" in name or "recovered" in name]
    assert not [name for name in model.gnn.vocabularies if "found" in name]
    # Beside another column a blank one repeats what the other says by itself; its own features never varied.
    named = [(token, name) for token, names in model.gnn.features.items() for name in names]
    own = [
        at
        for at, (token, name) in enumerate(named)
        for column in ("extra.found", "power_of_two_of_extra.recovered", "extra.recovered")
        if column in name and token in (f"with>{column}", "declared")
    ]
    assert len(own) == 6 and np.isinf(model.gnn.scale[own]).all()


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
