"""The network that people see, brought to what the statements say: only what a load or a removal names is touched.

A load is merged into what is there, piece by piece; for a removal, all that it named is reset, and what the other loads
say of it is merged again. A merge changes nothing more when it is done twice, and all is written in bounded
transactions. So one that was broken off is completed by doing it again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import date_undated, plain, say
from graph.schema import LINK, NODE
from graph.statements import Statements
from graph.store.neo4j.accumulated import kinds_of, layers, merge_links, merge_things, searched, shown
from graph.store.neo4j.cypher import LinkText, ThingText
from graph.store.neo4j.layout import SEARCHED, bounded
from graph.store.neo4j.said import VERSIONS, Keys, Part, Said, among
from graph.store.neo4j.versioned import merge_versions
from graph.store.neo4j.writer import Writer
from graph.whole import fold_whole


def united(lists: Iterable[Keys]) -> Keys:
    """Return all keys of several lists."""
    keys: dict[str, pa.Array] = {}
    for listed in lists:
        for kind, named in listed.items():
            held = keys.get(kind)
            keys[kind] = named if held is None else pc.unique(pa.concat_arrays([held, named]))
    return keys


def add(writer: Writer, parts: Iterable[Callable[[], Part]], only: Keys | None = None) -> None:
    """Merge what dated statements say into the database; `only` narrows it to what was reset.

    Parts are read twice, so that they need not be held: first for what accumulates, then for the versions.
    """
    said, waiting = Said(only), []
    for read in parts:
        part = read()
        if only is None or any(_common(part.named, only)):
            said.add(part)
            waiting.append(read)
        if said.full:
            _merge(writer, said, waiting, only)
            said, waiting = Said(only), []
    _merge(writer, said, waiting, only)


def _common(named: Keys, only: Keys) -> Iterator[bool]:
    return (pc.any(pc.is_in(keys, value_set=only[kind])).as_py() for kind, keys in named.items() if kind in only)


def _merge(writer: Writer, said: Said, parts: Iterable[Callable[[], Part]], only: Keys | None) -> None:
    for kind, things, chunks in said.things():
        merge_things(writer, kind, NODE[kind].fields, things, chunks)
    for triple, links in said.links():
        merge_links(writer, LinkText(triple), LINK[triple[1]].fields, links)
    for read in parts:
        part = read()
        merge_versions(writer, _naming(part.statements, only), part.number)


def _naming(statements: Statements, only: Keys | None) -> Statements:
    """Return the declarations and inspections that name one of these things."""
    if only is None:
        return statements
    shipments, inspections = (only.get(kind, pa.array([], pa.string())) for kind in VERSIONS)
    inspected = statements.inspection
    mine = pc.or_(
        pc.is_in(inspected["shipment"], value_set=shipments), pc.is_in(inspected["inspection"], value_set=inspections)
    )
    declared = among(statements.declaration, only, shipment="Shipment")
    return replace(statements, declaration=declared, inspection=inspected.filter(mine))


def reset(writer: Writer, parts: Iterable[Callable[[], Part]], named: Keys) -> None:
    """Take away all that is said of what was named, and the links that statements made between them."""
    for read in parts:
        for triple, tables in say(_plain(read().statements)).links.items():
            if triple[0] not in VERSIONS:
                ends = ((start, end) for table in tables for start, end in _pairs(table))
                writer.write(LinkText(triple).delete, ([bounded(end) for end in at] for at in dict.fromkeys(ends)))
    for kind, keys in named.items():
        if kind in VERSIONS:
            writer.write(ThingText(kind).unlink, _at(keys))
        writer.write(ThingText(kind).reset, _at(keys))


def drop(writer: Writer, named: Keys) -> None:
    """Delete what nothing names any more."""
    for kind, keys in named.items():
        writer.write(ThingText(kind).delete_unnamed, _at(keys))


def _plain(statements: Statements) -> Statements:
    return replace(statements, **{name: plain(table) for name, table in statements.items()})


def _pairs(table: pa.Table) -> Iterator[tuple[str, str]]:
    return zip(table["start"].to_pylist(), table["end"].to_pylist(), strict=True)


def _at(keys: pa.Array) -> Iterator[list[str]]:
    return ([bounded(key)] for key in keys.to_pylist())


def list_entries(writer: Writer, listings: pa.Table, named: pa.Array) -> None:
    """Write the list entries that were named, as all live listings have them: there are few."""
    mine = listings.filter(pc.is_in(listings["entry"], value_set=named))
    whole = fold_whole(date_undated(Statements(listing=mine)))
    said = layers(whole.things.get("ListEntry"), whole.spans.get("ListEntry"), ("key",))
    kinds = kinds_of(NODE["ListEntry"].fields)
    # A blank takes away what stood there.
    blank = dict.fromkeys(("first_on", "last_on", SEARCHED, *kinds))
    entries = ((key, shown(layer, kinds)) for (key,), layer in said.items())
    rows = ([bounded(key), {**blank, **entry, **searched(_texts(entry))}] for key, entry in entries)
    writer.write(ThingText("ListEntry").add, rows)


def _texts(entry: Mapping[str, Any]) -> list[str]:
    """Return what of a list entry is searched."""
    return [*([entry["name"]] if "name" in entry else []), *entry.get("aliases", ()), *entry.get("identifiers", ())]
