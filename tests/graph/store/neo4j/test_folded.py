"""The network in the database is the fold of the statements, whatever came and went, and wherever it was broken off."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from neo4j import Session

from graph.statements import Statements
from graph.store.neo4j import Login, Neo4jStore
from tests.conformance.loads import batch, chunk, split
from tests.conformance.test_same_answers import histories
from tests.graph.store.neo4j.network import expected, shown
from tests.neo4j.server import Server

History = list[tuple[str, Statements | None, int]]


def opened(server: Server) -> Neo4jStore:
    return Neo4jStore(server.address, Login(server.user, server.password))


def cleared(server: Server) -> None:
    """Take all away but the constraints, whose making takes longest."""
    with server.driver() as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n")


def follow(store: Neo4jStore, history: History) -> None:
    for name, said, pieces in history:
        if said is None:
            store.remove_batch(name)
        else:
            store.add_batch(batch(name), (chunk(piece) for piece in split(said, pieces)))


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        # A failure is shown as it was found: making it smaller would take a server minutes.
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def test_the_network_is_the_fold_of_what_was_loaded(neo4j_server: Server) -> None:
    @bounded(12)
    @given(histories())
    def same(history: History) -> None:
        cleared(neo4j_server)
        with opened(neo4j_server) as store:
            follow(store, history)
            assert shown(neo4j_server) == expected(store)

    same()


class BrokenOffError(Exception):
    pass


@pytest.mark.parametrize("seventh", range(7))
def test_a_write_that_is_broken_off_is_completed_when_the_store_is_opened(
    neo4j_server: Server, monkeypatch: pytest.MonkeyPatch, seventh: int
) -> None:
    """Wherever among its writes; a cut in the middle of each seventh of them is tried, and two histories for each."""
    execute_write = Session.execute_write
    written, most = 0, 0

    def counting(self: Session, *args: Any, **kwargs: Any) -> Any:
        nonlocal written
        if written >= most:
            raise BrokenOffError
        written += 1
        return execute_write(self, *args, **kwargs)

    def last_step(history: History, limit: int) -> int:
        """Take the last step of a history with at most so many writes, and return how many there were."""
        nonlocal written, most
        cleared(neo4j_server)
        with opened(neo4j_server) as store:
            follow(store, history[:-1])
            written, most = 0, limit
            with monkeypatch.context() as patch:
                patch.setattr(Session, "execute_write", counting)
                follow(store, history[-1:])
        return written

    @bounded(2)
    @given(histories().filter(lambda history: len(history) > 1))
    def completed(history: History) -> None:
        whole = last_step(history, 10**9)
        with pytest.raises(BrokenOffError):
            last_step(history, whole * (2 * seventh + 1) // 14)
        with opened(neo4j_server) as store:
            assert store.version() in (len(history), len(history) - 1)
            assert shown(neo4j_server) == expected(store)

    completed()
