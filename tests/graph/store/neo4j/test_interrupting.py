"""A view that nobody waits for any more."""

import threading
import time

import pytest

from graph.records import Ref
from graph.store.errors import StoreError
from graph.store.neo4j.store import Neo4jStore
from tests.conformance.loads import batch, chunk
from tests.conformance.test_ledger import declared
from tests.graph.store.neo4j.loading import opened
from tests.neo4j.server import Server

_ENDLESS = "UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(a + b) AS number"


def _running(server: Server) -> int:
    text = (
        "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'UNWIND range(1, 1000000)' RETURN count(*)"
    )
    with server.driver() as driver:
        return int(driver.execute_query(text).records[0][0])


def _until(server: Server, number: int) -> None:
    for _ in range(200):
        if _running(server) == number:
            return
        time.sleep(0.05)
    raise AssertionError(f"There are {_running(server)} endless questions, not {number}.")


def test_a_view_that_is_interrupted_ends_on_the_server_and_others_go_on(neo4j_database: Server) -> None:
    ended: list[BaseException] = []

    def ask(view: Neo4jStore) -> None:
        try:
            view._read(lambda tx: tx.run(_ENDLESS).value())
        except StoreError as error:
            ended.append(error)

    with opened(neo4j_database) as store:
        store.add_batch(batch("one"), [chunk(declared("D1"))])
        with store.reading() as view, store.reading() as other:
            reader = threading.Thread(target=ask, args=(view,))
            reader.start()
            _until(neo4j_database, 1)
            view.interrupt()
            reader.join(20)
            assert not reader.is_alive() and len(ended) == 1
            _until(neo4j_database, 0)
            with pytest.raises(StoreError, match="nobody waits"):
                view.exists(Ref("Shipment", "a/D1"))
            assert other.exists(Ref("Shipment", "a/D1"))
