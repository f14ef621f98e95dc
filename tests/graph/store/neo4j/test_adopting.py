"""A store beside nodes of others: made only where that is allowed, and they are left as they are."""

from pathlib import Path
from typing import Any

import pytest

from graph.store.errors import StoreError
from graph.store.neo4j import Login, Neo4jStore
from graph.store.neo4j.layout import LABELS
from graph.store.results import PublishedSet
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


def test_others_are_left_as_they_are(neo4j_bare: Server) -> None:
    make(neo4j_bare, OTHERS)
    before, login = others(neo4j_bare), Login("neo4j", neo4j_bare.password)
    assert len(before[0]) == 4
    with Neo4jStore(neo4j_bare.address, login, adopt=True) as store:
        store.add_batch(batch("one"), [chunk(declared("D1", "D2"))])
        store.add_batch(batch("two"), [chunk(declared("D1", day=1, importer="a/Q2"))])
        store.publish(PublishedSet("s1", 2, DAY), {"shipment": [scored(SCORES)]})
        said = {found.name: found for found in store.check()}
        assert all(found.ok for found in said.values())
        assert "Trader 2" in said["things"].text
        assert "nodes of others 4" in said["beside"].text
        assert others(neo4j_bare) == before
    # It is a store now, like any other.
    with Neo4jStore(neo4j_bare.address, login) as store:
        for name in ("one", "two"):
            store.remove_batch(name)
        said = {found.name: found for found in store.check()}
        assert all(found.ok for found in said.values())
        assert said["things"].text == said["links"].text == "none"
        assert content(store)["declaration"] == []
        assert others(neo4j_bare) == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE (:Trader {name: 'Ann'}), (:Person), (:Batch)", r"labels its own \(Batch, Trader\)"),
        ("CREATE (:PublishedSet:Person)", r"labels its own \(PublishedSet\)"),
    ],
)
def test_others_under_labels_of_ours_are_refused(neo4j_bare: Server, statement: str, said: str) -> None:
    make(neo4j_bare, statement)
    with pytest.raises(StoreError, match=said):
        Neo4jStore(neo4j_bare.address, Login("neo4j", neo4j_bare.password), adopt=True)
    with neo4j_bare.driver() as driver:
        assert not driver.execute_query("SHOW CONSTRAINTS").records
        assert not driver.execute_query("MATCH (n:TidewaiterStore) RETURN n").records


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE INDEX Batch_id FOR (n:Other) ON (n.x)", "constraint Batch_id: Batch_id is of Other (x)"),
        ("CREATE INDEX Batch_id FOR ()-[r:OTHER]-() ON (r.x)", "constraint Batch_id: Batch_id is of OTHER (x)"),
        ("CREATE INDEX mine FOR (n:Batch) ON (n.id)", "constraint Batch_id: mine is of Batch (id)"),
        ("CREATE INDEX Batch_id FOR (n:Batch) ON (n.id)", "constraint Batch_id: Batch_id is of Batch (id)"),
        (
            "CREATE TEXT INDEX Trader_bare FOR (n:Trader) ON (n._bare)",
            "index Trader_bare: Trader_bare is of Trader (_b",
        ),
        (
            "CREATE FULLTEXT INDEX Trader_key FOR (n:Other|Person) ON EACH [n.x, n.y]",
            "constraint Trader_key: Trader_key is of Other, Person (x, y)",
        ),
        (
            "CREATE CONSTRAINT Trader_bare FOR (n:Other) REQUIRE n.x IS UNIQUE",
            "index Trader_bare: Trader_bare is of Other (x)",
        ),
    ],
)
def test_names_and_places_that_others_have_taken_are_refused(neo4j_bare: Server, statement: str, said: str) -> None:
    make(neo4j_bare, statement)
    make(neo4j_bare, "CALL db.awaitIndexes(60)")
    text = "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"
    with pytest.raises(StoreError) as raised:
        Neo4jStore(neo4j_bare.address, Login("neo4j", neo4j_bare.password), adopt=True)
    assert f"({said}" in str(raised.value)
    assert str(raised.value).endswith("; drop them, or choose another database.")
    with neo4j_bare.driver() as driver:
        assert len(driver.execute_query(text).records) == 1
        assert not driver.execute_query("MATCH (n) RETURN n").records


def test_what_others_have_beside_is_no_hindrance(neo4j_bare: Server) -> None:
    for statement in (
        "CREATE CONSTRAINT theirs FOR (n:Batch) REQUIRE n.id IS UNIQUE",
        "CREATE INDEX their_own FOR (n:Trader) ON (n._bare)",
        "CREATE TEXT INDEX their_text FOR (n:Trader) ON (n.key)",
    ):
        make(neo4j_bare, statement)
    with Neo4jStore(neo4j_bare.address, Login("neo4j", neo4j_bare.password), adopt=True) as store:
        assert [found for found in store.check() if not found.ok] == []


def test_commands_adopt_where_they_are_told_to(
    neo4j_bare: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(neo4j_bare, OTHERS)
    before = others(neo4j_bare)
    monkeypatch.setenv("TIDEWAITER_NEO4J_PASSWORD", neo4j_bare.password)
    file, store = write(tmp_path / "d.csv", [declaration(1)]), tmp_path / "s.db"
    assert run("ingest", file, "--mapping", "native", "--adopt", store=store).status == 0
    for words in (
        ["ingest", file, "--mapping", "native", "--store", neo4j_bare.address],
        ["store", "copy", f"sqlite:///{store}", neo4j_bare.address],
    ):
        ran = run(*words)
        assert ran.status == 1
        error = ran.err.splitlines()[-1]
        assert "something else than a Tidewaiter store (Company, Odd `name` 🚢, Person); choose another" in error
        assert "--adopt" in error
    assert others(neo4j_bare) == before
    assert run("store", "copy", "--adopt", f"sqlite:///{store}", neo4j_bare.address).status == 0
    assert run("store", "check", "--store", neo4j_bare.address).status == 0
    assert run("ingest", file, "--mapping", "native", "--store", neo4j_bare.address).out.startswith("Already loaded")
    assert others(neo4j_bare) == before
