"""The published set of results: one at a time, replaced in one transaction."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa

from graph.store.base import RESULTS, PublishedSet
from graph.store.sqlite.layout import quoted
from graph.store.sqlite.load import values
from graph.store.sqlite.scan import array
from graph.store.sqlite.things import day, number

_PIECE = 8_192


def publish(
    connection: sqlite3.Connection, heading: PublishedSet, tables: Mapping[str, Iterable[pa.RecordBatch]]
) -> None:
    """Replace the published set."""
    connection.execute("DELETE FROM published")
    connection.execute(
        "INSERT INTO published VALUES (?, ?, ?, ?, ?, ?)",
        (
            heading.id,
            heading.store_version,
            number(heading.as_of),
            heading.model,
            json.dumps(dict(heading.thresholds)),
            json.dumps(dict(heading.about)),
        ),
    )
    for name, schema in RESULTS.items():
        connection.execute(f"DELETE FROM result_{name}")
        columns = ", ".join(map(quoted, schema.names))
        insert = f"INSERT INTO result_{name} ({columns}) VALUES ({', '.join('?' * len(schema))})"
        for piece in tables.get(name, ()):
            cast = piece.select(schema.names).cast(schema)
            connection.executemany(insert, zip(*(values(column) for column in cast.columns), strict=True))


def published(connection: sqlite3.Connection) -> PublishedSet | None:
    """Return the heading of the current set."""
    row = connection.execute("SELECT id, store_version, as_of, model, thresholds, about FROM published").fetchone()
    if row is None:
        return None
    name, version, as_of, model, thresholds, about = row
    known = day(as_of)
    assert known is not None
    return PublishedSet(name, version, known, model, json.loads(thresholds), json.loads(about))


def results(
    connection: sqlite3.Connection,
    table: str,
    accepted_from: date | None,
    accepted_to: date | None,
    keys: Sequence[str] | None,
) -> Iterator[pa.RecordBatch]:
    """Yield rows of the current set."""
    schema = RESULTS[table]
    key = "shipment" if table == "shipment" else "key"
    conditions: list[str] = []
    parameters: list[int | str] = []
    for bound, condition in ((accepted_from, "accepted_on >= ?"), (accepted_to, "accepted_on <= ?")):
        if bound is not None:
            conditions.append(condition)
            parameters.append(number(bound))
    if keys is not None:
        conditions.append(f"{key} IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(list(keys)))
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = "score IS NULL, score DESC, shipment" if table == "shipment" else "type, key"
    columns = ", ".join(map(quoted, schema.names))
    rows = connection.execute(f"SELECT {columns} FROM result_{table}{where} ORDER BY {order}", parameters)
    while piece := rows.fetchmany(_PIECE):
        arrays = [array(column, field.type) for field, column in zip(schema, zip(*piece, strict=True), strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
