"""Build the snapshot from a store."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import UNDATED_FIRST, Triple, date_undated, days_of, description_rows, known_before
from graph.schema import NODES
from graph.snapshot import (
    NEVER,
    NONE,
    UNDATED,
    Adjacency,
    Declarations,
    Int,
    Long,
    Outcomes,
    Ownership,
    Real,
    Snapshot,
    Things,
)
from graph.statements import DECLARATION, Statements
from graph.store.base import GraphStore
from graph.whole import Versions, Whole, fold_whole, read

# Free texts of a declaration stay in the store.
_LEFT_OUT = ("voyage", "goods_description")
_COLUMNS = {"declaration": tuple(name for name in DECLARATION.names if name not in _LEFT_OUT)}
_TEXTS = (
    "procedure",
    "transport_mode",
    "departure_country",
    "destination_country",
    "quantity_unit",
    "currency",
)
_NUMBERS = (
    "quantity",
    "net_mass_kg",
    "gross_mass_kg",
    "packages",
    "customs_value",
    "duty_rate",
    "duty_amount",
)
_PARTIES = {"importer": "Trader", "exporter": "Trader", "declarant": "Forwarder"}
_CODES = {
    "route": "Route",
    "commodity": "Commodity",
    "origin": "Place",
    "office": "Place",
    "departure": "Place",
    "arrival": "Place",
    "document": "TransportDocument",
}
_STOPS = {"office": "CLEARED_AT", "departure": "DEPARTS_FROM", "arrival": "ARRIVES_AT"}
_DESCRIBED = {**_PARTIES, "carrier": "Carrier", "vessel": "Vessel"}
# Less than every day.
_BLANK = -(2**31)
_CONTACTS = {"address": "Address", "email": "Contact", "phone": "Contact"}
_DESCRIBED_TEXTS = (
    ("importer", "country"),
    ("importer", "aeo"),
    ("exporter", "country"),
    ("exporter", "aeo"),
    ("declarant", "country"),
)


def snapshot(store: GraphStore, until: date | None = None) -> Snapshot:
    """Return the snapshot of a store, or of what was known before `until`.

    Built from any store that holds the same records it is the same, bit for bit.
    """
    with store.reading() as view:
        version = view.version()
        statements = date_undated(read(view, _COLUMNS))
    return from_statements(statements if until is None else known_before(statements, until), version)


def from_statements(statements: Statements, version: int = 0) -> Snapshot:
    """Return the snapshot of statements whose days have been derived."""
    whole = fold_whole(statements, values=False)
    things = {node.name: _things(whole, node.name, [f.name for f in node.fields]) for node in NODES}
    links = {triple: _adjacency(triple, table, things) for triple, table in sorted(whole.links.items()) if len(table)}
    return Snapshot(
        version,
        things,
        links,
        _only_linked_stops(declarations_of(whole.versions["Shipment"], whole.statements, things), links),
        _outcomes(whole.versions["Inspection"], things["Shipment"]),
        _ownership(whole.statements.ownership, things["Trader"]),
    )


def _only_linked_stops(declarations: Declarations, links: Mapping[Triple, Adjacency]) -> Declarations:
    """Return the declarations with those stops alone that somebody had said of their route by their day.

    A version that was merged from several may have its route from one and its stop from another, which has no route.
    """
    keys = dict(declarations.keys)
    route = keys["route"].astype(np.int64)
    for name, link in _STOPS.items():
        at = np.flatnonzero(keys[name] >= 0)
        if not len(at):
            continue
        kept = np.zeros(len(at), dtype=bool)
        held = links.get(("Route", link, "Place"))
        if held is not None:
            width = np.int64(max(int(held.indices.max()), int(keys[name].max())) + 1)
            said = held.starts.astype(np.int64) * width + held.indices
            asked = route[at] * width + keys[name][at]
            found = np.minimum(np.searchsorted(said, asked), len(said) - 1)
            kept = (said[found] == asked) & (held.first_on[found] <= declarations.known_on[at])
        column = keys[name].copy()
        column[at[~kept]] = NONE
        keys[name] = column
    return replace(declarations, keys=keys)


def numbers(keys: pa.Array | pa.ChunkedArray, things: Things) -> Int:
    """Return the node number of each key, -1 where blank."""
    found = pc.index_in(keys, value_set=things.keys, skip_nulls=True)
    return np.asarray(pc.fill_null(found, NONE).to_numpy(), dtype=np.int32)


def _things(whole: Whole, kind: str, fields: list[str]) -> Things:
    table = whole.things.get(kind)
    if table is None:
        empty = np.empty(0, dtype=np.int32)
        shown = pa.table({name: pa.array([], pa.string()) for name in fields})
        return Things(pa.array([], pa.string()), empty, empty, shown)
    keys = table["key"].combine_chunks()
    first = table["first"].to_numpy()
    last = np.where(first == UNDATED_FIRST, UNDATED, table["last"].to_numpy())
    spans = whole.spans.get(kind)
    columns = {}
    for name in fields:
        column = np.full(len(keys), None, dtype=object)
        if spans is not None:
            said = spans.filter(pc.equal(spans["field"], name))
            # Spans are sorted by key and value, so with a stable sort the last of a key is the one last seen.
            at = pc.index_in(said["key"], value_set=keys).to_numpy()
            order = np.lexsort((said["last"].to_numpy(), at))
            column[at[order]] = said["value"].to_numpy(zero_copy_only=False)[order]
        columns[name] = pa.array(column, pa.string())
    return Things(keys, first, last.astype(np.int32), pa.table(columns))


def _adjacency(triple: tuple[str, str, str], table: pa.Table, things: Mapping[str, Things]) -> Adjacency:
    start, link, end = triple
    starts, ends = numbers(table["start"], things[start]), numbers(table["end"], things[end])
    indptr = np.zeros(len(things[start]) + 1, dtype=np.int64)
    np.cumsum(np.bincount(starts, minlength=len(things[start])), out=indptr[1:])
    first = table["first"].to_numpy()
    last = np.where(first == UNDATED_FIRST, UNDATED, table["last"].to_numpy()).astype(np.int32)
    return Adjacency(start, link, end, indptr, ends, first, last)


def declarations_of(versions: Versions, statements: Statements, things: Mapping[str, Things]) -> Declarations:
    """Return versions of declarations in columns, with the numbers of the things that they name."""
    table = versions.table
    keys: dict[str, Int] = {}
    types: dict[str, str] = {}
    texts: dict[str, pa.DictionaryArray] = {}
    described = statements.description
    for role, node in _DESCRIBED.items():
        rows = description_rows(statements, table[role])
        blank = rows < 0
        keys[role] = _taken(numbers(described["key"], things[node]), rows)
        types[role] = node
        if role in _PARTIES:
            for contact, kind in _CONTACTS.items():
                name = f"{role}_{contact}"
                keys[name] = _taken(numbers(described[f"{contact}_key"], things[kind]), rows)
                types[name] = kind
        for party, column in _DESCRIBED_TEXTS:
            if party == role:
                values = described[column].take(pa.array(np.where(blank, 0, rows), mask=blank))
                texts[f"{party}_{column}"] = encode(values)
    columns = {
        **{name: table[name] for name in _CODES if name in table.column_names},
        "departure": pc.coalesce(table["departure_place"], table["departure_country"]),
        "arrival": table["arrival_place"],
    }
    routed = pc.is_valid(table["route"])
    for name, node in _CODES.items():
        # The stops are things because the route names them; where there is none, another row may or may not name them.
        column = pc.if_else(routed, columns[name], None) if name in _STOPS else columns[name]
        keys[name] = numbers(column, things[node])
        types[name] = node
    texts.update({name: encode(table[name]) for name in _TEXTS})
    reals = {name: _real(table[name]) for name in _NUMBERS}
    extra_texts, extra_numbers = _extras(table["extra"])
    texts.update(extra_texts)
    reals.update(extra_numbers)
    containers = table["containers"].combine_chunks()
    pointer = np.zeros(len(table) + 1, dtype=np.int64)
    np.cumsum(pc.fill_null(pc.list_value_length(containers), 0).to_numpy(), out=pointer[1:])
    return Declarations(
        numbers(table["shipment"], things["Shipment"]),
        days_of(table["known_on"]),
        versions.until,
        days_of(table["accepted_on"]),
        keys,
        types,
        texts,
        reals,
        numbers(pc.list_flatten(containers), things["Container"]),
        pointer,
    )


def _taken(values: Int, rows: Long) -> Int:
    if not len(values):
        return np.full(len(rows), NONE, dtype=np.int32)
    return np.where(rows < 0, NONE, values[rows]).astype(np.int32)


def _real(column: pa.ChunkedArray) -> Real:
    return np.asarray(pc.fill_null(column, np.nan).to_numpy(), dtype=np.float64)


def encode(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """Return a text column dictionary-encoded with a sorted dictionary, whatever the order of its rows."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    encoded = column.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    indices = encoded.indices
    blank = pc.is_null(indices).to_numpy(zero_copy_only=False)
    codes = rank[pc.fill_null(indices, 0).to_numpy()] if len(rank) else np.zeros(len(indices), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=blank, type=pa.int32()), encoded.dictionary.take(order).cast(pa.string())
    )


def _extras(column: pa.ChunkedArray) -> tuple[dict[str, pa.DictionaryArray], dict[str, Real]]:
    """Return the texts and the numbers of the extra attributes.

    An attribute that holds both comes as two columns, so that a later value of the other kind changes no earlier one.
    """
    said: dict[tuple[str, bool], tuple[list[int], list[str | float]]] = {}
    for row, text in enumerate(column.to_pylist()):
        if text is not None:
            for name, value in json.loads(text).items():
                rows, values = said.setdefault((f"extra.{name}", isinstance(value, str)), ([], []))
                rows.append(row)
                values.append(value)
    texts: dict[str, pa.DictionaryArray] = {}
    reals: dict[str, Real] = {}
    for (name, is_text), (rows, values) in sorted(said.items()):
        if is_text:
            spelled = np.full(len(column), None, dtype=object)
            spelled[rows] = values
            texts[name] = encode(pa.array(spelled, pa.string()))
        else:
            reals[name] = np.full(len(column), np.nan)
            reals[name][rows] = values
    return texts, reals


def _outcomes(versions: Versions, shipments: Things) -> Outcomes:
    """Return the change points of labels. A version without outcome says nothing, so what was found before stands."""
    table = versions.table.filter(pc.is_valid(versions.table["outcome"]))
    shipment = numbers(table["shipment"], shipments)
    known = days_of(table["known_on"])
    infraction = np.asarray(pc.equal(table["outcome"], "infraction").to_numpy(zero_copy_only=False), dtype=bool)
    random, tip = (
        np.asarray(pc.fill_null(pc.equal(table["selected_by"], why), False).to_numpy(zero_copy_only=False), dtype=bool)
        for why in ("random", "tip")
    )
    revenue = np.nan_to_num(_real(table["revenue_recovered"]))
    key = np.asarray(table["inspection"].to_numpy(zero_copy_only=False), dtype=object)
    order = np.lexsort((known, shipment))
    columns = [column[order] for column in (shipment, known, infraction, random, tip, revenue)]
    _, starts, sizes = np.unique(columns[0], return_index=True, return_counts=True)
    single = np.zeros(len(order), dtype=bool)
    single[starts[sizes == 1]] = True
    rows = [[column[single] for column in columns]]
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        rows.append(
            _change_points([column[start : start + size] for column in columns], key[order][start : start + size])
        )
    merged = [np.concatenate([part[at] for part in rows]) for at in range(len(columns))]
    order = np.lexsort((merged[1], merged[0]))
    return Outcomes(
        merged[0][order].astype(np.int32),
        merged[1][order].astype(np.int32),
        merged[2][order].astype(bool),
        merged[3][order].astype(bool),
        merged[4][order].astype(bool),
        merged[5][order].astype(np.float64),
    )


def _change_points(columns: list[npt.NDArray[Any]], keys: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Follow a shipment's several findings day by day: infraction if any inspection's version of that day says so."""
    shipment, known, infraction, random, tip, revenue = columns
    held: dict[str, int] = {}
    points = []
    for day in np.unique(known):
        held.update({keys[at]: at for at in np.flatnonzero(known == day)})
        at = np.array(sorted(held.values()))
        points.append((shipment[0], day, infraction[at].any(), random[at].any(), tip[at].any(), revenue[at].max()))
    return [np.array(column) for column in zip(*points, strict=True)]


def _ownership(statements: pa.Table, traders: Things) -> Ownership:
    """Return the days on which each ownership counts; what a later statement leaves blank stays as said before."""
    table = statements.filter(pc.is_valid(statements["known_on"]))
    columns = (
        numbers(table["owned"], traders),
        numbers(table["owner"], traders),
        days_of(table["known_on"]),
        days_of(table["valid_from"], _BLANK),
        days_of(table["valid_to"], _BLANK),
    )
    said: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}
    for owned, owner, known, first, last in zip(*(column.tolist() for column in columns), strict=True):
        by_day = said.setdefault((owned, owner), {})
        before = by_day.get(known, (_BLANK, _BLANK))
        by_day[known] = max(before[0], first), max(before[1], last)
    rows: list[tuple[int, int, int, int]] = []
    for pair, by_day in sorted(said.items()):
        days = sorted(by_day)
        first, last = _BLANK, _BLANK
        for known, following in zip(days, [*days[1:], int(NEVER)], strict=True):
            first, last = (new if new != _BLANK else old for new, old in zip(by_day[known], (first, last), strict=True))
            since = max(known, first - 1) if first != _BLANK else known
            until = min(following, last) if last != _BLANK else following
            if since < until:
                rows.append((*pair, since, until))
    return Ownership(*np.array(rows, dtype=np.int32).reshape(-1, 4).T.copy())
