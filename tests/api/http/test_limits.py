"""What one request may cost: too large, too deep, too long, or nobody waiting for it any more."""

import re
import threading
import time
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.http.limits import DEPTH, MIB, Limit, Limits, depth, limit_of
from api.http.store import View
from api.settings import Settings
from graph.store.errors import StoreError
from tests.api.commands import address
from tests.api.http.raw import chunked, connected
from tests.api.serving import problem, scored_store, serving_app

GB = 1_000
NESTED = st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def test_a_body_that_says_it_is_too_large_is_refused_unread(service: httpx.Client) -> None:
    with connected(service) as connection:
        connection.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
        answer = connection.recv(65_536)
    assert b" 413 " in answer.splitlines()[0]


def test_a_body_of_a_gigabyte_in_pieces_is_refused_early(service: httpx.Client) -> None:
    status, sent, answer = chunked(service, "/v1/jobs", (b" " * MIB for _ in range(GB)))
    assert status == 413
    assert "urn:tidewaiter:problem:too-large" in answer
    assert sent < 40 * MIB


def test_an_upload_of_a_gigabyte_is_refused_at_its_limit_and_leaves_nothing(service: httpx.Client) -> None:
    status, sent, _ = chunked(service, "/v1/batches?mapping=native", (b"x" * MIB for _ in range(GB)))
    assert status == 413
    assert sent < 260 * MIB
    assert service.get("/v1/jobs").json()["total"] == 0


@pytest.mark.parametrize("mark", ["[", '{"a":'])
def test_a_body_nested_a_hundred_thousand_deep_is_refused(service: httpx.Client, mark: str) -> None:
    answer = service.post("/v1/jobs", content=mark * 100_000, headers={"Content-Type": "application/json"})
    problem(answer, 413, "too-large")
    assert service.get("/livez").status_code == 200


@given(NESTED)
def test_the_depth_is_that_of_the_value(value: object) -> None:
    import json

    def deep(value: object) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max(map(deep, inner), default=0)

    if deep(value) <= DEPTH:
        assert depth(json.dumps(value).encode()) == deep(value)
        assert depth(json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace")) == deep(value)


@given(st.binary())
def test_the_depth_of_anything_is_told(body: bytes) -> None:
    assert 0 <= depth(body) <= DEPTH + 1


def test_brackets_in_strings_do_not_count() -> None:
    assert depth(b'["[[[[", "\\"[", "\\\\"]') == 1
    assert depth(b"[" * 10_000_000) == DEPTH + 1


def test_limits_are_those_of_the_route() -> None:
    assert limit_of("POST", "/v1/batches").streamed
    assert not limit_of("GET", "/v1/batches").streamed
    assert limit_of("POST", "/v1/batches/x").body == 10 * MIB
    assert limit_of("GET", "/v1/jobs/1/events").seconds > 3600


class Endless:
    """Routes that read the store for ever, and what became of them."""

    def __init__(self, app: FastAPI) -> None:
        self.reading = threading.Event()
        self.ended: list[str] = []
        app.get("/endless")(self.endless)
        app.get("/waiting")(self.waiting)

    def endless(self, view: View) -> None:
        self.reading.set()
        text = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
        try:
            from graph.store.sqlite.connect import refusals

            with refusals(Path("x")):
                view._held.execute(text).fetchone()  # type: ignore[attr-defined]
        except StoreError as error:
            self.ended.append(str(error))
            raise

    async def waiting(self, request: Request) -> None:
        import asyncio

        self.reading.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise

    def wait(self) -> None:
        """Wait until a read has ended."""
        end = time.monotonic() + 10
        while not self.ended and time.monotonic() < end:
            time.sleep(0.01)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scored_store(tmp_path_factory.mktemp("limits"))


@pytest.mark.parametrize("path", ["/endless", "/waiting"])
def test_what_takes_too_long_is_ended_and_said(store: Path, path: str) -> None:
    app = create_app(Settings(store=address(store)))
    endless = Endless(app)
    app.user_middleware[-1].kwargs["limits"] = [("GET", re.compile(path), Limit(seconds=0.3))]
    assert app.user_middleware[-1].cls is Limits  # type: ignore[comparison-overlap]
    with serving_app(app) as client:
        began = time.monotonic()
        said = problem(client.get(path), 503, "too-long")
        assert "0.3 s" in said["detail"]
        assert time.monotonic() - began < 5
        endless.wait()
        # The connection that was interrupted is as good as new.
        assert client.get("/readyz").status_code == 200
    assert len(endless.ended) == 1


@pytest.mark.parametrize("path", ["/endless", "/waiting"])
def test_a_client_that_leaves_ends_what_it_asked_for(store: Path, path: str) -> None:
    app = create_app(Settings(store=address(store)))
    endless = Endless(app)
    with serving_app(app) as client:
        with connected(client) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert endless.reading.wait(10)
        endless.wait()
        assert client.get("/readyz").status_code == 200
    assert len(endless.ended) == 1
