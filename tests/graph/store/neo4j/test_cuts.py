"""A connection that is cut after a commit and before the answer: doing it again gives what was to be, once."""

import subprocess
from pathlib import Path

import pytest

from graph.store.errors import StoreError
from ingest.load import load
from tests.api.commands import declaration, write
from tests.graph.store.neo4j.loading import command, loaded_again, opened, settled, undisturbed
from tests.neo4j.server import Server
from tests.neo4j.wire import Wire, wire

CUTS = 8
"""Places that are tried, spread over the transactions of one load or removal."""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files that share shipments and importers, some with an outcome."""
    rows = [
        declaration(number, f"I{1 + number % 4}", **({"outcome": "infraction"} if number % 4 == 0 else {}))
        for number in range(60)
    ]
    return [write(tmp_path / f"{at}.csv", rows[at * 20 : at * 20 + 40]) for at in range(2)]


def places(done: Wire) -> tuple[list[int], int]:
    """Return at which transactions to cut, and which of them changes the ledger."""
    number = len(done.transactions)
    [ledger] = [at for at, sent in enumerate(done.transactions, 1) if b"s.version = $version" in sent]
    return sorted({*range(1, number, max(1, number // CUTS)), ledger, ledger + 1, number}), ledger


def told() -> pytest.RaisesExc[StoreError]:
    """Expect one sentence."""
    return pytest.raises(StoreError, match=r"^[^\n]+\.$")


def test_a_load_that_is_cut_is_loaded_once(neo4j_database: Server, files: list[Path]) -> None:
    expected = undisturbed(files[0])
    with wire(neo4j_database) as whole, opened(neo4j_database, whole.address) as store:
        load(store, files[0], mapping="native")
    cuts, ledger = places(whole)
    for at in cuts:
        with neo4j_database.driver() as driver:
            driver.execute_query("MATCH (n) DETACH DELETE n")
        with wire(neo4j_database, cut_at=at) as line, told(), opened(neo4j_database, line.address) as store:
            load(store, files[0], mapping="native")
        assert line.is_cut
        # What was committed is kept although nobody was told, and nothing else.
        assert loaded_again(neo4j_database, files[0]).already_loaded == (at >= ledger)
        assert settled(neo4j_database) == expected


def test_a_removal_that_is_cut_is_made_once(neo4j_database: Server, files: list[Path]) -> None:
    expected = undisturbed(files[1])
    batches = [loaded_again(neo4j_database, path).batch.id for path in files]
    with wire(neo4j_database) as whole, opened(neo4j_database, whole.address) as store:
        store.remove_batch(batches[0])
    cuts, ledger = places(whole)
    for at in cuts:
        loaded_again(neo4j_database, files[0])
        with wire(neo4j_database, cut_at=at) as line, told(), opened(neo4j_database, line.address) as store:
            store.remove_batch(batches[0])
        assert line.is_cut
        with opened(neo4j_database) as store:
            if at < ledger:
                store.remove_batch(batches[0])
            with pytest.raises(StoreError, match="no batch"):
                store.remove_batch(batches[0])
        assert settled(neo4j_database) == expected


def test_a_cut_connection_is_told_in_one_sentence(neo4j_database: Server, files: list[Path]) -> None:
    with wire(neo4j_database, cut_at=20) as line:
        words, environment = command(neo4j_database, "ingest", files[0], "--mapping", "native")
        environment["TIDEWAITER_STORE"] = line.address
        ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert line.is_cut
    assert ran.returncode == 1
    loading, error = ran.stderr.splitlines()
    assert loading.startswith("Loading ")
    assert error.startswith("Error: The connection to the Neo4j server at bolt://")
    assert error.endswith("repeat the command.")
