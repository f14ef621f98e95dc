"""What one batch brought, read out as it could be loaded again."""

from collections.abc import Sequence

from neo4j import ManagedTransaction

from graph.statements import SHAPES
from graph.store.batches import LoadChunk, Quarantined
from graph.store.errors import StoreError
from graph.store.neo4j import ledger
from graph.store.neo4j.chunks import REFUSED, joined, unpacked
from graph.store.neo4j.layout import CHUNK


def parts(tx: ManagedTransaction, load: str) -> Sequence[int]:
    """Return the numbers of the parts of a load."""
    found: list[int] = tx.run(
        f"MATCH (c:{CHUNK} {{load: $load}}) WHERE c.shape IN $shapes RETURN DISTINCT c.part AS part ORDER BY part",
        load=load,
        shapes=[*SHAPES, REFUSED],
    ).value()
    return found


def part(tx: ManagedTransaction, load: str, number: int) -> LoadChunk:
    """Return one part of a load, without the counts of its rows, which are kept of the whole alone."""
    found = tx.run(
        f"MATCH (c:{CHUNK} {{load: $load}}) WHERE c.shape IN $shapes AND c.part = $part "
        "RETURN c.shape AS shape, c.data AS data ORDER BY c.number",
        load=load,
        shapes=[*SHAPES, REFUSED],
        part=number,
    )
    tables = [(row["shape"], unpacked(row["data"])) for row in found]
    if load not in ledger.held(tx):
        raise StoreError("What was being read was removed long ago; repeat the command.")
    refused = [Quarantined(**row) for shape, table in tables if shape == REFUSED for row in table.to_pylist()]
    return LoadChunk(joined(tables), refused, 0, 0, 0)
