"""The service over a Neo4j server: the same answers as over a file, and what happens while the server is away."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from api.settings import Settings
from tests.api.commands import small
from tests.api.jobs.following import over, upload
from tests.api.serving import problem, serving, serving_app
from tests.api.status.test_away import wait_until_ready
from tests.neo4j.server import Server, kill
from tests.neo4j.test_server import started


def said(client: httpx.Client) -> dict[str, Any]:
    """Return answers about a store that do not depend on when and where it was loaded."""
    batches = client.get("/v1/batches").json()
    for batch in batches["items"]:
        del batch["loaded_at"]
    return {
        "batches": batches,
        "refused": client.get(f"/v1/batches/{batches['items'][0]['id']}/quarantine").json(),
        "entity": client.get("/v1/entities/portrait?id=trader:native/I1").json(),
        "shipment": client.get("/v1/shipments/portrait?id=D1/1").json(),
        "status": client.get("/v1/status").json(),
        "hostile": client.get("/v1/entities/portrait", params={"id": "'}) DETACH DELETE n //"}).json(),
    }


def test_a_server_gives_the_answers_of_a_file(
    neo4j_database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(store=neo4j_database.address, neo4j_password=SecretStr(neo4j_database.password))
    with serving_app(create_app(settings)) as client, serving(tmp_path / "store.db") as other:
        for service in (client, other):
            done = over(service, upload(service, small(tmp_path).read_bytes()))
            assert done["state"] == "done", done
        found = said(client)
        assert found["hostile"]["status"] == 404
        assert found["status"]["rows_loaded"] == 40
        assert found == said(other)
        assert client.get("/readyz").status_code == 200
        assert neo4j_database.password not in str(client.get("/v1/jobs").json())
        removed = over(client, client.delete(f"/v1/batches/{found['batches']['items'][0]['id']}").json())
        assert removed["state"] == "done", removed
        assert client.get("/v1/batches").json()["total"] == 0
    for kept in (tmp_path / "tidewaiter.jobs").rglob("*"):
        if kept.is_file():
            assert neo4j_database.password.encode() not in kept.read_bytes()


@pytest.mark.slow
def test_a_server_that_goes_away_is_said_soon_and_found_again(
    neo4j_needed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    try:
        server = started(home)
        settings = Settings(store=server.address, neo4j_password=SecretStr(server.password))
        with serving_app(create_app(settings)) as client:
            assert over(client, upload(client, small(tmp_path).read_bytes()))["state"] == "done"
            kill(home)
            for address in ("/readyz", "/v1/batches", "/v1/entities/portrait?id=trader:native/I1"):
                began = time.monotonic()
                problem(client.get(address), 503, "unavailable")
                assert time.monotonic() - began < 5
            assert client.get("/livez").status_code == 200
            started(home)
            wait_until_ready(client)
            assert client.get("/v1/batches").json()["total"] == 1
    finally:
        kill(home)


def test_a_server_that_does_not_answer_is_said_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(store="neo4j://127.0.0.1:1", neo4j_password=SecretStr("hunter2"))
    with serving_app(create_app(settings)) as client:
        began = time.monotonic()
        answer = client.get("/readyz")
        assert time.monotonic() - began < 6
        problem(answer, 503, "unavailable")
        assert "hunter2" not in answer.text
        assert "127.0.0.1" not in answer.text
        assert client.get("/livez").status_code == 200
