"""Whoever is killed while a load runs, loading again gives the network of a load that was never disturbed."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graph.columns import date_undated
from graph.hash import whole_hash
from graph.store.base import GraphStore
from graph.store.neo4j import Login, Neo4jStore
from graph.store.reference import ReferenceStore
from graph.whole import fold_whole, read
from ingest.load import load
from ingest.synthetic.simulation import simulate
from tests.neo4j.server import Server, kill, start

SHIPMENTS = 1_500


def network(store: GraphStore) -> str:
    return whole_hash(fold_whole(date_undated(read(store))))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crashes") / "world"
    simulate(folder, shipments=SHIPMENTS, seed=11)
    return folder


@pytest.fixture(scope="module")
def undisturbed(world: Path) -> str:
    with ReferenceStore() as store:
        load(store, world, mapping="native")
        return network(store)


def loading(server: Server, world: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "api.cli", "ingest", str(world), "--mapping", "native"]
    settings = {"TIDEWAITER_STORE": server.address, "TIDEWAITER_NEO4J_PASSWORD": server.password}
    return subprocess.Popen(
        command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def finished(server: Server, world: Path) -> str:
    """Load once more, and return the hash of what is then there; the network that people see must be that, too."""
    with Neo4jStore(server.address, Login(server.user, server.password)) as store:
        load(store, world, mapping="native")
        assert len(store.batches()) == 1
        said = fold_whole(date_undated(read(store)))
        with server.driver() as driver:
            for kind, table in said.things.items():
                shown = driver.execute_query(f"MATCH (n:{kind}) RETURN count(n)").records[0][0]
                assert shown == len(table)
            links = driver.execute_query("MATCH ()-[r]->() RETURN count(r)").records[0][0]
        assert links == sum(len(table) for table in said.links.values())
        return whole_hash(said)


@pytest.mark.parametrize("seed", range(3))
def test_the_client_is_killed(neo4j_database: Server, world: Path, undisturbed: str, seed: int) -> None:
    for _ in range(2):
        process = loading(neo4j_database, world)
        time.sleep(random.Random(seed).uniform(0.5, 8))
        process.kill()
        process.wait()
    assert finished(neo4j_database, world) == undisturbed


def test_the_server_is_killed(neo4j_needed: None, tmp_path: Path, world: Path, undisturbed: str) -> None:
    draw = random.Random(5)
    try:
        server = start(tmp_path / "home")
        for at in range(3):
            process = loading(server, world)
            time.sleep(draw.uniform(1, 9))
            kill(server.home)
            # One client finds out by itself, which takes it half a minute of trying again.
            if at:
                process.kill()
            assert process.wait(timeout=120) != 0
            server = start(server.home)
        assert finished(server, world) == undisturbed
    finally:
        kill(tmp_path / "home")
