"""Versions of shipments, inspections and list entries, for whole tables.

The version with the latest day counts as a whole; versions of one day are merged field by field: filled beats blank,
then the greatest value in byte order. `graph/fold.py` defines it; this does it for tables.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import UNDATED_FIRST, UNDATED_LAST, Days, days_of
from graph.records import canonical
from graph.schema import ROLES

_DESCRIBED = tuple(role.column for role in ROLES if role.described)
_SETS = ("aliases", "identifiers")


def versions(table: pa.Table, key: str, descriptions: pa.Table | None = None) -> tuple[pa.Table, Days]:
    """Return one row per version of each thing, sorted by key and day, and the day on which the next became known.

    Args:
        table: rows of one shape; a row without a day is the oldest.
        key: the column that says which thing a row is a version of.
        descriptions: what the described roles of declarations refer to.
    """
    table = table.combine_chunks()
    if not len(table):
        return table, np.empty(0, dtype=np.int32)
    encoded = table[key].combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    number = rank[encoded.indices.to_numpy()]
    day = days_of(table["known_on"], UNDATED_LAST).astype(np.int64)
    rows = np.lexsort((day, number))
    number, day = number[rows], day[rows]
    same = (np.diff(number) == 0) & (np.diff(day) == 0)
    if same.any():
        table, number, day = _merged(table, key, rows, same, descriptions)
    else:
        table = table.take(pa.array(rows))
    until = np.full(len(number), UNDATED_FIRST, dtype=np.int32)
    followed = np.flatnonzero(np.diff(number) == 0)
    until[followed] = day[followed + 1]
    return table, until


def _merged(
    table: pa.Table,
    key: str,
    rows: Any,
    same: Any,
    descriptions: pa.Table | None,
) -> tuple[pa.Table, Any, Any]:
    """Merge the rows that share thing and day; most are the same row brought by several batches."""
    shared = np.zeros(len(rows), dtype=bool)
    shared[1:] |= same
    shared[:-1] |= same
    alone = table.take(pa.array(rows[~shared]))
    several = _distinct(table.take(pa.array(rows[shared])))
    described = {row["id"]: row for row in descriptions.to_pylist()} if descriptions is not None else {}
    groups: dict[tuple[str, Any], list[dict[str, Any]]] = {}
    for row in several.to_pylist():
        groups.setdefault((row[key], row["known_on"]), []).append(row)
    merged = [group[0] if len(group) == 1 else merge_rows(group, described) for group in groups.values()]
    whole = pa.concat_tables([alone, pa.Table.from_pylist(merged, schema=table.schema)]).combine_chunks()
    keys, days = whole[key], days_of(whole["known_on"], UNDATED_LAST)
    order = pc.sort_indices(
        pa.table({"key": keys, "day": pa.array(days)}), [("key", "ascending"), ("day", "ascending")]
    )
    whole = whole.take(order)
    changed = pc.not_equal(whole[key].slice(1), whole[key].slice(0, len(whole) - 1)).to_numpy()
    number = np.concatenate([[0], np.cumsum(changed)])
    return whole, number, days[order.to_numpy()].astype(np.int64)


def _distinct(table: pa.Table) -> pa.Table:
    """Return the rows that differ; lists are compared by their text."""
    texts = {
        name: pc.binary_join(table[name], "\x1f") if pa.types.is_list(table.schema.field(name).type) else table[name]
        for name in table.column_names
    }
    numbered = pa.table({**texts, "_row": pa.array(np.arange(len(table)))})
    first = numbered.group_by(table.column_names).aggregate([("_row", "min")])["_row_min"]
    return table.take(pc.take(first, pc.sort_indices(first)))


def merge_rows(rows: list[dict[str, Any]], described: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Merge rows that are versions of one thing known on one day.

    Containers are links of their own, so they are united. A role is merged by the key of the thing that it names; where
    two rows describe it differently, the description that is greatest in canonical text stays with the version.
    """
    merged = dict(rows[0])
    for name in merged:
        values = [row[name] for row in rows if row[name] is not None and row[name] != []]
        if not values:
            continue
        if name == "containers":
            merged[name] = sorted({item for value in values for item in value})
        elif name in _SETS:
            merged[name] = max((sorted(set(value)) for value in values), key=canonical)
        elif name in _DESCRIBED:
            merged[name] = max(values, key=lambda ref: _described_order(described[ref]))
        else:
            merged[name] = max(values, key=canonical)
    return merged


def _described_order(row: Mapping[str, Any]) -> tuple[str, ...]:
    values = ("" if row[name] is None else canonical(row[name]) for name in row if name != "id")
    return (row["key"], *values)
