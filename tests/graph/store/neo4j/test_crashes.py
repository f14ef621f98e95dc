"""Whoever is killed while a load runs, loading again gives the network of a load that was never disturbed."""

import random
import subprocess
import time
from pathlib import Path

import pytest

from graph.store.neo4j.layout import CHUNK, STORE
from ingest.synthetic import simulate
from tests.api.commands import declaration, write
from tests.graph.store.neo4j.loading import ingesting, loaded_again, opened, settled, undisturbed
from tests.neo4j.server import Server, kill, start

SHIPMENTS = 1_500
# What is seen in the database when somebody is killed. Pieces and links may be those that an earlier process left.
MOMENTS = {
    "pieces": f"s.version = s.folded AND EXISTS {{ MATCH (:{CHUNK}) }}",
    "ledger": "s.version > s.folded",
    "network": "s.version > s.folded AND EXISTS { MATCH ()-->() }",
}


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


def writer(server: Server) -> str:
    """Return the mark of the last writer, empty where there was none."""
    with server.driver() as driver:
        found = driver.execute_query(f"MATCH (s:{STORE}) RETURN coalesce(s.writer, '')").records
    return found[0][0] if found else ""


def wait_until(server: Server, moment: str, before: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process, which must be at work still, is the writer instead of the one before, and at a moment."""
    until = time.monotonic() + 120
    with server.driver() as driver, driver.session() as session:
        while not session.run(
            f"MATCH (s:{STORE}) WHERE s.writer <> $before AND {moment} RETURN s", before=before
        ).data():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_client_is_killed(neo4j_database: Server, world: Path, expected: str, moment: str) -> None:
    for _ in range(2):
        before = writer(neo4j_database)
        process = ingesting(neo4j_database, world)
        try:
            wait_until(neo4j_database, MOMENTS[moment], before, process)
        finally:
            process.kill()
            ended = process.wait()
        assert ended != 0
    assert finished(neo4j_database, world) == expected


def test_the_server_is_killed(neo4j_needed: None, tmp_path: Path, world: Path, expected: str) -> None:
    process = None
    try:
        server = start(tmp_path / "home", brief=True)
        for at, moment in enumerate(MOMENTS.values()):
            before = writer(server)
            process = ingesting(server, world, patient=False)
            wait_until(server, moment, before, process)
            kill(server.home)
            # One client finds out by itself.
            if at:
                process.kill()
            assert process.wait(timeout=120) != 0
            server = start(server.home, brief=True)
        assert finished(server, world) == expected
    finally:
        if process is not None:
            process.kill()
            process.wait()
        kill(tmp_path / "home")


@pytest.mark.slow
@pytest.mark.long
def test_no_acknowledged_batch_is_lost_in_twenty_kills(neo4j_needed: None, tmp_path: Path) -> None:
    draw = random.Random(20)
    rows = [
        declaration(number, f"I{1 + number % 4}", **({"outcome": "infraction"} if number % 9 == 0 else {}))
        for number in range(6_150)
    ]
    # Half of each file is in the next one, too.
    files = [write(tmp_path / f"{at:02}.csv", rows[at * 150 : at * 150 + 300]) for at in range(40)]
    acknowledged: list[Path] = []
    try:
        server = start(tmp_path / "home", brief=True)
        begun = time.monotonic()
        assert ingesting(server, files[0]).wait(timeout=120) == 0
        length = time.monotonic() - begun
        acknowledged.append(files[0])
        for at in range(20):
            # All over the time that the first load took: its pieces, the network that follows, and what comes next.
            moment = time.monotonic() + length * (0.2 + 0.05 * at + draw.uniform(0, 0.05))
            while True:
                process = ingesting(server, files[len(acknowledged)])
                try:
                    assert process.wait(timeout=max(0.0, moment - time.monotonic())) == 0
                except subprocess.TimeoutExpired:
                    break
                acknowledged.append(files[len(acknowledged)])
            kill(server.home)
            process.kill()
            process.wait()
            server = start(server.home, brief=True)
            with server.driver() as driver:
                held = driver.execute_query("MATCH (b:Batch) RETURN b.name").records
            assert {path.name for path in acknowledged} <= {row[0] for row in held}
        for path in files[len(acknowledged) :]:
            loaded_again(server, path)
        with opened(server) as store:
            assert sorted(batch.name for batch in store.batches()) == [path.name for path in files]
        assert settled(server) == undisturbed(*files)
    finally:
        kill(tmp_path / "home")
