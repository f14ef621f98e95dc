"""The links of things: queries over what says them, each bounded by the database."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from graph.records import Ref
from graph.schema import LINKS
from graph.store.neighbourhood import Direction, Neighbour, Neighbours, check_links
from graph.store.sqlite.codes import Days, chain, span, stated, wider
from graph.store.sqlite.relations import RELATIONS
from graph.store.sqlite.rows import day

# Links worked out before the query, as it takes them.
_GIVEN = (
    "SELECT json_extract(value, '$[0]') AS type, json_extract(value, '$[1]') AS key,"
    " json_extract(value, '$[2]') AS first, json_extract(value, '$[3]') AS last FROM json_each(:at)"
)


class Linked(NamedTuple):
    """Links of one start, type and direction: queries for type, key, first and last day of the other ends, with `:at`.

    `naming` says that each of the queries reads the declarations that name the start off one index.
    """

    start: Ref
    link: str
    direction: Direction
    queries: Sequence[tuple[str, int | str]]
    naming: bool = False


def linked(
    connection: sqlite3.Connection, start: Ref, links: Sequence[str] | None = None, direction: Direction | None = None
) -> Iterator[Linked]:
    """Yield what says the links of a thing, in the order of the schema, outgoing before incoming."""
    for link_type in LINKS:
        if links is None or link_type.name in links:
            for way in ("out", "in"):
                relation = RELATIONS.get((start.type, link_type.name, way))
                if direction not in (None, way):
                    continue
                if link_type.name == "PART_OF" and start.type in ("Commodity", "Place"):
                    rows = _above(connection, start) if way == "out" else _below(connection, start)
                    yield Linked(start, link_type.name, way, [(_GIVEN, json.dumps(rows))] if rows else [])
                elif relation is not None:
                    anchors: list[int | str] = [start.key]
                    if (query := relation.anchors()) is not None:
                        anchors = [at for (at,) in connection.execute(query, {"at": start.key})]
                    naming = relation.key == "d.shipment" and len(relation.tables) == 1
                    yield Linked(start, link_type.name, way, [(relation.of_one(), at) for at in anchors], naming)


def count(connection: sqlite3.Connection, these: Linked, condition: str = "TRUE", **values: Any) -> int:
    """Return how many links there are, narrowed by a condition on the columns of the query (alias `x`)."""
    total = 0
    for query, at in these.queries:
        found = connection.execute(f"SELECT count(*) FROM ({query}) x WHERE {condition}", {"at": at, **values})
        total += found.fetchone()[0]
    return total


def neighbours(
    connection: sqlite3.Connection, starts: Sequence[Ref], links: Sequence[str] | None, limit: int
) -> Neighbours:
    """Return at most `limit` links of each start by link type and direction."""
    check_links(links)
    rows: list[Neighbour] = []
    counts: dict[tuple[Ref, str, Direction], int] = {}
    for start in dict.fromkeys(starts):
        for these in linked(connection, start, links):
            number = count(connection, these)
            if number:
                counts[start, these.link, these.direction] = number
                rows.extend(_newest(connection, these, limit))
    return Neighbours(rows, counts)


def _newest(connection: sqlite3.Connection, these: Linked, limit: int) -> list[Neighbour]:
    found = []
    for query, at in these.queries:
        found += connection.execute(
            f"SELECT x.last, x.type, x.key, x.first FROM ({query}) x ORDER BY x.last DESC, x.type, x.key LIMIT :limit",
            {"at": at, "limit": limit},
        ).fetchall()
    found.sort(key=lambda row: (row[0] is None, -(row[0] or 0), row[1], row[2]))
    return [
        Neighbour(these.start, these.link, these.direction, Ref(kind, key), day(first), day(last))
        for last, kind, key, first in found[:limit]
    ]


_Row = tuple[str, str, int, int]


def _above(connection: sqlite3.Connection, ref: Ref) -> list[_Row]:
    """Return the code above one that is named."""
    above = wider(ref)
    codes = stated(connection, ref) if above is not None else {}
    return [(ref.type, above, *span(codes))] if above is not None and codes else []


def _below(connection: sqlite3.Connection, ref: Ref) -> list[_Row]:
    """Return the codes just below one."""
    below: dict[str, Days] = {}
    for code, days in stated(connection, ref).items():
        codes = chain(Ref(ref.type, code))
        at = codes.index(ref.key)
        if at:
            held = below.get(codes[at - 1], days)
            below[codes[at - 1]] = Days(min(held.first, days.first), max(held.last, days.last))
    return [(ref.type, code, *days) for code, days in below.items()]
