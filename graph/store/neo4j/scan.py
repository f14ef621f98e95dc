"""The pieces of loads, one shape of statements at a time."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
from neo4j import Transaction

from graph.store.errors import StoreError
from graph.store.neo4j import ledger
from graph.store.neo4j.chunks import unpacked
from graph.store.neo4j.layout import CHUNK


def scan(tx: Transaction, loads: Sequence[str], shape: str) -> Iterator[pa.Table]:
    """Yield the pieces of one shape, load by load, in the order in which they were loaded."""
    for load in loads:
        found = tx.run(
            f"MATCH (c:{CHUNK} {{load: $load, shape: $shape}}) RETURN c.data AS data ORDER BY c.number",
            load=load,
            shape=shape,
        )
        for row in found:
            yield unpacked(row["data"])
    if not set(loads) <= set(ledger.held(tx)):
        raise StoreError("What was being read was removed long ago; repeat the command.")


def each_once(descriptions: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield descriptions without those that an earlier piece has brought."""
    seen: set[int] = set()
    for table in descriptions:
        ids = table["id"].to_pylist()
        fresh = [number not in seen for number in ids]
        seen.update(ids)
        yield table.filter(pa.array(fresh))
