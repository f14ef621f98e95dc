"""What is shown of many things, and of links themselves, each kind in a few queries.

What was said last is shown, so that of what accumulates only the last day of each value is asked for.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from graph.fold import fold
from graph.records import LinkRef, Record, Ref, canonical, ownership_records, stated
from graph.schema import NODE, Field
from graph.store.sqlite.relations import used
from graph.store.sqlite.rows import GIVEN, STATED, among, day, describing, stating


class _Said(NamedTuple):
    """What a description says of a thing."""

    key: str
    description: int
    values: Mapping[str, str]


def shown(
    connection: sqlite3.Connection, refs: Iterable[Ref], fields: Collection[str] | None = None
) -> dict[Ref, Mapping[str, str]]:
    """Return what is shown of each of these things that has any value; `fields` narrows it to some."""
    keys: dict[str, list[str]] = defaultdict(list)
    for ref in dict.fromkeys(refs):
        keys[ref.type].append(ref.key)
    said: list[Record] = []
    for kind, named in keys.items():
        wanted = [
            field for field in (NODE[kind].fields if kind in NODE else ()) if fields is None or field.name in fields
        ]
        if wanted:
            said.extend(_said(connection, kind, named, wanted))
    things = fold(said).things
    return {ref: values for ref, thing in things.items() if (values := thing.shown())}


def link_values(connection: sqlite3.Connection, links: Iterable[LinkRef]) -> dict[LinkRef, Mapping[str, str]]:
    """Return what is shown of each of these links that has any value: of ownerships and places of transit."""
    asked = set(links)
    said = [*_owned(connection, asked), *_transits(connection, asked)]
    found = fold(record for record in said if record.subject in asked).links
    return {link: values for link, one in found.items() if (values := one.shown())}


def _said(connection: sqlite3.Connection, kind: str, keys: Sequence[str], fields: Sequence[Field]) -> Iterator[Record]:
    """Yield records that make what is shown of things of one type."""
    if kind in STATED:
        shape, column = STATED[kind]
        for _, known, row in stating(connection, shape, column, keys, [column, *(field.name for field in fields)]):
            yield Record(Ref(kind, row[column]), stated(row, fields), "", day(known))
        return
    wanted = json.dumps(keys)
    if kind in GIVEN:
        said = [
            _Said(row[f"{column}_key"], number, {fields[0].name: row[column]})
            for column in GIVEN[kind]
            for number, row in describing(connection, among(f"{column}_key"), wanted).items()
        ]
    else:
        parties = describing(connection, f"type = ? AND {among('key')}", kind, wanted)
        said = [_Said(row["key"], number, stated(row, fields)) for number, row in parties.items()]
    last = _last_days(connection, said)
    for one in said:
        yield Record(Ref(kind, one.key), one.values, "", day(last.get(one.description)))


def _last_days(connection: sqlite3.Connection, said: Sequence[_Said]) -> dict[int, int | None]:
    """Return the last day on which each description was used, of things of which there are several."""
    several = Counter(one.key for one in said)
    numbers = sorted({one.description for one in said if several[one.key] > 1})
    last = f"SELECT p.id, {used('max')} FROM description p WHERE {among('p.id')}"
    return dict(connection.execute(last, (json.dumps(numbers),)))


def _owned(connection: sqlite3.Connection, links: Iterable[LinkRef]) -> Iterator[Record]:
    owned = sorted({link.start.key for link in links if link.type == "OWNED_BY"})
    for _, known, row in stating(connection, "ownership", "owned", owned):
        yield from ownership_records(row, day(known))


def _transits(connection: sqlite3.Connection, links: Iterable[LinkRef]) -> Iterator[Record]:
    routes = sorted({link.start.key for link in links if link.type == "VIA"})
    found = connection.execute(
        "SELECT w.route, s.position, s.place, (SELECT max(known_on) FROM declaration WHERE way = w.id) AS last"
        f" FROM way w CROSS JOIN stop s ON s.way = w.id AND s.role = 'transit' WHERE {among('w.route')}",
        (json.dumps(routes),),
    )
    for route, position, place, last in found:
        link = LinkRef(Ref("Route", route), "VIA", Ref("Place", place))
        yield Record(link, {"order": canonical(position)}, "", day(last))
