"""Shipments and entities in full over HTTP, whatever they are called."""

from pathlib import Path

import httpx
import pytest

from tests.api.commands import ESCAPES, HANGUL, MARKUP, declaration, run, write
from tests.api.serving import problem, scored_store, serving

HOSTILE = [
    "../../etc/passwd",
    "/etc/passwd",
    "'}) DETACH DELETE n //",
    "' OR 1=1 --",
    "%00",
    "\x00",
    "a" * 2_000,
    "native/../native/I1",
    "trader:",
    ":",
    "*",
    "shipment:native/D1/1' UNION SELECT 1",
    "\u202egpj",
    "👩‍👩‍👧",
]


def test_an_entity_is_shown_as_the_command_shows_it(service: httpx.Client, tmp_path: Path) -> None:
    said = run("show", "trader:native/I1", "--links", "10", "--json", store=scored_store(tmp_path)).json
    shown = service.get("/v1/entities/portrait", params={"id": "trader:native/I1"}).json()
    del said["linked_paths"]
    assert shown == said
    assert service.get("/v1/entities/portrait", params={"id": "I1"}).json() == shown


def test_a_shipment_is_shown_with_its_reasons(service: httpx.Client) -> None:
    shown = service.get("/v1/shipments/portrait", params={"id": "native/D1/1", "links": 1}).json()
    assert (shown["id"], shown["type"], shown["key"]) == ("shipment:native/D1/1", "Shipment", "native/D1/1")
    assert shown["risk"]["reasons"] == ["reason of 1", "two; in one"]
    assert shown["published"]["id"] == "set1"
    assert all(len(group["shown"]) <= 1 <= group["count"] for group in shown["links"])


@pytest.mark.parametrize(("key", "name"), [("I1", MARKUP), ("I2", ESCAPES), ("I4", HANGUL)])
def test_names_arrive_as_they_were_declared(service: httpx.Client, key: str, name: str) -> None:
    facts = service.get("/v1/entities/portrait", params={"id": f"trader:native/{key}"}).json()["facts"]
    assert name in [fact["value"] for fact in facts if fact["field"] == "name"]


@pytest.mark.parametrize("noun", ["shipments", "entities"])
@pytest.mark.parametrize("name", HOSTILE)
def test_an_id_is_only_ever_an_id(service: httpx.Client, noun: str, name: str) -> None:
    problem(service.get(f"/v1/{noun}/portrait", params={"id": name}), 404, "not-found")
    assert service.get("/v1/status").json()["rows_loaded"] == 40


def test_ids_that_paths_would_change_are_found(tmp_path: Path) -> None:
    names = ["../../etc/passwd", "a//b", "a?b#c", "a%2Fb", "a b+c", "'}) DETACH DELETE n //", "évidence/portrait"]
    rows = [declaration(number, declaration_id=name) for number, name in enumerate(names)]
    store = tmp_path / "odd.db"
    assert run("ingest", write(tmp_path / "odd.csv", rows), "--mapping", "native", store=store).status == 0
    with serving(store) as client:
        for name in names:
            answer = client.get("/v1/shipments/portrait", params={"id": f"native/{name}/1"})
            assert answer.status_code == 200, (name, answer.text)
            assert answer.json()["key"] == f"native/{name}/1"


def test_a_noun_shows_its_own_things_only(service: httpx.Client) -> None:
    problem(service.get("/v1/entities/portrait", params={"id": "shipment:native/D1/1"}), 404, "not-found")
    problem(service.get("/v1/shipments/portrait", params={"id": "trader:native/I1"}), 404, "not-found")


def test_what_means_several_things_lists_them(tmp_path: Path) -> None:
    store = scored_store(tmp_path)
    path = write(tmp_path / "more.csv", [declaration(1, "I1")])
    assert run("ingest", path, "--mapping", "native", "--source", "other", store=store).status == 0
    with serving(store) as client:
        said = problem(client.get("/v1/entities/portrait", params={"id": "I1"}), 409, "ambiguous")
        assert said["candidates"] == ["trader:native/I1", "trader:other/I1"]
