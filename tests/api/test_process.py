"""What only a process of its own shows: exit statuses, silence, and what is imported."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.api.commands import address, small

TIDEWAITER = [sys.executable, "-W", "ignore", "-m", "api.cli"]
HEAVY = {"torch", "torch_geometric", "lightgbm", "sklearn", "networkit"}


def process(*words: object, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [*TIDEWAITER, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    "words",
    [["--help"], ["queue", "--from", "2024-01-01", "--to", "2024-12-31"], ["status"], ["batches"], ["show", "I1"]],
)
def test_nobody_who_asks_pays_for_learning(loaded: Path, words: list[str]) -> None:
    code = (
        "import sys, json\nfrom api.cli import main\nsys.argv[0] = 'tidewaiter'\n"
        "try:\n    main()\nfinally:\n"
        f"    print('LOADED', json.dumps(sorted({HEAVY!r} & set(sys.modules))), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TIDEWAITER_STORE": address(loaded)},
    )
    assert "Traceback" not in ran.stderr
    assert json.loads(ran.stderr.rpartition("LOADED ")[2]) == []


def test_a_mistake_ends_with_two_and_one_line(tmp_path: Path) -> None:
    ran = process("show", "nope", "--store", address(tmp_path / "s.db"))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert len(ran.stderr.splitlines()) == 1
    ran = process("ingest", "nope", "--mapping", "native", "--store", address(tmp_path / "s.db"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "Error: nope does not exist; check the path.\n"
    ran = process("nope")
    assert (ran.returncode, ran.stderr) == (2, "Error: No such command 'nope'. See 'tidewaiter --help'.\n")
    ran = process("--nope")
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1


def test_without_a_command_the_help_is_shown() -> None:
    ran = process()
    assert ran.returncode == 0
    assert "ingest" in ran.stdout
    assert ran.stderr == ""


def test_whoever_has_read_enough_sees_no_error(loaded: Path) -> None:
    command = [*TIDEWAITER, "show", "I1", "--json", "--store", address(loaded)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


def test_a_full_disk_is_one_sentence(loaded: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("w") as file:
        ran = subprocess.run(
            [*TIDEWAITER, "batches", "--store", address(loaded)],
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr.startswith("Error: The disk is full")
    assert len(ran.stderr.splitlines()) == 1


def test_an_interrupted_command_says_so_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    out = tmp_path / "world"
    command = [*TIDEWAITER, "simulate", str(out), "--shipments", "10000000", "--seed", "1"]
    # A shell that runs the tests in the background has interruptions ignored, and a process inherits that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with started as running:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("Inventing 10,000,000 shipments")
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
    assert running.returncode == 130
    assert rest == "Interrupted; what was not finished is not kept.\n"
    assert not out.exists()


def test_a_terminal_that_cannot_show_a_name_shows_its_code(loaded: Path) -> None:
    ran = process("show", "I4", "--store", address(loaded), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ran.returncode == 0
    assert r"\uc0bc\uc131" in ran.stdout


def test_a_store_that_is_full_of_another_writer_is_one_sentence(tmp_path: Path) -> None:
    import sqlite3

    store = tmp_path / "s.db"
    path = small(tmp_path)
    assert process("ingest", path, "--mapping", "native", "--store", address(store)).returncode == 0
    holder = sqlite3.connect(store, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        ran = process("ingest", path, "--mapping", "native", "--source", "x", "--store", address(store))
    finally:
        holder.close()
    assert ran.returncode == 1
    assert "Error: Another process is writing to the store" in ran.stderr
    assert "Traceback" not in ran.stderr
