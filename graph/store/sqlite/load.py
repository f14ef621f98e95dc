"""Adding the rows of a batch: from Arrow tables to tuples, within the transaction of the batch."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from json.encoder import encode_basestring
from typing import Any

import pyarrow as pa

from graph.statements import SHAPES, Statements
from graph.store.sqlite.layout import DESCRIBED, LATE, SEARCHED_COLUMNS, STOPS, WAY, quoted, stored
from graph.store.sqlite.texts import Texts, list_texts

# Numbers of descriptions and ways remembered during a load; beyond, they are looked up again.
_REMEMBERED = 400_000
_LOOKUP = 500
_LISTED = ("entry", "name", "aliases", "identifiers")

Row = tuple[Any, ...]


def _json(items: Iterable[str | int | None]) -> str:
    """Return a list as JSON; `json.dumps` takes twice as long, which counts with millions of short lists."""
    parts = [
        encode_basestring(item) if isinstance(item, str) else "null" if item is None else str(item) for item in items
    ]
    return f"[{','.join(parts)}]"


def values(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """Return a column as SQLite stores it: days as numbers, lists as JSON, an empty list as blank."""
    if isinstance(column, pa.ChunkedArray):
        return [value for piece in column.chunks for value in values(piece)]
    if pa.types.is_dictionary(column.type):
        texts = values(column.dictionary)
        return [None if at is None else texts[at] for at in column.indices.to_pylist()]
    if pa.types.is_date(column.type):
        column = column.cast(pa.date32()).view(pa.int32())
    found: list[Any] = column.to_pylist()
    if pa.types.is_list(column.type):
        return [_json(items) if items else None for items in found]
    return found


class Interned:
    """A table whose rows are kept once each: finds or gives the number of a row by the digest of its columns."""

    def __init__(self, connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> None:
        self._connection = connection
        self._table = table
        self._next = 1 + connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
        # Whether every row that the table holds is remembered, so that what is not remembered is new.
        self._complete = self._next == 1
        self._numbers: dict[bytes, int] = {}
        marks = ", ".join("?" * (len(columns) + 2))
        names = ", ".join(map(quoted, columns))
        self._insert = f"INSERT INTO {table} (id, digest, {names}) VALUES ({marks})"

    def numbers(self, rows: Sequence[Row]) -> tuple[list[int], list[tuple[int, Row]]]:
        """Return the number of each row, and the rows that are new with theirs."""
        if len(self._numbers) > _REMEMBERED:
            self._numbers.clear()
            self._complete = False
        digests = [_digest(row) for row in rows]
        if not self._complete:
            self._look_up([digest for digest in digests if digest not in self._numbers])
        new: list[tuple[int, Row]] = []
        inserted: list[Row] = []
        for digest, row in zip(digests, rows, strict=True):
            if digest not in self._numbers:
                self._numbers[digest] = self._next
                new.append((self._next, row))
                inserted.append((self._next, digest, *row))
                self._next += 1
        self._connection.executemany(self._insert, inserted)
        return [self._numbers[digest] for digest in digests], new

    def _look_up(self, digests: Sequence[bytes]) -> None:
        for start in range(0, len(digests), _LOOKUP):
            wanted = digests[start : start + _LOOKUP]
            marks = ", ".join("?" * len(wanted))
            self._numbers.update(
                self._connection.execute(f"SELECT digest, id FROM {self._table} WHERE digest IN ({marks})", wanted)
            )


def _digest(row: Row) -> bytes:
    return hashlib.blake2b(_json(row).encode(), digest_size=16).digest()


class Loader:
    """Writes the chunks of one batch."""

    def __init__(self, connection: sqlite3.Connection, batch: int, *, first: bool, searched: bool = True) -> None:
        """Prepare to write batch number `batch`.

        `first` says that the store holds no declaration yet, `searched` whether what is said is to be found by search.
        """
        self._connection = connection
        self._batch = batch
        self._descriptions = Interned(connection, "description", stored("description"))
        self._ways = Interned(connection, "way", WAY)
        self._texts = Texts(connection) if searched else None
        self._sources: dict[str, int] = dict(connection.execute("SELECT name, id FROM source"))
        self._next = 1 + connection.execute("SELECT coalesce(max(id), 0) FROM declaration").fetchone()[0]
        self._declare = _insert("declaration", "1" if first else _IS_FIRST)

    def add(self, statements: Statements) -> None:
        """Write one chunk."""
        described = self._describe(statements)
        self._add_declarations(statements.declaration, described)
        for shape, table in statements.items():
            if shape not in ("description", "declaration") and len(table):
                columns = {name: values(table[name]) for name in table.column_names}
                columns["source"] = self._source_ids(columns["source"])
                if shape == "entity":
                    columns["thing"] = [described[number] for number in columns["thing"]]
                rows = zip(repeat(self._batch), *(columns[name] for name in stored(shape)), strict=False)
                self._connection.executemany(_insert(shape), rows)
                if shape == "listing" and self._texts is not None:
                    self._texts.add(
                        list_texts(self._connection, self._batch, zip(*map(columns.get, _LISTED), strict=True))
                    )

    def _describe(self, statements: Statements) -> Mapping[int | None, int | None]:
        """Store the descriptions that rows refer to; return their number in the store by their number in the chunk."""
        referred: set[int] = set(values(statements.entity["thing"]))
        for role in DESCRIBED:
            referred.update(values(statements.declaration[role].unique()))
        table = statements.description
        columns = [values(table[name]) for name in stored("description")]
        local, rows = [], []
        for number, row in zip(values(table["id"]), zip(*columns, strict=True), strict=True):
            if number in referred:
                local.append(number)
                rows.append(row)
        numbers, new = self._descriptions.numbers(rows)
        if self._texts is not None:
            places = [stored("description").index(column) for column in SEARCHED_COLUMNS]
            self._texts.add(row[place] for _, row in new for place in places)
        return {None: None, **dict(zip(local, numbers, strict=True))}

    def _source_ids(self, names: list[str]) -> list[int]:
        for name in set(names):
            if name not in self._sources:
                self._sources[name] = 1 + max(self._sources.values(), default=0)
                self._connection.execute("INSERT INTO source VALUES (?, ?)", (self._sources[name], name))
        return [self._sources[name] for name in names]

    def _way_ids(self, columns: Mapping[str, list[Any]]) -> list[int]:
        rows: list[Row] = list(zip(*(columns[name] for name in WAY), strict=True))
        distinct = list(dict.fromkeys(rows))
        numbers, new = self._ways.numbers(distinct)
        self._connection.executemany(
            "INSERT INTO stop VALUES (?, ?, ?, ?)",
            ((number, *stop) for number, row in new for stop in _stops(dict(zip(WAY, row, strict=True)))),
        )
        by_row = dict(zip(distinct, numbers, strict=True))
        return [by_row[row] for row in rows]

    def _add_declarations(self, table: pa.Table, described: Mapping[int | None, int | None]) -> None:
        if not len(table):
            return
        columns = {name: values(table[name]) for name in table.column_names}
        columns["source"] = self._source_ids(columns["source"])
        columns["way"] = self._way_ids(columns)
        for role in DESCRIBED:
            columns[role] = [described[number] for number in columns[role]]
        ids = range(self._next, self._next + len(table))
        self._next += len(table)
        rows = zip(ids, repeat(self._batch), *(columns[name] for name in stored("declaration")), strict=False)
        self._connection.executemany(self._declare, rows)
        if self._texts is not None:
            self._texts.add(dict.fromkeys(columns["goods_description"]))
        lists = table["containers"].to_pylist()
        held = ((row, item) for row, items in zip(ids, lists, strict=True) if items for item in sorted(set(items)))
        self._connection.executemany("INSERT INTO held VALUES (?, ?)", held)


# Counts, unless another row of the shipment is there already; `settle` decides between several.
_IS_FIRST = "NOT EXISTS (SELECT 1 FROM declaration WHERE shipment = ?{shipment})"


def _insert(shape: str, shown: str = "") -> str:
    """Return the statement that inserts a row: for declarations id, batch and columns, else batch and columns."""
    names = stored(shape)
    if shape == "declaration":
        marks = ", ".join(f"?{at}" for at in range(1, len(names) + 3))
        shown = shown.format(shipment=names.index("shipment") + 3)
        return f"INSERT INTO declaration (id, batch, {_names(names)}, shown) VALUES ({marks}, {shown})"
    marks = ", ".join(f"?{at}" for at in range(1, len(names) + 2))
    if shape in LATE:
        day = f", ?{names.index('known_on') + 2}"
        return f"INSERT INTO {shape} (batch, {_names(names)}, day) VALUES ({marks}{day})"
    return f"INSERT INTO {shape} (batch, {_names(names)}) VALUES ({marks})"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))


def _stops(way: Mapping[str, str | None]) -> Iterator[tuple[str, int, str]]:
    """Yield role, position and place of the stops of a way; one without a route has none."""
    if way["route"] is None:
        return
    single = {
        "departure": way["departure_place"] or way["departure_country"],
        "arrival": way["arrival_place"],
        "office": way["office"],
    }
    for role in STOPS:
        if role == "transit":
            transit = json.loads(way["transit_places"] or "[]")
            yield from ((role, position, place) for position, place in enumerate(transit, start=1))
        elif (place := single[role]) is not None:
            yield role, 0, place


def shapes() -> list[str]:
    """Return the shapes whose rows belong to batches."""
    return [shape for shape in SHAPES if shape != "description"]
