"""A thing with the records behind it, from the pieces of the loads that name it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

import pyarrow as pa
from neo4j import ManagedTransaction

from graph.records import Ref
from graph.statements import SHAPES, Statements
from graph.store.neo4j.chunks import joined, naming, unpacked
from graph.store.neo4j.layout import CHUNK
from graph.store.neo4j.ledger import Entry
from graph.store.neo4j.network import chunks_of
from graph.store.neo4j.undated import dated
from graph.store.sqlite.small import get_from
from graph.store.things import ThingWithRecords

# Pieces that are held at once.
_HELD = 8


def get(
    tx: ManagedTransaction, ref: Ref, until: date | None, limit: int, entries: Sequence[Entry]
) -> ThingWithRecords | None:
    """Return a thing with its records, as known before `until`; `entries` are the committed batches, oldest first."""
    numbers = chunks_of(tx, ref)
    if numbers is None:
        return None
    parts: dict[str, list[int]] = defaultdict(list)
    rows = tx.run(
        f"UNWIND $numbers AS number MATCH (m:{CHUNK} {{number: number}}) RETURN m.load AS load, m.part AS part",
        numbers=numbers,
    )
    for row in rows:
        parts[row["load"]].append(row["part"])
    loads = ((entry.batch.id, _said(tx, ref, entry.load, parts[entry.load])) for entry in entries)
    return get_from(loads, ref, until, limit)


def _said(tx: ManagedTransaction, ref: Ref, load: str, parts: Sequence[int]) -> Iterator[Statements]:
    """Yield the statements of a load that name a thing, part by part, their days derived as in the whole store."""
    for start in range(0, len(parts), _HELD):
        rows = tx.run(
            f"MATCH (c:{CHUNK} {{load: $load}}) WHERE c.part IN $parts AND c.shape IN $shapes "
            "RETURN c.part AS part, c.shape AS shape, c.data AS data",
            load=load,
            parts=list(parts[start : start + _HELD]),
            shapes=list(SHAPES),
        )
        tables: dict[int, list[tuple[str, pa.Table]]] = defaultdict(list)
        for row in rows:
            tables[row["part"]].append((row["shape"], unpacked(row["data"])))
        for held in tables.values():
            yield dated(tx, naming(joined(held), ref.type, ref.key))
