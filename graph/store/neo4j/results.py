"""The published set of results: rows of their own beside the network, and a switch to them."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from neo4j import Driver, ManagedTransaction, Session, Transaction

from graph.store.base import RESULTS, PublishedSet
from graph.store.neo4j.layout import KEPT, KEY_OF_RESULT, PUBLISHED, RESULT

_ROWS = 5_000


def publish(
    driver: Driver, database: str, heading: PublishedSet, tables: Mapping[str, Iterable[pa.RecordBatch]]
) -> None:
    """Write the rows of a new set, switch to it in one transaction, and delete those of older ones."""
    name = uuid.uuid4().hex
    with driver.session(database=database) as session:
        for table, schema in RESULTS.items():
            write = f"UNWIND $rows AS row CREATE (n:{RESULT[table]}) SET n = row, n.`set` = $name"
            for piece in tables.get(table, ()):
                cast = pa.Table.from_batches([piece.select(schema.names).cast(schema)])
                for start in range(0, len(cast), _ROWS):
                    rows = cast.slice(start, _ROWS).to_pylist()
                    session.execute_write(_written, write, rows=rows, name=name)
        session.execute_write(
            _written,
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
        _clear(session)


def _clear(session: Session) -> None:
    """Delete the sets that were replaced long enough ago, and rows that belong to none."""
    session.run(f"MATCH (p:{PUBLISHED}) WHERE p.replaced_at < timestamp() - 1000 * $kept DELETE p", kept=KEPT).consume()
    sets = session.run(f"MATCH (p:{PUBLISHED}) RETURN p.`set`").value()
    for label in RESULT.values():
        session.run(
            f"MATCH (n:{label}) WHERE NOT n.`set` IN $sets CALL (n) {{ DELETE n }} IN TRANSACTIONS OF {_ROWS} ROWS",
            sets=sets,
        ).consume()


def _written(tx: ManagedTransaction, /, text: str, **values: Any) -> None:
    tx.run(text, **values).consume()


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
    while piece := rows.fetch(_ROWS):
        listed = [dict(row) for row in piece]
        for row in listed:
            row.update({name: row[name].to_native() for name in days if row[name] is not None})
        yield pa.RecordBatch.from_pylist(listed, schema=schema)
