"""Every error is a problem: those of the framework, of the store, and those nobody thought of."""

import errno
import logging
import sqlite3
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Body, FastAPI

from api.app import create_app
from api.http.problems import KINDS, Problem, asking
from api.http.rights import RIGHTS, Right, check_rights
from api.settings import Settings
from graph.store.errors import StoreError
from ingest.errors import InputError
from targeting import TargetingError
from tests.api.commands import address
from tests.api.serving import problem, serving, serving_app


def test_an_unknown_address_is_a_problem(service: httpx.Client) -> None:
    for path in ("/", "/nope", "/v1", "/v1/shipments/", "/v1/../etc/passwd", "/docs/../secret", "/v1/shipments/a/b/c"):
        problem(service.get(path), 404, "not-found")


def test_an_unknown_method_says_which_there_are(service: httpx.Client) -> None:
    found = service.put("/v1/batches")
    problem(found, 405, "method")
    assert found.headers["allow"] == "GET, POST"
    assert service.delete("/v1/shipments").headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/v1/jobs?limit=0", "query.limit"),
        ("/v1/jobs?limit=1001", "query.limit"),
        ("/v1/jobs?limit=1&limit=2", "query.limit"),
        ("/v1/jobs?nope=1", "query.nope"),
        ("/livez?x=", "query.x"),
        ("/v1/shipments?from=2024-13-01&to=2024-12-31", "query.from"),
        ("/v1/shipments?from=2024-01-01", "query.to"),
        ("/v1/shipments?from=0&to=2024-01-01", "query.from"),
        ("/v1/shipments?from=2024-01-01&to=2024-01-01T00:00:00", "query.to"),
        ("/v1/jobs/nope", "path.job"),
    ],
)
def test_a_wrong_part_is_named_and_not_repeated(service: httpx.Client, path: str, where: str) -> None:
    said = problem(service.get(path), 422, "invalid")
    assert said["errors"][0]["where"] == where
    assert "input" not in said["errors"][0]


@pytest.mark.parametrize(
    "body",
    [
        '{"kind": "train", "until": NaN}',
        '{"kind": "train", "x": 1}',
        '{"kind": "train", "until": 0}',
        "[1]",
        "{",
        "",
        '"x"',
    ],
)
def test_a_wrong_body_is_a_problem(service: httpx.Client, body: str) -> None:
    answer = service.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    problem(answer, 422, "invalid")


@pytest.mark.parametrize("name", ["\\ud800", "x" * 100_000, "<script>", "\\u0000"])
def test_a_name_that_is_wrong_is_told_whatever_it_is(service: httpx.Client, name: str) -> None:
    body = '{"kind": "train", "NAME": 1}'.replace("NAME", name)
    answer = service.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    said = problem(answer, 422, "invalid")
    assert len(said["errors"][0]["where"]) <= 200
    assert problem(service.get("/livez", params={name[:1_000]: "1"}), 422, "invalid")


def test_a_body_that_is_no_text_is_a_problem(service: httpx.Client) -> None:
    answer = service.post("/v1/jobs", content=b"\xff\xfe{}", headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture
def failing(tmp_path: Path) -> FastAPI:
    """A service with routes that fail in every way."""
    app = create_app(Settings(store=address(tmp_path / "none.db")))

    @app.get("/crash")
    def crash() -> None:
        raise KeyError("the password is hunter2")

    @app.get("/store")
    def store() -> None:
        raise StoreError("The store was changed while it was read; repeat the command.")

    @app.get("/driver")
    def driver() -> None:
        raise StoreError("The server at neo4j://secret.example refused.") from OSError("hunter2")

    @app.get("/database")
    def database() -> None:
        raise sqlite3.OperationalError("unable to open /secret/hunter2.db")

    @app.get("/disk")
    def disk() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/secret/hunter2.csv")

    @app.get("/targeting")
    def targeting() -> None:
        raise TargetingError("Nothing to learn from.")

    @app.get("/input")
    def given() -> None:
        raise InputError("There is no such mapping.")

    @app.get("/asking")
    def asked() -> None:
        with asking():
            raise StoreError("There is no link type 'X'.")

    @app.post("/echo")
    def echo(value: Annotated[dict[str, float], Body()]) -> dict[str, float]:
        return value

    return app


def test_what_goes_wrong_inside_is_answered_without_its_inside(
    failing: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL + 1, "tidewaiter.service"), serving_app(failing) as client:
        crash = client.get("/crash")
        problem(crash, 500, "crash")
        assert "hunter2" not in crash.text
        assert crash.headers["x-content-type-options"] == "nosniff"
        assert "changed while it was read" in problem(client.get("/store"), 503, "unavailable")["detail"]
        for path in ("/driver", "/database", "/disk"):
            hidden = client.get(path)
            problem(hidden, 503, "unavailable")
            assert "secret" not in hidden.text
            assert "hunter2" not in hidden.text
        assert "No space left on device" in client.get("/disk").text
        assert problem(client.get("/targeting"), 409, "not-ready")["detail"] == "Nothing to learn from."
        assert problem(client.get("/input"), 422, "invalid")["detail"] == "There is no such mapping."
        assert problem(client.get("/asking"), 422, "invalid")["detail"] == "There is no link type 'X'."
        # The service has not fallen over.
        assert client.get("/livez").json() == {"status": "ok"}


def test_a_store_that_is_not_there_is_not_named(tmp_path: Path) -> None:
    with serving(tmp_path / "secret.db") as client:
        answer = client.get("/v1/batches")
        problem(answer, 503, "unavailable")
        assert "secret" not in answer.text
        assert answer.headers["retry-after"]


def test_kinds_are_distinct_and_their_statuses_are_errors() -> None:
    assert all(400 <= status < 600 for status, _ in KINDS.values())
    assert len({title for _, title in KINDS.values()}) == len(KINDS)
    assert Problem("not-found", "x").answer().status_code == 404


def test_a_route_without_a_right_is_refused() -> None:
    app = create_app(Settings(store="memory:"))

    @app.get("/forgotten")
    def forgotten() -> None:
        return

    with pytest.raises(ValueError, match=r"routes without a right: \[\('GET', '/forgotten'\)\]"):
        check_rights(app.router.routes)
    with pytest.raises(ValueError, match="rights without a route"):
        check_rights(app.router.routes[1:-1])


def test_only_what_says_nothing_of_the_network_is_open() -> None:
    open_routes = {path for (_, path), right in RIGHTS.items() if right is Right.OPEN}
    assert open_routes == {"/livez", "/readyz", "/docs", "/docs/style.css", "/openapi.json"}
    others = {path: right for (method, path), right in RIGHTS.items() if method != "GET"}
    assert Right.OPEN not in others.values()
    # These ask in a body, since names must not stand in an address, and change nothing.
    asking = {path for path, right in others.items() if right is Right.READ}
    assert asking == {"/v1/entities/search", "/v1/entities/expand", "/v1/paths"}
