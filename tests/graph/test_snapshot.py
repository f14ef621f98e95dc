"""The snapshot, held to the fold by definition, and the as-of rule on the days that it keeps."""

import dataclasses
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.build import from_statements
from graph.columns import date_undated, known_before
from graph.fold import fold
from graph.records import records
from graph.schema import ROLES
from graph.snapshot import NEVER, UNDATED, Snapshot, labels
from graph.statements import Statements
from tests.graph.networks import Rows
from tests.statements import DAYS, statements, table

EPOCH = date(1970, 1, 1)


def built(given_statements: Statements) -> Snapshot:
    return from_statements(date_undated(given_statements))


def number(day: date) -> int:
    return (day - EPOCH).days


def pieces(value: Any) -> Iterator[Any]:
    """Yield everything that a snapshot holds, in a form that compares bit by bit."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield field.name
            yield from pieces(getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        yield (value.dtype.str, value.shape, value.tobytes())
    elif isinstance(value, dict):
        for key in value:
            yield key
            yield from pieces(value[key])
    elif isinstance(value, pa.Array | pa.ChunkedArray | pa.Table):
        yield value.to_pylist()
    else:
        yield value


def versions(snapshot: Snapshot, before: int) -> list[tuple[Any, ...]]:
    """Return what the snapshot says of every version known before a day, by key."""
    held = snapshot.declarations
    rows = []
    for row in np.flatnonzero(held.known_on < before):
        named = {
            column: snapshot.things[held.key_types[column]].keys[int(codes[row])].as_py()
            for column, codes in held.keys.items()
            if codes[row] >= 0
        }
        texts = {name: column[int(row)].as_py() for name, column in held.texts.items() if column[int(row)].is_valid}
        numbers = {name: column[row] for name, column in held.numbers.items() if not np.isnan(column[row])}
        containers = held.containers[held.container_ptr[row] : held.container_ptr[row + 1]]
        held_in = [snapshot.things["Container"].keys[int(code)].as_py() for code in containers]
        shipment = snapshot.things["Shipment"].keys[int(held.shipment[row])].as_py()
        counts_then = held.until[row] if held.until[row] < before else None
        rows.append((shipment, held.known_on[row], counts_then, held.accepted_on[row], named, texts, numbers, held_in))
    return rows


@settings(max_examples=30)
@given(statements())
def test_things_and_links_are_those_of_the_fold(given_statements: Statements) -> None:
    snapshot = built(given_statements)
    network = fold(records(given_statements))
    for kind, things in snapshot.things.items():
        folded = sorted((ref.key, thing) for ref, thing in network.things.items() if ref.type == kind)
        assert things.keys.to_pylist() == [key for key, _ in folded]
        days = [UNDATED if thing.first_on is None else number(thing.first_on) for _, thing in folded]
        assert things.first_on.tolist() == days
        if things.shown.num_columns and kind not in ("Shipment", "Inspection", "ListEntry"):
            shown = [{k: v for k, v in row.items() if v is not None} for row in things.shown.to_pylist()]
            assert shown == [thing.shown() for _, thing in folded]
    found = set()
    for (start, link, end), adjacency in snapshot.links.items():
        keys = snapshot.things[start].keys, snapshot.things[end].keys
        for at, to in zip(adjacency.starts, adjacency.indices, strict=True):
            found.add((start, keys[0][int(at)].as_py(), link, end, keys[1][int(to)].as_py()))
    assert found == {(r.start.type, r.start.key, r.type, r.end.type, r.end.key) for r in network.links}


@settings(max_examples=30)
@given(statements())
def test_the_latest_version_names_what_the_folded_shipment_is_linked_to(given_statements: Statements) -> None:
    snapshot = built(given_statements)
    links = fold(records(given_statements)).links
    latest = {row[0]: row for row in versions(snapshot, int(NEVER)) if row[2] is None}
    for shipment, row in latest.items():
        for role in ROLES:
            linked = [r.end.key for r in links if r.start.key == shipment and r.type == role.link]
            assert linked == ([row[4][role.column]] if role.column in row[4] else [])
        boxes = sorted(r.end.key for r in links if r.start.key == shipment and r.type == "IN_CONTAINER")
        assert sorted(set(row[7])) == boxes


@settings(max_examples=30)
@given(statements(), st.integers(0, 2**32))
def test_the_same_bits_in_whatever_order_rows_come(given_statements: Statements, seed: int) -> None:
    dice = random.Random(seed)

    def mixed(rows: pa.Table) -> pa.Table:
        order = [*range(len(rows)), *dice.choices(range(len(rows)), k=3)] if len(rows) else []
        dice.shuffle(order)
        return rows.take(pa.array(order, pa.int64()))

    shuffled = replace(given_statements, **{n: mixed(t) for n, t in given_statements.items() if n != "description"})
    assert list(pieces(built(shuffled))) == list(pieces(built(given_statements)))


@settings(max_examples=30)
@given(statements(), st.sampled_from([day + timedelta(days=1) for day in DAYS]))
def test_what_is_known_later_changes_nothing_before(given_statements: Statements, day: date) -> None:
    whole = built(given_statements)
    before = from_statements(known_before(date_undated(given_statements), day))
    cut = number(day)
    assert versions(whole, cut) == versions(before, cut)
    for kind, things in before.things.items():
        known = whole.things[kind].first_on < cut
        assert whole.things[kind].keys.filter(pa.array(known)).to_pylist() == things.keys.to_pylist()
    keys = before.things["Shipment"].keys
    numbers = np.arange(len(keys), dtype=np.int32)
    there = np.array([whole.things["Shipment"].keys.index(key).as_py() for key in keys], dtype=np.int32)
    days = np.full(len(keys), cut, dtype=np.int32)
    assert labels(before, numbers, days).tolist() == labels(whole, there, days).tolist()


@settings(max_examples=30)
@given(statements(), st.sampled_from([day + timedelta(days=1) for day in DAYS]))
def test_labels_follow_the_inspections_known_by_then(given_statements: Statements, day: date) -> None:
    snapshot = built(given_statements)
    latest: dict[tuple[str, str], list[tuple[date, str]]] = {}
    for row in given_statements.inspection.to_pylist():
        if row["known_on"] < day and row["outcome"] is not None:
            latest.setdefault((row["shipment"], row["inspection"]), []).append((row["known_on"], row["outcome"]))
    expected: dict[str, int] = {}
    for (shipment, _), said in latest.items():
        newest = max(said)[0]
        # Of one day the greater text counts, and "infraction" is greater than "clean".
        outcome = max(outcome for known_on, outcome in said if known_on == newest)
        expected[shipment] = max(expected.get(shipment, 0), int(outcome == "infraction"))
    keys = snapshot.things["Shipment"].keys.to_pylist()
    found = labels(snapshot, np.arange(len(keys), dtype=np.int32), np.full(len(keys), number(day), dtype=np.int32))
    assert found.tolist() == [expected.get(key, -1) for key in keys]


@settings(max_examples=60)
@given(st.data())
def test_an_ownership_counts_within_its_days_as_far_as_they_were_known(data: st.DataObject) -> None:
    start = date(2024, 1, 1)
    day = st.integers(0, 12).map(lambda at: start + timedelta(days=at))
    said = st.fixed_dictionaries(
        {
            "source": st.just("s"),
            "owned": st.sampled_from(["s/A", "s/B"]),
            "owner": st.sampled_from(["s/C", "s/D"]),
            "known_on": day,
            "valid_from": st.none() | day,
            "valid_to": st.none() | day,
        }
    )
    rows: list[dict[str, Any]] = data.draw(st.lists(said, max_size=6))
    snapshot = built(Statements(ownership=table("ownership", rows)))
    keys, held = snapshot.things["Trader"].keys.to_pylist(), snapshot.ownership
    for at in range(15):
        on = start + timedelta(days=at)
        expected = set()
        for pair in {(row["owned"], row["owner"]) for row in rows}:
            known = [row for row in rows if (row["owned"], row["owner"]) == pair and row["known_on"] < on]
            # Of what was said at last; of one day the greater counts.
            first, last = (
                max(((row["known_on"], row[name]) for row in known if row[name] is not None), default=(None, None))[1]
                for name in ("valid_from", "valid_to")
            )
            if known and (first is None or first <= on) and (last is None or on <= last):
                expected.add(pair)
        now = np.flatnonzero((held.since < number(on)) & (number(on) <= held.until))
        assert {(keys[held.owned[row]], keys[held.owner[row]]) for row in now} == expected
        assert len(now) == len(expected)


def test_revenue_that_is_told_again_under_another_day_counts_once() -> None:
    found = {"source": "s", "shipment": "s/1", "outcome": "infraction", "revenue_recovered": 500.0}
    rows = [
        {**found, "inspection": "s/1/a", "known_on": DAYS[0], "inspected_on": DAYS[0]},
        {**found, "inspection": "s/1/b", "known_on": DAYS[1], "inspected_on": DAYS[1]},
    ]
    assert built(Statements(inspection=table("inspection", rows))).outcomes.revenue.tolist() == [500.0, 500.0]


def test_an_extra_attribute_may_hold_texts_and_numbers() -> None:
    rows = [
        {"source": "s", "shipment": f"s/{n}", "known_on": DAYS[0], "accepted_on": DAYS[0], "extra": extra}
        for n, extra in enumerate(('{"rate":2.5}', '{"rate":"free","tax":"A"}', None))
    ]
    held = built(Statements(declaration=table("declaration", rows))).declarations
    np.testing.assert_array_equal(held.numbers["extra.rate"], [2.5, np.nan, np.nan])
    assert held.texts["extra.rate"].to_pylist() == [None, "free", None]
    assert held.texts["extra.tax"].to_pylist() == [None, "A", None]


def test_an_empty_store_has_an_empty_snapshot() -> None:
    snapshot = built(Statements())
    assert len(snapshot.declarations) == 0
    assert not snapshot.links
    assert labels(snapshot, np.empty(0, np.int32), np.empty(0, np.int32)).tolist() == []


def test_a_stop_of_a_merged_version_stands_only_once_somebody_said_it_of_the_route() -> None:
    """Two rows of one day: one names the route, the other a place of arrival; a later row names both."""
    rows = Rows.new()
    for on in (1, 1, 9):
        rows.declare("s/D1/1", on, "s/I1")
    without, routed, later = rows.rows["declaration"]
    without |= {"arrival_place": "KRPUS"}
    routed |= {"route": "s/R1", "departure_place": "CNSHA"}
    later |= {"route": "s/R1", "arrival_place": "KRPUS"}
    view = rows.snapshot()
    named = {name: view.declarations.keys[name].tolist() for name in ("route", "departure", "arrival")}
    places = view.things["Place"].keys.to_pylist()
    assert named["route"] == [0, 0]
    assert named["departure"] == [places.index("CNSHA"), -1]
    assert named["arrival"] == [-1, places.index("KRPUS")]


def test_why_a_shipment_was_examined_is_kept() -> None:
    """Of several inspections each reason counts, from the day on which it was known."""
    first = {"source": "s", "shipment": "s/1", "inspection": "s/1/1", "outcome": "clean", "known_on": date(2024, 1, 2)}
    later = {**first, "inspection": "s/1/2", "known_on": date(2024, 1, 9), "selected_by": "tip"}
    found = built(Statements(inspection=table("inspection", [{**first, "selected_by": "random"}, later]))).outcomes
    assert (found.random.tolist(), found.tip.tolist()) == ([True, True], [False, True])
    alone = built(Statements(inspection=table("inspection", [first]))).outcomes
    assert not alone.random.any() and not alone.tip.any()
