"""Linked risk taken apart, and communities, on a small invented world with its published set."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from graph.store.open import open_store
from graph.store.results import COMMUNITY_RESULT, ENTITY_RESULT, SHIPMENT_RESULT, PublishedSet
from tests.api.commands import ESCAPES, HANGUL, MARKUP, Invented, address, run, small


def test_a_risk_is_the_sum_of_its_paths_and_shares(invented: Invented) -> None:
    found = run("queue", "--from", "2024-01-01", "--to", "2024-03-31", "--json", store=invented.store).json
    risky = [row for row in found["shipments"] if row["linked"] > 0][:5]
    assert risky
    for row in risky:
        risk = run("risk", f"shipment:native/{row['shipment_id']}", "--json", store=invented.store).json
        assert risk["value"] == row["linked"]
        assert sum(path["value"] for path in risk["paths"]) + risk["remainder"] == pytest.approx(risk["value"])
        shares = sum(path["share"] for path in risk["paths"]) + risk["remainder"] / risk["value"]
        assert shares == pytest.approx(1.0)
        assert risk["assessed"] == 0.0
        assert [one["role"] for one in risk["against"]][:1] == ["importer"]
        for one in risk["against"]:
            assert 0 <= one["clean"] <= one["inspected"] <= one["shipments"]
            assert (one["clean_on"] is None) == (one["clean"] == 0)
        for path in risk["paths"]:
            assert path["source"].startswith("shipment:")
            assert all(step["shared_by"] >= 1 and step["sharers"] for step in path["steps"])


def test_hubs_and_what_speaks_against_are_told_in_words(invented: Invented, tmp_path: Path) -> None:
    [party] = run("analyse", "--json", store=invented.copy(tmp_path)).json["highest"][:1]
    ran = run("risk", party["id"], store=invented.store)
    assert ran.status == 0
    assert "It is the sum of" in ran.out and "infraction in shipment:native/" in ran.out
    assert "inspections or clients" in ran.out or "1 of" not in ran.out
    assert "What speaks against it" in ran.out and "of it rests on assessments" in ran.out
    assert "From set " in ran.out


def test_trusted_traders_are_named_with_the_source_of_it(invented: Invented) -> None:
    found = run("queue", "--from", "2020-01-01", "--to", "2030-01-01", "--all", "--json", store=invented.store).json
    seen = 0
    for row in found["shipments"]:
        risk = run("risk", f"shipment:native/{row['shipment_id']}", "--json", store=invented.store).json
        for one in risk["against"]:
            for fact in one["trusted"]:
                assert fact["value"] in ("AEOC", "AEOS", "AEOF") and fact["sources"] == ["native"]
                seen += 1
        # Which of the highest has one depends on the score.
        if seen:
            break
    assert seen > 0


def test_what_holds_a_shipment_in_its_lane_is_told(invented: Invented) -> None:
    found = run("queue", "--from", "2020-01-01", "--to", "2030-01-01", "--json", store=invented.store).json
    held = {}
    for row in [row for row in found["shipments"] if row["linked"] > 0][:40]:
        risk = run("risk", f"shipment:native/{row['shipment_id']}", "--json", store=invented.store).json
        if risk["fragility"] is not None:
            held[risk["id"]] = row["lane"]
            assert risk["fragility"]["lane"] == row["lane"]
    assert len(held) > 20
    green = next(row["shipment_id"] for row in found["shipments"] if row["lane"] == "green")
    assert run("risk", f"shipment:native/{green}", "--json", store=invented.store).json["fragility"] is None


@pytest.mark.parametrize(
    ("links", "said"),
    [
        (None, "It would stand in the red lane without any linked risk, too."),
        (
            [
                ("trader:native/I2", "SAME_AS", "trader:native/I4"),
                ("shipment:native/D0/1", "IMPORTED_BY", "trader:native/I1"),
            ],
            "It would fall below the line of the red lane without 2 links (no fewer would do; 1 is an assessment):",
        ),
    ],
)
def test_links_that_hold_a_shipment_are_listed_with_their_grade(
    tmp_path: Path, links: list[tuple[str, str, str]] | None, said: str
) -> None:
    store = tmp_path / "s.db"
    assert run("ingest", small(tmp_path), "--mapping", "native", store=store).status == 0
    told = None if links is None else [dict(zip(("start", "link", "end"), link, strict=True)) for link in links]
    fragility = {"lane": "red", "links": told, "smallest": True}
    paths = {"value": 0.5, "paths": [], "remainder": 0.5, "left_out": 3, "fragility": fragility}
    row = {"shipment": "native/D1/1", "source": "native", "linked": 0.5, "score": 0.9, "paths": json.dumps(paths)}
    with open_store(address(store)) as held:
        heading = PublishedSet("set1", held.version(), date(2024, 4, 1), "model", {"red": 0.8, "yellow": 0.5}, {})
        held.publish(heading, {"shipment": [pa.RecordBatch.from_pylist([row], SHIPMENT_RESULT)]})
    ran = run("risk", "shipment:native/D1/1", store=store)
    assert said in ran.out
    if links is not None:
        assert "  shipment:native/D0/1 " in ran.out and f" IMPORTED_BY trader:native/I1 {MARKUP}\n" in ran.out
        found = run("risk", "shipment:native/D1/1", "--json", store=store).json["fragility"]["links"]
        assert [link["assessed"] for link in found] == [True, False] and found[0]["end_name"] == HANGUL


def test_a_risk_cannot_be_taken_apart_where_the_store_has_changed(invented: Invented, tmp_path: Path) -> None:
    store = invented.copy(tmp_path)
    assert run("ingest", small(tmp_path), "--mapping", "native", "--source", "xx", store=store).status == 0
    found = run("queue", "--from", "2020-01-01", "--to", "2030-01-01", "--all", "--json", store=store).json
    decided = next(row for row in found["shipments"] if row["score"] is None and row["linked"] > 0)
    ran = run("risk", f"shipment:native/{decided['shipment_id']}", store=store)
    assert ran.status == 0 and "the store has changed" in ran.out
    assert run("risk", f"shipment:native/{decided['shipment_id']}", "--json", store=store).json["paths"] is None
    ran = run("risk", "shipment:xx/D1/1", store=store)
    assert ran.status == 0 and "does not hold it" in ran.out


def test_communities_are_listed_and_shown(invented: Invented) -> None:
    listed = run("community", "--json", "--limit", 3, store=invented.store).json
    assert len(listed["communities"]) == 3 < listed["total"]
    risks = [one["linked"] for one in listed["communities"]]
    assert risks == sorted(risks, reverse=True)
    first = listed["communities"][0]
    shown = run("community", first["id"], "--members", 1000, "--shipments", 1000, "--json", store=invented.store).json
    assert shown["summary"] == first
    assert len(shown["members"]) == first["members"] and len(shown["waiting"]) == first["undecided"]
    assert shown["members"][0]["linked"] == first["linked"]
    assert {role for member in shown["members"] for role in member["roles"]} >= {"importer"}
    scores = [one["score"] for one in shown["waiting"]]
    assert scores == sorted(scores, reverse=True)
    member = shown["members"][-1]["thing"]
    assert run("community", member, "--json", store=invented.store).json["summary"] == first
    ran = run("community", member, "--members", 2, store=invented.store)
    assert f"Members: 2 of {first['members']}" in ran.out
    assert "What binds them" in ran.out and "Over time" in ran.out and "From set " in ran.out
    assert "became known in the last half year" in ran.out
    told = ran.out.partition("What became of it")[2]
    assert shown["described"]["history"] and all(event["day"] in told for event in shown["described"]["history"])
    assert f"3 of {listed['total']} communities" in run("community", "--limit", 3, store=invented.store).out


def publish_one_community(tmp_path: Path, store: Path, name: str) -> None:
    """Load a few shipments, and publish one community of which I1 is the only member."""
    assert run("ingest", small(tmp_path), "--mapping", "native", store=store).status == 0
    parts: dict[str, list[str]] = {"binds": [], "commodities": [], "origins": [], "routes": []}
    found = {"community": name, "members": 1, "linked": 0.5, "undecided": 0, "described": json.dumps(parts)}
    party = {"type": "Trader", "key": "native/I1", "community": name, "linked": 0.5}
    with open_store(address(store)) as held:
        heading = PublishedSet("set1", held.version(), date(2024, 4, 1), "", {}, {})
        tables = {
            "entity": [pa.RecordBatch.from_pylist([party], ENTITY_RESULT)],
            "community": [pa.RecordBatch.from_pylist([found], COMMUNITY_RESULT)],
        }
        held.publish(heading, tables)


def test_a_community_is_named_after_a_member_though_its_name_was_given_before(tmp_path: Path) -> None:
    store, name = tmp_path / "s.db", "trader:native/I1~2"
    publish_one_community(tmp_path, store, name)
    [listed] = run("community", "--json", store=store).json["communities"]
    assert (listed["id"], listed["name"]) == (name, MARKUP)
    assert f": tidewaiter community '{name}' --store" in run("show", "trader:native/I1", store=store).out


def test_a_community_is_handed_over_by_its_id_or_by_a_thing_in_it(tmp_path: Path) -> None:
    words = ("--recipient", "R", "--purpose", "P", "--tlp", "green", "--expires", "2099-01-01", "--format", "graphml")
    store, name = tmp_path / "s.db", "trader:native/I1~2"
    publish_one_community(tmp_path, store, name)
    for at, said in enumerate((name, "trader:native/I1")):
        output = tmp_path / f"{at}.zip"
        ran = run("export", "write", "--community", said, *words, "--output", output, "--json", store=store)
        assert ran.status == 0, ran.err
        assert ran.json["manifest"]["query"].startswith(f"Community {name} with")


def test_what_has_no_community_or_risk_is_said(invented: Invented) -> None:
    ran = run("community", "place:GB", store=invented.store)
    assert ran.status == 2 and "belongs to no community" in ran.err
    ran = run("community", "nobody", store=invented.store)
    assert ran.status == 2 and "Nothing is known as 'nobody'" in ran.err
    ran = run("risk", "nobody", store=invented.store)
    assert ran.status == 2


def test_before_anything_is_published(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert run("ingest", small(tmp_path), "--mapping", "native", store=store).status == 0
    ran = run("community", store=store)
    assert ran.status == 2 and "analyse" in ran.err
    ran = run("risk", "trader:native/I1", store=store)
    assert ran.status == 0 and "No risk has been published yet" in ran.out


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert run("ingest", small(tmp_path), "--mapping", "native", store=store).status == 0
    assert run("analyse", store=store).status == 0
    for key, name in (("I1", MARKUP), ("I2", ESCAPES), ("I4", HANGUL)):
        ran = run("risk", f"trader:native/{key}", store=store)
        assert ran.status == 0
        assert ("\x1b" not in ran.out) and (name in ran.out or name == ESCAPES)


def test_what_would_change_is_listed(invented: Invented) -> None:
    queue = run("queue", "--from", "2024-01-01", "--to", "2024-03-31", "--json", store=invented.store).json
    riskiest = max(queue["shipments"], key=lambda row: row["linked"])
    risk = run("risk", f"shipment:native/{riskiest['shipment_id']}", "--json", store=invented.store).json
    found = run("what-if", "--clear", risk["paths"][0]["source"], "--json", store=invented.store).json
    assert 0 < len(found["changes"]) < found["waiting"] and found["to"] is None
    mine = next(one for one in found["changes"] if one["shipment"] == risk["id"])
    assert mine["before"]["linked"] == risk["value"] > mine["after"]["linked"]
    ran = run("what-if", "--clear", risk["paths"][0]["source"], "--limit", 1, store=invented.store)
    assert ran.status == 0 and "Only the first 1 are listed" in ran.out and "Nothing was stored" in ran.out
    importer = next(one for one in risk["against"] if one["role"] == "importer")["thing"]
    around = run("expand", importer, "--link", "AT_ADDRESS", "--json", store=invented.store).json
    there = around["things"][0]["thing"]
    ran = run("what-if", "--without", f"{importer} AT_ADDRESS {there}", "--to", "2024-03-31", store=invented.store)
    assert ran.status == 0 and "to 2024-03-31, " in ran.out


def test_a_supposition_that_is_none_is_refused(invented: Invented) -> None:
    ran = run("what-if", store=invented.store)
    assert ran.status == 2 and "Nothing is supposed" in ran.err
    ran = run("what-if", "--without", "trader:A", store=invented.store)
    assert ran.status == 2 and "'trader:A' is no link" in ran.err
    ran = run("what-if", "--clear", "place:GB", store=invented.store)
    assert ran.status == 1 and "is no source of linked risk" in ran.err
