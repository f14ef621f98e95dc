"""Steps from one layout of a database to the next; one that is interrupted is repeated from its beginning."""

from collections.abc import Callable, Mapping

from neo4j import ManagedTransaction

from graph.schema import NODES
from graph.store.neo4j import results
from graph.store.neo4j.chunks import LATE, is_undated, unpacked
from graph.store.neo4j.layout import CHUNK, LOCK, PUBLISHED, REMOVED, RESULT, STORE
from graph.store.neo4j.writer import Writer


def _network_anew(writer: Writer) -> None:
    """Drop the network of layout 1, whose things and links do not keep what later loads are merged into.

    Whoever opens the store next makes it from the statements. Before anything is dropped the store says that it shows
    nothing, so that Tidewaiter of layout 1 makes it anew, too, where this is interrupted.
    """
    _drop_network(writer)
    for number, shape in writer.read(_late):
        if is_undated(shape, unpacked(writer.read(_data, number))):
            writer.change(f"MATCH (c:{CHUNK} {{number: $number}}) SET c.undated = true", number=number)
    writer.change(f"MATCH (r:{REMOVED}) WHERE r.version IS NULL SET r.version = 0")
    for name in writer.read(_sets):
        for table in RESULT:
            results.rank(writer, name, table)
    writer.change(f"MERGE (:{LOCK} {{id: 2}})")
    writer.change(f"MATCH (s:{STORE}) SET s.layout = 1002")


def _drop_network(writer: Writer) -> None:
    writer.change(f"MATCH (s:{STORE}) SET s.folded = 0")
    # Links by themselves first: a thing that everything is linked to would take more memory than there is.
    for pattern in ("(:{})-[n]->()", "(n:{})"):
        for node in NODES:
            writer.clear(f"MATCH {pattern.format(node.name)}")


def _searchable(writer: Writer) -> None:
    """Drop the network of layout 2, whose things do not have the words under which they are found.

    The rows of the published sets are ordered anew: those of entities go by their risk.
    """
    _drop_network(writer)
    for name in writer.read(_sets):
        for table in RESULT:
            results.rank(writer, name, table)
    writer.change(f"MATCH (s:{STORE}) SET s.layout = 1003")


def _by_day(writer: Writer) -> None:
    """Note that shipments are found by their day: the index is made with all others."""
    writer.change(f"MATCH (s:{STORE}) SET s.layout = 1004")


def _sets(tx: ManagedTransaction) -> list[str]:
    return tx.run(f"MATCH (p:{PUBLISHED}) RETURN p.`set`").value()


def _late(tx: ManagedTransaction) -> list[tuple[int, str]]:
    rows = tx.run(f"MATCH (c:{CHUNK}) WHERE c.shape IN $late RETURN c.number, c.shape", late=list(LATE))
    return [(number, shape) for number, shape in rows]


def _data(tx: ManagedTransaction, number: int) -> bytes:
    row = tx.run(f"MATCH (c:{CHUNK} {{number: $number}}) RETURN c.data AS data", number=number).single(strict=True)
    return bytes(row["data"])


OBSOLETE = ("ShipmentResult_shipment", "EntityResult_key")
"""Indexes of older layouts, which take no long keys."""

MIGRATIONS: Mapping[int, Callable[[Writer], None]] = {1001: _network_anew, 1002: _searchable, 1003: _by_day}
"""By the version that a store has, the step that brings it forward."""
