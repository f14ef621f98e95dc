"""Shipments and inspections: the version with the latest day counts, with its fields and its links.

A node keeps the day of its version (`_day`). A later version takes its place; one of the same day is merged with it, as
`graph/fold.py` has it; an earlier one changes nothing but the days between which the thing was named. New links are
written before the node and old ones deleted after it, so that a merge that was broken off can be done again.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import Triple, days_of, fold_spans
from graph.records import canonical
from graph.schema import NODE, ROLES
from graph.statements import Statements
from graph.store.neo4j.accumulated import dated, day, days, searched
from graph.store.neo4j.cypher import LinkText, ThingText, triples_of
from graph.store.neo4j.layout import bounded, identified
from graph.store.neo4j.said import VERSIONS
from graph.store.neo4j.writer import Writer, pieces_of
from graph.whole import Versions, links_of_versions, versions_of

_SINGLE = {role.link for role in ROLES}
_Link = tuple[Triple, str, int]
Links = Mapping[Triple, pa.Table]


class _Version(NamedTuple):
    """What counts for a thing; `links` are (type, key of the end, day)."""

    day: int
    fields: dict[str, Any]


def merge_versions(writer: Writer, statements: Statements, number: int) -> None:
    """Merge the shipments and inspections of a part into the database; `number` is the piece that names them."""
    kept = versions_of(statements)
    links = {triple: fold_spans([table]) for triple, table in links_of_versions(kept, statements)}
    # Shipments come first: inspections are linked to them.
    for kind in VERSIONS:
        named = days_of_versions(statements, kind)
        columns = (named[name].cast(pa.int32()).to_pylist() for name in ("day_min", "day_max"))
        said = dict(zip(named["key"].to_pylist(), zip(*columns, strict=True), strict=True))
        _merge(writer, kind, _versions(kind, kept[kind]), links, said, number)


def days_of_versions(statements: Statements, kind: str) -> pa.Table:
    """Return the things of a type that declarations and inspections name: `key`, `day_min`, `day_max`."""
    tables = [statements.inspection] if kind == "Inspection" else [statements.declaration, statements.inspection]
    whole = [table.select([VERSIONS[kind], "known_on"]).rename_columns(["key", "day"]) for table in tables]
    return pa.concat_tables(whole).group_by("key").aggregate([("day", "min"), ("day", "max")])


def _merge(
    writer: Writer,
    kind: str,
    versions: Mapping[str, _Version],
    links: Links,
    said: Mapping[str, tuple[int, int]],
    number: int,
) -> None:
    text = ThingText(kind)
    fresh: list[str] = []
    for keys in pieces_of(said):
        rows = writer.found(text.state, [[bounded(key)] for key in keys])
        states = {row["at"][0]: row for row in rows}
        created, named, changed = [], [], []
        for key in keys:
            state, version = states.get(bounded(key)), versions.get(key)
            own = {**_named(said[key], state), "_chunks": sorted({number, *((state or {}).get("_chunks") or ())})}
            if state is None:
                created.append(["", {**identified(key), **own, **_shown(version)}])
                fresh.append(key)
            elif version is not None and (state["_day"] is None or state["_day"] <= version.day):
                changed.append((key, own, state["_day"] == version.day))
            elif any(state[name] != value for name, value in own.items()):
                named.append([bounded(key), own])
        writer.write(text.create, created)
        writer.write(text.add, named)
        _change(writer, kind, links, versions, changed)
    _link(writer, kind, links, fresh)


def _versions(kind: str, held: Versions) -> dict[str, _Version]:
    current = held.current()
    keys = current[VERSIONS[kind]].to_pylist()
    days = days_of(current["known_on"]).tolist()
    rows = current.select([field.name for field in NODE[kind].fields]).to_pylist()
    # Minus zero is zero, as in the canonical text.
    filled = (
        {name: value + 0.0 if isinstance(value, float) else value for name, value in row.items() if value is not None}
        for row in rows
    )
    return {key: _Version(day, fields) for key, day, fields in zip(keys, days, filled, strict=True)}


def _shown(version: _Version | None) -> dict[str, Any]:
    return {} if version is None else {**version.fields, **goods(version.fields), "_day": version.day}


def goods(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the property under whose words a version is found."""
    described = fields.get("goods_description")
    return {} if described is None else searched([described])


def _named(span: tuple[int, int], state: Mapping[str, Any] | None) -> dict[str, Any]:
    first, last = span
    if state is not None and state["first_on"] is not None:
        first, last = min(first, days(state["first_on"])), max(last, days(state["last_on"]))
    return dated(first, last)


def _link(writer: Writer, kind: str, links: Links, starts: Sequence[str]) -> None:
    """Create all links of things that were not there."""
    wanted = pa.array(starts, pa.string())
    for triple in triples_of(kind):
        table = links.get(triple)
        if table is None or not starts:
            continue
        mine = table.filter(pc.is_in(table["start"], value_set=wanted))
        columns = (mine[name].to_pylist() for name in ("start", "end", "first"))
        rows = ([bounded(start), bounded(end), day(first)] for start, end, first in zip(*columns, strict=True))
        writer.write(LinkText(triple).create_of_day, rows)


def _change(
    writer: Writer,
    kind: str,
    links: Links,
    versions: Mapping[str, _Version],
    changed: Sequence[tuple[str, dict[str, Any], bool]],
) -> None:
    """Put versions in the place of those that are there, or merge them with those where they share the day."""
    if not changed:
        return
    text = ThingText(kind)
    there = {row["key"]: row for row in writer.found(text.version, [[bounded(key)] for key, *_ in changed])}
    given = _links_from(links, kind, [key for key, *_ in changed])
    # Others may have drawn links of their own.
    ours = set(triples_of(kind))
    nodes: list[Any] = []
    missing: dict[Triple, list[Any]] = defaultdict(list)
    obsolete: dict[Triple, list[Any]] = defaultdict(list)
    for key, own, same_day in changed:
        version, held = versions[key], there[bounded(key)]
        old = {((kind, link, end), to, days(on)) for link, end, to, on in held["links"] if (kind, link, end) in ours}
        wanted = {(triple, to, version.day) for triple, to in given.get(key, ())}
        fields = version.fields
        if same_day:
            fields = _merged_fields(kind, held["properties"], fields)
            wanted = _merged_links({link for link in old if link[2] == version.day} | wanted)
        nodes.append([bounded(key), {**identified(key), **own, **fields, **goods(fields), "_day": version.day}])
        for listed, differing in ((missing, wanted - old), (obsolete, old - wanted)):
            for triple, to, on in differing:
                listed[triple].append([bounded(key), bounded(to), day(on)])
    for triple, rows in missing.items():
        writer.write(LinkText(triple).create_of_day, rows)
    writer.write(text.change, nodes)
    for triple, rows in obsolete.items():
        writer.write(LinkText(triple).delete_of_day, rows)


def _links_from(links: Links, kind: str, starts: Sequence[str]) -> dict[str, list[tuple[Triple, str]]]:
    wanted = pa.array(starts, pa.string())
    found: dict[str, list[tuple[Triple, str]]] = defaultdict(list)
    for triple in triples_of(kind):
        table = links.get(triple)
        if table is not None:
            mine = table.filter(pc.is_in(table["start"], value_set=wanted))
            for start, end in zip(mine["start"].to_pylist(), mine["end"].to_pylist(), strict=True):
                found[start].append((triple, end))
    return found


def _merged_fields(kind: str, held: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two versions of one day: filled beats blank, then the greatest in byte order."""
    names = [field.name for field in NODE[kind].fields]
    old = {name: _plain(held[name]) for name in names if held.get(name) is not None}
    both = {name: [version[name] for version in (old, fields) if name in version] for name in names}
    return {name: max(values, key=canonical) for name, values in both.items() if values}


def _plain(value: Any) -> Any:
    return value.to_native() if hasattr(value, "to_native") else value


def _merged_links(links: set[_Link]) -> set[_Link]:
    """Merge the links of versions of one day: what a version has one of, by the greatest key."""
    return {*_greatest(links), *(link for link in links if link[0][1] not in _SINGLE)}


def _greatest(links: set[_Link]) -> Iterator[_Link]:
    single: dict[Triple, _Link] = {}
    for link in links:
        triple, to, _ = link
        if triple[1] in _SINGLE and (triple not in single or single[triple][1] < to):
            single[triple] = link
    yield from single.values()
