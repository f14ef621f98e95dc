"""Declared features and profiles: what they hold, and that they hold nothing known later or of the shipment itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.features import tokens
from graph.snapshot import Int, Long, Snapshot
from graph.statements import Statements
from targeting import declared as declared_data
from targeting import profiles as profile_rates
from targeting.declared import Vocabulary, declared
from targeting.features import beside, quantities
from targeting.inputs import capped_days
from targeting.network import network
from targeting.profiles import PRIOR, PRIOR_STRENGTH, Plan, profiles
from tests.graph.networks import FIRST, Rows, day_number, snapshot, world

PLAN = Plan(
    (
        ("commodity",),
        ("commodity_6",),
        ("customs_value",),
        ("exporter",),
        ("extra.lane",),
        ("importer",),
        ("importer_address",),
        ("commodity_6", "exporter"),
        ("exporter", "importer"),
    )
)
VOCABULARY = Vocabulary(
    {"commodity": ("84713010", "847130"), "commodity_2": ("84", "85"), "extra.lane": ("green", "red")},
    ("customs_value", "price_per_kg", "extra.lane"),
)


def column(found: profile_rates.Profiles, *profile: str) -> Any:
    at = PLAN.profiles.index(profile)
    return list(zip(found.inspected[:, at].tolist(), found.infractions[:, at].tolist(), strict=True))


def valued(statements: Statements, seed: int) -> Statements:
    """Give the declarations values, masses and an extra attribute."""
    rng = np.random.default_rng(seed)
    size = len(statements.declaration)
    table = statements.declaration.to_pydict()
    table["customs_value"] = [None if rng.random() < 0.1 else float(rng.integers(1, 9)) * 100 for _ in range(size)]
    table["net_mass_kg"] = [None if rng.random() < 0.1 else float(rng.integers(0, 5)) for _ in range(size)]
    table["extra"] = [json.dumps({"lane": ["red", "green"][int(rng.integers(2))]}) for _ in range(size)]
    return replace(statements, declaration=pa.table(table, schema=statements.declaration.schema))


def later(statements: Statements, day: int) -> Statements:
    """Add, on a day, all that a later load may bring: deeper commodity codes, numbers where texts were, new columns."""
    table = statements.declaration.slice(0, 3).to_pylist()
    for at, row in enumerate(table):
        row |= {
            "shipment": f"s/L{at}/1",
            "known_on": FIRST + timedelta(days=day),
            "accepted_on": FIRST + timedelta(days=day),
            "commodity": ["84713010", "8471301090", "010121"][at],
            "extra": json.dumps({"lane": at + 0.5, "another": "A", "aa": 2}),
        }
    added = pa.Table.from_pylist(table, schema=statements.declaration.schema)
    return replace(statements, declaration=pa.concat_tables([statements.declaration, added]))


def own_rows(view: Snapshot, until: int) -> tuple[Long, Int, list[str]]:
    """Return the first versions known before a day, their days and keys."""
    rows = view.declarations.first
    rows = rows[view.declarations.known_on[rows] < until]
    keys = view.things["Shipment"].keys.take(view.declarations.shipment[rows]).to_pylist()
    return rows, capped_days(view, rows, until), keys


def bits(view: Snapshot, until: int) -> dict[str, bytes]:
    rows, days, _ = own_rows(view, until)
    here = network(view, until, seed=1, resolution=1.0)
    found = profiles(view, rows, days, PLAN)
    token = tokens(view, rows, days)
    starts = {name: at.start for name, at in token.columns().items()}
    return {
        "declared": declared(view, rows, VOCABULARY).values.tobytes(),
        "rates": found.rates.tobytes(),
        "inspected": found.inspected.tobytes(),
        "infractions": found.infractions.tobytes(),
        "network": here.features(rows, days, here.linked(rows, days)).values.tobytes(),
        "linked": here.linked(rows, days).tobytes(),
        **{
            f"token {name} {feature}": token.values[:, starts[name] + at].tobytes()
            for name, features in token.features.items()
            for at, feature in enumerate(features)
        },
    }


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), day=st.integers(40, 200))
def test_what_becomes_known_later_changes_no_bit(seed: int, day: int) -> None:
    whole = later(valued(world(seed, shipments=40), seed), day)
    cut = FIRST + timedelta(days=day)
    early, late = snapshot(whole, cut), snapshot(whole)
    until = day_number(cut)
    assert own_rows(early, until)[2] == own_rows(late, until)[2]
    first, second = bits(early, until), bits(late, until)
    for name in first:
        assert first[name] == second[name], name


def flipped(statements: Statements, shipment: str) -> Statements:
    """Turn the outcomes of one shipment into their contrary."""
    table = statements.inspection
    own = pc.equal(table["shipment"], shipment)
    other = pc.if_else(pc.equal(table["outcome"], "clean"), "infraction", "clean")
    at = table.schema.get_field_index("outcome")
    return replace(statements, inspection=table.set_column(at, "outcome", pc.if_else(own, other, table["outcome"])))


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), number=st.integers(0, 10_000))
def test_no_shipment_is_described_by_its_own_outcome_however_early(seed: int, number: int) -> None:
    statements = valued(world(seed, shipments=40), seed)
    judged = sorted(set(statements.inspection["shipment"].to_pylist()))
    shipment = judged[number % len(judged)]
    found, risks = [], []
    for said in (statements, flipped(statements, shipment)):
        view = snapshot(said)
        rows, _, keys = own_rows(view, day_number(FIRST) + 1000)
        rows = rows[[keys.index(shipment)]]
        day = np.full(1, day_number(FIRST) + 300, dtype=np.int32)
        rated = profiles(view, rows, day, PLAN)
        here = network(view, int(day[0]), seed=1, resolution=1.0)
        linked = here.linked(rows, day)
        around = here.features(rows, day, linked)
        found.append(
            (
                declared(view, rows, VOCABULARY).values.tobytes(),
                rated.rates.tobytes(),
                rated.inspected.tolist(),
                rated.infractions.tolist(),
                around.values.tobytes(),
                tokens(view, rows, day).values.tobytes(),
            )
        )
        risks.append(float(linked[0]))
    assert found[0] == found[1]
    # Its part of the risk is taken out of a sum, which may leave the last bit.
    assert risks[0] == pytest.approx(risks[1], rel=1e-12)


def two_importers() -> Rows:
    """Three shipments of one importer, of whom two are examined before the third, and one of another importer."""
    rows = Rows.new()
    for at, importer in enumerate(("s/A", "s/A", "s/A", "s/B")):
        rows.declare(f"s/D{at}/1", 10 * at, importer, "s/E")
    rows.find("s/D0/1", 5, "infraction")
    rows.find("s/D1/1", 19, "clean")
    rows.find("s/D2/1", 25, "infraction")
    rows.find("s/D3/1", 35, "clean")
    return rows


def test_a_profile_counts_what_was_known_before_the_day() -> None:
    view = two_importers().snapshot()
    rows, days, _ = own_rows(view, day_number(FIRST) + 100)
    found = profiles(view, rows, days, PLAN)
    assert column(found, "importer") == [(0, 0), (1, 1), (2, 1), (0, 0)]
    assert column(found, "exporter") == [(0, 0), (1, 1), (2, 1), (3, 2)]
    assert column(found, "exporter", "importer") == column(found, "importer")
    assert column(found, "extra.lane") == column(found, "customs_value") == [(0, 0)] * 4


def test_an_outcome_of_the_day_itself_is_not_known_on_it() -> None:
    rows = two_importers()
    rows.find("s/D3/1", 20, "infraction", "early")
    view = rows.snapshot()
    of, days, _ = own_rows(view, day_number(FIRST) + 100)
    assert column(profiles(view, of, days, PLAN), "exporter")[2] == (2, 1)


def test_the_rates_are_those_of_the_formula() -> None:
    """Worked out for the third shipment: 1 of 2 examined were infractions, of the importer and of all."""
    view = two_importers().snapshot()
    rows, days, _ = own_rows(view, day_number(FIRST) + 100)
    found = profiles(view, rows, days, PLAN).rates[2]
    base = (1 + PRIOR_STRENGTH * PRIOR) / (2 + PRIOR_STRENGTH)
    for profile in (("importer",), ("exporter", "importer")):
        assert found[PLAN.profiles.index(profile)] == pytest.approx(1 / 2 - base, rel=1e-6)
    assert np.isnan(found[PLAN.profiles.index(("extra.lane",))])


def test_an_attribute_may_be_a_text_here_and_a_number_there() -> None:
    rows = two_importers()
    for row, lane in zip(rows.rows["declaration"], ("red", 2.5, "red", 2.0), strict=True):
        row["extra"] = json.dumps({"lane": lane})
    view = rows.snapshot()
    of, days, _ = own_rows(view, day_number(FIRST) + 100)
    found = profiles(view, of, days, PLAN)
    assert column(found, "extra.lane") == [(0, 0), (0, 0), (1, 1), (1, 0)]
    block = declared(view, of, VOCABULARY)
    assert block.values[:, 2] == pytest.approx([1, np.nan, 1, np.nan], nan_ok=True)
    assert block.values[:, 5] == pytest.approx([np.nan, 2.5, np.nan, 2.0], nan_ok=True)


def test_numbers_meet_in_powers_of_two() -> None:
    amounts = np.array([np.nan, -1.0, 0.0, 1.0, 1.99, 2.0, 0.5, 5e-324, 1e308])
    codes = profile_rates.powers_of_two(amounts)
    assert codes[0] == -1 and codes[1] == codes[2] == 0
    assert codes[3] == codes[4] == codes[5] - 1 == codes[6] + 1
    assert (codes[3:] > 0).all() and codes.max() < profile_rates._POWERS


def test_a_combination_of_one_to_one_fields_is_not_kept() -> None:
    """The importer says what the exporter says, and the chapter nothing: the one stays, the others go."""
    rows = Rows.new()
    for at in range(60):
        party = at % 3
        rows.declare(f"s/D{at:02}/1", at, f"s/T{party}", f"s/E{party}", None, commodity=["847130", "847140"][at % 2])
        rows.find(f"s/D{at:02}/1", at + 1, ["clean", "infraction"][at % 4 == 0])
    view = rows.snapshot()
    of, days, _ = own_rows(view, day_number(FIRST) + 100)
    plan, features = profile_rates.learn(view, of, days)
    assert plan.profiles == (("commodity_6",), ("exporter",), ("commodity_6", "exporter"))
    again = profiles(view, of, days, plan)
    assert features.tobytes() == again.rates.tobytes()


def test_deeper_commodity_codes_are_a_field_of_their_own_where_the_training_has_them() -> None:
    rows = Rows.new()
    for at in range(60):
        code = ["8471301", "8471302", "847141", "850440"][at % 4]
        rows.declare(f"s/D{at:02}/1", at, "s/T", "s/E", None, commodity=code)
        rows.find(f"s/D{at:02}/1", at + 1, ["clean", "infraction"][at % 4 == 0])
    view = rows.snapshot()
    of, days, _ = own_rows(view, day_number(FIRST) + 100)
    plan, _ = profile_rates.learn(view, of, days)
    assert ("commodity",) in plan.profiles and ("commodity_6",) in plan.profiles
    assert "commodity" in declared_data.learn(view, of).categories
    # Where none of the rows learnt from has one, the world's others do not matter.
    shallow = of[2::4].tolist() + of[3::4].tolist()
    rows_left = np.array(sorted(shallow))
    assert "commodity" not in declared_data.learn(view, rows_left).categories
    plan, _ = profile_rates.learn(view, rows_left, capped_days(view, rows_left, day_number(FIRST) + 100))
    assert ("commodity",) not in plan.profiles and ("commodity_6",) in plan.profiles


def test_the_vocabulary_is_what_the_training_filled() -> None:
    rows = Rows.new()
    for at in range(12):
        rows.declare(f"s/D{at:02}/1", at, "s/T", "s/E", "s/F", commodity="847130" if at < 5 else "850440")
        row = rows.rows["declaration"][-1]
        row["customs_value"], row["net_mass_kg"] = 100.0 * at, [2.0, 0.0, None][at % 3]
        row["transport_mode"] = "1" if at < 6 else "4"
        row["procedure"] = f"{at:04}"
        row["departure_country"] = ["CN", "DE", None][at % 3]
    view = rows.snapshot()
    of, _, _ = own_rows(view, day_number(FIRST) + 100)
    known = declared_data.learn(view, of)
    assert known.categories["transport_mode"] == ("1", "4")
    assert known.categories["commodity_6"] == ("847130", "850440")
    # One value everywhere tells nothing, one that is rare cannot be told from chance.
    assert {"origin", "procedure", "commodity", "currency"}.isdisjoint(known.categories)
    assert "quantity" not in known.numbers and {"customs_value", "price_per_kg"} <= set(known.numbers)
    block = declared(view, of, known)
    assert block.names == known.names and len(block.categorical) == len(block.names)
    price = block.values[:, block.names.index("price_per_kg")]
    assert price[0] == 0 and price[3] == 150 and np.isnan(price[[1, 2]]).all()
    elsewhere = block.values[:3, block.names.index("departed_elsewhere")]
    assert elsewhere == pytest.approx([0, 1, np.nan], nan_ok=True)


def test_nobody_is_known_by_name() -> None:
    """Shipments that differ in nothing but who and what they name have the same declared features."""
    rows = Rows.new()
    for at in range(40):
        names: dict[str, Any] = {
            "address": f"a{at}",
            "email": f"m{at}@x",
            "phone": f"+{at}",
            "vessel": str(9300000 + at),
        }
        rows.declare(f"s/D{at:02}/1", at, f"s/T{at}", f"s/E{at}", f"s/F{at}", **names)
        row = rows.rows["declaration"][-1]
        row |= {"document": f"s/BL{at}", "containers": [f"MSKU{at}"], "customs_value": 5.0}
    view = rows.snapshot()
    of, _, _ = own_rows(view, day_number(FIRST) + 100)
    for known in (declared_data.learn(view, of), VOCABULARY):
        values = declared(view, of, known).values
        assert len({row.tobytes() for row in values}) == 1


def test_what_a_row_says_does_not_depend_on_the_rows_beside_it() -> None:
    whole = snapshot(later(valued(world(4), 4), 240))
    rows, days, _ = own_rows(whole, day_number(FIRST) + 1000)
    everything = declared(whole, rows, VOCABULARY).values, profiles(whole, rows, days, PLAN).rates
    for at in range(len(rows)):
        one = declared(whole, rows[[at]], VOCABULARY).values, profiles(whole, rows[[at]], days[[at]], PLAN).rates
        assert one[0].tobytes() == everything[0][[at]].tobytes()
        assert one[1].tobytes() == everything[1][[at]].tobytes()


def test_a_field_that_the_data_does_not_have_is_blank() -> None:
    view = two_importers().snapshot()
    rows, days, _ = own_rows(view, day_number(FIRST) + 100)
    plan = Plan((("extra.unheard",), ("importer",), ("extra.unheard", "importer")))
    found = profiles(view, rows, days, plan)
    assert not found.inspected[:, 0].any() and np.isnan(found.rates[:, 0]).all()
    vocabulary = Vocabulary({"extra.unheard": ("a", "b")}, ("extra.unheard",))
    assert np.isnan(declared(view, rows, vocabulary).values[:, :2]).all()


def test_blocks_stand_beside_each_other() -> None:
    one = quantities(["a", "b"], [np.array([1, 2]), np.array([0.5, np.nan])], 2)
    other = quantities(["c"], [np.array([True, False])], 2)
    both = beside(one, other)
    assert both.names == ("a", "b", "c") and both.categorical == (False,) * 3
    assert both.values == pytest.approx(np.array([[1, 0.5, 1], [2, np.nan, 0]]), nan_ok=True)
    assert both.take(np.array([1])).values == pytest.approx(np.array([[2, np.nan, 0]]), nan_ok=True)


def test_progress_is_told() -> None:
    view = two_importers().snapshot()
    rows, days, _ = own_rows(view, day_number(FIRST) + 100)
    said: list[str] = []
    tell: Callable[[str], None] = said.append
    profile_rates.learn(view, rows, days, tell)
    assert said and all(text.startswith("profiles ") for text in said)
