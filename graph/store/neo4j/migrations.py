"""Steps from one layout of a database to the next; one that is interrupted is repeated from its beginning."""

from collections.abc import Callable, Mapping

from neo4j import ManagedTransaction, Session

from graph.schema import NODES
from graph.store.neo4j.chunks import LATE, is_undated, unpacked
from graph.store.neo4j.layout import CHUNK, REMOVED, STORE

_ROWS = 10_000


def _network_anew(session: Session) -> None:
    """Drop the network of layout 1, whose things and links do not keep what later loads are merged into.

    Whoever opens the store next makes it from the statements. Before anything is dropped the store says that it shows
    nothing, so that Tidewaiter of layout 1 makes it anew, too, where this is interrupted.
    """
    session.run(f"MATCH (s:{STORE}) SET s.folded = 0").consume()
    # Links by themselves first: a thing that everything is linked to would take more memory than there is.
    for pattern in ("(:{})-[x]->()", "(x:{})"):
        for node in NODES:
            found = f"MATCH {pattern.format(node.name)}"
            session.run(f"{found} CALL (x) {{ DETACH DELETE x }} IN TRANSACTIONS OF {_ROWS} ROWS").consume()
    for number in session.execute_read(_late):
        session.execute_write(_mark_undated, number)
    session.run(f"MATCH (r:{REMOVED}) WHERE r.version IS NULL SET r.version = 0").consume()
    session.run(f"MATCH (s:{STORE}) SET s.layout = 1002").consume()


def _late(tx: ManagedTransaction) -> list[int]:
    found: list[int] = tx.run(f"MATCH (c:{CHUNK}) WHERE c.shape IN $late RETURN c.number", late=list(LATE)).value()
    return found


def _mark_undated(tx: ManagedTransaction, number: int) -> None:
    """Mark a piece that has rows without a day."""
    match = f"MATCH (c:{CHUNK} {{number: $number}})"
    row = tx.run(f"{match} RETURN c.shape AS shape, c.data AS data", number=number).single(strict=True)
    if is_undated(row["shape"], unpacked(row["data"])):
        tx.run(f"{match} SET c.undated = true", number=number).consume()


MIGRATIONS: Mapping[int, Callable[[Session], None]] = {1001: _network_anew}
"""By the version that a store has, the step that brings it forward."""
