"""Things that are named by a code: commodities and places, and what stands above them by the code alone.

Only the codes that rows state are stored; the wider ones are read off them.
"""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from graph.records import Ref, wider_commodities, wider_place

# Greater than every character that may follow in a code.
_LAST = "\U0010ffff"


class Days(NamedTuple):
    """The first and the last day on which something was said."""

    first: int
    last: int


def wider(ref: Ref) -> str | None:
    """Return the code just above this one, or None."""
    if ref.type == "Place":
        return wider_place(ref.key)
    return next(iter(wider_commodities(ref.key)), None) if ref.type == "Commodity" else None


def naming(ref: Ref, column: str) -> tuple[str, list[str]]:
    """Return the condition (and its parameters) for a stated code to name a thing: the code itself or one below."""
    below = [ref.key, ref.key + _LAST]
    if ref.type == "Commodity" and len(ref.key) in (2, 4, 6):
        return f"({column} >= ? AND {column} < ?)", below
    if ref.type == "Place" and len(ref.key) == 2:
        port = f"(length({column}) = 5 AND instr({column}, '/') = 0)"
        return f"({column} >= ? AND {column} < ? AND ({column} = ? OR {port}))", [*below, ref.key]
    return f"{column} = ?", [ref.key]


def stated(connection: sqlite3.Connection, ref: Ref) -> dict[str, Days]:
    """Return the stated codes that name a commodity or place, each with its days."""
    found: dict[str, Days] = {}
    column = "commodity" if ref.type == "Commodity" else "origin"
    for code, first, last in _of_column(connection, ref, column):
        found[code] = Days(first, last)
    if ref.type == "Place":
        condition, parameters = naming(ref, "s.place")
        low, high = ((f"(SELECT {end}(known_on) FROM declaration WHERE way = s.way)") for end in ("min", "max"))
        rows = connection.execute(
            f"SELECT s.place, min({low}), max({high}) FROM stop s WHERE {condition} GROUP BY s.place", parameters
        )
        for code, first, last in rows:
            held = found.get(code, Days(first, last))
            found[code] = Days(min(first, held.first), max(last, held.last))
    return found


def _of_column(connection: sqlite3.Connection, ref: Ref, column: str) -> Iterator[tuple[str, int, int]]:
    """Skip through an index from code to code, however many rows name each."""
    condition, parameters = naming(ref, "code")
    return connection.execute(
        f"WITH RECURSIVE found (code) AS (SELECT min({column}) FROM declaration WHERE {column} >= ?"
        f" UNION ALL SELECT (SELECT min({column}) FROM declaration WHERE {column} > code) FROM found WHERE code < ?)"
        f" SELECT code, (SELECT min(known_on) FROM declaration WHERE {column} = code),"
        f" (SELECT max(known_on) FROM declaration WHERE {column} = code) FROM found WHERE {condition}",
        (ref.key, ref.key + _LAST, *parameters),
    )


def chain(ref: Ref) -> list[str]:
    """Return the code and all above it, the nearest first."""
    codes = [ref.key]
    while (above := wider(Ref(ref.type, codes[-1]))) is not None:
        codes.append(above)
    return codes


def span(codes: dict[str, Days]) -> Days:
    """Return the days on which any of the codes was named."""
    return Days(min(days.first for days in codes.values()), max(days.last for days in codes.values()))
