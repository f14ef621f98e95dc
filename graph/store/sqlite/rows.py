"""Reading rows as the plain values that records are made of."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from graph.statements import SHAPES
from graph.store.sqlite.scan import array, select

EPOCH = date(1970, 1, 1)

STATED = {
    "Shipment": ("declaration", "shipment"),
    "Inspection": ("inspection", "inspection"),
    "ListEntry": ("listing", "entry"),
}
"""Which rows state the versions of a thing, and their column for its key."""

GIVEN = {"Address": ("address",), "Contact": ("email", "phone")}
"""Which columns of a description give what is a thing of its own."""


def day(number: int | None) -> date | None:
    """Return a stored day as a date."""
    return None if number is None else EPOCH + timedelta(days=number)


def number(day: date) -> int:
    """Return a date as it is stored."""
    return (day - EPOCH).days


def among(column: str) -> str:
    """Return the condition for a column to have one of the values of a parameter, which is a JSON list."""
    return f"{column} IN (SELECT value FROM json_each(?))"


def stating(
    connection: sqlite3.Connection, shape: str, column: str, keys: Iterable[str], names: Sequence[str] | None = None
) -> list[tuple[int, int | None, dict[str, Any]]]:
    """Return the batch, the day (derived where there was none) and the values of the live rows with one of the keys.

    The keys stand in `column`; `names` are the columns wanted, by default all.
    """
    names = names or SHAPES[shape].names
    known = "s.day" if shape in ("ownership", "listing") else "s.known_on"
    live = " AND s.batch IS NOT NULL" if shape == "declaration" else ""
    query = f"{select(shape, ['s.batch', known], names)} WHERE {among(f's.{column}')}{live}"
    found = connection.execute(query, (json.dumps(list(keys)),)).fetchall()
    if not found:
        return []
    sources: dict[int, str] = dict(connection.execute("SELECT id, name FROM source")) if "source" in names else {}
    batches, days, *columns = zip(*found, strict=True)
    values: list[list[Any]] = []
    for name, column_values in zip(names, columns, strict=True):
        held = [sources[at] for at in column_values] if name == "source" else column_values
        values.append(array(held, SHAPES[shape].field(name).type).to_pylist())
    rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    return list(zip(batches, days, rows, strict=True))


def describing(connection: sqlite3.Connection, condition: str, *parameters: str) -> dict[int, dict[str, Any]]:
    """Return the descriptions that fulfil a condition, by number."""
    names = SHAPES["description"].names
    found = {}
    for row in connection.execute(f"{select('description', [], names)} WHERE {condition}", parameters):
        values = dict(zip(names, row, strict=True))
        values["registered_on"] = day(values["registered_on"])
        found[values["id"]] = values
    return found
