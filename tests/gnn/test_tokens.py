"""What the network reads of a shipment: worked examples, and nothing of what became known later or of its own fate."""

from collections.abc import Iterator
from math import log, log1p, log2

import numpy as np
import pytest

from gnn.features import tokens
from gnn.model import predict
from gnn.tokens import Tokens
from gnn.train import fit
from graph.build import from_statements
from graph.columns import date_undated
from graph.snapshot import UNDATED, Int, Snapshot
from graph.statements import Statements
from tests.gnn.worlds import (
    before,
    categories,
    first_rows,
    labelled,
    named,
    same_bits,
    synthetic,
    without_outcomes_of,
)
from tests.graph.networks import FIRST, Rows, day_number, matched, world


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Statements]:
    yield synthetic(tmp_path_factory.mktemp("world") / "native")


def same_tokens(one: Tokens, other: Tokens, *, more: bool = False) -> None:
    """Assert that both say the same to the last bit; with `more`, the other may have further columns."""
    assert one.keys.tolist() == other.keys.tolist()
    said, again = named(one), named(other)
    assert set(said) <= set(again) if more else set(said) == set(again)
    assert not [name for name, column in said.items() if not same_bits(column, again[name])]
    texts = categories(other)
    assert all(listed == texts[name] for name, listed in categories(one).items())


def only(found: Tokens, token: str) -> dict[str, float]:
    """Return the features of a token of the only row."""
    assert len(found) == 1
    return dict(zip(found.features[token], found.values[0, found.columns()[token]].tolist(), strict=True))


def of_shipment(snapshot: Snapshot, key: str) -> Tokens:
    rows, days = first_rows(snapshot)
    here = snapshot.things["Shipment"].keys.to_pylist().index(key)
    at = snapshot.declarations.shipment[rows] == here
    return tokens(snapshot, rows[at], days[at])


def odds(infractions: float, inspected: float, rate: float) -> float:
    return log((infractions + 4 * rate) / (inspected - infractions + 4 * (1 - rate))) - log(rate / (1 - rate))


def test_a_circle_counts_the_others_at_the_address_that_the_row_declares() -> None:
    rows = Rows.new()
    # Known on 1 April, the last cutoff before the row: two traders at the address, three shipments, two outcomes.
    rows.declare("s/1", 10, "A", "X", address="a1")
    rows.declare("s/2", 20, "A", "X", address="a1")
    rows.declare("s/3", 40, "B", "Y", address="a1")
    rows.find("s/1", 30, "infraction")
    rows.find("s/2", 30, "clean")
    # Known only after the cutoff, though before the row.
    rows.declare("s/4", 95, "B", "Y", address="a1")
    rows.find("s/3", 95, "infraction")
    rows.declare("s/new", 100, "I", "Z", address="a1")
    found = only(of_shipment(rows.snapshot(), "s/new"), "shipment>importer>AT_ADDRESS>shipments")
    rate = (1 + 1) / (2 + 20)
    expected = {
        "log_shared": log1p(1),
        "log_weight": log1p(1 / 2),
        "log_fewest": log1p(2),
        "log_parties": log1p(2),
        "log_shipments": log1p(3),
        "log_inspected": log1p(2),
        "log_infractions": log1p(1),
        "log_offenders": log1p(1),
        "log_new": log1p(2),
        "share_shipments": log1p(3 / 2),
        "share_inspected": log1p(2 / 2),
        "share_infractions": log1p(1 / 2),
        "share_offenders": log1p(1 / 2),
        "share_new": log1p(2 / 2),
        "log_odds": odds(1, 2, rate),
        "log_odds_share": odds(1 / 2, 1, rate),
        # First seen 80 and 50 days before the cutoff.
        "log_age_mean": (log2(81) + log2(51)) / 2,
        "value_mean": 0.0,
    }
    assert found == pytest.approx(expected, abs=1e-4)


def test_the_importer_itself_is_not_among_the_others_at_its_address() -> None:
    rows = Rows.new()
    rows.declare("s/1", 10, "I", "X", address="a1")
    rows.find("s/1", 20, "infraction")
    rows.declare("s/2", 100, "I", "X", address="a1")
    found = of_shipment(rows.snapshot(), "s/2")
    circle = only(found, "shipment>importer>AT_ADDRESS>shipments")
    assert circle == dict.fromkeys(circle, 0.0)
    assert only(found, "shipment>importer>shipments")["log_infractions"] == pytest.approx(log1p(1))


def test_a_second_step_goes_on_to_those_who_share_something_with_the_others() -> None:
    rows = Rows.new()
    # At the address is A, which buys from X, as C and D do.
    rows.declare("s/1", 10, "A", "X", address="a1")
    rows.declare("s/2", 10, "C", "X")
    rows.declare("s/3", 12, "C", "X")
    rows.declare("s/4", 12, "D", "X")
    rows.find("s/3", 20, "infraction")
    rows.find("s/4", 20, "clean")
    rows.declare("s/new", 100, "I", "Z", address="a1")
    found = only(of_shipment(rows.snapshot(), "s/new"), "shipment>importer>AT_ADDRESS>BUYS_FROM>shipments")
    # What C and D did comes to A divided by the two of them, and from A, alone at the address, whole to the row.
    expected = {
        "log_parties": log1p(2 / 2),
        "log_shipments": log1p(3 / 2),
        "log_inspected": log1p(2 / 2),
        "log_infractions": log1p(1 / 2),
        "share_infractions": log1p(1 / 2),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-3)


def test_a_history_sets_the_row_beside_earlier_shipments_of_the_exporter() -> None:
    rows = Rows.new()
    for at, (importer, value) in enumerate((("A", 100.0), ("B", 400.0), ("B", None))):
        rows.declare(f"s/{at}", 10, importer, "X")
        rows.rows["declaration"][-1]["customs_value"] = value
    rows.find("s/0", 20, "infraction")
    rows.declare("s/old", -200, "A", "X")
    rows.declare("s/new", 100, "I", "X")
    rows.rows["declaration"][-1]["customs_value"] = 800.0
    found = only(of_shipment(rows.snapshot(), "s/new"), "shipment>exporter>shipments")
    mean = (log2(100) + log2(400)) / 2
    expected = {
        "known": 1.0,
        "log_shipments": log1p(4),
        "log_recent": log1p(3),
        "log_inspected": log1p(1),
        "log_infractions": log1p(1),
        "log_odds": odds(1, 1, (1 + 1) / (1 + 20)),
        "log_importers": log1p(2),
        "value_mean": mean,
        "value_above_mean": log2(800) - mean,
        "mass_above_mean": 0.0,
        "price_above_mean": 0.0,
        "log_age": log1p(300),
    }
    assert found == pytest.approx(expected, abs=1e-3)


def test_pairs_of_columns_count_what_was_found_of_both_together() -> None:
    rows = Rows.new()
    for at in range(4):
        rows.declare(f"s/{at}", 10 + at, "A", commodity="847130" if at < 3 else "850440")
        rows.find(f"s/{at}", 30, "infraction" if at < 2 else "clean")
    rows.declare("s/new", 40, "I", commodity="847130")
    found = only(of_shipment(rows.snapshot(), "s/new"), "with>commodity")
    assert found["commodity_log_inspected"] == pytest.approx(log1p(3))
    assert found["origin_log_inspected"] == pytest.approx(log1p(3))
    base = log(((2 + 20 * 0.05) / 24) / (1 - (2 + 20 * 0.05) / 24))
    parent = 1 / (1 + np.exp(-base))
    rate = (2 + 4 * parent) / (3 + 4)
    assert found["commodity_log_odds"] == pytest.approx(log(rate / (1 - rate)) - base, abs=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_what_becomes_known_later_changes_no_bit_of_dense_networks(seed: int) -> None:
    everything = date_undated(world(seed))
    until = day_number(FIRST) + int(np.random.default_rng(seed).integers(40, 230))
    later_changes_nothing(everything, until)


@pytest.mark.parametrize("until", ["2023-07-01", "2023-10-17", "2024-01-31"])
def test_what_becomes_known_later_changes_no_bit_of_a_world(statements: Statements, until: str) -> None:
    later_changes_nothing(statements, int(np.datetime64(until, "D").astype(int)))


def later_changes_nothing(statements: Statements, until: int) -> tuple[Tokens, Tokens]:
    early, late = from_statements(before(statements, until)), from_statements(statements)
    here, there = matched(early, late)
    assert len(here) and len(early.declarations) < len(late.declarations)
    days = np.minimum(early.declarations.accepted_on[here], until).astype(np.int32)
    one, other = tokens(early, here, days), tokens(late, there, days)
    same_tokens(one, other, more=True)
    return one, other


def test_a_fixed_model_predicts_the_same_whatever_becomes_known_later(statements: Statements) -> None:
    until = int(np.datetime64("2024-01-31", "D").astype(int))
    early = from_statements(before(statements, until))
    known = labelled(early)
    model, _ = fit(tokens(early, known.rows, known.days), known.labels, known.days, seed=1)
    one, other = later_changes_nothing(statements, until)
    assert same_bits(predict(model, one), predict(model, other))


def test_an_attribute_that_comes_to_hold_numbers_beside_texts_keeps_its_texts() -> None:
    texts, both = Rows.new(), Rows.new()
    for rows in (texts, both):
        for at in range(6):
            rows.declare(f"s/{at}", 10 + at, "A")
            rows.rows["declaration"][-1]["extra"] = f'{{"lane":"{"red" if at % 2 else "green"}"}}'
            rows.find(f"s/{at}", 30, "infraction" if at % 2 else "clean")
        rows.declare("s/new", 40, "B")
        rows.rows["declaration"][-1]["extra"] = '{"lane":"red"}'
    both.declare("s/later", 60, "B")
    both.rows["declaration"][-1]["extra"] = '{"lane":3}'
    one, other = of_shipment(texts.snapshot(), "s/new"), of_shipment(both.snapshot(), "s/new")
    same_tokens(one, other, more=True)
    found = only(other, "with>extra.lane")
    assert found["extra.lane_log_inspected"] == pytest.approx(log1p(3))
    assert found["extra.lane_log_odds"] > 0


def test_a_day_after_acceptance_counts_as_the_day_of_acceptance(statements: Statements) -> None:
    snapshot = from_statements(statements)
    rows, days = first_rows(snapshot)
    rows, days = rows[::20], days[::20]
    late: Int = np.full(len(rows), UNDATED - 1, dtype=np.int32)
    same_tokens(tokens(snapshot, rows, days), tokens(snapshot, rows, late))


def test_from_the_as_of_day_on_all_that_was_known_before_it_is_used(statements: Statements) -> None:
    snapshot = from_statements(statements)
    rows, days = first_rows(snapshot)
    as_of = int(days.max()) - 3
    assert np.datetime64(as_of, "D").astype("datetime64[M]").astype("datetime64[D]") != np.datetime64(as_of, "D")
    days = np.minimum(days, np.int32(as_of))
    monthly, found = tokens(snapshot, rows, days), tokens(snapshot, rows, days, as_of)
    same_tokens(monthly.take(days < as_of), found.take(days < as_of))
    known = named(monthly.take(days == as_of)), named(found.take(days == as_of))
    earlier, later = (columns["shipment>declarant>shipments", "log_shipments"] for columns in known)
    assert (later >= earlier).all() and (later > earlier).any()


@pytest.mark.parametrize("seed", range(2))
def test_the_own_outcome_changes_no_bit_even_where_it_is_known_before_acceptance(seed: int) -> None:
    everything = date_undated(world(seed))
    snapshot = from_statements(everything)
    known = labelled(snapshot)
    keys = snapshot.things["Shipment"].keys.to_pylist()
    rows, days = first_rows(snapshot)
    whole = tokens(snapshot, rows, days)
    changed = 0
    for row in known.rows[:5]:
        shipment = keys[snapshot.declarations.shipment[row]]
        without = from_statements(without_outcomes_of(everything, [shipment]))
        same_tokens(of_shipment(snapshot, shipment), of_shipment(without, shipment))
        changed += not same_bits(whole.values, tokens(without, rows, days).values)
    assert changed, "no outcome was of use to any shipment"


def test_tokens_depend_neither_on_the_order_of_rows_nor_on_what_else_is_asked(statements: Statements) -> None:
    snapshot = from_statements(statements)
    rows, days = first_rows(snapshot)
    whole = tokens(snapshot, rows, days)
    order = np.random.default_rng(0).permutation(len(rows))
    same_tokens(whole.take(order), tokens(snapshot, rows[order], days[order]))
    some = order[:40]
    same_tokens(whole.take(some), tokens(snapshot, rows[some], days[some]))


def test_every_value_is_finite_and_progress_reaches_the_end(statements: Statements) -> None:
    snapshot = from_statements(statements)
    parts: list[float] = []
    found = tokens(snapshot, *first_rows(snapshot), progress=parts.append)
    assert np.isfinite(found.values).all()
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert found.values.shape == (len(found), sum(len(listed) for listed in found.features.values()))


def test_no_row_and_an_empty_network_are_no_fault() -> None:
    empty = Rows.new().snapshot()
    assert len(tokens(empty, *first_rows(empty))) == 0
    rows = Rows.new()
    rows.declare("s/1", 1, "A")
    found = of_shipment(rows.snapshot(), "s/1")
    # Of a first shipment nothing is known but what it declares.
    own = found.columns()["declared"]
    assert found.values[:, own.stop :] == pytest.approx(0.0, abs=1e-6)
