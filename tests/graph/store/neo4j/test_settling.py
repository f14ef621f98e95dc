"""When the network cannot follow the statements, and what the database is asked while it does."""

from typing import Any

import pytest

from graph.records import Ref
from graph.store.errors import StoreError
from graph.store.neo4j.cypher import LinkText, triples_of
from graph.store.neo4j.layout import LONGEST_KEY, bounded
from tests.conformance.loads import batch, chunk
from tests.conformance.test_ledger import declared
from tests.graph.store.neo4j.loading import opened, settled
from tests.graph.store.neo4j.network import expected, shown
from tests.neo4j.server import Server


def test_a_batch_that_the_network_cannot_follow_can_be_removed(neo4j_database: Server) -> None:
    with opened(neo4j_database) as store:
        store.add_batch(batch("one"), [chunk(declared("D1"))])
        with neo4j_database.driver() as driver:
            driver.execute_query("CREATE CONSTRAINT by_hand FOR (n:Shipment) REQUIRE n.last_on IS UNIQUE")
        with pytest.raises(StoreError, match="refused"):
            store.add_batch(batch("two"), [chunk(declared("D2"))])
    with opened(neo4j_database) as store:
        assert [held.id for held in store.batches()] == ["one", "two"]
        with pytest.raises(StoreError, match=r"could not be brought to version 2: .*remove the batch"):
            store.get(Ref("Shipment", "a/D1"))
        assert [found.name for found in store.check() if not found.ok] == ["network"]
        store.remove_batch("two")
    with opened(neo4j_database) as store:
        assert shown(neo4j_database) == expected(store)
    settled(neo4j_database)


def test_a_key_that_was_cut_is_no_key_that_was_not() -> None:
    for key in ("x" * 2_000, "株" * 400, "é" * 501 + "/" + "y" * 10_000):
        cut = bounded(key)
        assert LONGEST_KEY < len(cut.encode()) < 2 * LONGEST_KEY
        assert bounded(cut) != cut
    assert bounded("x" * LONGEST_KEY) == "x" * LONGEST_KEY


def test_no_statement_about_links_looks_through_all_links_of_a_thing(neo4j_database: Server) -> None:
    with opened(neo4j_database), neo4j_database.driver() as driver:
        # Ends that have many links on the one side and few on the other.
        driver.execute_query(
            "UNWIND range(1, 200) AS at CREATE (t:Trader {key: 'a/' + at}) "
            "MERGE (shared:Contact {key: 'shared'}) CREATE (own:Contact {key: 'own' + at}) "
            "CREATE (t)-[:HAS_CONTACT]->(shared) CREATE (t)-[:HAS_CONTACT]->(own)"
        )
        driver.execute_query("CALL db.resampleOutdatedIndexes()")
        # Plans that other tests had made of a smaller database are none of this one.
        driver.execute_query("CALL db.clearQueryCaches()")
        rows: list[Any] = [["a/1", "shared", {}]]
        for triple in triples_of("Trader"):
            text = LinkText(triple)
            for statement in (text.state, text.change, text.delete, text.delete_of_day):
                plan = driver.execute_query(f"EXPLAIN {statement}", rows=rows).summary.plan
                assert plan is not None
                assert "Expand(Into)" in (operators := " ".join(_operators(plan)))
                assert "Expand(All)" not in operators


def _operators(plan: dict[str, Any]) -> list[str]:
    below = [name for child in plan.get("children", []) for name in _operators(child)]
    return [plan["operatorType"], *below]
