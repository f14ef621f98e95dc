"""The published set of results: rows of their own beside the network, and a switch to them.

Each row has its place in the order of its set (`_rank`), by which it is read in pages that need no sorting, and the
key by which it is found (`_key`), which is bounded as an index needs it.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any

import pyarrow as pa
from neo4j import ManagedTransaction

from graph.store.base import RESULTS, PublishedSet, StoreError
from graph.store.neo4j.layout import KEPT, KEY_OF_RESULT, PUBLISHED, RESULT, bounded
from graph.store.neo4j.writer import ROWS, Writer, pieces_of


def publish(writer: Writer, heading: PublishedSet, tables: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
    """Write the rows of a new set, switch to it in one transaction, and delete those of older ones."""
    name = uuid.uuid4().hex
    for table, schema in RESULTS.items():
        write = f"UNWIND $rows AS row CREATE (n:{RESULT[table]}) SET n = row, n.`set` = $name"
        for piece in tables.get(table, ()):
            cast = pa.Table.from_batches([piece.select(schema.names).cast(schema)])
            for start in range(0, len(cast), ROWS):
                writer.change(write, rows=cast.slice(start, ROWS).to_pylist(), name=name)
        rank(writer, name, table)
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


def rank(writer: Writer, name: str, table: str) -> None:
    """Give each row of a set its place in the order of the set, and the key by which it is found."""
    key, order = (f"n.{KEY_OF_RESULT[table]}", "n.score" if table == "shipment" else "n.type")

    def read(tx: ManagedTransaction) -> list[tuple[Any, str, str]]:
        text = f"MATCH (n:{RESULT[table]} {{`set`: $name}}) RETURN {order}, {key}, elementId(n)"
        return [(by, held, node) for by, held, node in tx.run(text, name=name)]

    def place(row: tuple[Any, str, str]) -> tuple[Any, ...]:
        by, held, _ = row
        return (by is None, -(by or 0.0), held) if table == "shipment" else (by, held)

    # Sorted here: a server has a limit for the memory of one transaction, and compares texts in another way.
    rows = sorted(writer.read(read), key=place)
    writer.write(
        "UNWIND $rows AS row MATCH (n) WHERE elementId(n) = row.node SET n._rank = row.rank, n._key = row.key",
        ({"node": node, "rank": at, "key": bounded(held)} for at, (_, held, node) in enumerate(rows)),
    )


def _clear(writer: Writer) -> None:
    """Delete the sets that were replaced long enough ago, and rows that belong to none."""
    # The set before its rows: a reader knows from the set that no row of it is gone.
    writer.clear(f"MATCH (n:{PUBLISHED}) WHERE n.replaced_at < timestamp() - 1000 * $kept", kept=KEPT)
    sets = set(writer.read(lambda tx: tx.run(f"MATCH (p:{PUBLISHED}) RETURN p.`set`").value()))
    for label in RESULT.values():
        there = f"MATCH (n:{label}) WHERE n.`set` IS NOT NULL RETURN DISTINCT n.`set`"
        for gone in set(writer.read(lambda tx, text: tx.run(text).value(), there)) - sets:
            writer.clear(f"MATCH (n:{label} {{`set`: $gone}})", gone=gone)


def published(tx: ManagedTransaction) -> tuple[str, PublishedSet] | None:
    """Return the heading of the current set and the name that its rows carry."""
    row = tx.run(f"MATCH (p:{PUBLISHED}) WHERE p.replaced_at IS NULL RETURN properties(p) AS p").single()
    if row is None:
        return None
    held = row["p"]
    thresholds, about = json.loads(held["thresholds"]), json.loads(held["about"])
    as_of = held["as_of"].to_native()
    return held["set"], PublishedSet(held["id"], held["version"], as_of, held["model"], thresholds, about)


def results(
    ask: Callable[[Callable[[ManagedTransaction], list[Any]]], list[Any]],
    name: str,
    table: str,
    accepted_from: date | None,
    accepted_to: date | None,
    keys: Sequence[str] | None,
) -> Iterator[pa.RecordBatch]:
    """Yield rows of a set in pages; `ask` reads each in a transaction of its own.

    Raises StoreError where the set was deleted meanwhile.
    """
    schema, key, label = RESULTS[table], KEY_OF_RESULT[table], RESULT[table]

    # A transaction for each page: whoever takes them may take longer than one may last, and the set may go meanwhile.
    def held(tx: ManagedTransaction, text: str, **values: Any) -> list[Any]:
        found = [row.values() for row in tx.run(text, name=name, **values)]
        if not tx.run(f"MATCH (p:{PUBLISHED} {{`set`: $name}}) RETURN count(p)", name=name).value()[0]:
            raise StoreError("What was being read was removed long ago; repeat the command.")
        return found

    conditions = ["n.`set` = $name"]
    if accepted_from is not None:
        conditions.append("n.accepted_on >= $first")
    if accepted_to is not None:
        conditions.append("n.accepted_on <= $last")
    if keys is not None:
        conditions.append(f"n._key IN $bounded AND n.{key} IN $keys")
    hint = "" if keys is None else f"USING INDEX n:{label}(`set`, _key) "
    places = ask(
        partial(
            held,
            text=f"MATCH (n:{label}) {hint}WHERE {' AND '.join(conditions)} RETURN n._rank",
            first=accepted_from,
            last=accepted_to,
            keys=list(keys or ()),
            bounded=sorted(map(bounded, set(keys or ()))),
        )
    )
    columns = ", ".join(f"n.{name}" for name in schema.names)
    text = (
        f"UNWIND $ranks AS rank MATCH (n:{label}) USING INDEX n:{label}(`set`, _rank) "
        f"WHERE n.`set` = $name AND n._rank = rank RETURN rank, {columns}"
    )
    days = [name for name in schema.names if pa.types.is_date(schema.field(name).type)]
    for ranks in pieces_of(sorted(rank for [rank] in places)):
        listed = []
        for _, *values in sorted(ask(partial(held, text=text, ranks=ranks)), key=itemgetter(0)):
            row = dict(zip(schema.names, values, strict=True))
            listed.append({**row, **{name: row[name].to_native() for name in days if row[name] is not None}})
        yield pa.RecordBatch.from_pylist(listed, schema=schema)
