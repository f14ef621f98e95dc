"""A store beside nodes of others: made only where that is allowed, and they are left as they are."""

from pathlib import Path
from typing import Any

import pytest

from graph.store.base import PublishedSet, StoreError
from graph.store.neo4j import Login, Neo4jStore
from graph.store.neo4j.layout import LABELS
from tests.api.commands import declaration, run, write
from tests.conformance.loads import content
from tests.conformance.test_ledger import declared
from tests.conformance.test_results import DAY, SCORES, scored
from tests.graph.store.many import batch, chunk
from tests.neo4j.server import Server

OTHERS = (
    "CREATE (a:Person {key: 'a/Q1', name: 'Ann', _chunks: [1]})-[:IMPORTED_BY {_said: '?'}]->(b:Company {key: 'a/Q1'}) "
    "CREATE (a)-[:OWNED_BY]->(b), (:`Odd ``name`` 🚢`), ({load: 'x', `set`: 'y'})"
)


def others(server: Server) -> Any:
    with server.driver() as driver:
        nodes = "MATCH (n) WHERE NOT n:%s RETURN labels(n) AS l, properties(n) AS p ORDER BY elementId(n)"
        links = "MATCH (:Person)-[r]->(:Company) RETURN type(r) AS t, properties(r) AS p ORDER BY t"
        texts = (nodes % "|".join(LABELS), links)
        return [[row.data() for row in driver.execute_query(text).records] for text in texts]


def make(server: Server, statement: str) -> None:
    with server.driver() as driver:
        driver.execute_query(statement)


def test_others_are_left_as_they_are(neo4j_database: Server) -> None:
    make(neo4j_database, OTHERS)
    before, login = others(neo4j_database), Login("neo4j", neo4j_database.password)
    assert len(before[0]) == 4
    with Neo4jStore(neo4j_database.address, login, adopt=True) as store:
        store.add_batch(batch("one"), [chunk(declared("D1", "D2"))])
        store.add_batch(batch("two"), [chunk(declared("D1", day=1, importer="a/Q2"))])
        store.publish(PublishedSet("s1", 2, DAY), {"shipment": [scored(SCORES)]})
        said = {found.name: found for found in store.check()}
        assert all(found.ok for found in said.values())
        assert "Trader 2" in said["things"].text
        assert "nodes of others 4" in said["beside"].text
        assert others(neo4j_database) == before
    # It is a store now, like any other.
    with Neo4jStore(neo4j_database.address, login) as store:
        for name in ("one", "two"):
            store.remove_batch(name)
        said = {found.name: found for found in store.check()}
        assert all(found.ok for found in said.values())
        assert said["things"].text == said["links"].text == "none"
        assert content(store)["declaration"] == []
        assert others(neo4j_database) == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE (:Trader {name: 'Ann'}), (:Person), (:Batch)", r"labels its own \(Batch, Trader\)"),
        ("CREATE (:PublishedSet:Person)", r"labels its own \(PublishedSet\)"),
    ],
)
def test_others_under_labels_of_ours_are_refused(neo4j_database: Server, statement: str, said: str) -> None:
    make(neo4j_database, statement)
    with pytest.raises(StoreError, match=said):
        Neo4jStore(neo4j_database.address, Login("neo4j", neo4j_database.password), adopt=True)
    with neo4j_database.driver() as driver:
        assert not driver.execute_query("SHOW CONSTRAINTS").records
        assert not driver.execute_query("MATCH (n:TidewaiterStore) RETURN n").records


def test_commands_adopt_where_they_are_told_to(
    neo4j_database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(neo4j_database, OTHERS)
    before = others(neo4j_database)
    monkeypatch.setenv("TIDEWAITER_NEO4J_PASSWORD", neo4j_database.password)
    file, store = write(tmp_path / "d.csv", [declaration(1)]), tmp_path / "s.db"
    assert run("ingest", file, "--mapping", "native", "--adopt", store=store).status == 0
    for words in (
        ["ingest", file, "--mapping", "native", "--store", neo4j_database.address],
        ["store", "copy", f"sqlite:///{store}", neo4j_database.address],
    ):
        ran = run(*words)
        assert ran.status == 1
        error = ran.err.splitlines()[-1]
        assert "something else than a Tidewaiter store (Company, Odd `name` 🚢, Person); choose another" in error
        assert "--adopt" in error
    assert others(neo4j_database) == before
    assert run("store", "copy", "--adopt", f"sqlite:///{store}", neo4j_database.address).status == 0
    assert run("store", "check", "--store", neo4j_database.address).status == 0
    assert run("ingest", file, "--mapping", "native", "--store", neo4j_database.address).out.startswith(
        "Already loaded"
    )
    assert others(neo4j_database) == before
