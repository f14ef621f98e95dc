"""What commands say of a store with a published set; the set is written by hand, so that every figure is known."""

import csv
import json
import os
import threading
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from graph.store.open import open_store
from graph.store.results import ENTITY_RESULT, SHIPMENT_RESULT, PublishedSet
from tests.api.commands import ESCAPES, MARKUP, address, declaration, run, small, write

AS_OF = date(2024, 2, 5)
YEAR = ("--from", "2024-01-01", "--to", "2024-12-31")
PATHS = {
    "value": 0.75,
    "paths": [
        {
            "value": 0.5,
            "source": "shipment:native/D0/1",
            "steps": [
                {"thing": "forwarder:native/B1", "link": "DECLARED_BY", "shared_by": 4},
                {"thing": "trader:native/I1", "link": "DECLARED_BY", "shared_by": 1},
            ],
        }
    ],
    "remainder": 0.25,
    "left_out": 3,
}


def result(number: int, score: float | None, **fields: object) -> dict[str, object]:
    row: dict[str, object] = {
        **{"shipment": f"native/D{number}/1", "source": "native", "score": score, "decided": score is None},
        "accepted_on": date.fromisoformat(str(declaration(number)["accepted_on"])),
        **{"declared": 0.1, "profile": 0.2, "linked": 0.0, "gnn": 0.3, "community": "trader:native/I1"},
        "lane": None if score is None else "red" if score > 0.5 else "green",
        "reasons": json.dumps([f"reason of {number}", "two; in one"]),
    }
    return row | fields


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    store = tmp_path / "scored.db"
    assert run("ingest", small(tmp_path), "--mapping", "native", store=store).status == 0
    shipments = [result(number, None if number % 4 == 0 else 0.9 - number / 100) for number in range(40)]
    shipments[1]["reasons"] = json.dumps([MARKUP, ESCAPES])
    entities = [
        {"type": "Trader", "key": "native/I1", "community": "c1", "stability": 0.5, "linked": 0.75},
        {"type": "Trader", "key": "native/I2", "community": "c1", "stability": 0.5, "linked": 0.0},
    ]
    entities[0]["paths"] = json.dumps(PATHS)
    heading = PublishedSet("set1", 1, AS_OF, "model1", {"red": 0.5, "yellow": 0.4}, {"communities": "2"})
    with open_store(address(store)) as held:
        held.publish(
            heading,
            {
                "shipment": [pa.RecordBatch.from_pylist(shipments, SHIPMENT_RESULT)],
                "entity": [pa.RecordBatch.from_pylist(entities, ENTITY_RESULT)],
            },
        )
    return store


def test_the_queue_lists_what_waits_riskiest_first(scored: Path) -> None:
    found = run("queue", *YEAR, "--json", store=scored).json
    listed = [row["shipment_id"] for row in found["shipments"]]
    assert listed == [f"D{number}/1" for number in range(40) if number % 4]
    assert found["shipments"][1]["reasons"] == ["reason of 2", "two; in one"]
    assert found["published"] == {
        **{"id": "set1", "store_version": 1, "as_of": "2024-02-05", "model": "model1"},
        **{"thresholds": {"red": 0.5, "yellow": 0.4}, "about": {"communities": "2"}},
    }
    out = run("queue", *YEAR, store=scored).out
    assert "set1, as of 2024-02-05, model model1" in out
    assert out.count("- reason of 2 ") == 1
    assert f"tidewaiter show native/D1/1 --store {address(scored)}" in out


def test_the_queue_is_cut_at_the_capacity_and_bounded_by_the_period(scored: Path) -> None:
    found = run("queue", *YEAR, "--capacity", "3", "--json", store=scored).json
    assert [row["shipment_id"] for row in found["shipments"]] == ["D1/1", "D2/1", "D3/1"]
    found = run("queue", "--from", "2024-01-03", "--to", "2024-01-04", "--json", store=scored).json
    assert {row["accepted_on"] for row in found["shipments"]} == {"2024-01-03", "2024-01-04"}
    found = run("queue", "--from", "2020-01-01", "--to", "2020-12-31", store=scored)
    assert found.status == 0
    assert "None is waiting" in found.out


def test_a_long_queue_says_what_was_left_out(scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.commands.queue._LISTED", 5)
    out = run("queue", *YEAR, store=scored).out
    assert "Only the first 5 are listed" in out
    assert "D6/1" in out
    assert "D7/1" not in out
    assert "Only the first" not in run("queue", *YEAR, "--capacity", "30", store=scored).out


def test_a_reason_cannot_act_on_the_terminal_and_is_shown_as_it_is(scored: Path) -> None:
    ran = run("queue", *YEAR, "--capacity", "1", store=scored)
    assert f"- {MARKUP}" in ran.out
    assert r"- \x1b[31mACME\x1b[0m" in ran.out
    assert "\x1b" not in ran.out


def test_every_shipment_goes_to_a_file(scored: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores.csv"
    ran = run("queue", *YEAR, "--all", "--output", output, store=scored)
    assert ran.out.startswith(f"40 shipments in {output}")
    with output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    assert [row["shipment_id"] for row in rows][:2] == ["D1/1", "D2/1"]
    assert rows[-1]["score"] == ""
    assert run("queue", *YEAR, "--output", output, "--json", store=scored).json["shipments"] == 30


def test_a_pipe_takes_the_queue_and_stays_a_pipe(scored: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    assert run("queue", *YEAR, "--output", pipe, store=scored).status == 0
    reader.join(10)
    assert len(got[0].splitlines()) == 31
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "2024-13-01", "--to", "2024-12-31"], "'2024-13-01' is not a day"),
        (["--from", "20240101", "--to", "2024-12-31"], "'20240101' is not a day"),
        (["--from", "2024-12-31", "--to", "2024-01-01"], "The last day 2024-01-01 lies before the first"),
        ([*YEAR, "--capacity", "0"], "--capacity"),
        ([*YEAR, "--output", "no/such/file.csv"], "The folder no/such does not exist"),
        ([*YEAR, "--output", "."], ". is a folder: name a file in it"),
        (["--from", "2024-01-01"], "Missing option '--to'"),
    ],
)
def test_a_queue_that_cannot_be_meant(scored: Path, words: list[str], said: str) -> None:
    ran = run("queue", *words, store=scored)
    assert ran.status == 2
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_nothing_is_scored_yet(loaded: Path) -> None:
    ran = run("queue", *YEAR, store=loaded)
    assert ran.status == 1
    assert ran.err == "Error: Nothing is scored yet: run 'tidewaiter train' and 'tidewaiter score' first.\n"


def test_a_shipment_with_its_score_and_reasons(scored: Path) -> None:
    risk = run("show", "D1/1", "--json", store=scored).json["risk"]
    assert risk["score"] == pytest.approx(0.89)
    assert risk["reasons"] == [MARKUP, ESCAPES]
    out = run("show", "D1/1", store=scored).out
    assert "Score 0.89, red lane" in out
    assert "declared 0.1, profile 0.2, linked 0, gnn 0.3" in out
    assert "From set set1, as of 2024-02-05, model model1, store version 1" in out
    assert "No score: its own outcome was in the training." in run("show", "D4/1", store=scored).out


def test_linked_risk_is_taken_apart(scored: Path) -> None:
    shown = run("show", "I1", "--json", store=scored).json
    paths = shown["linked_paths"]
    assert shown["risk"]["linked"] == paths["value"] == sum(p["value"] for p in paths["paths"]) + paths["remainder"]
    out = run("show", "I1", store=scored).out
    assert "Linked risk 0.75 is the sum of" in out
    path = "infraction in shipment:native/D0/1 > DECLARED_BY forwarder:native/B1 (shared by 4) > DECLARED_BY trader"
    assert path in out
    assert "3 further paths" in out
    assert "is the sum of" not in run("show", "I2", store=scored).out


def test_risk_stands_beside_the_links(scored: Path) -> None:
    shown = run("show", "D1/1", "--json", store=scored).json
    [importer] = next(link for link in shown["links"] if link["link"] == "IMPORTED_BY")["shown"]
    assert (importer["thing"], importer["risk"]) == ("trader:native/I2", 0.0)
    shown = run("show", "I2", "--json", store=scored).json
    scores = next(link for link in shown["links"] if link["link"] == "IMPORTED_BY")["shown"]
    assert [one["risk"] for one in scores] == pytest.approx([0.9 - n / 100 for n in (37, 33, 29, 25, 21)])


def test_facts_that_the_set_did_not_know_are_marked(scored: Path) -> None:
    marked = "* newer than the published set: not in its risk."
    assert marked not in run("show", "D1/1", store=scored).out
    later = run("show", "D37/1", "--json", store=scored).json
    assert all(fact["newer"] for fact in later["facts"])
    assert marked in run("show", "D37/1", store=scored).out
    links = {link["link"]: link["shown"] for link in run("show", "I2", "--json", store=scored).json["links"]}
    days = {one["first_on"]: one["newer"] for one in links["IMPORTED_BY"]}
    assert days["2024-02-10"] is True
    assert links["AT_ADDRESS"][0]["newer"] is False


def test_facts_that_were_loaded_since_are_marked(scored: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "more.csv", [declaration(1, "I2", declaration_id="NEW", importer_name="A new name")])
    assert run("ingest", path, "--mapping", "native", store=scored).status == 0
    facts = {fact["value"]: fact["newer"] for fact in run("show", "I2", "--json", store=scored).json["facts"]}
    assert facts["A new name"] is True
    assert facts[ESCAPES] is False
    assert all(fact["newer"] for fact in run("show", "NEW/1", "--json", store=scored).json["facts"])
    assert "The published set does not hold it" in run("show", "NEW/1", store=scored).out
    ran = run("queue", *YEAR, "--capacity", "1", store=scored)
    assert "The store has changed since it was scored" in ran.err
    assert "The store has changed since: it is at version 2." in run("status", store=scored).out


def test_status_of_a_scored_store_leads_to_the_queue(scored: Path) -> None:
    found = run("status", "--json", store=scored).json
    assert found["published"]["id"] == "set1"
    assert found["next"] == [f"tidewaiter queue --from 2024-01-29 --to 2024-02-04 --store {address(scored)}"]
