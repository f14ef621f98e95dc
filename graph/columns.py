"""Records and fold for whole tables.

Derives from statements, column by column, what `graph/records.py` and `graph/fold.py` define row by row; a property
test holds the two together. A *span table* has the columns of its subject and `first` and `last`, int32 days since
1970-01-01, with UNDATED_FIRST and UNDATED_LAST where no dated record says it, so that minimum and maximum need no rule
for blanks.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.records import canonical, wider_commodities, wider_place
from graph.schema import LINK, NODE, ROLES
from graph.statements import Statements

UNDATED_FIRST = 2**31 - 1
UNDATED_LAST = -(2**31)

Days = npt.NDArray[np.int32]
Triple = tuple[str, str, str]


@dataclass(frozen=True)
class Said:
    """Span tables of everything that statements say, before they are folded by subject."""

    things: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    spans: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    links: dict[Triple, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    link_spans: dict[Triple, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))


def days_of(column: pa.ChunkedArray | pa.Array, undated: int = UNDATED_FIRST) -> Days:
    """Return a date32 column as int32 days, blanks as `undated`."""
    days = pc.fill_null(column.cast(pa.int32()), undated)
    return np.asarray(days.to_numpy(), dtype=np.int32)


def span_table(columns: dict[str, Any], first: Days, last: Days) -> pa.Table:
    """Return a span table without the rows whose subject is blank."""
    table = pa.table({**columns, "first": pa.array(first), "last": pa.array(last)})
    keep = None
    for name in columns:
        if table[name].null_count:
            filled = pc.is_valid(table[name])
            keep = filled if keep is None else pc.and_(keep, filled)
    return table if keep is None else table.filter(keep)


def fold_spans(tables: Sequence[pa.Table]) -> pa.Table:
    """Fold span tables: one row per subject with its first and last day, sorted by the subject in byte order."""
    table = pa.concat_tables(tables)
    subject = [name for name in table.column_names if name not in ("first", "last")]
    folded = table.group_by(subject).aggregate([("first", "min"), ("last", "max")])
    folded = folded.rename_columns([*subject, "first", "last"])
    return folded.sort_by([(name, "ascending") for name in subject]).combine_chunks()


def group_days(codes: npt.NDArray[np.int64], size: int, first: Days, last: Days) -> tuple[Days, Days]:
    """Return first and last day of each code in 0..size-1; codes below 0 are left out."""
    used = codes >= 0
    low = np.full(size, UNDATED_FIRST, dtype=np.int32)
    high = np.full(size, UNDATED_LAST, dtype=np.int32)
    np.minimum.at(low, codes[used], first[used])
    np.maximum.at(high, codes[used], last[used])
    return low, high


def plain(table: pa.Table) -> pa.Table:
    """Return the table with dictionary-encoded columns decoded, each in one piece."""
    columns = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in table.itercolumns()]
    return pa.table(dict(zip(table.column_names, columns, strict=True))).combine_chunks()


def description_rows(statements: Statements, column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return the row in `statements.description` of each reference, -1 where blank."""
    ids = statements.description["id"].to_numpy()
    order = np.argsort(ids, kind="stable")
    wanted = pc.fill_null(column, -1).to_numpy()
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(ids[order], wanted), len(ids) - 1)
    rows: npt.NDArray[np.int64] = order[at].astype(np.int64)
    rows[wanted < 0] = -1
    return rows


def _add_descriptions(said: Said, statements: Statements, first: Days, last: Days) -> None:
    """Add what each description says, on the days on which rows refer to it."""
    spoken = (first != UNDATED_FIRST) | (last != UNDATED_LAST)
    _describe(said, statements.description.filter(pa.array(spoken)), first[spoken], last[spoken])


def _describe(said: Said, described: pa.Table, first: Days, last: Days) -> None:
    for kind in sorted(set(described["type"].to_pylist())):
        of_kind = pc.equal(described["type"], kind)
        table = described.filter(of_kind)
        mask = of_kind.to_numpy()
        low, high = first[mask], last[mask]
        said.things[kind].append(span_table({"key": table["key"]}, low, high))
        for item in NODE[kind].fields:
            said.spans[kind].append(_value_spans(table["key"], item.name, table[item.name], low, high))
        for declared, key, node, link in (
            ("address", "address_key", "Address", "AT_ADDRESS"),
            ("email", "email_key", "Contact", "HAS_CONTACT"),
            ("phone", "phone_key", "Contact", "HAS_CONTACT"),
        ):
            said.things[node].append(span_table({"key": table[key]}, low, high))
            said.spans[node].append(_value_spans(table[key], NODE[node].fields[0].name, table[declared], low, high))
            said.links[kind, link, node].append(span_table({"start": table["key"], "end": table[key]}, low, high))


def _value_spans(keys: Any, name: str, values: Any, first: Days, last: Days) -> pa.Table:
    names = pa.array([name]).take(pa.array(np.zeros(len(keys), dtype=np.int8)))
    return span_table({"key": keys, "field": names, "value": canonical_column(values)}, first, last)


def canonical_column(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Return the canonical text of a column's values, as `graph.records.canonical` defines it."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_date(column.type):
        return column.cast(pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_floating(column.type):
        column = pc.add(column, 0.0)
    encoded = column.dictionary_encode()
    texts = pa.array([canonical(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return texts.take(encoded.indices)


def _add_codes(said: Said, node: str, codes: Any, first: Days, last: Days) -> None:
    """Add the things that a column of codes names, and everything above them that the code alone implies."""
    seen = fold_spans([span_table({"key": codes}, first, last)])
    said.things[node].append(seen)
    if node not in ("Commodity", "Place"):
        return
    keys = seen["key"].to_pylist()
    levels = [wider_commodities(key) if node == "Commodity" else [wider_place(key)] for key in keys]
    starts, ends, rows = [], [], []
    for row, (key, above) in enumerate(zip(keys, levels, strict=True)):
        here = key
        for wider in above:
            if wider is not None:
                starts.append(here)
                ends.append(wider)
                rows.append(row)
                here = wider
    at = np.array(rows, dtype=np.int64)
    low, high = seen["first"].to_numpy()[at], seen["last"].to_numpy()[at]
    above_table = span_table({"start": pa.array(starts, pa.string()), "end": pa.array(ends, pa.string())}, low, high)
    said.links[node, "PART_OF", node].append(above_table)
    said.things[node].append(above_table.select(["end", "first", "last"]).rename_columns(["key", "first", "last"]))


def _add_routes(said: Said, declared: pa.Table, day: Days) -> None:
    """Add the stops of each route; rows that describe a route alike are taken once."""
    transit = pc.binary_join(pc.cast(declared["transit_places"], pa.list_(pa.string())), "\x1f")
    filled = pc.is_valid(declared["route"])
    columns = {
        "route": declared["route"],
        "departure": pc.coalesce(declared["departure_place"], declared["departure_country"]),
        "arrival": declared["arrival_place"],
        "office": declared["office"],
        "transit": transit,
    }
    table = pa.table({**columns, "first": pa.array(day), "last": pa.array(day)}).filter(filled)
    stops = fold_spans([table])
    low, high = stops["first"].to_numpy(), stops["last"].to_numpy()
    for column, link in (("departure", "DEPARTS_FROM"), ("arrival", "ARRIVES_AT"), ("office", "CLEARED_AT")):
        said.links["Route", link, "Place"].append(
            span_table({"start": stops["route"], "end": stops[column]}, low, high)
        )
        _add_codes(said, "Place", stops[column], low, high)
    routes, places, orders, rows = [], [], [], []
    for row, (route, text) in enumerate(zip(stops["route"].to_pylist(), stops["transit"].to_pylist(), strict=True)):
        for order, place in enumerate(text.split("\x1f") if text else (), start=1):
            routes.append(route)
            places.append(place)
            orders.append(canonical(order))
            rows.append(row)
    at = np.array(rows, dtype=np.int64)
    via = {"start": pa.array(routes, pa.string()), "end": pa.array(places, pa.string())}
    said.links["Route", "VIA", "Place"].append(span_table(via, low[at], high[at]))
    _add_codes(said, "Place", via["end"], low[at], high[at])
    ordered = {**via, "field": pa.array(["order"] * len(orders), pa.string()), "value": pa.array(orders, pa.string())}
    said.link_spans["Route", "VIA", "Place"].append(span_table(ordered, low[at], high[at]))


def known_before(statements: Statements, day: date) -> Statements:
    """Return the statements that may be used on `day`; those without a day must have been dated before."""

    def earlier(table: pa.Table) -> pa.Table:
        return table.filter(pc.fill_null(pc.less(table["known_on"], pa.scalar(day, pa.date32())), False))

    return replace(
        statements,
        declaration=earlier(statements.declaration),
        inspection=earlier(statements.inspection),
        entity=earlier(statements.entity),
        ownership=earlier(statements.ownership),
        listing=earlier(statements.listing),
    )


def date_undated(statements: Statements) -> Statements:
    """Give rows without a day the first day on which a dated row names their thing (ownership: both its ends)."""
    late = {"entity": statements.entity, "ownership": statements.ownership, "listing": statements.listing}
    if not any(table["known_on"].null_count for table in late.values()):
        return statements
    said = Said()
    dated = {name: table.filter(pc.is_valid(table["known_on"])) for name, table in late.items()}
    _add_all(said, replace(statements, **dated))
    first_named: dict[str, dict[str, int]] = {}

    def first(kind: str, key: str) -> int:
        if kind not in first_named:
            folded = fold_spans(said.things[kind]) if said.things[kind] else None
            pairs = zip(folded["key"].to_pylist(), folded["first"].to_pylist(), strict=True) if folded else ()
            first_named[kind] = dict(pairs)
        return first_named[kind].get(key, UNDATED_FIRST)

    subjects: dict[str, Callable[[dict[str, Any]], list[tuple[str, str]]]] = {
        "ownership": lambda row: [("Trader", row["owned"]), ("Trader", row["owner"])],
        "listing": lambda row: [("ListEntry", row["entry"])],
    }
    kinds, keys = statements.description["type"].to_pylist(), statements.description["key"].to_pylist()
    rows = description_rows(statements, statements.entity["thing"])

    def derive(table: pa.Table, named: Iterable[list[tuple[str, str]]]) -> pa.Table:
        days = table["known_on"].cast(pa.int32()).to_pylist()
        for at, subject in enumerate(named):
            if days[at] is None:
                derived = max(first(*thing) for thing in subject)
                days[at] = None if derived == UNDATED_FIRST else derived
        column = pa.array(days, pa.int32()).cast(pa.date32())
        return table.set_column(table.column_names.index("known_on"), "known_on", column)

    return replace(
        statements,
        entity=derive(statements.entity, ([(kinds[row], keys[row])] for row in rows)),
        ownership=derive(statements.ownership, map(subjects["ownership"], statements.ownership.to_pylist())),
        listing=derive(statements.listing, map(subjects["listing"], statements.listing.to_pylist())),
    )


def _add_all(said: Said, statements: Statements) -> None:
    """Add what all statements say, apart from fields and links that belong to one version of a thing."""
    declared = statements.declaration
    day = days_of(declared["known_on"])
    first = np.full(len(statements.description), UNDATED_FIRST, dtype=np.int32)
    last = np.full(len(statements.description), UNDATED_LAST, dtype=np.int32)
    for role in ROLES:
        if role.described:
            rows = description_rows(statements, declared[role.column])
            low, high = group_days(rows, len(first), day, day)
            first, last = np.minimum(first, low), np.maximum(last, high)
        elif role.column in declared.column_names:
            _add_codes(said, role.node, declared[role.column], day, day)
    _add_descriptions(said, statements, first, last)
    entity = statements.entity
    rows = description_rows(statements, entity["thing"])
    _describe(
        said,
        statements.description.take(pa.array(rows)),
        days_of(entity["known_on"]),
        days_of(entity["known_on"], UNDATED_LAST),
    )
    said.things["Shipment"].append(span_table({"key": declared["shipment"]}, day, day))
    if "containers" in declared.column_names:
        parents = pc.list_parent_indices(declared["containers"].combine_chunks()).to_numpy()
        held = pc.list_flatten(declared["containers"])
        said.things["Container"].append(fold_spans([span_table({"key": held}, day[parents], day[parents])]))
    _add_routes(said, declared, day)
    inspected = statements.inspection
    day = days_of(inspected["known_on"])
    said.things["Inspection"].append(span_table({"key": inspected["inspection"]}, day, day))
    said.things["Shipment"].append(span_table({"key": inspected["shipment"]}, day, day))
    owned = statements.ownership
    low, high = days_of(owned["known_on"]), days_of(owned["known_on"], UNDATED_LAST)
    ends = {"start": owned["owned"], "end": owned["owner"]}
    for end in ends.values():
        said.things["Trader"].append(span_table({"key": end}, low, high))
    said.links["Trader", "OWNED_BY", "Trader"].append(span_table(ends, low, high))
    for item in LINK["OWNED_BY"].fields:
        names = pa.array([item.name] * len(owned), pa.string())
        values = canonical_column(owned[item.name])
        said.link_spans["Trader", "OWNED_BY", "Trader"].append(
            span_table({**ends, "field": names, "value": values}, low, high)
        )
    listed = statements.listing
    said.things["ListEntry"].append(
        span_table({"key": listed["entry"]}, days_of(listed["known_on"]), days_of(listed["known_on"], UNDATED_LAST))
    )


def say(statements: Statements) -> Said:
    """Return the span tables of everything that the statements say.

    The days of entity, ownership and listing rows must have been derived (`date_undated`). What belongs to one version
    of a shipment, inspection or list entry comes from `graph/versions.py`.
    """
    said = Said()
    _add_all(said, statements)
    return said
