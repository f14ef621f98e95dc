"""The whole network folded in tables: what the graph hash and the snapshot are made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import (
    UNDATED_FIRST,
    UNDATED_LAST,
    Days,
    Triple,
    canonical_column,
    days_of,
    description_rows,
    fold_spans,
    plain,
    say,
    span_table,
)
from graph.records import canonical
from graph.schema import NODE, NODES, ROLES, Kind
from graph.statements import SHAPES, Statements
from graph.store.base import GraphStore
from graph.versions import versions


@dataclass(frozen=True)
class Versions:
    """Versions of one versioned type: rows sorted by key and day, and the day on which the next became known."""

    table: pa.Table
    until: Days

    def current(self) -> pa.Table:
        """Return the versions that count."""
        return self.table.filter(pa.array(self.until == UNDATED_FIRST))


@dataclass(frozen=True)
class Whole:
    """Span tables by type, sorted by their subject, and the versions behind the versioned types.

    `things` have the columns key, first, last; `spans` key, field, value, first, last; `links` start, end, first,
    last; `link_spans` start, end, field, value, first, last.
    """

    statements: Statements
    things: Mapping[str, pa.Table]
    spans: Mapping[str, pa.Table]
    links: Mapping[Triple, pa.Table]
    link_spans: Mapping[Triple, pa.Table]
    versions: Mapping[str, Versions]


_KEYS: Mapping[str, str] = {"Shipment": "shipment", "Inspection": "inspection", "ListEntry": "entry"}


def read(store: GraphStore, columns: Mapping[str, Sequence[str]] | None = None) -> Statements:
    """Return all live statements of a store, all of one version; `columns` narrows a shape to what is needed."""
    tables = {}
    with store.reading() as view:
        for shape, schema in SHAPES.items():
            chosen = (columns or {}).get(shape)
            wanted = schema if chosen is None else pa.schema([schema.field(name) for name in chosen])
            batches = list(view.scan(shape, chosen))
            tables[shape] = pa.Table.from_batches(batches) if batches else wanted.empty_table()
    return Statements(**tables)


def fold_whole(statements: Statements, *, values: bool = True) -> Whole:
    """Fold statements whose days have been derived (`graph.columns.date_undated`).

    Without `values`, the values of shipments, inspections and list entries are left out: the snapshot reads them from
    the versions.
    """
    statements = replace(statements, **{name: plain(table) for name, table in statements.items()})
    said = say(statements)
    kept = versions_of(statements)
    for kind, held in kept.items():
        if values:
            current = held.current()
            low, high = days_of(current["known_on"]), days_of(current["known_on"], UNDATED_LAST)
            for item in NODE[kind].fields:
                column = current[item.name]
                if item.kind is Kind.SET:
                    column = _sets(column)
                columns = {
                    "key": current[_KEYS[kind]],
                    "field": pa.array([item.name]).take(pa.array(np.zeros(len(current), dtype=np.int8))),
                    "value": canonical_column(column),
                }
                said.spans[kind].append(span_table(columns, low, high))
    for triple, table in links_of_versions(kept, statements):
        said.links[triple].append(table)
    return Whole(
        statements,
        {node.name: fold_spans(said.things[node.name]) for node in NODES if said.things[node.name]},
        {kind: fold_spans(tables) for kind, tables in said.spans.items() if tables},
        {triple: fold_spans(tables) for triple, tables in said.links.items() if tables},
        {triple: fold_spans(tables) for triple, tables in said.link_spans.items() if tables},
        kept,
    )


def _sets(column: pa.ChunkedArray) -> pa.Array:
    texts = [canonical(sorted(set(value))) if value else None for value in column.to_pylist()]
    return pa.array(texts, pa.string())


def versions_of(statements: Statements) -> dict[str, Versions]:
    """Return the versions of each versioned type."""
    return {
        "Shipment": Versions(*versions(statements.declaration, "shipment", statements.description)),
        "Inspection": Versions(*versions(statements.inspection, "inspection")),
        "ListEntry": Versions(*versions(statements.listing, "entry")),
    }


def links_of_versions(kept: Mapping[str, Versions], statements: Statements) -> Iterator[tuple[Triple, pa.Table]]:
    """Yield the links of the versions that count; a container that a version names twice comes twice."""
    current = kept["Inspection"].current()
    ends = {"start": current["inspection"], "end": current["shipment"]}
    day = days_of(current["known_on"])
    yield ("Inspection", "FOUND_IN", "Shipment"), span_table(ends, day, day)
    current = kept["Shipment"].current()
    day = days_of(current["known_on"])
    for role in ROLES:
        ends = current[role.column]
        if role.described:
            rows = description_rows(statements, ends)
            ends = statements.description["key"].take(pa.array(rows, mask=rows < 0))
        yield (
            ("Shipment", role.link, role.node),
            span_table({"start": current["shipment"], "end": ends}, day, day),
        )
    if len(current):
        containers = current["containers"].combine_chunks()
        parents = pc.list_parent_indices(containers)
        held = {"start": current["shipment"].take(parents), "end": pc.list_flatten(containers)}
        at = parents.to_numpy()
        yield ("Shipment", "IN_CONTAINER", "Container"), span_table(held, day[at], day[at])
