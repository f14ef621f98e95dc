"""Whoever is killed while a load runs, loading again gives the network of a load that was never disturbed."""

import random
import time
from pathlib import Path

import pytest

from ingest.synthetic import simulate
from tests.graph.store.neo4j.loading import ingesting, loaded_again, opened, settled, undisturbed
from tests.neo4j.server import Server, kill, start

SHIPMENTS = 1_500


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crashes") / "world"
    simulate(folder, shipments=SHIPMENTS, seed=11)
    return folder


@pytest.fixture(scope="module")
def expected(world: Path) -> str:
    return undisturbed(world)


def finished(server: Server, world: Path) -> str:
    """Load once more, and return the hash of what is then there, which is one batch."""
    loaded_again(server, world)
    with opened(server) as store:
        assert len(store.batches()) == 1
    return settled(server)


@pytest.mark.parametrize("seed", range(3))
def test_the_client_is_killed(neo4j_database: Server, world: Path, expected: str, seed: int) -> None:
    for _ in range(2):
        process = ingesting(neo4j_database, world)
        time.sleep(random.Random(seed).uniform(0.5, 8))
        process.kill()
        process.wait()
    assert finished(neo4j_database, world) == expected


def test_the_server_is_killed(neo4j_needed: None, tmp_path: Path, world: Path, expected: str) -> None:
    draw = random.Random(5)
    try:
        server = start(tmp_path / "home")
        for at in range(3):
            process = ingesting(server, world)
            time.sleep(draw.uniform(1, 9))
            kill(server.home)
            # One client finds out by itself, which takes it half a minute of trying again.
            if at:
                process.kill()
            assert process.wait(timeout=120) != 0
            server = start(server.home)
        assert finished(server, world) == expected
    finally:
        kill(tmp_path / "home")
