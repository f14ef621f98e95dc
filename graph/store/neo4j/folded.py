"""The network that people see, brought to what the statements say: only what a load or a removal names is touched.

A load is merged into what is there, piece by piece; for a removal, all that it named is reset, and what the other loads
say of it is merged again. A merge changes nothing more when it is done twice, and all is written in bounded
transactions. So one that was broken off is completed by doing it again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import date_undated, plain, say
from graph.schema import LINK, NODE, NODES
from graph.statements import Statements
from graph.store.neo4j.accumulated import kinds_of, layers, merge_links, merge_things, shown
from graph.store.neo4j.cypher import LinkText, ThingText
from graph.store.neo4j.layout import bounded
from graph.store.neo4j.undated import Keys
from graph.store.neo4j.versioned import KEYS, merge_versions
from graph.store.neo4j.writer import Writer
from graph.whole import Versions, Whole, fold_whole


class Part(NamedTuple):
    """A bounded part of a load: its statements, the keys that they name by type, and the number of that list."""

    statements: Statements
    named: Keys
    number: int


def keys_of(parts: Iterable[Part]) -> Keys:
    """Return all that parts name."""
    keys: dict[str, pa.Array] = {}
    for part in parts:
        for kind, named in part.named.items():
            held = keys.get(kind)
            keys[kind] = named if held is None else pc.unique(pa.concat_arrays([held, named]))
    return keys


def add(writer: Writer, parts: Iterable[Part], only: Keys | None = None) -> None:
    """Merge what dated statements say into the database; `only` narrows it to what was reset."""
    for part in parts:
        named = part.named if only is None else _common(part.named, only)
        if any(map(len, named.values())):
            whole = fold_whole(dated_only(part.statements), values=False)
            _add(writer, whole if only is None else _narrowed(whole, only), named, part.number)


def _add(writer: Writer, whole: Whole, named: Keys, number: int) -> None:
    chunks = {kind: {key: [number] for key in keys.to_pylist()} for kind, keys in named.items()}
    for node in NODES:
        if node.name not in KEYS:
            said = layers(whole.things.get(node.name), whole.spans.get(node.name), ("key",))
            merge_things(writer, node.name, node.fields, said, chunks.get(node.name, {}))
    for triple, table in whole.links.items():
        if triple[0] not in KEYS:
            said = layers(table, whole.link_spans.get(triple), ("start", "end"))
            merge_links(writer, LinkText(triple), LINK[triple[1]].fields, said)
    for kind in KEYS:
        merge_versions(writer, kind, whole, chunks.get(kind, {}))


def dated_only(statements: Statements) -> Statements:
    """Return the statements without the rows that came without a day."""
    late = {name: getattr(statements, name) for name in ("entity", "ownership", "listing")}
    return replace(statements, **{name: table.filter(pc.is_valid(table["known_on"])) for name, table in late.items()})


def _common(named: Keys, only: Keys) -> Keys:
    return {kind: keys.filter(pc.is_in(keys, value_set=only[kind])) for kind, keys in named.items() if kind in only}


def _narrowed(whole: Whole, only: Keys) -> Whole:
    """Return what is said of these things, and the links that a reset of them deletes."""

    def among(table: pa.Table, **kinds: str) -> pa.Table:
        for column, kind in kinds.items():
            table = table.filter(pc.is_in(table[column], value_set=only.get(kind, pa.array([], pa.string()))))
        return table

    def joining(tables: Mapping[tuple[str, str, str], pa.Table]) -> dict[tuple[str, str, str], pa.Table]:
        return {
            (start, link, end): among(table, start=start) if start in KEYS else among(table, start=start, end=end)
            for (start, link, end), table in tables.items()
        }

    def current(kind: str, held: Versions) -> Versions:
        mine = pc.is_in(held.table[KEYS[kind]], value_set=only.get(kind, pa.array([], pa.string())))
        return Versions(held.table.filter(mine), held.until[mine.to_numpy()])

    return replace(
        whole,
        things={kind: among(table, key=kind) for kind, table in whole.things.items()},
        spans={kind: among(table, key=kind) for kind, table in whole.spans.items()},
        links=joining(whole.links),
        link_spans=joining(whole.link_spans),
        versions={kind: current(kind, held) for kind, held in whole.versions.items() if kind in KEYS},
    )


def reset(writer: Writer, parts: Iterable[Part], named: Keys) -> None:
    """Take away all that is said of what was named, and the links that statements made between them."""
    for part in parts:
        for triple, tables in say(_plain(part.statements)).links.items():
            if triple[0] not in KEYS:
                ends = ((start, end) for table in tables for start, end in _pairs(table))
                writer.write(LinkText(triple).delete, ([bounded(end) for end in at] for at in dict.fromkeys(ends)))
    for kind, keys in named.items():
        if kind in KEYS:
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
    blank = dict.fromkeys(("first_on", "last_on", *kinds))
    rows = ([bounded(key), {**blank, **shown(layer, kinds)}] for (key,), layer in said.items())
    writer.write(ThingText("ListEntry").add, rows)
