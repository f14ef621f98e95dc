"""Two that write at once: the network is as if one had come after the other."""

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.api.commands import declaration, write
from tests.graph.store.neo4j.loading import command, loaded_again, opened, settled, undisturbed
from tests.neo4j.server import Server

TIMES = 5
"""How often a command is tried that another comes before."""


def at_once(server: Server, *commands: Sequence[object]) -> None:
    """Run commands beside each other, each in a process of its own; who is told that another was there tries again."""

    def run(words: Sequence[object]) -> None:
        started, environment = command(server, *words)
        for _ in range(TIMES):
            ran = subprocess.run(started, env=environment, capture_output=True, text=True, timeout=180, check=False)
            if ran.returncode == 0:
                return
            said = ran.stderr.splitlines()[-1]
            assert ran.returncode == 1 and said.startswith("Error: "), ran.stderr
            assert "try again" in said or "repeat the command" in said or "in the store already" in said, ran.stderr
        raise AssertionError(f"{words} was refused {TIMES} times.")

    with ThreadPoolExecutor(len(commands)) as pool:
        list(pool.map(run, commands))


def ingest(path: Path) -> Sequence[object]:
    return "ingest", path, "--mapping", "native"


@pytest.fixture
def halves(tmp_path: Path) -> list[Path]:
    """Two files with a third of their declarations in common, and others amended by the second file."""
    rows = [
        declaration(number, f"I{1 + number % 4}", **({"outcome": "infraction"} if number % 4 == 0 else {}))
        for number in range(3_000)
    ]
    amended = [{**row, "accepted_on": "2024-12-30", "hs_code": "850440"} for row in rows[:200]]
    return [
        write(tmp_path / "first.csv", rows[:2_000]),
        write(tmp_path / "second.csv", [*amended, *rows[1_000:]]),
    ]


@pytest.fixture
def server(neo4j_database: Server) -> Server:
    """The server with a store in which nothing is."""
    opened(neo4j_database).close()
    return neo4j_database


def test_the_same_file_twice_is_one_batch(server: Server, halves: list[Path]) -> None:
    at_once(server, ingest(halves[0]), ingest(halves[0]))
    with opened(server) as store:
        assert [batch.name for batch in store.batches()] == ["first.csv"]
        assert store.version() == 1
    assert settled(server) == undisturbed(halves[0])


def test_overlapping_files(server: Server, halves: list[Path]) -> None:
    at_once(server, *map(ingest, halves))
    with opened(server) as store:
        assert sorted(batch.name for batch in store.batches()) == ["first.csv", "second.csv"]
    assert settled(server) == undisturbed(*halves)


def test_a_removal_beside_a_load(server: Server, halves: list[Path]) -> None:
    batch = loaded_again(server, halves[0]).batch.id
    at_once(server, ("batches", "remove", batch), ingest(halves[1]))
    with opened(server) as store:
        assert [batch.name for batch in store.batches()] == ["second.csv"]
        assert store.version() == 3
    assert settled(server) == undisturbed(halves[1])
