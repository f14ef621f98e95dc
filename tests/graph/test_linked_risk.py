import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.evidence import PARAMETERS
from graph.linked_risk import LinkedRisk, linked_risk
from graph.records import Ref
from graph.snapshot import Snapshot
from tests.graph.networks import FIRST, Rows, day_number, matched, shuffled, snapshot, world

EVERY = 10**9


def _on(days: int) -> int:
    return day_number(FIRST) + days


def _things(view: Snapshot, found: LinkedRisk) -> Iterator[tuple[Ref, float]]:
    for kind, values in found.entity.items():
        for key, value in zip(view.things[kind].keys.to_pylist(), values, strict=True):
            yield Ref(kind, key), float(value)


def _of(view: Snapshot, found: LinkedRisk, kind: str, key: str) -> float:
    return float(found.entity[kind][view.things[kind].keys.to_pylist().index(key)])


def _row(view: Snapshot, shipment: str) -> int:
    node = view.things["Shipment"].keys.to_pylist().index(shipment)
    return int(np.flatnonzero(view.declarations.shipment == node)[0])


def _chain() -> Rows:
    """A is caught; B has its address, C has B's telephone number, D has C's; the traders have sellers of their own."""
    rows = Rows.new()
    for at, (name, address, phone) in enumerate(
        (("A", "here", None), ("B", "here", "+1"), ("C", "there", "+1"), ("D", "there", None))
    ):
        rows.declare(f"s/{name}", at, f"s/{name}", f"s/E{name}", None, address=address, phone=phone)
    rows.find("s/A", 10, "infraction")
    return rows


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 330))
def test_the_paths_of_every_thing_and_shipment_sum_to_its_risk(seed: int, day: int) -> None:
    view = snapshot(world(seed, shipments=24))
    found = linked_risk(view, _on(day))
    for ref, value in _things(view, found):
        taken_apart = found.paths(ref, EVERY)
        assert math.fsum(path.value for path in taken_apart.paths) == pytest.approx(value, rel=1e-9, abs=1e-15)
        assert taken_apart.left_out == taken_apart.remainder == 0
    rows = np.arange(len(view.declarations))
    for row, value, strongest in zip(rows, found.of_rows(rows), found.strongest(rows), strict=True):
        paths = found.paths(int(row), EVERY).paths
        assert math.fsum(path.value for path in paths) == pytest.approx(value, rel=1e-9, abs=1e-15)
        own = view.things["Shipment"].keys[int(view.declarations.shipment[row])].as_py()
        assert all(path.source.key != own for path in paths)
        assert strongest == (paths[0] if paths else None)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 330))
def test_no_path_returns_or_is_too_long_or_counts_twice(seed: int, day: int) -> None:
    view = snapshot(world(seed, shipments=24))
    found = linked_risk(view, _on(day))
    for ref, _ in _things(view, found):
        paths = found.paths(ref, EVERY).paths
        assert len({(path.source, path.steps) for path in paths}) == len(paths)
        for path in paths:
            visited = [step.ref for step in path.steps]
            assert len(set(visited)) == len(visited) <= 5
            assert visited[-1] == ref
            assert path.value > 0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_clearing_a_shipment_subtracts_exactly_what_it_had_added(seed: int) -> None:
    view, day = snapshot(world(seed, shipments=24)), _on(300)
    caught = np.flatnonzero(view.outcomes.infraction & (view.outcomes.known_on < day))
    if not len(caught):
        return
    shipment = view.outcomes.shipment[caught[seed % len(caught)]]
    key = view.things["Shipment"].keys[int(shipment)].as_py()
    cleared = view.outcomes.infraction & (view.outcomes.shipment != shipment)
    after = replace(view, outcomes=replace(view.outcomes, infraction=cleared))
    before, without = linked_risk(view, day), linked_risk(after, day)
    left = dict(_things(after, without))
    for ref, value in _things(view, before):
        added = math.fsum(path.value for path in before.paths(ref, EVERY).paths if path.source.key == key)
        assert value - added == pytest.approx(left[ref], rel=1e-9, abs=1e-13)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 300))
def test_what_becomes_known_later_changes_no_risk(seed: int, day: int) -> None:
    until = FIRST + timedelta(days=day)
    early, late = snapshot(world(seed), until), snapshot(shuffled(world(seed), seed))
    before, after = linked_risk(early, _on(day)), linked_risk(late, _on(day))
    later = dict(_things(late, after))
    for ref, value in _things(early, before):
        assert later.pop(ref) == value
    assert set(later.values()) <= {0.0}
    rows = matched(early, late)
    assert before.of_rows(rows[0]).tolist() == after.of_rows(rows[1]).tolist()
    for one, other in zip(*(row[:10] for row in rows), strict=True):
        assert before.paths(int(one), 5) == after.paths(int(other), 5)


def test_risk_decays_with_every_link_and_ends_after_four() -> None:
    view = _chain().snapshot()
    found = linked_risk(view, _on(20))
    a, b, c, d = (_of(view, found, "Trader", f"s/{name}") for name in "ABCD")
    kept = PARAMETERS.shared**2
    assert a == pytest.approx(2 ** (-10 / 365) / (1 + PARAMETERS.strength))
    assert b == pytest.approx(a * kept)
    assert c == pytest.approx(a * kept**2)
    assert d == 0
    (path,) = found.paths(Ref("Trader", "s/C"), 5).paths
    assert [str(step.ref) for step in path.steps] == [
        "trader:s/A",
        "address:here",
        "trader:s/B",
        "contact:+1",
        "trader:s/C",
    ]
    assert [step.link for step in path.steps] == ["IMPORTED_BY", *["AT_ADDRESS"] * 2, *["HAS_CONTACT"] * 2]
    assert path.source == Ref("Shipment", "s/A")


def test_no_one_raises_the_own_risk_through_others() -> None:
    rows = Rows.new()
    for name in "AB":
        rows.declare(f"s/{name}", 0, f"s/{name}", f"s/E{name}", None, address="here", phone="+1", email="m@x")
    rows.own("s/A", "s/B", 0)
    rows.find("s/A", 10, "infraction")
    view = rows.snapshot()
    alone = Rows.new()
    alone.declare("s/A", 0, "s/A", "s/EA", None)
    alone.find("s/A", 10, "infraction")
    both, one = linked_risk(view, _on(20)), alone.snapshot()
    assert _of(view, both, "Trader", "s/A") == _of(one, linked_risk(one, _on(20)), "Trader", "s/A")
    assert _of(view, both, "Trader", "s/B") > 0


def test_risk_is_summed_over_all_paths() -> None:
    def risk_of_b(**shared: str) -> float:
        rows = Rows.new()
        for name in "AB":
            rows.declare(f"s/{name}", 0, f"s/{name}", f"s/E{name}", None, **shared)  # type: ignore[arg-type]
        rows.find("s/A", 10, "infraction")
        view = rows.snapshot()
        return _of(view, linked_risk(view, _on(20)), "Trader", "s/B")

    assert risk_of_b(address="here", phone="+1") == pytest.approx(2 * risk_of_b(address="here"))


def test_an_ownership_that_has_ended_or_not_begun_carries_nothing() -> None:
    def of_owner(valid_from: int | None, valid_to: int | None) -> float:
        rows = Rows.new()
        rows.declare("s/P", 0, "s/P", "s/E", None)
        rows.declare("s/Q", 0, "s/Q", "s/F", None)
        rows.own("s/P", "s/Q", 0, valid_from, valid_to)
        rows.find("s/P", 10, "infraction")
        view = rows.snapshot()
        return _of(view, linked_risk(view, _on(50)), "Trader", "s/Q")

    assert of_owner(None, 49) == of_owner(51, None) == 0.0
    assert of_owner(None, 50) == of_owner(50, 60) == of_owner(None, None) > 0


def test_risk_falls_with_age_and_when_an_outcome_turns() -> None:
    rows = _chain()
    rows.find("s/A", 100, "clean")
    view = rows.snapshot()
    early, late, turned = (_of(view, linked_risk(view, _on(day)), "Trader", "s/B") for day in (20, 90, 101))
    assert early > late > turned == 0


def test_one_infraction_among_many_inspections_is_little() -> None:
    rows = Rows.new()
    for at in range(50):
        rows.declare(f"s/{at}", 0, "s/A", declarant=None)
        rows.find(f"s/{at}", 10, "infraction" if at == 0 else "clean")
    view = rows.snapshot()
    expected = 2 ** (-1 / 365) / (50 + PARAMETERS.strength)
    assert _of(view, linked_risk(view, _on(11)), "Trader", "s/A") == pytest.approx(expected)


@pytest.mark.parametrize("shared", ["declarant", "exporter", "address"])
def test_one_client_says_little_of_a_thousand_and_much_of_three(shared: str) -> None:
    def left_to_others(clients: int) -> float:
        rows = Rows.new()
        for at in range(clients):
            rows.declare(
                f"s/{at}",
                0,
                f"s/T{at}",
                "s/E" if shared == "exporter" else f"s/E{at}",
                "s/F" if shared == "declarant" else None,
                address="here" if shared == "address" else None,
            )
        rows.find("s/0", 10, "infraction")
        view = rows.snapshot()
        found = linked_risk(view, _on(20))
        others = [_of(view, found, "Trader", f"s/T{at}") for at in (1, clients - 1)]
        assert others[0] == others[1]
        return others[0] / _of(view, found, "Trader", "s/T0")

    assert left_to_others(1000) < 1 / 500
    assert left_to_others(3) > 1 / 6


def test_a_shipment_carries_the_risk_of_what_it_is_the_first_to_name() -> None:
    rows = _chain()
    rows.declare("s/N", 30, "s/N", "s/EN", None, address="here")
    rows.declare("s/M", 30, "s/M", "s/EM", None)
    view = rows.snapshot()
    found = linked_risk(view, _on(30))
    new, other = found.of_rows(np.array([_row(view, "s/N"), _row(view, "s/M")]))
    assert other == 0
    a = _of(view, found, "Trader", "s/A")
    assert new == pytest.approx(PARAMETERS.shared**2 * a / 2)
    (path,) = found.paths(_row(view, "s/N"), 5).paths
    assert [str(step.ref) for step in path.steps] == ["trader:s/A", "address:here", "trader:s/N", "shipment:s/N"]


def test_the_limit_leaves_the_smaller_paths_to_the_remainder() -> None:
    view = snapshot(world(4))
    found = linked_risk(view, _on(300))
    rows = np.arange(len(view.declarations))
    risks = found.of_rows(rows)
    row = int(np.argmax(risks))
    every, few = found.paths(row, EVERY), found.paths(row, 3)
    assert few.paths == every.paths[:3]
    assert few.left_out == len(every.paths) - 3 > 0
    assert math.fsum([path.value for path in few.paths]) + few.remainder == pytest.approx(risks[row], rel=1e-9)


def test_risk_does_not_flow_through_commodities_and_origins() -> None:
    rows = Rows.new()
    rows.declare("s/1", 0, "s/A", "s/E", None)
    rows.declare("s/2", 0, "s/B", "s/D", None)
    rows.find("s/1", 10, "infraction")
    view = rows.snapshot()
    found = linked_risk(view, _on(20))
    assert found.of_rows(np.array([_row(view, "s/2")])).tolist() == [0.0]


def test_an_unknown_thing_or_another_type_is_refused() -> None:
    view = _chain().snapshot()
    found = linked_risk(view, _on(20))
    with pytest.raises(ValueError, match="not in the network"):
        found.paths(Ref("Trader", "s/X"))
    with pytest.raises(ValueError, match="not of Commodity"):
        found.paths(Ref("Commodity", "847130"))
    assert linked_risk(view, _on(0)).paths(Ref("Trader", "s/A")) == ([], 0.0, 0)
    empty = Rows.new().snapshot()
    assert linked_risk(empty, _on(0)).of_rows(np.empty(0, dtype=np.int64)).tolist() == []
