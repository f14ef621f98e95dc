"""Publishing: lanes, results of shipments and entities, and paths that sum to the value."""

import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.records import Ref
from graph.snapshot import UNDATED, labels
from graph.store.base import GraphStore
from graph.store.batches import Batch, LoadChunk
from graph.store.reference import ReferenceStore
from graph.store.results import PublishedSet
from ingest.load import load
from targeting import TargetingError
from targeting.days import day_number
from targeting.lanes import LANE_DAYS, lane_thresholds
from targeting.network import Network
from targeting.paths import PATHS_SHOWN, paths_now
from targeting.publish import analyse, lone_latest, score_store
from targeting.queue import rows
from targeting.scoring import Scores
from tests.graph.networks import Rows
from tests.targeting.conftest import SEED, Saved, World


def lanes(scores: list[float], ages: list[int] | None = None) -> dict[str, float]:
    accepted = 20_000 - np.array(ages if ages is not None else [0] * len(scores), dtype=np.int32)
    return lane_thresholds(np.array(scores, dtype=np.float64), accepted.astype(np.int32))


def test_the_lanes_hold_the_highest_five_and_the_next_ten_of_a_hundred() -> None:
    scores = [at / 100 for at in range(100)]
    assert lanes(scores) == {"red": 0.95, "yellow": 0.85}
    assert sum(score >= 0.95 for score in scores) == 5 and sum(0.85 <= score < 0.95 for score in scores) == 10


def test_only_the_last_ninety_days_count() -> None:
    scores = [0.9] * 50 + [at / 100 for at in range(100)]
    assert lanes(scores, [LANE_DAYS] * 50 + [LANE_DAYS - 1] * 99 + [0]) == {"red": 0.95, "yellow": 0.85}
    # Eight of a hundred and fifty, none of them among the fifty.
    assert lanes(scores, [LANE_DAYS - 1] * 149 + [0])["red"] == 0.92


def test_shipments_without_a_score_do_not_count() -> None:
    assert lanes([at / 100 for at in range(100)] + [np.nan] * 100) == {"red": 0.95, "yellow": 0.85}
    # None of the last has a score: then all do count that have one.
    assert lanes([0.1, 0.2, np.nan], [200, 200, 0]) == {"red": 0.2, "yellow": 0.2}
    assert lanes([np.nan]) == lanes([]) == {"red": 1.0, "yellow": 1.0}


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=400, unique=True))
def test_without_ties_the_lanes_have_their_shares(numbers: list[int]) -> None:
    scores = np.array(numbers) / 1000
    found = lanes(scores.tolist())
    red, yellow = (scores >= found["red"]).sum(), (scores >= found["yellow"]).sum()
    assert red == -(-len(scores) // 20) and yellow == -(-3 * len(scores) // 20)


@pytest.fixture(scope="module")
def published(world: World, saved: Saved) -> tuple[PublishedSet, list[dict[str, Any]], list[dict[str, Any]]]:
    """The set that scoring publishes, and its rows of shipments and of entities."""
    told: list[str] = []
    heading = score_store(world.store, saved.model, saved.identity, progress=told.append)
    assert "publishing" in told and any(text.startswith("scored ") for text in told)
    return heading, listed(world.store, "shipment"), listed(world.store, "entity")


def listed(store: GraphStore, table: str) -> list[dict[str, Any]]:
    return [row for batch in store.results(table) for row in batch.to_pylist()]


def test_the_set_names_what_it_was_made_of(
    world: World, saved: Saved, published: tuple[PublishedSet, list[Any], list[Any]]
) -> None:
    heading = published[0]
    accepted = world.snapshot.declarations.accepted_on
    assert world.store.published() == heading
    assert heading.store_version == world.store.version() == world.snapshot.version
    assert heading.as_of == date(1970, 1, 1) + timedelta(days=int(accepted.max()) + 1)
    assert heading.model == saved.identity
    assert float(heading.about["resolution"]) == saved.model.resolution
    assert heading.about["calibrated_on"] == saved.model.calibration.arm
    assert day_number(date.fromisoformat(heading.about["trained_before"])) == saved.model.as_of


def test_shipments_have_what_the_model_says(
    world: World,
    saved: Saved,
    around: Network,
    scored: Scores,
    published: tuple[PublishedSet, list[dict[str, Any]], list[Any]],
) -> None:
    heading, results, _ = published
    keys = world.snapshot.things["Shipment"].keys
    declarations = world.snapshot.declarations
    by_key = {row["shipment"]: row for row in results}
    assert len(by_key) == len(results) == len(scored.rows)
    known = labels(world.snapshot, declarations.shipment[scored.rows], np.full(len(scored.rows), UNDATED)) >= 0
    communities = around.community_of(scored.rows, scored.days)
    counts: Counter[str | None] = Counter()
    for at, row_number in enumerate(scored.rows):
        row = by_key[keys[int(declarations.shipment[row_number])].as_py()]
        score = None if np.isnan(scored.score[at]) else scored.score[at]
        assert row["score"] == score
        assert (row["declared"], row["profile"]) == (scored.declared[at], scored.profile[at])
        assert (row["linked"], row["gnn"]) == (scored.linked[at], scored.gnn[at])
        assert row["source"] == "native" and day_number(row["accepted_on"]) == declarations.accepted_on[row_number]
        assert row["community"] == communities[at]
        assert row["decided"] is bool(known[at]) and (row["decided"] or score is not None)
        assert tuple(json.loads(row["reasons"])) == scored.reasons[at]
        lane = None
        if score is not None:
            red, yellow = heading.thresholds["red"], heading.thresholds["yellow"]
            lane = "red" if score >= red else "yellow" if score >= yellow else "green"
        assert row["lane"] == lane
        counts[lane] += 1
    assert counts["green"] > counts["yellow"] > 0 < counts["red"] and counts[None] == saved.model.metrics["rows"]


def test_the_queue_comes_from_the_set(
    world: World, published: tuple[PublishedSet, list[dict[str, Any]], list[Any]]
) -> None:
    assert world.store.published() == published[0]
    first, last = date(2024, 3, 1), date(2024, 3, 31)
    waiting = list(rows(world.store, first, last))
    everything = list(rows(world.store, first, last, everything=True))
    assert 0 < len(waiting) < len(everything)
    scores = [row["score"] for row in waiting]
    assert scores == sorted(scores, reverse=True) and None not in scores
    assert waiting[:5] == list(rows(world.store, first, last, capacity=5))
    assert all(first <= row["accepted_on"] <= last for row in everything)


def test_the_paths_of_every_entity_sum_to_its_value(
    world: World, around: Network, published: tuple[PublishedSet, list[Any], list[dict[str, Any]]]
) -> None:
    risk = around.risk(len(around.cutoffs) - 1)
    values = {
        (kind, key): value
        for kind in ("Trader", "Forwarder")
        for key, value in zip(world.snapshot.things[kind].keys.to_pylist(), risk.entity[kind], strict=True)
    }
    results = published[2]
    assert len(results) == len(values)
    taken = 0
    for row in results:
        assert row["linked"] == values[row["type"], row["key"]]
        assert (row["paths"] is None) == (row["linked"] == 0)
        assert (row["community"] is None) == (row["stability"] is None or row["stability"] == 0) or row["community"]
        if row["paths"]:
            paths = json.loads(row["paths"])
            assert paths["value"] == row["linked"]
            total = sum(path["value"] for path in paths["paths"]) + paths["remainder"]
            assert total == pytest.approx(row["linked"], rel=1e-9)
            assert len(paths["paths"]) <= PATHS_SHOWN and (paths["left_out"] > 0) == (paths["remainder"] > 0)
            steps = paths["paths"][0]["steps"]
            assert steps[-1]["thing"] == f"{row['type'].lower()}:{row['key']}"
            assert paths["paths"][0]["source"].startswith("shipment:native/")
            taken += 1
    assert taken > 50


def test_the_paths_of_waiting_shipments_sum_to_their_linked_risk(
    world: World, published: tuple[PublishedSet, list[dict[str, Any]], list[Any]]
) -> None:
    heading, results, _ = published
    taken = 0
    for row in results:
        assert (row["paths"] is None) == (row["decided"] or row["linked"] == 0)
        if row["paths"]:
            paths = json.loads(row["paths"])
            assert paths["value"] == row["linked"]
            total = sum(path["value"] for path in paths["paths"]) + paths["remainder"]
            assert total == pytest.approx(row["linked"], rel=1e-9)
            assert paths["paths"][0]["steps"][-1]["thing"] == f"shipment:{row['shipment']}"
            taken += 1
    assert taken > 50
    late = max((row for row in results if row["paths"]), key=lambda row: (row["accepted_on"], row["linked"]))
    assert json.loads(late["paths"]) == paths_now(world.store, Ref("Shipment", late["shipment"]), heading.as_of)


def test_communities_are_published_with_what_is_said_of_them(
    world: World, published: tuple[PublishedSet, list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    heading, shipments, entities = published
    found = listed(world.store, "community")
    assert len(found) == int(heading.about["communities"]) > 5
    assert [row["linked"] for row in found] == sorted((row["linked"] for row in found), reverse=True)
    for row in found:
        members = [one for one in entities if one["community"] == row["community"]]
        assert row["members"] == len(members) > 0
        assert row["linked"] == max(one["linked"] for one in members)
        assert row["stability"] == pytest.approx(np.mean([one["stability"] for one in members]))
        mine = [one for one in shipments if one["community"] == row["community"]]
        assert row["undecided"] == sum(not one["decided"] for one in mine)
        described = json.loads(row["described"])
        assert described["linked_mean"] == pytest.approx(np.mean([one["linked"] for one in members]))
        assert sum(described["roles"].values()) >= 1 and len(described["commodities"]) <= 5
        history = described["history"]
        assert history[-1]["members"] == row["members"]
        assert [event["day"] for event in history] == sorted(event["day"] for event in history)
    assert any(json.loads(row["described"])["binds"] for row in found)
    assert any(len(json.loads(row["described"])["history"]) > 1 for row in found)
    assert re.fullmatch(r"\d{4}-\d\d-01", heading.about["since"])
    assert re.search(r"\d+ grew", heading.about["changes"])


def test_only_the_riskiest_shipments_keep_their_paths(
    world: World, saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("targeting.results.SHIPMENT_PATHS_KEPT", 7)
    score_store(world.store, saved.model, saved.identity)
    kept = [row for row in listed(world.store, "shipment") if row["paths"]]
    open_ones = [row for row in listed(world.store, "shipment") if not row["decided"] and row["linked"] > 0]
    assert kept == open_ones[:7]


def test_only_the_riskiest_keep_their_paths(world: World, saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("targeting.results.PATHS_KEPT", 5)
    analyse(world.store, seed=SEED)
    found = sorted(listed(world.store, "entity"), key=lambda row: -row["linked"])
    assert all(row["paths"] for row in found if row["linked"] > found[5]["linked"])
    assert not any(row["paths"] for row in found[5:])


def test_an_analysis_has_no_scores(world: World) -> None:
    heading = analyse(world.store, seed=SEED)
    assert (heading.model, heading.thresholds) == ("", {})
    assert heading.store_version == world.store.version()
    assert heading.about["seed"] == str(SEED)
    assert listed(world.store, "shipment") == []
    assert all(row["undecided"] is None for row in listed(world.store, "community"))
    found = listed(world.store, "entity")
    named = {row["community"] for row in found} - {None}
    assert len(named) == int(heading.about["communities"]) > 1
    with pytest.raises(TargetingError, match="No shipment has been scored yet"):
        list(rows(world.store, date(2023, 1, 1), date(2024, 12, 31)))


def test_scored_early_shipments_use_what_was_known_then(
    world: World, saved: Saved, published: tuple[PublishedSet, list[dict[str, Any]], list[Any]]
) -> None:
    day = date(2023, 9, 15)
    heading = score_store(world.store, saved.model, saved.identity, day)
    assert heading.as_of == day and heading.id != published[0].id
    early = {row["shipment"]: row for row in listed(world.store, "shipment")}
    assert len(early) == len(published[1])
    assert set(heading.thresholds) == {"red", "yellow"}
    changed = 0
    for row in published[1]:
        same = all(row[name] == early[row["shipment"]][name] for name in ("score", "profile", "linked", "gnn"))
        assert same or row["accepted_on"] >= day
        changed += not same
    assert changed > 100


def test_a_risk_is_taken_apart_on_demand_as_it_was_published(
    world: World, published: tuple[PublishedSet, list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    heading, shipments, entities = published
    ranked = sorted(shipments, key=lambda row: -row["linked"])
    for row in (*ranked[:3], ranked[-1]):
        found = paths_now(world.store, Ref("Shipment", row["shipment"]), heading.as_of)
        assert found is not None and found["value"] == row["linked"]
        total = sum(path["value"] for path in found["paths"]) + found["remainder"]
        assert total == pytest.approx(row["linked"], rel=1e-9)
    risky = max(entities, key=lambda row: row["linked"])
    found = paths_now(world.store, Ref(risky["type"], risky["key"]), heading.as_of)
    assert found == json.loads(risky["paths"])


def test_what_was_not_known_has_no_risk_to_take_apart(world: World) -> None:
    late = date(2024, 4, 1)
    things = world.snapshot.things["Trader"]
    newest = things.keys[int(np.argmax(np.where(things.first_on < UNDATED, things.first_on, 0)))].as_py()
    before = date(1970, 1, 1) + timedelta(days=int(things.first_on[things.keys.index(newest).as_py()]))
    assert paths_now(world.store, Ref("Trader", newest), before) is None
    assert paths_now(world.store, Ref("Trader", newest), before + timedelta(days=1)) is not None
    assert paths_now(world.store, Ref("Trader", "native/nobody"), late) is None
    assert paths_now(world.store, Ref("Shipment", "native/nothing"), late) is None
    assert paths_now(world.store, Ref("Commodity", "847130"), late) is None
    shipment = world.snapshot.things["Shipment"].keys[0].as_py()
    nothing = {"value": 0.0, "paths": [], "remainder": 0.0, "left_out": 0}
    assert paths_now(world.store, Ref("Shipment", shipment), date(2000, 1, 1)) == nothing


def test_a_latest_day_far_from_all_others_is_pointed_at() -> None:
    held = Rows.new()
    for on in (0, 10, 70):
        held.declare(f"s/D{on}/1", on, "s/A")
    assert lone_latest(held.snapshot()) == ""
    held.declare("s/D9/1", 131, "s/A")
    said = "The latest acceptance, 2023-05-12, lies long after the one before it, 2023-03-12"
    assert lone_latest(held.snapshot()) == said
    with ReferenceStore() as store:
        chunk = LoadChunk(held.statements(), [], 4, 4, 0)
        store.add_batch(Batch("b", "h", "s", "m", "1", "f"), [chunk])
        assert analyse(store, seed=1).about["odd"] == said
        assert "odd" not in analyse(store, date(2023, 4, 1), seed=1).about


def test_an_empty_store_is_one_sentence(saved: Saved, tmp_path: Path) -> None:
    with pytest.raises(
        TargetingError, match="The store holds no declaration; load some with `tidewaiter ingest` first"
    ):
        analyse(ReferenceStore(), seed=1)
    with pytest.raises(TargetingError, match="The store holds no declaration"):
        score_store(ReferenceStore(), saved.model, saved.identity)


def test_a_day_before_everything_is_one_sentence(world: World, saved: Saved) -> None:
    heading = world.store.published()
    with pytest.raises(TargetingError, match="No shipment was accepted before 2001-02-03"):
        score_store(world.store, saved.model, saved.identity, date(2001, 2, 3))
    with pytest.raises(TargetingError, match="No shipment was accepted before 2001-02-03"):
        analyse(world.store, date(2001, 2, 3), seed=1)
    assert world.store.published() == heading


def test_any_store_gets_the_same_set_again(
    world: World, saved: Saved, published: tuple[PublishedSet, list[Any], list[Any]]
) -> None:
    with ReferenceStore() as other:
        load(other, world.folder, mapping="native")
        assert analyse(other, seed=SEED).id != published[0].id
        assert score_store(other, saved.model, saved.identity) == published[0]
        assert listed(other, "shipment") == published[1]
        assert listed(other, "entity") == published[2]
        score_store(world.store, saved.model, saved.identity)
        assert listed(other, "community") == listed(world.store, "community") != []
