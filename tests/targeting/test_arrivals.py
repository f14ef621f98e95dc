"""Declarations that arrive: scored as they would be had they been loaded."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from graph.build import snapshot
from graph.records import Ref
from graph.store.results import PublishedSet
from graph.store.sqlite import SqliteStore
from ingest.load import load
from ingest.rows import read_rows
from targeting import TargetingError
from targeting.arrivals import MOST, Arrival, Warm, score_arrivals, warm
from targeting.days import day_number
from targeting.lanes import lane_thresholds
from targeting.network import network
from targeting.publish import score_store
from targeting.scoring import score
from tests.targeting.conftest import Saved, World

Row = dict[str, str]
COLUMNS = ("score", "declared", "profile", "linked", "gnn")


def declared(world: World) -> list[Row]:
    with (world.folder / "declarations.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def warmed(world: World, saved: Saved) -> Warm:
    score_store(world.store, saved.model, saved.identity)
    return warm(world.store, saved.folder)


@pytest.fixture(scope="module")
def arriving(world: World, warmed: Warm) -> list[Row]:
    """Rows of every kind: known and unknown parties, addresses, routes, goods, attributes, places and carriers."""
    day = warmed.published.as_of
    rows = declared(world)[::40]
    for at, row in enumerate(rows):
        row["declaration_id"] = f"NEW{at}"
        row["accepted_on"] = str(day + timedelta(days=at % 9))
        row["amended_on"] = str(day + timedelta(days=20)) if at % 11 == 0 else ""
        for column in ("selected_by", "inspected_on", "outcome_known_on", "outcome", "infraction_type"):
            row[column] = ""
        row["revenue_recovered"] = ""
    for at, change in enumerate(CHANGES):
        for row in rows[at :: len(CHANGES)]:
            row.update(change)
    return rows


CHANGES: tuple[Row, ...] = (
    {},
    {"importer_id": "NOBODY", "importer_name": "Nobody before"},
    {"importer_id": "NOBODY2", "exporter_id": "NOBODY3", "declarant_id": "NOBODY4", "carrier_id": "NOBODY5"},
    {"importer_address": "1 Street that nobody gave", "importer_email": "new@nowhere.example"},
    {"importer_address": "", "importer_email": "", "importer_phone": ""},
    {"exporter_id": "", "exporter_name": "", "declarant_id": "", "declarant_name": ""},
    {"hs_code": "999999", "origin_country": "AQ", "office": "OFF-NEW", "departure_place": "AQMCM"},
    {"extra.unheard_of": "word", "customs_value": "0", "net_mass_kg": "", "gross_mass_kg": ""},
    {
        "transport_mode": "",
        "container_ids": "ABCD1234567;WXYZ7654321",
        "vessel_imo": "9999999",
        "transport_document": "T1",
    },
    {"currency": "XXX", "procedure": "9999", "quantity_unit": "ZZZ", "importer_aeo": "AEOF"},
)


@pytest.fixture(scope="module")
def arrivals(warmed: Warm, arriving: list[Row]) -> list[Arrival]:
    read = read_rows(arriving)
    assert not read.refused and len(read.good) == len(arriving)
    return score_arrivals(warmed, read.statements)


@pytest.fixture(scope="module")
def loaded(world: World, arriving: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """A copy of the store in which they are loaded."""
    with with_rows(world, arriving, tmp_path_factory.mktemp("loaded")) as store:
        yield store


def with_rows(world: World, rows: list[Row], folder: Path) -> SqliteStore:
    shutil.copyfile(world.folder.with_name("world.db"), folder / "copy.db")
    with (folder / "declarations.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, sorted({column for row in rows for column in row}))
        writer.writeheader()
        writer.writerows(rows)
    store = SqliteStore(folder / "copy.db")
    load(store, folder / "declarations.csv", mapping="native")
    return store


def had_they_been_loaded(store: SqliteStore, warmed: Warm, keys: list[str]) -> list[dict[str, object]]:
    whole, model = snapshot(store), warmed.model
    day = day_number(warmed.published.as_of)
    here = network(whole, day, seed=model.seed, resolution=model.resolution, parameters=model.linked)
    declarations = whole.declarations
    first = {whole.things["Shipment"].keys[int(declarations.shipment[row])].as_py(): row for row in declarations.first}
    rows = np.array([first[key] for key in keys])
    found = score(model, here, rows)
    communities = here.community_of(rows, found.days)
    return [
        {name: getattr(found, name)[at] for name in COLUMNS}
        | {
            "reasons": found.reasons[at],
            "community": communities[at],
            "path": here.risk(len(here.cutoffs) - 1).strongest(np.array([row]))[0],
        }
        for at, row in enumerate(rows)
    ]


def assert_same(arrival: Arrival, expected: dict[str, object]) -> None:
    for name in COLUMNS:
        assert getattr(arrival, name) == pytest.approx(expected[name], rel=0, abs=1e-9), (name, arrival)
    assert arrival.reasons == expected["reasons"] and arrival.community == expected["community"]


def test_arrivals_are_scored_as_had_they_been_loaded(
    warmed: Warm, arrivals: list[Arrival], loaded: SqliteStore
) -> None:
    expected = had_they_been_loaded(loaded, warmed, [arrival.shipment for arrival in arrivals])
    assert len(arrivals) > 60
    for arrival, same in zip(arrivals, expected, strict=True):
        assert_same(arrival, same)
        assert arrival.path == same["path"]
    assert len({arrival.score for arrival in arrivals}) > 30 and any(arrival.linked for arrival in arrivals)


def test_parties_that_nobody_knew_are_named(world: World, arriving: list[Row], arrivals: list[Arrival]) -> None:
    traders = set(world.snapshot.things["Trader"].keys.to_pylist())
    for row, arrival in zip(arriving, arrivals, strict=True):
        assert arrival.shipment == f"native/{row['declaration_id']}/{row['line_no']}"
        assert arrival.accepted_on == date.fromisoformat(row["accepted_on"]) and not arrival.in_store
        assert arrival.parties["importer"] == Ref("Trader", f"native/{row['importer_id']}")
        assert ("importer" in arrival.unknown) == (f"native/{row['importer_id']}" not in traders)
        assert "exporter" in arrival.parties or not row["exporter_id"]
    nobody = arrivals[2]
    assert nobody.unknown == ("importer", "exporter", "declarant", "carrier")
    # Nobody knows the importer, but its address is known.
    assert nobody.path is not None and "AT_ADDRESS" in [step.link for step in nobody.path.steps]
    assert arrivals[0].unknown == ()


def test_the_lanes_are_those_of_the_published_set(warmed: Warm, arrivals: list[Arrival]) -> None:
    red, yellow = warmed.published.thresholds["red"], warmed.published.thresholds["yellow"]
    for arrival in arrivals:
        assert arrival.score is not None and arrival.as_of == warmed.published.as_of
        assert arrival.lane == ("red" if arrival.score >= red else "yellow" if arrival.score >= yellow else "green")
    assert lane_thresholds(np.array([arrival.score for arrival in arrivals]), np.zeros(len(arrivals), np.int32))["red"]


def test_what_else_arrives_changes_nothing(warmed: Warm, arriving: list[Row], arrivals: list[Arrival]) -> None:
    for at in (1, 2, 6, 8):
        (alone,) = score_arrivals(warmed, read_rows([arriving[at]]).statements)
        assert alone == arrivals[at]
    backwards = score_arrivals(warmed, read_rows(arriving[::-1]).statements)
    assert backwards[::-1] == arrivals


def test_early_ones_use_what_was_known_before_their_own_day(
    world: World, warmed: Warm, arriving: list[Row], tmp_path: Path
) -> None:
    for number, (at, days) in enumerate(((0, 1), (1, 45), (3, 200))):
        row = {**arriving[at], "accepted_on": str(warmed.published.as_of - timedelta(days=days)), "amended_on": ""}
        (early,) = score_arrivals(warmed, read_rows([row]).statements)
        assert early.as_of == early.accepted_on < warmed.published.as_of
        folder = tmp_path / str(number)
        folder.mkdir()
        with with_rows(world, [row], folder) as store:
            assert_same(early, had_they_been_loaded(store, warmed, [early.shipment])[0])


def test_a_shipment_of_the_store_says_nothing_about_itself(
    world: World, warmed: Warm, saved: Saved, tmp_path: Path
) -> None:
    """It comes again as an amendment would; the network it is scored in has its first version as well."""
    rows = declared(world)
    infraction = next(row for row in rows if row["outcome"] == "infraction")
    undecided = next(row for row in rows[::-1] if not row["outcome"] and not row["selected_by"])
    day = str(warmed.published.as_of)
    again = [
        {**row, "amended_on": day, "selected_by": "", "inspected_on": "", "outcome_known_on": "", "outcome": ""}
        | {"infraction_type": "", "revenue_recovered": ""}
        for row in (infraction, undecided)
    ]
    learnt, open_one = score_arrivals(warmed, read_rows(again).statements)
    assert learnt.in_store and open_one.in_store and learnt.repeats is open_one.repeats is None
    assert learnt.score is None and learnt.lane is None and not learnt.reasons
    assert open_one.score is not None
    with with_rows(world, again, tmp_path) as store:
        for arrival, same in zip(
            (learnt, open_one), had_they_been_loaded(store, warmed, [learnt.shipment, open_one.shipment]), strict=True
        ):
            for name in COLUMNS[1:]:
                assert getattr(arrival, name) == pytest.approx(same[name], rel=0, abs=1e-9)


def test_equal_rows_have_equal_answers(warmed: Warm, arriving: list[Row]) -> None:
    amended = {**arriving[4], "customs_value": "1"}
    found = score_arrivals(warmed, read_rows([arriving[4], arriving[5], arriving[4], amended]).statements)
    assert [arrival.repeats for arrival in found] == [None, None, 0, 0]
    assert replace(found[2], repeats=None) == found[0]
    assert found[3].declared != found[0].declared


def test_nothing_is_stored(world: World, arrivals: list[Arrival]) -> None:
    assert arrivals and snapshot(world.store).version == world.snapshot.version
    assert not world.store.resolve(arrivals[0].shipment)


def test_none_at_all_and_too_many(warmed: Warm, arriving: list[Row]) -> None:
    assert score_arrivals(warmed, read_rows([]).statements) == []
    statements = read_rows([arriving[0]] * (MOST + 1)).statements
    with pytest.raises(TargetingError, match=r"1,001 declarations came at once; send at most 1,000"):
        score_arrivals(warmed, statements)


def test_without_scores_there_is_nothing_to_score_with(tmp_path: Path, saved: Saved) -> None:
    with SqliteStore(tmp_path / "empty.db") as store:
        with pytest.raises(TargetingError, match="No scores are published yet"):
            warm(store, saved.folder)
        store.publish(PublishedSet("one", 0, date(2024, 1, 1), "gone", {}, {}), {})
        with pytest.raises(TargetingError, match="There is no model 'gone'"):
            warm(store, saved.folder)
