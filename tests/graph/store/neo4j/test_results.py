"""Published results on a server: read in pages, kept for who reads them, and deleted afterwards."""

import pytest

from graph.store.errors import StoreError
from graph.store.neo4j import writer
from graph.store.neo4j.layout import PUBLISHED, RESULT
from graph.store.results import SHIPMENT_RESULT, PublishedSet
from tests.conformance.loads import rows
from tests.conformance.test_results import DAY, FIRST, SCORES, SECOND, entities, names, scored
from tests.graph.store.neo4j.loading import opened
from tests.neo4j.server import Server

THIRD = PublishedSet("s3", 5, DAY)


def as_if_long_ago(server: Server) -> None:
    """Let the sets that were replaced be so for longer than they are kept."""
    with server.driver() as driver:
        driver.execute_query(f"MATCH (p:{PUBLISHED}) WHERE p.replaced_at IS NOT NULL SET p.replaced_at = 0")


def count(server: Server, label: str) -> int:
    with server.driver() as driver:
        found: int = driver.execute_query(f"MATCH (n:{label}) RETURN count(n)").records[0][0]
        return found


def test_pages_follow_each_other(neo4j_database: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ROWS", 2)
    with opened(neo4j_database) as store:
        store.publish(FIRST, {"shipment": [scored(SCORES)], "entity": [entities("b", "a")]})
        assert [len(piece) for piece in store.results("shipment")] == [2, 2, 2]
        assert names(store) == ["a/c", "a/a", "a/z", "a/d", "a/b", "a/e"]
        assert names(store, accepted_from=DAY) == ["a/c", "a/a", "a/z", "a/b"]
        assert names(store, keys=["a/e", "a/c", "a/z"]) == ["a/c", "a/z", "a/e"]


def test_a_set_that_was_deleted_is_not_read_as_empty(neo4j_database: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ROWS", 2)
    with opened(neo4j_database) as store:
        store.publish(FIRST, {"shipment": [scored(SCORES)], "entity": [entities("a")]})
        with store.reading() as view:
            started = view.results("shipment")
            first = rows([next(started)], SHIPMENT_RESULT)
            assert [row["shipment"] for row in first] == ["a/c", "a/a"]
            store.publish(SECOND, {"shipment": [scored(SCORES[:1])]})
            as_if_long_ago(neo4j_database)
            assert len(names(view)) == 6
            store.publish(THIRD, {})
            assert view.published() == FIRST
            for pieces in (started, view.results("shipment"), view.results("entity", keys=["x"])):
                with pytest.raises(StoreError, match=r"removed long ago; repeat the command\.$"):
                    list(pieces)
        assert store.published() == THIRD
        assert names(store) == []


def test_rows_that_nobody_reads_any_more_are_deleted(neo4j_database: Server) -> None:
    with opened(neo4j_database) as store:
        store.publish(FIRST, {"shipment": [scored(SCORES)], "entity": [entities("a")]})
        with neo4j_database.driver() as driver:
            driver.execute_query(f"CREATE (:{RESULT['shipment']} {{`set`: 'of a publishing that was interrupted'}})")
        store.publish(SECOND, {"shipment": [scored(SCORES[:2])]})
        assert (count(neo4j_database, RESULT["shipment"]), count(neo4j_database, RESULT["entity"])) == (8, 2)
        as_if_long_ago(neo4j_database)
        store.publish(THIRD, {"shipment": [scored(SCORES[:1])]})
        assert (count(neo4j_database, RESULT["shipment"]), count(neo4j_database, RESULT["entity"])) == (3, 0)
        assert count(neo4j_database, PUBLISHED) == 2
        assert [finding for finding in store.check() if not finding.ok] == []
