"""The published set of results: one at a time, replaced in one transaction."""

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from graph.store.results import RESULT_ORDER, RESULTS, Picked, PublishedSet, not_in_set
from graph.store.sqlite.layout import quoted
from graph.store.sqlite.load import values
from graph.store.sqlite.rows import day, number
from graph.store.sqlite.scan import array

_PIECE = 8_192
_MANY = 50_000


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
        insert = f"INSERT INTO result_{name} ({columns}, rank) VALUES ({', '.join('?' * (1 + len(schema)))})"
        for piece in tables.get(name, ()):
            cast = piece.select(schema.names).cast(schema)
            ranks = map(_rank, cast[RESULT_ORDER[name].falling].to_pylist())
            connection.executemany(insert, zip(*(values(column) for column in cast.columns), ranks, strict=True))


def published(connection: sqlite3.Connection) -> PublishedSet | None:
    """Return the heading of the current set."""
    row = connection.execute("SELECT id, store_version, as_of, model, thresholds, about FROM published").fetchone()
    if row is None:
        return None
    name, version, as_of, model, thresholds, about = row
    known = day(as_of)
    assert known is not None
    return PublishedSet(name, version, known, model, json.loads(thresholds), json.loads(about))


def _rank(value: float | None) -> float:
    return math.inf if value is None else -value


def results(
    connection: sqlite3.Connection, table: str, picked: Picked, after: Sequence[str] | None, limit: int | None
) -> Iterator[pa.RecordBatch]:
    """Yield rows of the current set in their order."""
    schema, key = RESULTS[table], RESULT_ORDER[table].key
    conditions, parameters = _conditions(table, picked)
    index = _index(connection, table, picked, limit)
    if after is not None:
        conditions.append(f"(rank, {_listed(key)}) > ({', '.join('?' * (1 + len(key)))})")
        parameters += [_rank_of(connection, table, after), *after]
    # Which rows, and in which order, an index says by itself; only then are the rows read, which are long.
    ordered = connection.execute(
        f"SELECT id FROM result_{table} {index} WHERE {' AND '.join(conditions)} ORDER BY rank, {_listed(key)} LIMIT ?",
        (*parameters, -1 if limit is None else limit),
    ).fetchall()
    read = f"SELECT id, {_listed(schema.names)} FROM result_{table} WHERE id IN (SELECT value FROM json_each(?))"
    for start in range(0, len(ordered), _PIECE):
        wanted = [at for (at,) in ordered[start : start + _PIECE]]
        held = {row[0]: row[1:] for row in connection.execute(read, (json.dumps(wanted),))}
        columns = zip(*(held[at] for at in wanted), strict=True)
        arrays = [array(column, field.type) for field, column in zip(schema, columns, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def count_results(connection: sqlite3.Connection, table: str, picked: Picked) -> int:
    """Return how many rows of the current set there are."""
    conditions, parameters = _conditions(table, picked)
    found = connection.execute(f"SELECT count(*) FROM result_{table} WHERE {' AND '.join(conditions)}", parameters)
    count: int = found.fetchone()[0]
    return count


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))


def _conditions(table: str, picked: Picked) -> tuple[list[str], list[Any]]:
    conditions = ["TRUE"]
    parameters: list[Any] = []
    first, last, keys = picked.get("accepted_from"), picked.get("accepted_to"), picked.get("keys")
    for bound, condition in ((first, "accepted_on >= ?"), (last, "accepted_on <= ?")):
        if bound is not None:
            conditions.append(condition)
            parameters.append(number(bound))
    if keys is not None:
        conditions.append(f"{quoted(RESULT_ORDER[table].key[-1])} IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(list(keys)))
    for name in ("community", "lane"):
        if picked.get(name) is not None:
            conditions.append(f"{name} = ?")
            parameters.append(picked.get(name))
    if picked.get("undecided"):
        conditions.append("NOT decided")
    return conditions, parameters


def _index(connection: sqlite3.Connection, table: str, picked: Picked, limit: int | None) -> str:
    """Return where to look for rows: the planner does not know how many days there are, nor how many are wanted."""
    if picked.get("keys") is not None:
        return ""
    if picked.get("community") is not None:
        return f"INDEXED BY result_{table}_community"
    if picked.get("accepted_from") is None and picked.get("accepted_to") is None:
        return f"INDEXED BY result_{table}_rank"
    conditions, parameters = _conditions(table, picked)
    by_day = f"INDEXED BY result_{table}_accepted_on"
    many = f"SELECT count(*) FROM (SELECT 1 FROM result_{table} {by_day} WHERE {' AND '.join(conditions)} LIMIT ?)"
    if limit is None or connection.execute(many, (*parameters, _MANY)).fetchone()[0] < _MANY:
        return by_day
    # With so many, the first of them are soon met on the way down the ranks.
    return f"INDEXED BY result_{table}_rank"


def _rank_of(connection: sqlite3.Connection, table: str, after: Sequence[str]) -> float:
    key = RESULT_ORDER[table].key
    if len(after) == len(key):
        same = " AND ".join(f"{quoted(name)} = ?" for name in key)
        found = connection.execute(f"SELECT rank FROM result_{table} WHERE {same}", tuple(after)).fetchone()
        if found is not None:
            rank: float = found[0]
            return rank
    raise not_in_set(after)
