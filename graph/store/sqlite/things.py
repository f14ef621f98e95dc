"""A thing with the records behind it.

Versioned things have few rows, which are read whole. The others may be named by a million rows; those are counted and
spanned in SQL by what was said, by whom and in which batch, so that an answer is as small as the differences are.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from graph.fold import fold
from graph.records import (
    Record,
    Ref,
    declaration_records,
    inspection_records,
    listing_records,
    stated,
)
from graph.schema import NODE
from graph.store.sqlite.codes import naming
from graph.store.sqlite.layout import DESCRIBED, STOPS
from graph.store.sqlite.rows import GIVEN, among, day, describing, number, stating
from graph.store.things import RecordGroup, ThingWithRecords


class _Said(NamedTuple):
    """What one source said of a thing in one batch: a record on each of its days, of which first and last count."""

    role: str
    fields: Mapping[str, str] | None
    source: str
    batch: int
    first: int | None
    last: int | None


def get(connection: sqlite3.Connection, ref: Ref, until: date | None, limit: int) -> ThingWithRecords | None:
    """Return a thing with its records, as known before `until`."""
    if ref.type not in NODE:
        return None
    before = None if until is None else number(until)
    links: list[Record] = []
    if ref.type in ("Shipment", "Inspection", "ListEntry"):
        said, links = _versions(connection, ref)
    else:
        said = list(_accumulated(connection, ref, before))
    if before is not None:
        said = [one for one in said if one.last is not None and one.last < before]
        links = [link for link in links if link.known_on is not None and number(link.known_on) < before]
    if not said:
        return None
    things = [Record(ref, one.fields, one.source, day(end)) for one in said for end in {one.first, one.last}]
    network = fold([*things, *links])
    groups = _groups(connection, said)
    found = [network.links[link] for link in sorted(network.links) if link.start == ref]
    return ThingWithRecords(network.things[ref], groups[:limit], len(groups), found)


def _groups(connection: sqlite3.Connection, said: Iterable[_Said]) -> list[RecordGroup]:
    packed: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[_Said]] = defaultdict(list)
    for one in said:
        packed[one.role, one.source, tuple(sorted((one.fields or {}).items()))].append(one)
    names: dict[int, str] = dict(connection.execute("SELECT number, id FROM batch"))
    keyed = []
    for (role, source, fields), alike in packed.items():
        first = min((one.first for one in alike if one.first is not None), default=None)
        last = max((one.last for one in alike if one.last is not None), default=None)
        batches = [names[batch] for batch in sorted({one.batch for one in alike})]
        group = RecordGroup(role, source, dict(fields), day(first), day(last), batches)
        keyed.append(((last is None, -(last or 0), role, source, fields), group))
    return [group for _, group in sorted(keyed, key=lambda pair: pair[0])]


def _versions(connection: sqlite3.Connection, ref: Ref) -> tuple[list[_Said], list[Record]]:
    """Return what the rows of a shipment, inspection or list entry say of it, and the links that they state."""
    found: list[tuple[str, int, int | None, Iterable[Record]]] = []
    if ref.type == "Shipment":
        rows = stating(connection, "declaration", "shipment", [ref.key])
        numbers = {row[role] for _, _, row in rows for role in DESCRIBED} - {None}
        described = describing(connection, among("id"), json.dumps(list(numbers)))
        found += [("shipment", batch, known, declaration_records(row, described)) for batch, known, row in rows]
        rows = stating(connection, "inspection", "shipment", [ref.key])
        found += [("inspection", batch, known, inspection_records(row)) for batch, known, row in rows]
    elif ref.type == "Inspection":
        rows = stating(connection, "inspection", "inspection", [ref.key])
        found += [("inspection", batch, known, inspection_records(row)) for batch, known, row in rows]
    else:
        rows = stating(connection, "listing", "entry", [ref.key])
        found += [("listing", batch, known, listing_records(row, day(known))) for batch, known, row in rows]
    said, links = [], []
    for role, batch, known, records in found:
        for record in records:
            if record.subject == ref:
                said.append(_Said(role, record.fields, record.source, batch, known, known))
            elif record.subject[0] == ref:
                links.append(record)
    return said, links


def _accumulated(connection: sqlite3.Connection, ref: Ref, before: int | None) -> Iterator[_Said]:
    """Yield what was said of a thing that accumulates, on days before `before`."""
    if ref.type in GIVEN:
        [field] = NODE[ref.type].fields
        for column in GIVEN[ref.type]:
            rows = describing(connection, f"{column}_key = ?", ref.key)
            fields = {number: {field.name: row[column]} for number, row in rows.items()}
            yield from _uses(connection, fields, f"_{column}", before)
    elif ref.type in ("Commodity", "Place"):
        column = "commodity" if ref.type == "Commodity" else "origin"
        condition, parameters = naming(ref, f"d.{column}")
        yield from _named(connection, column, "declaration d", condition, parameters, before)
        condition, parameters = naming(ref, "s.place")
        for role in STOPS if ref.type == "Place" else ():
            joined = "stop s CROSS JOIN declaration d ON d.way = s.way"
            yield from _named(connection, role, joined, f"s.role = '{role}' AND {condition}", parameters, before)
    elif ref.type == "Route":
        joined = "way w CROSS JOIN declaration d ON d.way = w.id"
        yield from _named(connection, "route", joined, "w.route = ?", [ref.key], before)
    elif ref.type == "Container":
        joined = "held h CROSS JOIN declaration d ON d.id = h.declaration"
        yield from _named(connection, "container", joined, "h.container = ?", [ref.key], before)
    elif ref.type == "TransportDocument":
        yield from _named(connection, "document", "declaration d", "d.document = ?", [ref.key], before)
    else:
        rows = describing(connection, "type = ? AND key = ?", ref.type, ref.key)
        fields = {number: stated(row, NODE[ref.type].fields) for number, row in rows.items()}
        yield from _uses(connection, fields, "", before)
        if ref.type == "Trader":
            for end in ("owned", "owner"):
                yield from _named(connection, end, "ownership d", f"d.{end} = ?", [ref.key], before, day="day")


def _named(
    connection: sqlite3.Connection,
    role: str,
    table: str,
    condition: str,
    parameters: Sequence[str],
    before: int | None,
    day: str = "known_on",
) -> Iterator[_Said]:
    """Yield in which batches, by whom and when rows name a thing without saying more of it.

    `CROSS JOIN` and `+` keep the planner to the index of what names the thing, whatever it takes for the better way.
    """
    rows = connection.execute(
        f"SELECT n.name, d.batch, min(d.{day}), max(d.{day}) FROM {table} JOIN source n ON n.id = d.source"
        f" WHERE {condition} AND +d.batch IS NOT NULL{_bound(day, before)} GROUP BY d.source, d.batch",
        parameters,
    )
    for source, batch, first, last in rows:
        yield _Said(role, None, source, batch, first, last)


def _bound(day: str, before: int | None) -> str:
    return "" if before is None else f" AND d.{day} < {before:d}"


def _uses(
    connection: sqlite3.Connection, fields: Mapping[int, Mapping[str, str]], suffix: str, before: int | None
) -> Iterator[_Said]:
    """Yield in which roles, in which batches, by whom and when rows refer to descriptions."""
    numbers = json.dumps(list(fields))
    for role in (*DESCRIBED, "entity"):
        shape, column, day = ("entity", "thing", "day") if role == "entity" else ("declaration", role, "known_on")
        rows = connection.execute(
            f"SELECT d.{column}, n.name, d.batch, min(d.{day}), max(d.{day}) FROM {shape} d"
            " JOIN source n ON n.id = d.source"
            f" WHERE d.{column} IN (SELECT value FROM json_each(?)) AND +d.batch IS NOT NULL{_bound(day, before)}"
            f" GROUP BY d.{column}, d.source, d.batch",
            (numbers,),
        )
        for description, source, batch, first, last in rows:
            yield _Said(role + suffix, fields[description], source, batch, first, last)
