from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.rates import (
    combine,
    counts,
    declaration_events,
    outcome_events,
    overall,
    shrunk,
    tally,
    volumes,
)
from graph.snapshot import NEVER, Int, Long, Snapshot, labels
from tests.graph.networks import FIRST, Rows, day_number, matched, shuffled, snapshot, world


def _counted(view: Snapshot, codes: Long, row: int, day: int) -> tuple[int, int, int]:
    """Count by definition: go through every shipment and look at its label and the version that counts on the day."""
    held = view.declarations
    counted = np.flatnonzero((held.known_on < day) & (day <= held.until) & (held.shipment != held.shipment[row]))
    counted = counted[(codes[counted] == codes[row]) & (codes[row] >= 0)]
    label = labels(view, held.shipment[counted], np.full(len(counted), day, dtype=np.int32))
    return int((label >= 0).sum()), int((label == 1).sum()), len(counted)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["importer", "exporter", "declarant", "vessel"]))
def test_counts_are_those_of_the_definition_on_any_day(seed: int, column: str) -> None:
    view = snapshot(world(seed))
    held = view.declarations
    rng = np.random.default_rng(seed)
    codes = combine(held.keys[column], held.keys["commodity"]) if seed % 2 else held.keys[column].astype(np.int64)
    rows = rng.integers(len(held), size=80)
    days = (day_number(FIRST) + rng.integers(-5, 400, size=80)).astype(np.int32)
    found = counts(outcome_events(view), codes, rows, days)
    declared = volumes(declaration_events(held), codes, rows, days)
    expected = [_counted(view, codes, int(row), int(day)) for row, day in zip(rows, days, strict=True)]
    assert list(zip(found.inspected, found.infractions, declared, strict=True)) == expected


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 300))
def test_what_becomes_known_later_changes_no_count(seed: int, day: int) -> None:
    until = FIRST + timedelta(days=day)
    early, late = snapshot(world(seed), until), snapshot(shuffled(world(seed), seed))
    rows = matched(early, late)
    answers = []
    for view, own in zip((early, late), rows, strict=True):
        days = np.minimum(view.declarations.known_on[own] + 40, day_number(until)).astype(np.int32)
        codes = combine(view.declarations.keys["importer"], view.declarations.keys["exporter"])
        found = counts(outcome_events(view), codes, own, days)
        declared = volumes(declaration_events(view.declarations), codes, own, days)
        answers.append([*found, declared])
    for before, after in zip(*answers, strict=True):
        assert before.tolist() == after.tolist()


def test_an_outcome_counts_from_the_day_after_it_became_known_and_never_for_its_own_shipment() -> None:
    rows = Rows.new()
    for shipment in ("s/1", "s/2"):
        rows.declare(shipment, 0, "s/A")
    rows.find("s/1", 10, "infraction")
    view = rows.snapshot()
    events, first = outcome_events(view), day_number(FIRST)
    codes = view.declarations.keys["importer"].astype(np.int64)
    days = np.array([first + 10, first + 11, first + 11], dtype=np.int32)
    assert counts(events, codes, np.array([1, 1, 0]), days).infractions.tolist() == [0, 1, 0]


def test_an_amended_importer_takes_the_outcome_with_it() -> None:
    rows = Rows.new()
    rows.declare("s/1", 0, "s/A")
    rows.declare("s/1", 20, "s/B", accepted=0)
    rows.declare("s/2", 30, "s/A")
    rows.declare("s/3", 30, "s/B")
    rows.find("s/1", 10, "infraction")
    view = rows.snapshot()
    codes = view.declarations.keys["importer"].astype(np.int64)
    asked = np.array([2, 3])
    found = [
        counts(outcome_events(view), codes, asked, np.full(2, day_number(FIRST) + day, dtype=np.int32)).infractions
        for day in (15, 25)
    ]
    assert [each.tolist() for each in found] == [[1, 0], [0, 1]]


def test_tally_is_exact_for_keys_of_any_size() -> None:
    keys = np.array([5, 2**61, 2**61, -1], dtype=np.int64)
    days = np.array([3, 3, 9, 3], dtype=np.int32)
    one = np.ones(4, dtype=np.int64)
    asked = np.array([2**61, 2**61, 5, 6, -1, 2**61 - 1], dtype=np.int64)
    before = np.array([10, 4, 4, 4, 4, 9], dtype=np.int32)
    assert tally(keys, days, [one], asked, before)[0].tolist() == [2, 1, 1, 0, 0, 0]


def test_many_events_are_looked_up_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    keys, days, changes = (
        rng.integers(-1, 40, 500),
        rng.integers(0, 90, 500).astype(np.int32),
        [rng.integers(-1, 3, 500)],
    )
    asked, on = rng.integers(-1, 45, 300), rng.integers(-5, 95, 300).astype(np.int32)
    few = tally(keys, days, changes, asked, on)
    monkeypatch.setattr("graph.rates._MANY", 1)
    assert np.array_equal(tally(keys, days, changes, asked, on), few)


def test_tally_leaves_out_what_has_no_day() -> None:
    sums = tally(np.array([1]), np.array([NEVER]), [np.array([1])], np.array([1]), np.array([NEVER], dtype=np.int32))
    assert sums[0].tolist() == [0]


@given(
    st.lists(
        st.tuples(st.integers(-1, 3), st.sampled_from([-1, 0, 2**31 - 2]), st.integers(-1, 2**31 - 2)),
        min_size=1,
        max_size=20,
    )
)
def test_combined_codes_are_equal_exactly_where_all_their_parts_are(parts: list[tuple[int, int, int]]) -> None:
    columns: list[Int] = [np.array(column, dtype=np.int32) for column in zip(*parts, strict=True)]
    codes = combine(*columns).tolist()
    for left, one in zip(parts, codes, strict=True):
        assert (one < 0) == (min(left) < 0)
        for right, other in zip(parts, codes, strict=True):
            if one >= 0:
                assert (one == other) == (left == right)


def test_shrunk_rates_lie_between_the_parent_and_what_was_found() -> None:
    rates = shrunk(np.array([0, 1, 100]), np.array([0, 1, 100]), 0.1, 9.0)
    assert rates.tolist() == pytest.approx([0.1, 0.19, (100 + 0.9) / 109])


def test_the_overall_rate_uses_what_was_known_before_the_day() -> None:
    rows = Rows.new()
    for at, outcome in enumerate(("infraction", "clean", "clean")):
        rows.declare(f"s/{at}", 0, "s/A")
        rows.find(f"s/{at}", at, outcome)
    days = np.array([day_number(date(2023, 1, day)) for day in (1, 2, 4)], dtype=np.int32)
    assert overall(outcome_events(rows.snapshot()), days, 0.5, 2.0).tolist() == pytest.approx([0.5, 2 / 3, 0.4])
