"""Stores of older layouts are brought forward where somebody asks for it, and show the same network afterwards."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from graph.hash import store_hash
from graph.statements import Statements
from graph.store.errors import StoreError
from graph.store.layouts import Migrated
from graph.store.neo4j import Login, Neo4jStore, migrate, migrating, migrations
from graph.store.neo4j.layout import VERSION
from tests.api.commands import run
from tests.conformance.loads import batch, chunk
from tests.conformance.test_ledger import declared
from tests.graph.store.neo4j.network import expected, shown
from tests.neo4j.server import Server
from tests.statements import table

# What layout 2 has and layout 1 had not; the network of layout 1 was in another state, and is not even looked at.
TO_LAYOUT_1 = (
    "MATCH (s:TidewaiterStore) SET s.layout = 1001",
    "MATCH (c:StatementChunk) REMOVE c.undated",
    "MATCH (r:RemovedLoad) REMOVE r.version",
    "MATCH (n) WHERE n.key IS NOT NULL SET n.name = 'as it was', n._digest = '0' REMOVE n._said, n._late, n._day",
    "MATCH ()-[r]->() SET r._digest = '0' REMOVE r._said, r._late",
    "DROP INDEX Trader_bare IF EXISTS",
    "MATCH (n:ShipmentResult|EntityResult) REMOVE n._rank, n._key",
    "CREATE INDEX EntityResult_key FOR (n:EntityResult) ON (n.`set`, n.key)",
)


def undated() -> Statements:
    return Statements(
        description=table("description", [{"id": 1, "type": "Trader", "key": "a/Q1", "name": "Without a day"}]),
        entity=table("entity", [{"source": "a", "thing": 1}]),
    )


@pytest.fixture
def login(neo4j_database: Server) -> Login:
    return Login("neo4j", neo4j_database.password)


@pytest.fixture
def hashed(neo4j_database: Server, login: Login) -> Iterator[str]:
    """A store of layout 1 with nodes of others beside it; the hash of what it holds."""
    with Neo4jStore(neo4j_database.address, login) as store:
        store.add_batch(batch("gone"), [chunk(declared("D0", importer="a/Q9"))])
        store.add_batch(batch("one"), [chunk(declared("D1", "D2")), chunk(undated())])
        store.add_batch(batch("two"), [chunk(declared("D1", day=1, importer="a/Q2"))])
        store.remove_batch("gone")
        found = store_hash(store)
    with neo4j_database.driver() as driver:
        for statement in (*TO_LAYOUT_1, "CREATE (:Person {name: 'Ann'})-[:OWNED_BY]->(:Company)"):
            driver.execute_query(statement)
    yield found


def holds(server: Server, login: Login, hashed: str) -> None:
    with server.driver() as driver:
        assert driver.execute_query("MATCH (a:Person)-[r]->(b:Company) DELETE a, r, b").summary.counters.nodes_deleted
    with Neo4jStore(server.address, login) as store:
        assert store_hash(store) == hashed
        assert [held.id for held in store.batches()] == ["one", "two"]
        assert shown(server) == expected(store)
        store.add_batch(batch("three"), [chunk(declared("D3", day=2)), chunk(undated())])
        store.remove_batch("one")
        assert shown(server) == expected(store)
        assert [found for found in store.check() if not found.ok] == []


def test_a_store_is_brought_forward_when_it_is_asked_for(neo4j_database: Server, login: Login, hashed: str) -> None:
    with pytest.raises(StoreError, match="bring it forward with `tidewaiter store migrate`"):
        Neo4jStore(neo4j_database.address, login)
    assert migrate(neo4j_database.address, login) == Migrated("1.1", "1.4")
    holds(neo4j_database, login, hashed)
    assert migrate(neo4j_database.address, login) == Migrated("1.4", "1.4")


@pytest.mark.parametrize("step", range(3))
def test_what_was_interrupted_is_repeated(
    neo4j_database: Server, login: Login, hashed: str, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    class Stopping:
        """A session whose next statement but so many is interrupted."""

        def __init__(self, session: Any, statements: int) -> None:
            self._session, self._left = session, itertools.count(statements, -1)

        def __getattr__(self, name: str) -> Any:
            if next(self._left) == 0:
                raise KeyboardInterrupt
            return getattr(self._session, name)

    whole, statements = migrations.MIGRATIONS[1001], (1, 20, 31)[step]

    def interrupted(session: Any) -> None:
        stopping: Any = Stopping(session, statements)
        whole(stopping)

    monkeypatch.setattr(migrating, "MIGRATIONS", {1001: interrupted})
    with pytest.raises(KeyboardInterrupt):
        migrate(neo4j_database.address, login)
    monkeypatch.undo()
    with pytest.raises(StoreError, match="bring it forward"):
        Neo4jStore(neo4j_database.address, login)
    migrate(neo4j_database.address, login)
    holds(neo4j_database, login, hashed)


def test_the_command_completes_the_network(
    neo4j_database: Server, login: Login, hashed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEWAITER_NEO4J_PASSWORD", login.password)
    monkeypatch.setenv("TIDEWAITER_STORE", neo4j_database.address)
    ran = run("store", "check")
    assert ran.status == 1
    assert "bring it forward with `tidewaiter store migrate`" in ran.err
    ran = run("store", "migrate")
    assert (ran.status, ran.out) == (0, "The store was brought from layout 1.1 to 1.4.\n")
    assert run("store", "check").status == 0
    assert run("store", "migrate", "--json").json == {
        **{"store": neo4j_database.address, "before": "1.4", "after": "1.4"}
    }
    holds(neo4j_database, login, hashed)


@pytest.mark.parametrize("name", ["TidewaiterLock_id", "Batch_id"])
def test_a_constraint_that_is_missing_is_made(
    neo4j_database: Server, login: Login, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEWAITER_NEO4J_PASSWORD", login.password)
    Neo4jStore(neo4j_database.address, login).close()
    with neo4j_database.driver() as driver:
        driver.execute_query(f"DROP CONSTRAINT {name}")
    with Neo4jStore(neo4j_database.address, login) as store:
        assert {found.name for found in store.check() if not found.ok} == {"constraints", "indexes"}
    # In a process of its own, which can be ended where it waits for ever.
    words = [sys.executable, "-m", "api.cli", "store", "migrate", "--store", neo4j_database.address]
    assert subprocess.run(words, capture_output=True, check=False, timeout=120).returncode == 0
    with Neo4jStore(neo4j_database.address, login) as store:
        assert [found for found in store.check() if not found.ok] == []


@pytest.mark.parametrize(("version", "said"), [(9, "cannot be brought forward"), (2007, "upgrade Tidewaiter")])
def test_what_cannot_be_brought_forward_is_left_alone(
    neo4j_database: Server, login: Login, version: int, said: str
) -> None:
    Neo4jStore(neo4j_database.address, login).close()
    with neo4j_database.driver() as driver:
        driver.execute_query("MATCH (s:TidewaiterStore) SET s.layout = $version", version=version)
        with pytest.raises(StoreError, match=said):
            migrate(neo4j_database.address, login)
        [record] = driver.execute_query("MATCH (s:TidewaiterStore) RETURN s.layout AS layout").records
    assert record["layout"] == version


def test_every_older_layout_has_its_step() -> None:
    assert sorted(migrations.MIGRATIONS) == list(range(1001, VERSION))


def test_there_must_be_a_store(neo4j_database: Server, login: Login) -> None:
    with pytest.raises(StoreError, match="There is no store at"):
        migrate(neo4j_database.address, login)
