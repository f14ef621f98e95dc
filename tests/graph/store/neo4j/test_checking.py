"""What a check finds wrong with a database."""

from collections.abc import Iterator

import pytest
from neo4j.exceptions import Neo4jError

from graph.store.errors import StoreError
from graph.store.neo4j import Login, Neo4jStore, migrate
from graph.store.results import PublishedSet
from tests.conformance.test_ledger import declared
from tests.conformance.test_results import DAY, SCORES, scored
from tests.graph.store.many import batch, chunk
from tests.neo4j.server import Server


@pytest.fixture
def store(neo4j_database: Server) -> Iterator[Neo4jStore]:
    with Neo4jStore(neo4j_database.address, Login("neo4j", neo4j_database.password)) as opened:
        opened.add_batch(batch("one"), [chunk(declared("D1", "D2"))])
        opened.publish(PublishedSet("s1", 1, DAY), {"shipment": [scored(SCORES)]})
        yield opened


def change(server: Server, *statements: str) -> None:
    with server.driver() as driver:
        for statement in statements:
            driver.execute_query(statement, database_=server.database)


def wrong(store: Neo4jStore) -> dict[str, str]:
    return {found.name: found.text for found in store.check() if not found.ok}


def test_a_sound_store_says_what_it_holds(store: Neo4jStore) -> None:
    assert wrong(store) == {}
    said = {found.name: found.text for found in store.check()}
    assert "Trader 1" in said["things"]
    assert "IMPORTED_BY 2" in said["links"]
    assert said["network"] == "shows version 1"
    assert "Batch 1" in said["beside"]
    assert "others" not in said["beside"]


@pytest.mark.parametrize(
    ("name", "said", "statements"),
    [
        ("layout", "7, not ", ["MATCH (s:TidewaiterStore) SET s.layout = 7"]),
        ("network", "shows version 0 and not 1", ["MATCH (s:TidewaiterStore) SET s.folded = 0"]),
        ("things", "Trader 2, by the statements 1", ["CREATE (:Trader {key: 'a/ghost'})"]),
        ("links", "IMPORTED_BY 1, by the statements 2", ["MATCH ()-[r:IMPORTED_BY]->() WITH r LIMIT 1 DELETE r"]),
        ("pieces", "1 of no load", ["CREATE (:StatementChunk {number: -1, load: 'gone', part: 0, shape: 'named'})"]),
        ("results", "1 ShipmentResult of no set", ["CREATE (:ShipmentResult {set: 'gone'})"]),
        ("indexes", "index Trader_bare is missing", ["DROP INDEX Trader_bare"]),
    ],
)
def test_what_is_wrong_is_said(
    store: Neo4jStore, neo4j_database: Server, name: str, said: str, statements: list[str]
) -> None:
    change(neo4j_database, *statements)
    found = wrong(store)
    assert list(found) == [name]
    assert said in found[name]


def test_a_constraint_that_is_missing_is_missed_with_its_index(store: Neo4jStore, neo4j_database: Server) -> None:
    change(neo4j_database, "DROP CONSTRAINT Trader_key")
    made = "which `tidewaiter store migrate` makes good"
    assert wrong(store) == {
        "constraints": f"Trader.key need not be unique, {made}",
        "indexes": f"index Trader_key is missing, {made}",
    }
    migrate(neo4j_database.address, Login("neo4j", neo4j_database.password))
    assert wrong(store) == {}


def test_the_pieces_of_a_batch_are_missed(store: Neo4jStore, neo4j_database: Server) -> None:
    change(neo4j_database, "MATCH (c:StatementChunk) DELETE c")
    assert wrong(store)["pieces"].startswith("those of batch one are missing")


def test_nothing_is_loaded_while_an_index_has_failed(store: Neo4jStore, neo4j_database: Server) -> None:
    with neo4j_database.driver() as driver, driver.session(database=neo4j_database.database) as session:
        session.run("DROP INDEX Trader_bare").consume()
        for label in ("Trader", "Person"):
            session.run(f"MERGE (n:{label} {{key: 'a/Q1'}}) SET n._bare = $long", long="x" * 16_000).consume()
            session.run(f"CREATE INDEX {label}_bare FOR (n:{label}) ON (n._bare)").consume()
        with pytest.raises(Neo4jError, match="FAILED"):
            session.run("CALL db.awaitIndexes(60)").consume()
        said = r"the database's index Trader_bare has failed \(.*too large.*\), since .*`tidewaiter store migrate`\.$"
        with pytest.raises(StoreError, match=f"Nothing is loaded while {said}") as raised:
            store.add_batch(batch("two"), [chunk(declared("D3"))])
        assert "Person" not in str(raised.value)
    assert [held.id for held in store.batches()] == ["one"]
    assert wrong(store)["indexes"].startswith("index Trader_bare has failed (")
