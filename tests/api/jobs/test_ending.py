"""What becomes of a job when the service ends, in order or by force."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.api.commands import address
from tests.api.jobs.following import events, many, until, upload
from tests.api.serving import problem


@contextmanager
def served(store: Path) -> Iterator[tuple["subprocess.Popen[str]", httpx.Client]]:
    """Run `tidewaiter serve` over a store."""
    command = [sys.executable, "-W", "ignore", "-m", "api.cli", "serve", "--port", "0", "--store", address(store)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("Serving on http://127.0.0.1:"), line
            with httpx.Client(base_url=line.split()[2].rstrip(","), timeout=30) as client:
                yield process, client
        finally:
            process.kill()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_ends_with_the_service_and_is_found_as_interrupted(tmp_path: Path, sign: signal.Signals) -> None:
    store = tmp_path / "store.db"
    with served(store) as (process, client):
        job = upload(client, many(150_000))
        queued = client.post("/v1/jobs", json={"kind": "train"}).json()
        until(client, job, lambda now: now["rows"])
        children = [child for child in psutil.Process(process.pid).children() if "api.jobs.child" in child.cmdline()]
        assert len(children) == 1
        with client.stream("GET", f"/v1/jobs/{job['id']}/events") as stream:
            assert next(events(stream))["state"] == "running"
            process.send_signal(sign)
            with_status = process.wait(20)
        assert with_status == (0 if sign is signal.SIGTERM else -sign)
        gone, alive = psutil.wait_procs(children, timeout=20)
        assert not alive
        assert len(gone) == 1
    with served(store) as (_, client):
        for asked in (job, queued):
            found = client.get(f"/v1/jobs/{asked['id']}").json()
            assert (found["state"], found["result"]) == ("interrupted", None)
            assert found["ended_at"]
            assert "ask for it again" in found["error"]
        assert not list((tmp_path / "store.db.jobs" / "files").glob("*"))
        assert client.get("/v1/batches").json().get("items", []) == []


def test_a_host_beyond_this_machine_is_refused() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "customs.example"):
        command = [sys.executable, "-m", "api.cli", "serve", "--host", host]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert ran.returncode == 2
        assert "--insecure-bind" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1


def test_small_answers_are_sent_at_once(tmp_path: Path) -> None:
    # On a socket that holds them back, each request after the first on a connection takes 40 ms.
    with served(tmp_path / "store.db") as (_, client):
        took = []
        for _ in range(40):
            began = time.perf_counter()
            client.get("/livez").raise_for_status()
            took.append(time.perf_counter() - began)
    assert sorted(took)[10] < 0.035


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with served(tmp_path / "store.db") as (_, client):
        problem(client.get("/readyz"), 503, "unavailable")
        port = str(client.base_url.port)
        command = [sys.executable, "-W", "ignore", "-m", "api.cli", "serve", "--port", port]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("Error: Nothing can listen at 127.0.0.1, port")
