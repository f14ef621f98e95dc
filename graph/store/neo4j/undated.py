"""What entity and ownership rows without a day say: on the day derived for them, which may change with every load.

It is a layer of its own (`accumulated.py`), and made anew for all that is named by a row that touches what changed.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from neo4j import ManagedTransaction, Transaction

from graph.columns import description_rows, fold_spans, say
from graph.schema import LINK, NODE
from graph.statements import Statements
from graph.store.neo4j.accumulated import layers, merge_links, merge_things
from graph.store.neo4j.cypher import LinkText
from graph.store.neo4j.network import first_days
from graph.store.neo4j.said import Keys, among
from graph.store.neo4j.writer import Writer

_PLACES = (("address_key", "Address"), ("email_key", "Contact"), ("phone_key", "Contact"))


def merge_undated(writer: Writer, statements: Statements, changed: Keys) -> None:
    """Bring what undated rows say up to date, wherever they name something that changed; the dated layer is done.

    Args:
        writer: of the store.
        statements: all live entity and ownership rows without a day.
        changed: the things that were named by what was loaded or removed.
    """
    touched = _naming(statements, changed)
    subjects = {kind: fold_spans(tables)["key"].combine_chunks() for kind, tables in say(touched).things.items()}
    whole = _naming(statements, subjects)
    said = say(writer.read(lambda tx: dated(tx, whole)))
    for kind in subjects:
        spans = [table for table in said.spans[kind] if len(table)]
        found = layers(
            among(fold_spans(said.things[kind]), subjects, key=kind),
            among(fold_spans(spans), subjects, key=kind) if spans else None,
            ("key",),
        )
        merge_things(writer, kind, NODE[kind].fields, found, {}, late=True)
    for triple, tables in said.links.items():
        start, link, end = triple
        spans = said.link_spans.get(triple, [])
        found = layers(
            among(fold_spans(tables), subjects, start=start, end=end),
            among(fold_spans(spans), subjects, start=start, end=end) if spans else None,
            ("start", "end"),
        )
        merge_links(writer, LinkText(triple), LINK[link].fields, found, late=True)


def _naming(statements: Statements, keys: Keys) -> Statements:
    """Return the entity and ownership rows that name one of these things."""
    described = statements.description
    nobody = pa.array([], pa.string())
    mine = np.zeros(len(described), dtype=bool)
    for kind in set(described["type"].to_pylist()):
        of_kind = pc.and_(pc.equal(described["type"], kind), _in(described["key"], keys.get(kind, nobody)))
        mine |= of_kind.to_numpy()
    for column, kind in _PLACES:
        mine |= _in(described[column], keys.get(kind, nobody)).to_numpy()
    rows = description_rows(statements, statements.entity["thing"])
    owned, owner = (_in(statements.ownership[end], keys.get("Trader", nobody)) for end in ("owned", "owner"))
    return Statements(
        description=described,
        entity=statements.entity.filter(pa.array(mine[rows])),
        ownership=statements.ownership.filter(pc.or_(owned, owner)),
    )


def _in(column: pa.ChunkedArray, keys: pa.Array) -> pa.ChunkedArray:
    return pc.fill_null(pc.is_in(column, value_set=keys), False)


def dated(tx: ManagedTransaction | Transaction, statements: Statements) -> Statements:
    """Give rows without a day the one that the whole store derives for them."""

    def filled(table: pa.Table, days: list[Any]) -> pa.Table:
        known = [day if held is None else held for held, day in zip(table["known_on"].to_pylist(), days, strict=True)]
        column = pa.array(known, pa.date32())
        return table.set_column(table.column_names.index("known_on"), "known_on", column)

    described, entity = statements.description, statements.entity
    rows = description_rows(statements, entity["thing"])
    kinds, keys = (described[name].take(pa.array(rows)).to_pylist() for name in ("type", "key"))
    named = list(zip(kinds, keys, strict=True))
    first = {kind: first_days(tx, kind, [key for other, key in named if other == kind]) for kind in {*kinds}}
    days = [first[kind].get(key) for kind, key in named]
    owned, owner = (statements.ownership[name].to_pylist() for name in ("owned", "owner"))
    traders = first_days(tx, "Trader", [*owned, *owner]) if owned else {}
    both = [(traders.get(one), traders.get(other)) for one, other in zip(owned, owner, strict=True)]
    entries = statements.listing["entry"].to_pylist()
    listed = first_days(tx, "ListEntry", entries) if entries else {}
    return replace(
        statements,
        entity=filled(entity, days),
        ownership=filled(statements.ownership, [max(pair) if all(pair) else None for pair in both]),  # type: ignore[type-var]
        listing=filled(statements.listing, [listed.get(entry) for entry in entries]),
    )
