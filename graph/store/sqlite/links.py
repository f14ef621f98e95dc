"""Neighbours of things, one bounded query per kind of link and direction.

Which table says a kind of link follows from the schema, so that `READERS` covers every link that statements can make.
Each reader gives the rows (other end, first and last day), best first and at most `limit`, and their true number.
"""

import heapq
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Literal, NamedTuple

from graph.records import Ref
from graph.schema import LINK, LINKS, ROLES, Role
from graph.store.base import Neighbour, Neighbours, check_links
from graph.store.sqlite.codes import chain, span, stated, wider
from graph.store.sqlite.layout import DESCRIBED, STOPS
from graph.store.sqlite.things import day

Direction = Literal["out", "in"]


class _Seen(NamedTuple):
    """The other end of a link, and the days of the link as they are stored."""

    end: Ref
    first: int | None
    last: int | None


_Answer = tuple[list[_Seen], int]
_Reader = Callable[[sqlite3.Connection, str, int], _Answer]


def neighbours(
    connection: sqlite3.Connection, starts: Sequence[Ref], links: Sequence[str] | None, limit: int
) -> Neighbours:
    """Return at most `limit` links of each start by link type and direction."""
    check_links(links)
    rows: list[Neighbour] = []
    counts: dict[tuple[Ref, str, Direction], int] = {}
    for start in dict.fromkeys(starts):
        for link_type in LINKS:
            if links is not None and link_type.name not in links:
                continue
            for direction in ("out", "in"):
                reader = READERS.get((start.type, link_type.name, direction))
                seen, count = reader(connection, start.key, limit) if reader else ([], 0)
                if count:
                    counts[start, link_type.name, direction] = count
                for end, first, last in seen:
                    rows.append(Neighbour(start, link_type.name, direction, end, day(first), day(last)))
    return Neighbours(rows, counts)


def _order(seen: _Seen) -> tuple[bool, int, Ref]:
    return seen.last is None, -(seen.last or 0), seen.end


def _best(seen: Iterable[_Seen], limit: int) -> list[_Seen]:
    return heapq.nsmallest(limit, seen, key=_order)


def _listed(
    connection: sqlite3.Connection, query: str, parameters: Sequence[str], kind: str | None, limit: int
) -> _Answer:
    """Read a query of (type,) key, first and last day: order it, limit it, and count it."""
    columns = "type, key" if kind is None else "key"
    rows = connection.execute(
        f"SELECT {columns}, first, last, count(*) OVER () FROM ({query}) ORDER BY last DESC, {columns} LIMIT ?",
        (*parameters, limit),
    ).fetchall()
    if not rows and limit < 1:
        return [], connection.execute(f"SELECT count(*) FROM ({query})", parameters).fetchone()[0]
    seen = [_Seen(Ref(kind or row[0], row[-4]), row[-3], row[-2]) for row in rows]
    return seen, rows[0][-1] if rows else 0


def _named_by_shipment(role: Role, connection: sqlite3.Connection, key: str, limit: int) -> _Answer:
    if role.described:
        named, table = "p.key", f"JOIN description p ON p.id = d.{role.column}"
    elif role.column == "route":
        named, table = "w.route", "JOIN way w ON w.id = d.way"
    else:
        named, table = f"d.{role.column}", ""
    query = (
        f"SELECT {named} AS key, d.known_on AS first, d.known_on AS last FROM declaration d {table}"
        f" WHERE d.shipment = ? AND d.shown AND {named} IS NOT NULL"
    )
    return _listed(connection, query, [key], role.node, limit)


def _shipments_naming(role: Role, connection: sqlite3.Connection, key: str, limit: int) -> _Answer:
    """Read the newest shipments off the index, one number (or code) after the other."""
    column = role.column
    named: list[tuple[int | str]] = [(key,)]
    if role.described:
        ids = connection.execute("SELECT id FROM description WHERE type = ? AND key = ?", (role.node, key))
        named = ids.fetchall()
    elif column == "route":
        column = "way"
        named = connection.execute("SELECT id FROM way WHERE route = ?", (key,)).fetchall()
    count = 0
    seen: list[_Seen] = []
    for parameter in named:
        condition = f"FROM declaration WHERE {column} = ? AND shown"
        here = connection.execute(f"SELECT count(*) {condition}", parameter).fetchone()[0]
        if here:
            count += here
            rows = connection.execute(
                f"SELECT shipment, known_on {condition} ORDER BY known_on DESC, shipment LIMIT ?", (*parameter, limit)
            )
            seen = _best([*seen, *(_Seen(Ref("Shipment", shipment), at, at) for shipment, at in rows)], limit)
    return seen, count


def _query(query: str, kind: str | None, connection: sqlite3.Connection, key: str, limit: int) -> _Answer:
    """Read a fixed query with the key for its only parameter."""
    return _listed(connection, query, [key], kind, limit)


def _uses(columns: str, condition: str) -> str:
    """Return descriptions with the days on which rows refer to them; every description that is there is referred to."""
    named = [
        f"SELECT {columns}, (SELECT min(known_on) FROM declaration WHERE {role} = p.id) AS low,"
        f" (SELECT max(known_on) FROM declaration WHERE {role} = p.id) AS high FROM description p WHERE {condition}"
        for role in DESCRIBED
    ]
    named.append(
        f"SELECT {columns}, (SELECT min(day) FROM entity WHERE thing = p.id) AS low,"
        f" (SELECT max(day) FROM entity WHERE thing = p.id) AS high FROM description p WHERE {condition}"
    )
    return " UNION ALL ".join(named)


def _contacts(kind: str, columns: Sequence[str], connection: sqlite3.Connection, key: str, limit: int) -> _Answer:
    """Read the addresses or contacts that a party gave."""
    ends = "Address" if "address" in columns else "Contact"
    uses = " UNION ALL ".join(
        _uses(f"p.{column}_key AS key", f"p.type = ?1 AND p.key = ?2 AND p.{column}_key IS NOT NULL")
        for column in columns
    )
    query = f"SELECT key, min(low) AS first, max(high) AS last FROM ({uses}) GROUP BY key"
    return _listed(connection, query, [kind, key], ends, limit)


def _sharing(columns: Sequence[str], connection: sqlite3.Connection, key: str, limit: int) -> _Answer:
    """Read the parties that gave an address or contact."""
    uses = " UNION ALL ".join(_uses("p.type AS type, p.key AS key", f"p.{column}_key = ?1") for column in columns)
    query = f"SELECT type, key, min(low) AS first, max(high) AS last FROM ({uses}) GROUP BY type, key"
    return _listed(connection, query, [key], None, limit)


def _above(kind: str, connection: sqlite3.Connection, key: str, limit: int) -> _Answer:
    """Read the code above one that is named."""
    above = wider(Ref(kind, key))
    codes = stated(connection, Ref(kind, key)) if above is not None else {}
    if above is None or not codes:
        return [], 0
    return [_Seen(Ref(kind, above), *span(codes))][:limit], 1


def _below(kind: str, connection: sqlite3.Connection, key: str, limit: int) -> _Answer:
    """Read the codes just below one."""
    below: dict[str, _Seen] = {}
    for code, days in stated(connection, Ref(kind, key)).items():
        codes = chain(Ref(kind, code))
        at = codes.index(key)
        if at:
            held = below.get(codes[at - 1], _Seen(Ref(kind, codes[at - 1]), *days))
            first, last = held.first, held.last
            assert first is not None and last is not None
            below[codes[at - 1]] = _Seen(held.end, min(first, days.first), max(last, days.last))
    return _best(below.values(), limit), len(below)


def _stops(start: str, end: str, role: str) -> str:
    """Return the query from a route to the places of one role, or back; the order of reading is prescribed."""
    tables = ("way w", "stop s") if start == "w.route" else ("stop s", "way w")
    days = ", ".join(
        f"{extreme}((SELECT {extreme}(known_on) FROM declaration WHERE way = s.way)) AS {name}"
        for extreme, name in (("min", "first"), ("max", "last"))
    )
    return (
        f"SELECT {end} AS key, {days} FROM {tables[0]} CROSS JOIN {tables[1]} ON s.way = w.id"
        f" WHERE {start} = ? AND s.role = '{role}' GROUP BY {end}"
    )


def _held(start: str, end: str, tables: tuple[str, str]) -> str:
    """Return the query from a shipment to its containers, or back; the order of reading is prescribed."""
    return (
        f"SELECT {end} AS key, d.known_on AS first, d.known_on AS last FROM {tables[0]} CROSS JOIN {tables[1]}"
        f" ON h.declaration = d.id WHERE {start} = ? AND d.shown"
    )


_LATEST = "i.known_on = (SELECT max(known_on) FROM inspection WHERE inspection = i.inspection)"


def _readers() -> dict[tuple[str, str, Direction], _Reader]:
    found: dict[tuple[str, str, Direction], _Reader] = {}
    for role in ROLES:
        found["Shipment", role.link, "out"] = partial(_named_by_shipment, role)
        found[role.node, role.link, "in"] = partial(_shipments_naming, role)
    out = _held("d.shipment", "h.container", ("declaration d", "held h"))
    found["Shipment", "IN_CONTAINER", "out"] = partial(_query, out, "Container")
    back = _held("h.container", "d.shipment", ("held h", "declaration d"))
    found["Container", "IN_CONTAINER", "in"] = partial(_query, back, "Shipment")
    days = "i.known_on AS first, i.known_on AS last FROM inspection i"
    found["Inspection", "FOUND_IN", "out"] = partial(
        _query, f"SELECT DISTINCT i.shipment AS key, {days} WHERE i.inspection = ? AND {_LATEST}", "Shipment"
    )
    found["Shipment", "FOUND_IN", "in"] = partial(
        _query, f"SELECT DISTINCT i.inspection AS key, {days} WHERE i.shipment = ? AND {_LATEST}", "Inspection"
    )
    for link, columns in (("AT_ADDRESS", ("address",)), ("HAS_CONTACT", ("email", "phone"))):
        for kind, end in LINK[link].ends:
            found[kind, link, "out"] = partial(_contacts, kind, columns)
            found[end, link, "in"] = partial(_sharing, columns)
    owned = "SELECT {} AS key, min(day) AS first, max(day) AS last FROM ownership WHERE {} = ? GROUP BY {}"
    found["Trader", "OWNED_BY", "out"] = partial(_query, owned.format("owner", "owned", "owner"), "Trader")
    found["Trader", "OWNED_BY", "in"] = partial(_query, owned.format("owned", "owner", "owned"), "Trader")
    for name, link in STOPS.items():
        found["Route", link, "out"] = partial(_query, _stops("w.route", "s.place", name), "Place")
        found["Place", link, "in"] = partial(_query, _stops("s.place", "w.route", name), "Route")
    for kind, _ in LINK["PART_OF"].ends:
        found[kind, "PART_OF", "out"] = partial(_above, kind)
        found[kind, "PART_OF", "in"] = partial(_below, kind)
    return found


READERS = _readers()
