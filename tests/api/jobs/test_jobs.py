"""Jobs from the request to what comes out: done, failed, cancelled, one at a time."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.api.commands import Invented, address, small
from tests.api.jobs.following import events, many, over, until, upload
from tests.api.serving import problem, serving


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path / "store.db") as client:
        yield client


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "store.db.jobs").rglob("*") if path.suffix == ".csv"]


def test_a_load_makes_the_store_and_is_in_the_ledger(client: httpx.Client, tmp_path: Path) -> None:
    assert client.get("/readyz").status_code == 503
    job = upload(client, small(tmp_path).read_bytes(), source="gb")
    assert (job["state"], job["kind"], job["asked"]["mapping"]) == ("queued", "load", "native")
    done = over(client, job)
    assert (done["state"], done["error"], done["share"]) == ("done", None, 1.0)
    assert done["created_at"] <= done["started_at"] <= done["ended_at"]
    result = done["result"]
    assert (result["rows_in"], result["rows_loaded"]) == (42, 40)
    [batch] = client.get("/v1/batches").json()["items"]
    assert (batch["id"], batch["source"], batch["name"]) == (result["batch"], "gb", "declarations.csv")
    assert client.get("/readyz").status_code == 200
    assert not files(tmp_path)
    # The same again changes nothing, and says so.
    again = over(client, upload(client, small(tmp_path).read_bytes(), source="gb"))
    assert again["result"]["already_loaded"] is True
    removed = client.delete(f"/v1/batches/{batch['id']}")
    assert removed.status_code == 202
    assert over(client, removed.json())["result"]["removed"] is True
    assert client.get("/v1/batches").json() == {"items": [], "total": 0, "next": None}
    listed = client.get("/v1/jobs?limit=2").json()
    assert [one["kind"] for one in listed["items"]] == ["remove", "load"]
    assert listed["total"] == 3
    rest = client.get("/v1/jobs", params={"limit": 2, "after": listed["next"]}).json()
    assert [one["id"] for one in rest["items"]] == [job["id"]]
    assert rest["next"] is None


def test_a_job_that_fails_says_why_without_naming_folders(client: httpx.Client, tmp_path: Path) -> None:
    failed = over(client, upload(client, b"a,b\n1,2\n"))
    assert (failed["state"], failed["result"]) == ("failed", None)
    assert "declarations.csv" in failed["error"]
    assert str(tmp_path) not in failed["error"]
    assert "Traceback" not in failed["error"]
    assert not files(tmp_path)
    over(client, upload(client, small(tmp_path).read_bytes()))
    score = over(client, client.post("/v1/jobs", json={"kind": "score"}).json())
    assert score["state"] == "failed"
    assert "train" in score["error"]


@pytest.mark.parametrize(
    ("query", "content", "where"),
    [
        ({"mapping": "nope"}, b"x", "query.mapping"),
        ({"mapping": "../../etc/passwd.toml"}, b"x", "query.mapping"),
        ({"mapping": "native", "source": "a/b"}, b"x", "query.source"),
        ({"mapping": "native", "name": "../../etc/passwd"}, b"x", "query.name"),
        ({"mapping": "native", "name": ".."}, b"x", "query.name"),
        ({"mapping": "native", "name": "a\x00b"}, b"x", "query.name"),
        ({"mapping": "native"}, b"", ""),
        ({}, b"x", "query.mapping"),
    ],
)
def test_a_load_that_cannot_be_meant_is_refused(
    client: httpx.Client, tmp_path: Path, query: dict[str, str], content: bytes, where: str
) -> None:
    said = problem(client.post("/v1/batches", params=query, content=content), 422, "invalid")
    if where:
        assert said["errors"][0]["where"] == where
    assert client.get("/v1/jobs").json()["total"] == 0
    assert not list((tmp_path / "store.db.jobs").glob("files/*"))


def test_a_running_job_is_followed_and_cancelled_and_the_next_begins(client: httpx.Client, tmp_path: Path) -> None:
    long = upload(client, many(150_000))
    waiting = upload(client, small(tmp_path).read_bytes(), source="waiting")
    dropped = upload(client, small(tmp_path).read_bytes(), source="dropped")
    with client.stream("GET", f"/v1/jobs/{long['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        seen = []
        for told in events(stream):
            seen.append(told["state"])
            if told["rows"]:
                break
        assert "running" in seen
        assert client.get("/v1/status").status_code == 503 or client.get("/v1/status").json()["running"]
        assert client.get(f"/v1/jobs/{waiting['id']}").json()["state"] == "queued"
        children = psutil.Process().children()
        assert client.delete(f"/v1/jobs/{dropped['id']}").json()["state"] == "cancelled"
        assert client.delete(f"/v1/jobs/{long['id']}").json()["state"] == "cancelled"
    psutil.wait_procs(children, timeout=10)
    assert not any(child.is_running() for child in children)
    assert over(client, waiting)["state"] == "done"
    with client.stream("GET", f"/v1/jobs/{long['id']}/events") as stream:
        assert [told["state"] for told in events(stream)] == ["cancelled"]
    # What was cancelled is over, and left nothing.
    assert client.delete(f"/v1/jobs/{long['id']}").json()["state"] == "cancelled"
    assert [batch["source"] for batch in client.get("/v1/batches").json()["items"]] == ["waiting"]
    assert not files(tmp_path)


def test_unknown_jobs_are_not_found(client: httpx.Client) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/events")):
        problem(client.request(method, f"/v1/jobs/{'0' * 32}{path}"), 404, "not-found")


def test_two_services_do_not_run_jobs_side_by_side(client: httpx.Client, tmp_path: Path) -> None:
    client.get("/v1/jobs").raise_for_status()
    with serving(address(tmp_path / "store.db")) as second:
        problem(second.get("/v1/jobs"), 503, "unavailable")
        problem(second.post("/v1/batches?mapping=native", content=b"x"), 503, "unavailable")
        assert second.get("/livez").status_code == 200


@pytest.mark.slow
def test_a_network_is_analysed(client: httpx.Client, tmp_path: Path) -> None:
    over(client, upload(client, small(tmp_path).read_bytes()))
    job = client.post("/v1/jobs", json={"kind": "analyse", "as_of": "2024-02-01"}).json()
    done = until(client, job, lambda now: now["state"] == "done")
    assert done["result"]["published"]["as_of"] == "2024-02-01"
    status = client.get("/v1/status").json()
    assert status["published"]["id"] == done["result"]["published"]["id"]
    assert (status["changed_since"], status["batches"], status["rows_loaded"]) == (False, 1, 40)


def test_what_a_supposition_would_change_is_told_by_a_job(invented: Invented, tmp_path: Path) -> None:
    with serving(invented.copy(tmp_path)) as client:
        found = client.get("/v1/shipments", params={"from": "2024-01-01", "to": "2024-03-31"}).json()
        riskiest = max(found["items"], key=lambda row: row["linked"])["id"]
        paths = client.get("/v1/shipments/evidence", params={"id": f"shipment:{riskiest}"}).json()["paths"]
        asked = {"kind": "what-if", "clear": [paths[0]["source"]], "first": "2024-01-01"}
        result = over(client, client.post("/v1/jobs", json=asked).json())["result"]
        assert result["changed"] == len(result["changes"]) > 0 and result["published"]["id"] == found["published"]["id"]
        mine = next(one for one in result["changes"] if one["shipment"] == f"shipment:{riskiest}")
        assert mine["after"]["linked"] < mine["before"]["linked"]
        link = {"start": "trader:native/X", "link": "SAME_AS", "end": "trader:native/Y"}
        failed = over(client, client.post("/v1/jobs", json={"kind": "what-if", "add": [link]}).json())
        assert failed["state"] == "failed" and "trader:native/X is not in the network" in failed["error"]
        turned = {**asked, "last": "2023-12-31"}
        for wrong in ({"kind": "what-if", "clear": ["x"]}, {"kind": "what-if"}, turned):
            assert client.post("/v1/jobs", json=wrong).status_code == 422
