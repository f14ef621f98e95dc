"""The published set of results: rows of their own beside the network, and a switch to them."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa
from neo4j import ManagedTransaction, Transaction

from graph.store.base import RESULTS, PublishedSet
from graph.store.neo4j.layout import KEPT, KEY_OF_RESULT, PUBLISHED, RESULT
from graph.store.neo4j.writer import ROWS, Writer


def publish(writer: Writer, heading: PublishedSet, tables: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
    """Write the rows of a new set, switch to it in one transaction, and delete those of older ones."""
    name = uuid.uuid4().hex
    for table, schema in RESULTS.items():
        write = f"UNWIND $rows AS row CREATE (n:{RESULT[table]}) SET n = row, n.`set` = $name"
        for piece in tables.get(table, ()):
            cast = pa.Table.from_batches([piece.select(schema.names).cast(schema)])
            for start in range(0, len(cast), ROWS):
                writer.change(write, rows=cast.slice(start, ROWS).to_pylist(), name=name)
    writer.change(
        f"CREATE (p:{PUBLISHED} {{`set`: $name}}) SET p += $heading WITH p "
        f"OPTIONAL MATCH (o:{PUBLISHED}) WHERE o.replaced_at IS NULL AND o <> p SET o.replaced_at = timestamp()",
        name=name,
        heading={
            "id": heading.id,
            "version": heading.store_version,
            "as_of": heading.as_of,
            "model": heading.model,
            "thresholds": json.dumps(dict(heading.thresholds)),
            "about": json.dumps(dict(heading.about)),
        },
    )
    _clear(writer)


def _clear(writer: Writer) -> None:
    """Delete the sets that were replaced long enough ago, and rows that belong to none."""
    writer.clear(f"MATCH (n:{PUBLISHED}) WHERE n.replaced_at < timestamp() - 1000 * $kept", kept=KEPT)
    sets = writer.read(lambda tx: tx.run(f"MATCH (p:{PUBLISHED}) RETURN p.`set`").value())
    for label in RESULT.values():
        writer.clear(f"MATCH (n:{label}) WHERE NOT n.`set` IN $sets", sets=sets)


def published(tx: ManagedTransaction | Transaction) -> tuple[str, PublishedSet] | None:
    """Return the heading of the current set and the name that its rows carry."""
    row = tx.run(f"MATCH (p:{PUBLISHED}) WHERE p.replaced_at IS NULL RETURN properties(p) AS p").single()
    if row is None:
        return None
    held = row["p"]
    thresholds, about = json.loads(held["thresholds"]), json.loads(held["about"])
    as_of = held["as_of"].to_native()
    return held["set"], PublishedSet(held["id"], held["version"], as_of, held["model"], thresholds, about)


def results(
    tx: ManagedTransaction | Transaction,
    name: str,
    table: str,
    accepted_from: date | None,
    accepted_to: date | None,
    keys: Sequence[str] | None,
) -> Iterator[pa.RecordBatch]:
    """Yield rows of a set."""
    schema, key = RESULTS[table], KEY_OF_RESULT[table]
    conditions = ["n.`set` = $name"]
    if accepted_from is not None:
        conditions.append("n.accepted_on >= $first")
    if accepted_to is not None:
        conditions.append("n.accepted_on <= $last")
    if keys is not None:
        conditions.append(f"n.{key} IN $keys")
    order = "n.score IS NULL, n.score DESC, n.shipment" if table == "shipment" else "n.type, n.key"
    columns = ", ".join(f"n.{name} AS {name}" for name in schema.names)
    # Ordered before the columns are read: the server then sorts what it sorts by, not the texts of the reasons.
    rows = tx.run(
        f"MATCH (n:{RESULT[table]}) WHERE {' AND '.join(conditions)} WITH n ORDER BY {order} RETURN {columns}",
        name=name,
        first=accepted_from,
        last=accepted_to,
        keys=list(keys) if keys is not None else None,
    )
    days = [name for name in schema.names if pa.types.is_date(schema.field(name).type)]
    while piece := rows.fetch(ROWS):
        listed = [dict(row) for row in piece]
        for row in listed:
            row.update({name: row[name].to_native() for name in days if row[name] is not None})
        yield pa.RecordBatch.from_pylist(listed, schema=schema)
