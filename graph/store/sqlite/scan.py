"""Reading statements out as Arrow, in bounded pieces."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from graph.statements import SHAPES
from graph.store.sqlite.layout import WAY, quoted

_PIECE = 32_768


def scan(
    connection: sqlite3.Connection, shape: str, columns: Sequence[str] | None, condition: str = "", *values: Any
) -> Iterator[pa.RecordBatch]:
    """Yield the live statements of one shape; the connection must hold a read transaction.

    A condition on the row (alias `s`), with its values, picks some of them.
    """
    names = list(SHAPES[shape].names if columns is None else columns)
    schema = pa.schema([SHAPES[shape].field(name) for name in names])
    live = "s.batch IS NOT NULL" if shape == "declaration" else "TRUE"
    sources: dict[int, str] = dict(connection.execute("SELECT id, name FROM source"))
    # Without columns there is still a number of rows.
    rows = connection.execute(f"{select(shape, [] if names else ['1'], names)} WHERE {condition or live}", values)
    while piece := rows.fetchmany(_PIECE):
        arrays = []
        for field, column in zip(schema, zip(*piece, strict=True), strict=False):
            held = [sources[at] for at in column] if field.name == "source" else column
            arrays.append(array(held, field.type))
        if names:
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        else:
            yield pa.RecordBatch.from_struct_array(pa.array([{}] * len(piece), pa.struct([])))


def select(shape: str, first: Sequence[str], names: Sequence[str]) -> str:
    """Return the query for columns of a shape (alias `s`), after the given expressions."""
    columns = [*first, *(f"w.{name}" if _moved(shape, name) else f"s.{quoted(name)}" for name in names)]
    joined = " LEFT JOIN way w ON w.id = s.way" if any(_moved(shape, name) for name in names) else ""
    return f"SELECT {', '.join(columns)} FROM {shape} s{joined}"


def _moved(shape: str, name: str) -> bool:
    return shape == "declaration" and name in WAY


def array(column: Sequence[Any], data: pa.DataType) -> pa.Array:
    """Return stored values as an Arrow array: days from numbers, lists from JSON."""
    if pa.types.is_date(data):
        return pa.array(column, pa.int32()).view(data)
    if pa.types.is_list(data):
        lists = {text: None if text is None else json.loads(text) for text in set(column)}
        return pa.array([lists[text] for text in column], data)
    if pa.types.is_boolean(data):
        return pa.array([None if value is None else bool(value) for value in column], data)
    return pa.array(column, data)
