"""Two that write at once: the network is as if one had come after the other."""

import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graph.store.batches import LoadChunk
from graph.store.errors import StoreError
from tests.api.commands import declaration, write
from tests.conformance.loads import batch, chunk
from tests.graph.store.many import many
from tests.graph.store.neo4j.loading import command, loaded_again, opened, settled, undisturbed
from tests.graph.store.neo4j.network import expected, shown
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
            assert "try again" in said or "repeat the command" in said, ran.stderr
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


def test_the_same_file_twice_is_one_batch(neo4j_database: Server, halves: list[Path]) -> None:
    at_once(neo4j_database, ingest(halves[0]), ingest(halves[0]))
    with opened(neo4j_database) as store:
        assert [batch.name for batch in store.batches()] == ["first.csv"]
        assert store.version() == 1
    assert settled(neo4j_database) == undisturbed(halves[0])


def test_overlapping_files(neo4j_database: Server, halves: list[Path]) -> None:
    at_once(neo4j_database, *map(ingest, halves))
    with opened(neo4j_database) as store:
        assert sorted(batch.name for batch in store.batches()) == ["first.csv", "second.csv"]
    assert settled(neo4j_database) == undisturbed(*halves)


def test_a_removal_beside_a_load(neo4j_database: Server, halves: list[Path]) -> None:
    batch = loaded_again(neo4j_database, halves[0]).batch.id
    at_once(neo4j_database, ("batches", "remove", batch), ingest(halves[1]))
    with opened(neo4j_database) as store:
        assert [batch.name for batch in store.batches()] == ["second.csv"]
        assert store.version() == 3
    assert settled(neo4j_database) == undisturbed(halves[1])


def test_a_writer_whose_lock_was_lost_writes_nothing_more(neo4j_database: Server) -> None:
    """A server may end the transaction that keeps others out, or what stands before it the idle connection."""

    def chunks() -> Iterator[LoadChunk]:
        yield chunk(many(0, 60))
        with neo4j_database.driver() as driver:
            held = (
                "SHOW TRANSACTIONS YIELD transactionId, activeLockCount WHERE activeLockCount > 0 RETURN transactionId"
            )
            for (name,) in driver.execute_query(held).records:
                driver.execute_query("TERMINATE TRANSACTION $name", name=name)
        with opened(neo4j_database) as other:
            other.add_batch(batch("second"), [chunk(many(1_000, 60))])
        yield chunk(many(100, 60))

    with opened(neo4j_database) as store, pytest.raises(StoreError, match=r"^Another process has begun to write"):
        store.add_batch(batch("first"), chunks())
    with opened(neo4j_database) as store:
        assert [held.id for held in store.batches()] == ["second"]
        assert shown(neo4j_database) == expected(store)
        store.add_batch(batch("first"), [chunk(many(0, 60)), chunk(many(100, 60))])
        assert shown(neo4j_database) == expected(store)
    settled(neo4j_database)
