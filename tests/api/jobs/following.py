"""Files for jobs of any length, and waiting for what becomes of them."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from tests.api.commands import HEADER, declaration

OVER = ("done", "failed", "cancelled", "interrupted")


def many(count: int) -> bytes:
    """Return a file of declarations that takes a while to load."""
    row = declaration(1, "I3") | {"declaration_id": "@", "importer_address": "1 Quay Street"}
    line = ",".join(str(row[name]) for name in HEADER)
    head, tail = line.split("@")
    return "\n".join([",".join(HEADER), *(f"{head}D{number}{tail}" for number in range(count)), ""]).encode()


def upload(client: httpx.Client, content: bytes, **query: str) -> Any:
    """Have a file loaded; returns the job as it is asked for."""
    answer = client.post("/v1/batches", params={"mapping": "native", **query}, content=content)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return answer.json()


def until(client: httpx.Client, job: Any, fits: Callable[[Any], object], seconds: float = 60) -> Any:
    """Wait until a job fits, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = client.get(f"/v1/jobs/{job['id']}").json()
        if fits(now):
            return now
        assert now["state"] not in OVER, now
        time.sleep(0.02)
    raise AssertionError(f"still {now}")


def over(client: httpx.Client, job: Any) -> Any:
    """Wait until a job is over, and return it."""
    return until(client, job, lambda now: now["state"] in OVER)


def events(answer: httpx.Response) -> Iterator[Any]:
    """Yield the jobs that a stream of events tells."""
    for line in answer.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
