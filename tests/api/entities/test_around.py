"""Searching, expanding and evidence over HTTP: the answers of the commands, and what cannot be asked."""

from typing import Any

import httpx
import pytest

from tests.api.commands import Invented, run
from tests.api.serving import problem

HOSTILE = ("../../etc/passwd", "'}) DETACH DELETE n //", '"; DROP TABLE word; --', "a* OR b~2", "\u202egpj", "{}" * 200)


@pytest.fixture(scope="module")
def party(network: httpx.Client) -> Any:
    """The riskiest member of the riskiest community."""
    first = network.get("/v1/communities", params={"limit": 1}).json()["items"][0]
    return network.get("/v1/communities/members", params={"id": first["id"], "limit": 1}).json()["items"][0]


def test_a_name_is_found_misspelt(network: httpx.Client, party: Any) -> None:
    name = party["name"]
    for text in (name, name.upper(), name[:-1], " ".join(reversed(name.split())), f"trader:{name}"):
        found = network.post("/v1/entities/search", json={"text": text, "limit": 5}).json()["items"][0]
        if text.startswith("trader:") and not party["thing"].startswith("trader:"):
            continue
        assert party["thing"] in [hit["thing"] for hit in found["hits"]], text
    other = network.post("/v1/entities/search", json={"text": name, "types": ["Vessel"]}).json()["items"][0]
    assert all(hit["type"] == "Vessel" for hit in other["hits"])


def test_a_list_of_identifiers_is_answered_each_by_itself(network: httpx.Client, party: Any) -> None:
    bare = party["thing"].rpartition("/")[2]
    found = network.post("/v1/entities/search", json={"identifiers": [bare, "nobody-at-all", party["thing"]]}).json()
    assert [one["text"] for one in found["items"]] == [bare, "nobody-at-all", party["thing"]]
    assert party["thing"] in [hit["thing"] for hit in found["items"][0]["hits"]]
    assert found["items"][1]["hits"] == []


def test_an_expansion_is_that_of_the_command(invented: Invented, network: httpx.Client, party: Any) -> None:
    for order in ("newest", "riskiest", "most-connected", "least-connected"):
        asked = {"starts": [party["thing"]], "order": order, "limit": 7}
        over = network.post("/v1/entities/expand", json=asked).json()
        ran = run("expand", party["thing"], "--order", order, "--limit", 7, "--json", store=invented.store).json
        assert {name: over[name] for name in over if name not in ("published", "store_version")} == {
            name: ran[name] for name in ran if name != "published"
        }
        assert over["published"]["id"] == ran["published"]["id"]


def test_where_an_expansion_starts_is_named_as_anywhere_else(network: httpx.Client, party: Any) -> None:
    whole = network.post("/v1/entities/expand", json={"starts": [party["thing"]]}).json()
    kind, _, key = party["thing"].partition(":")
    bare = key.partition("/")[2]
    for start in (key, bare, f"{kind}:{bare}"):
        assert network.post("/v1/entities/expand", json={"starts": [start]}).json() == whole, start


def test_the_next_page_of_an_expansion_is_what_is_not_excluded(network: httpx.Client, party: Any) -> None:
    seen: list[str] = []
    for _ in range(3):
        asked = {"starts": [party["thing"]], "limit": 2, "exclude": seen}
        page = network.post("/v1/entities/expand", json=asked).json()
        assert not {one["thing"] for one in page["things"]} & set(seen)
        seen += [one["thing"] for one in page["things"]]
    whole = network.post("/v1/entities/expand", json={"starts": [party["thing"]], "limit": 1_000}).json()
    assert seen == [one["thing"] for one in whole["things"]][:6] and len(seen) == 6


def test_evidence_is_that_of_the_command(invented: Invented, network: httpx.Client, party: Any) -> None:
    over = network.get("/v1/entities/evidence", params={"id": party["thing"]})
    ran = run("risk", party["thing"], "--json", store=invented.store).json
    assert over.json()["paths"] == ran["paths"] and over.json()["against"] == ran["against"]
    assert (
        network.get(
            "/v1/entities/evidence", params={"id": party["thing"]}, headers={"If-None-Match": over.headers["etag"]}
        ).status_code
        == 304
    )
    queue = network.get("/v1/shipments", params={"from": "2024-01-01", "to": "2024-03-31"}).json()
    risky = next(row for row in queue["items"] if row["linked"] > 0)
    shipment = network.get("/v1/shipments/evidence", params={"id": risky["id"]}).json()
    total = sum(path["value"] for path in shipment["paths"]) + shipment["remainder"]
    assert total == pytest.approx(risky["linked"])
    assert shipment["published"] == queue["published"]
    problem(network.get("/v1/entities/evidence", params={"id": "nobody"}), 404, "not-found")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"text": "a", "identifiers": ["b"]},
        {"text": ""},
        {"text": "a", "types": ["Nobody"]},
        {"text": "a", "limit": 0},
        {"text": "a", "limit": 201},
        {"text": "a", "further": 1},
        {"identifiers": ["x"] * 1_001},
        {"text": "a", "limit": "many"},
    ],
)
def test_what_cannot_be_searched_is_a_problem(network: httpx.Client, asked: dict[str, Any]) -> None:
    problem(network.post("/v1/entities/search", json=asked), 422, "invalid")


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts": []},
        {"starts": [""]},
        {"links": ["HACKED_BY"]},
        {"ends": ["Robot"]},
        {"direction": "up"},
        {"order": "best"},
        {"limit": 1_001},
        {"since": "yesterday"},
        {"since": 0},
        {"exclude": ["trader:x"] * 10_001},
        {"further": 1},
    ],
)
def test_what_cannot_be_expanded_is_a_problem(network: httpx.Client, party: Any, wrong: dict[str, Any]) -> None:
    asked = {"starts": [party["thing"]], **wrong}
    problem(network.post("/v1/entities/expand", json=asked), 422, "invalid")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_looked_for_and_do_nothing(network: httpx.Client, party: Any, text: str) -> None:
    before = network.get("/v1/status").json()
    assert network.post("/v1/entities/search", json={"text": text}).status_code == 200
    asked = {"starts": [party["thing"]], "exclude": [f"shipment:{text}"]}
    assert network.post("/v1/entities/expand", json=asked).status_code == 200
    for start in (text, f"trader:{text}"):
        problem(network.post("/v1/entities/expand", json={"starts": [start]}), 404, "not-found")
    problem(network.get("/v1/entities/evidence", params={"id": text}), 404, "not-found")
    assert network.get("/v1/status").json() == before
