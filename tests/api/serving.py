"""The service on a socket of this machine, and stores for it to serve."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.commands.serve import listening, server_config
from api.settings import Settings
from graph.store.open import open_store
from graph.store.results import ENTITY_RESULT, SHIPMENT_RESULT, PublishedSet
from tests.api.commands import address, run, small
from tests.api.test_scored_store import AS_OF, PATHS, result


@contextmanager
def serving(store: Path | str) -> Iterator[httpx.Client]:
    """Lend a client of a service over a store."""
    chosen = store if isinstance(store, str) else address(store)
    with serving_app(create_app(Settings(store=chosen))) as client:
        yield client


@contextmanager
def serving_app(app: FastAPI) -> Iterator[httpx.Client]:
    """Lend a client of an application that runs as `tidewaiter serve` runs it, in a thread."""
    with listening("127.0.0.1", 0) as listener:
        server = uvicorn.Server(server_config(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            app.state.jobs.ending = True
            server.should_exit = True
            thread.join()


def scored_store(folder: Path, name: str = "scored.db") -> Path:
    """Make a store of forty declarations with a published set that is written by hand."""
    store = folder / name
    assert run("ingest", small(folder), "--mapping", "native", store=store).status == 0
    publish(store, "set1")
    return store


def publish(store: Path, name: str, shift: float = 0.0, **fields: Any) -> None:
    """Publish a set by hand: D1 to D39 wait with falling scores, every fourth has an outcome and no score."""
    shipments = [result(number, None if number % 4 == 0 else 0.9 + shift - number / 100) for number in range(40)]
    shipments[2] |= fields
    entities: list[dict[str, Any]] = [
        {"type": "Trader", "key": "native/I1", "community": "c1", "stability": 0.5, "linked": 0.75},
        {"type": "Trader", "key": "native/I2", "community": "c1", "stability": 0.5, "linked": 0.0},
    ]
    entities[0]["paths"] = json.dumps(PATHS)
    with open_store(address(store)) as held:
        heading = PublishedSet(name, held.version(), AS_OF, "model1", {"red": 0.5, "yellow": 0.4}, {"communities": "2"})
        tables = {
            "shipment": [pa.RecordBatch.from_pylist(shipments, SHIPMENT_RESULT)],
            "entity": [pa.RecordBatch.from_pylist(entities, ENTITY_RESULT)],
        }
        held.publish(heading, tables)


def problem(answer: httpx.Response, status: int, kind: str) -> Any:
    """Check that an answer is a problem of a kind, and return what it says."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert said["type"] == f"urn:tidewaiter:problem:{kind}"
    assert said["title"]
    assert said["detail"]
    assert "Traceback" not in answer.text
    return said
