"""The inspection queue over HTTP."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.commands import address, run
from tests.api.serving import problem, publish, scored_store, serving

YEAR = {"from": "2024-01-01", "to": "2024-12-31"}


def pages(client: httpx.Client, **query: Any) -> list[Any]:
    """Return all pages of a queue."""
    found = []
    after: dict[str, str] = {}
    while True:
        answer = client.get("/v1/shipments", params={**YEAR, **query, **after})
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        if found[-1]["next"] is None:
            return found
        after = {"after": found[-1]["next"]}


def test_the_queue_is_that_of_the_command(service: httpx.Client, tmp_path: Path) -> None:
    [page] = pages(service)
    said = run("queue", "--from", YEAR["from"], "--to", YEAR["to"], "--json", store=scored_store(tmp_path)).json
    for row, other in zip(page["items"], said["shipments"], strict=True):
        assert row["community"] == other["community_id"]
        assert row["id"] == f"{other['source']}/{other['shipment_id']}"
        shared = set(row) & set(other)
        assert len(shared) == 10
        assert {name: row[name] for name in shared} == {name: other[name] for name in shared}
    assert page["published"] == said["published"]
    assert page["total"] == len(page["items"]) == 30
    assert page["items"][1]["reasons"] == ["reason of 2", "two; in one"]


@pytest.mark.parametrize("limit", [1, 7, 30, 1000])
def test_pages_together_are_the_list(service: httpx.Client, limit: int) -> None:
    whole = [row["id"] for page in pages(service, limit=1000, decided=True) for row in page["items"]]
    cut = pages(service, limit=limit, decided=True)
    assert [row["id"] for page in cut for row in page["items"]] == whole
    assert {page["total"] for page in cut} == {len(whole)} == {40}
    assert all(len(page["items"]) == limit for page in cut[:-1])
    # Those without a score stand last, by key.
    assert [row["score"] for page in cut for row in page["items"]][30:] == [None] * 10


def test_the_queue_is_narrowed(service: httpx.Client) -> None:
    [page] = pages(service, lane="red")
    assert {row["lane"] for row in page["items"]} == {"red"}
    assert page["total"] == len(page["items"])
    assert pages(service, community="trader:native/I1")[0]["total"] == 30
    assert pages(service, community="'}) DETACH DELETE n //")[0]["total"] == 0
    assert pages(service, **{"from": "2024-01-03", "to": "2024-01-04"})[0]["total"] == 2
    problem(service.get("/v1/shipments", params={**YEAR, "lane": "blue"}), 422, "invalid")
    problem(service.get("/v1/shipments", params={"from": "2024-02-01", "to": "2024-01-01"}), 422, "invalid")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "AAAA",
        "bnVsbA",
        "W10",
        "WzEsMiwzXQ",
        "W2ZhbHNlLE5hTiwiYSJd",
        "W2ZhbHNlLDEsIlx1ZDgwMCJd",
        "é",
        "[" * 4000,
    ],
)
def test_a_cursor_that_was_not_given_is_refused(service: httpx.Client, cursor: str) -> None:
    said = problem(service.get("/v1/shipments", params={**YEAR, "after": cursor}), 422, "invalid")
    assert said["errors"][0]["where"] == "query.after"


def test_an_answer_that_is_known_is_not_sent_again_until_it_changes(tmp_path: Path) -> None:
    store = scored_store(tmp_path)
    with serving(store) as client:
        first = client.get("/v1/shipments", params=YEAR)
        tag = first.headers["etag"]
        assert tag == 'W/"1-set1"'
        for known in (tag, '"1-set1"', f'"x", {tag}', "*"):
            again = client.get("/v1/shipments", params=YEAR, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        publish(store, "set two/é", 0.05)
        changed = client.get("/v1/shipments", params=YEAR, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] == 'W/"1-set~20~two~2f~~e9~"'
        assert changed.json()["published"]["id"] == "set two/é"


def test_a_number_that_is_none_is_null(tmp_path: Path) -> None:
    store = scored_store(tmp_path)
    publish(store, "set2", linked=float("nan"), gnn=float("inf"))
    with serving(store) as client:
        answer = client.get("/v1/shipments", params=YEAR)
        assert "NaN" not in answer.text
        assert "Infinity" not in answer.text
        row = next(row for row in answer.json()["items"] if row["shipment_id"] == "D2/1")
        assert (row["linked"], row["gnn"]) == (None, None)
        risk = client.get("/v1/shipments/portrait", params={"id": "native/D2/1"}).json()["risk"]
        assert (risk["linked"], risk["gnn"]) == (None, None)


def test_nothing_is_scored_yet(loaded: Path) -> None:
    with serving(address(loaded)) as client:
        problem(client.get("/v1/shipments", params=YEAR), 409, "not-ready")
