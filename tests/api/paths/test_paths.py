"""Paths over HTTP."""

from typing import Any

import httpx
import pytest

from tests.api.commands import Invented, run
from tests.api.serving import problem


@pytest.fixture(scope="module")
def pair(network: httpx.Client) -> list[str]:
    first = network.get("/v1/communities", params={"limit": 1}).json()["items"][0]
    items = network.get("/v1/communities/members", params={"id": first["id"], "limit": 2}).json()["items"]
    return [one["thing"] for one in items]


def test_paths_are_those_of_the_command(invented: Invented, network: httpx.Client, pair: list[str]) -> None:
    over = network.post("/v1/paths", json={"sources": pair[:1], "targets": pair[1:], "hops": 6}).json()
    ran = run("path", *pair, "--hops", 6, "--json", store=invented.store).json
    assert over["paths"] == ran["paths"] and over["complete"] is ran["complete"] is True
    assert [[one["thing"], one["degree"]] for one in over["hubs"]] == ran["hubs"]
    assert over["paths"]


def test_the_ends_are_named_as_anywhere_else(network: httpx.Client, pair: list[str]) -> None:
    one, other = ([f"{end.partition(':')[0]}:{end.rpartition('/')[2]}"] for end in pair)
    short = network.post("/v1/paths", json={"sources": one, "targets": other, "hops": 6}).json()
    assert short == network.post("/v1/paths", json={"sources": pair[:1], "targets": pair[1:], "hops": 6}).json()
    for asked in ({"sources": ["nobody"], "targets": other}, {"sources": one, "targets": ["trader:nobody"]}):
        problem(network.post("/v1/paths", json=asked), 404, "not-found")


def test_links_can_be_excluded(network: httpx.Client, pair: list[str]) -> None:
    asked: dict[str, Any] = {"sources": pair[:1], "targets": pair[1:], "hops": 6, "limit": 1}
    first = network.post("/v1/paths", json=asked).json()["paths"][0]
    link = first["legs"][0]["link"]
    without = {name: link[name] for name in ("start", "link", "end")}
    others = network.post("/v1/paths", json={**asked, "limit": 20, "exclude_links": [without]}).json()["paths"]
    assert all(leg["link"] != link for path in others for leg in path["legs"])


def test_a_path_from_a_thing_to_itself_is_a_problem(network: httpx.Client, pair: list[str]) -> None:
    said = problem(network.post("/v1/paths", json={"sources": pair[:1], "targets": pair[:1]}), 422, "invalid")
    assert f"both ends are {pair[0]}" in said["detail"]
    problem(network.post("/v1/paths", json={"sources": pair, "targets": pair[::-1]}), 422, "invalid")
    assert network.post("/v1/paths", json={"sources": pair, "targets": pair[:1]}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": []},
        {"targets": [""]},
        {"hops": 7},
        {"hops": 0},
        {"limit": 21},
        {"links": ["HACKED_BY"]},
        {"exclude_links": [{"start": "x", "link": "AT_ADDRESS", "end": "y"}]},
        {"exclude_links": [{"start": "trader:x"}]},
        {"through_hubs": "often"},
        {"further": 1},
    ],
)
def test_what_cannot_be_asked_is_a_problem(network: httpx.Client, pair: list[str], wrong: dict[str, Any]) -> None:
    problem(network.post("/v1/paths", json={"sources": pair[:1], "targets": pair[1:], **wrong}), 422, "invalid")


def test_a_hub_six_links_away_is_bounded(network: httpx.Client, pair: list[str]) -> None:
    places = {"sources": ["place:GB"], "targets": ["place:CN"], "hops": 6, "limit": 20, "through_hubs": True}
    found = network.post("/v1/paths", json=places)
    assert found.status_code == 200 and len(found.json()["paths"]) <= 20
