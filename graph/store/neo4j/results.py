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
from typing import Any, NamedTuple

import pyarrow as pa
from neo4j import ManagedTransaction

from graph.store.errors import StoreError
from graph.store.kept import Kept
from graph.store.neo4j.layout import KEPT, KEY_OF_RESULT, PUBLISHED, RESULT, bounded
from graph.store.neo4j.writer import ROWS, Writer, pieces_of
from graph.store.results import RESULT_ORDER, RESULTS, Picked, PublishedSet, not_in_set


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
    falling, key = RESULT_ORDER[table]
    columns = ", ".join(f"n.{column}" for column in key)

    def read(tx: ManagedTransaction) -> list[list[Any]]:
        text = f"MATCH (n:{RESULT[table]} {{`set`: $name}}) RETURN elementId(n), n.{falling}, {columns}"
        return [row.values() for row in tx.run(text, name=name)]

    def place(row: list[Any]) -> tuple[Any, ...]:
        _, value, *named = row
        return (value is None, -(value or 0.0), *named)

    # Sorted here: a server has a limit for the memory of one transaction, and compares texts in another way.
    rows = sorted(writer.read(read), key=place)
    writer.write(
        "UNWIND $rows AS row MATCH (n) WHERE elementId(n) = row.node SET n._rank = row.rank, n._key = row.key",
        ({"node": node, "rank": at, "key": bounded(named[-1])} for at, (node, _, *named) in enumerate(rows)),
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


_WALKED = 20_000
"""Places that are looked at on the way down the ranks of a set before all of a period are."""

_Ask = Callable[[Callable[[ManagedTransaction], list[Any]]], list[Any]]


def results(
    ask: _Ask, name: str, table: str, picked: Picked, after: Sequence[str] | None, limit: int | None
) -> Iterator[pa.RecordBatch]:
    """Yield rows of a set in pages; `ask` reads each in a transaction of its own.

    Raises StoreError where the set was deleted meanwhile, or where `after` is not in it.
    """
    schema, label = RESULTS[table], RESULT[table]
    last = -1 if after is None else _place(ask, name, table, after)
    places = _places(ask, name, table, picked, last, limit)
    columns = ", ".join(f"n.{name}" for name in schema.names)
    text = (
        f"UNWIND $ranks AS rank MATCH (n:{label}) USING INDEX n:{label}(`set`, _rank) "
        f"WHERE n.`set` = $name AND n._rank = rank RETURN rank, {columns}"
    )
    days = [name for name in schema.names if pa.types.is_date(schema.field(name).type)]
    for ranks in pieces_of(sorted(places)):
        listed = []
        for _, *row_values in sorted(ask(partial(_held, text=text, name=name, ranks=ranks)), key=itemgetter(0)):
            row = dict(zip(schema.names, row_values, strict=True))
            listed.append({**row, **{name: row[name].to_native() for name in days if row[name] is not None}})
        yield pa.RecordBatch.from_pylist(listed, schema=schema)


def _places(ask: _Ask, name: str, table: str, picked: Picked, last: int, limit: int | None) -> list[int]:
    """Return the places of the first rows that are wanted and stand behind the place `last`."""
    found, values = _found(table, picked)
    text, values["last"] = f"{found} AND n._rank > $last", last
    if limit is None:
        return [place for [place] in ask(partial(_held, text=f"{text} RETURN n._rank", name=name, **values))]
    values["limit"] = limit
    first = " RETURN n._rank ORDER BY n._rank LIMIT $limit"
    if _of_all(picked):
        # The first of many are soon met on the way down the ranks, which needs none of the others.
        walk = text.replace("WHERE", f"USING INDEX n:{RESULT[table]}(`set`, _rank) WHERE", 1)
        walk += " AND n._rank <= $last + $walked"
        met = ask(partial(_held, text=walk + first, name=name, walked=_WALKED, **values))
        if len(met) == limit:
            return [place for [place] in met]
    return [place for [place] in ask(partial(_held, text=text + first, name=name, **values))]


def _of_all(picked: Picked) -> bool:
    """Tell whether no index of its own leads to the few rows that are wanted."""
    return picked.get("keys") is None and picked.get("community") is None


class _Cell(NamedTuple):
    """Shipments of a set that nothing tells apart which a queue is narrowed by."""

    accepted_on: date | None
    lane: str | None
    decided: bool | None
    number: int


def count_results(ask: _Ask, name: str, table: str, picked: Picked, kept: Kept) -> int:
    """Return how many rows of a set there are; how many shipments it has of each day is counted once and `kept`."""
    if table == "shipment" and _of_all(picked):
        return sum(cell.number for cell in kept.get(name, table, partial(_cells, ask, name)) if _wanted(cell, picked))
    found, values = _found(table, picked)
    [[count]] = ask(partial(_held, text=f"{found} RETURN count(n)", name=name, **values))
    return int(count)


def _cells(ask: _Ask, name: str) -> list[_Cell]:
    label = RESULT["shipment"]
    text = f"MATCH (n:{label}) WHERE n.`set` = $name RETURN n.accepted_on, n.lane, n.decided, count(*)"
    rows = ask(partial(_held, text=text, name=name))
    return [_Cell(None if day is None else day.to_native(), *others) for day, *others in rows]


def _wanted(cell: _Cell, picked: Picked) -> bool:
    first, last = picked.get("accepted_from"), picked.get("accepted_to")
    if (first or last) and (
        cell.accepted_on is None
        or (first is not None and cell.accepted_on < first)
        or (last is not None and cell.accepted_on > last)
    ):
        return False
    return picked.get("lane") in (None, cell.lane) and (cell.decided is False or not picked.get("undecided"))


def _held(tx: ManagedTransaction, text: str, name: str, **values: Any) -> list[Any]:
    """Read rows of a set, in a transaction for each page: the set may go while somebody takes his time."""
    found = [row.values() for row in tx.run(text, name=name, **values)]
    if not tx.run(f"MATCH (p:{PUBLISHED} {{`set`: $name}}) RETURN count(p)", name=name).value()[0]:
        raise StoreError("What was being read was removed long ago; repeat the command.")
    return found


# What is asked of the rows of a set, and the place in `Picked` of the value.
_PICKED = {
    "accepted_from": "n.accepted_on >= $accepted_from",
    "accepted_to": "n.accepted_on <= $accepted_to",
    "community": "n.community = $community",
    "lane": "n.lane = $lane",
    "undecided": "NOT n.decided",
}


def _found(table: str, picked: Picked) -> tuple[str, dict[str, Any]]:
    """Return what finds the rows that are wanted, and its parameters."""
    values: dict[str, Any] = {name: value for name, value in picked.items() if name in _PICKED and value is not None}
    conditions = ["n.`set` = $name", *(_PICKED[name] for name, value in values.items() if value is not False)]
    hint, keys = "", picked.get("keys")
    if keys is not None:
        hint = f"USING INDEX n:{RESULT[table]}(`set`, _key) "
        conditions.append(f"n._key IN $bounded AND n.{KEY_OF_RESULT[table]} IN $keys")
        values |= {"keys": list(keys), "bounded": sorted(map(bounded, set(keys)))}
    return f"MATCH (n:{RESULT[table]}) {hint}WHERE {' AND '.join(conditions)}", values


def _place(ask: _Ask, name: str, table: str, after: Sequence[str]) -> int:
    key = RESULT_ORDER[table].key
    if len(after) == len(key):
        same = " AND ".join(f"n.{column} = $after[{at}]" for at, column in enumerate(key))
        text = f"MATCH (n:{RESULT[table]}) WHERE n.`set` = $name AND n._key = $bounded AND {same} RETURN n._rank"
        found = ask(partial(_held, text=text, name=name, after=list(after), bounded=bounded(after[-1])))
        if found:
            return int(found[0][0])
    raise not_in_set(after)
