"""Communities over HTTP."""

import httpx

from tests.api.commands import Invented, run
from tests.api.serving import problem


def test_pages_of_communities_are_the_whole(invented: Invented, network: httpx.Client) -> None:
    listed = run("community", "--limit", 1000, "--json", store=invented.store).json
    seen = []
    after: dict[str, str] = {}
    while True:
        page = network.get("/v1/communities", params={"limit": 4, **after}).json()
        assert page["total"] == listed["total"]
        seen += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == listed["communities"]


def test_a_community_is_that_of_the_command(invented: Invented, network: httpx.Client) -> None:
    first = network.get("/v1/communities", params={"limit": 1}).json()["items"][0]["id"]
    over = network.get("/v1/communities/portrait", params={"id": first, "members": 20, "shipments": 10})
    ran = run("community", first, "--json", store=invented.store).json
    assert all(over.json()[name] == ran[name] for name in ("summary", "described", "members", "waiting"))
    tag = over.headers["etag"]
    again = network.get("/v1/communities/portrait", params={"id": first}, headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_members_come_in_pages(network: httpx.Client) -> None:
    first = network.get("/v1/communities", params={"limit": 1}).json()["items"][0]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = network.get("/v1/communities/members", params={"id": first["id"], "limit": 3, **after}).json()
        assert page["total"] == first["members"]
        seen += [one["thing"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == first["members"]


def test_what_is_not_there_is_a_problem(network: httpx.Client) -> None:
    problem(network.get("/v1/communities/portrait", params={"id": "'}) DETACH DELETE n //"}), 404, "not-found")
    problem(network.get("/v1/communities/members", params={"id": "nobody"}), 404, "not-found")
    problem(network.get("/v1/communities", params={"after": "x"}), 422, "invalid")
    problem(network.get("/v1/communities", params={"further": "x"}), 422, "invalid")
    page = network.get("/v1/communities", params={"limit": 1}).json()
    problem(network.get("/v1/communities/members", params={"id": "x", "after": page["next"]}), 422, "invalid")
