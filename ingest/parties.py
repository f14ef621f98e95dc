"""Descriptions: what rows say of the parties and vessels that they name, each different saying once per chunk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph import normalise
from graph.statements import DESCRIPTION
from ingest.columns import Column, Flags

_Long = npt.NDArray[np.int64]
_CACHED = 1 << 17
_MOST = 2**62

# Identified the same by every source.
_SHARED = frozenset(["Vessel"])


def _cached(function: Callable[[str, str | None], str]) -> Callable[[str, str | None], str]:
    return lru_cache(maxsize=_CACHED)(function)


@dataclass(frozen=True)
class Keys:
    """The keys of one source; what was normalised lately is remembered."""

    source: str
    address: Callable[[str, str | None], str] = field(default_factory=lambda: _cached(normalise.address))
    telephone: Callable[[str, str | None], str] = field(default_factory=lambda: _cached(normalise.telephone))
    unidentified: Callable[[str, str | None], str] = field(
        default_factory=lambda: _cached(normalise.unidentified_party)
    )

    def within(self, identifiers: pa.Array) -> pa.Array:
        """Return identifiers as keys of the source."""
        return pc.binary_join_element_wise(self.source, identifiers, "/")

    def party(self, node: str, identifier: str | None, name: str, country: str | None) -> str:
        """Return the key of a party or vessel; without identifier it is known by its name within the source."""
        if identifier is None:
            return f"{self.source}/{self.unidentified(name, country)}"
        return identifier if node in _SHARED else f"{self.source}/{identifier}"


@dataclass(frozen=True)
class Named:
    """What each row says of one thing that it names: `node` is its type, `parts` are columns by their short names."""

    node: Column
    parts: Mapping[str, Column]


def describe(named: Sequence[Named], rows: int, keys: Keys) -> tuple[pa.Table, list[pa.Array]]:
    """Return the different descriptions, and for each of `named` the number of each row's description.

    A row that gives neither an identifier nor a name names nothing; its number is null.
    """
    tables, numbers = [], []
    offset = 0
    for one in named:
        table, number = _descriptions(one, rows, keys)
        tables.append(table)
        numbers.append(np.where(number >= 0, number + offset, -1))
        offset += len(table)
    if not offset:
        return DESCRIPTION.empty_table(), [pa.nulls(rows, pa.int64()) for _ in named]
    # An importer and an exporter may have been described alike.
    table = pa.concat_tables(tables).combine_chunks()
    encoded = [column.combine_chunks().dictionary_encode() for column in table.itercolumns()]
    parts = [Column(e.dictionary, pc.fill_null(e.indices, -1).to_numpy().astype(np.int32)) for e in encoded]
    again, first = _distinct(parts, np.ones(offset, dtype=bool))
    table = table.take(pa.array(first))
    table = table.add_column(0, "id", pa.array(np.arange(len(first)))).cast(DESCRIPTION)
    references = [np.append(again, -1)[number] for number in numbers]
    return table, [pa.array(reference, mask=reference < 0) for reference in references]


def _descriptions(named: Named, rows: int, keys: Keys) -> tuple[pa.Table, _Long]:
    """Return the different descriptions without `id`, and which of them each row gives, -1 for none."""
    parts = named.parts
    present = np.zeros(rows, dtype=bool)
    for part in ("id", "name"):
        if part in parts:
            present |= parts[part].filled()
    number, first = _distinct([named.node, *parts.values()], present)

    def of(part: str, kind: pa.DataType) -> pa.Array:
        column = parts.get(part)
        return pa.nulls(len(first), kind) if column is None else Column(column.values, column.codes[first]).rows()

    text = {
        part: of(part, pa.string()) for part in ("id", "name", "country", "tax_id", "aeo", "address", "email", "phone")
    }
    node = Column(named.node.values, named.node.codes[first]).rows()
    country = text["country"].to_pylist()
    columns = {
        "type": node,
        "key": _keys(keys.party, node.to_pylist(), text["id"].to_pylist(), text["name"].to_pylist(), country),
        "name": text["name"],
        "country": text["country"],
        "tax_id": text["tax_id"],
        "aeo": text["aeo"],
        "registered_on": of("registered_on", pa.date32()),
        "address": text["address"],
        "address_key": _contact_keys(keys.address, text["address"], country),
        "email": text["email"],
        "email_key": _contact_keys(lambda address, _: normalise.email(address), text["email"], country),
        "phone": text["phone"],
        "phone_key": _contact_keys(keys.telephone, text["phone"], country),
    }
    return pa.table(columns), number


def _keys(function: Callable[..., str], *columns: Sequence[str | None]) -> pa.Array:
    return pa.array([function(*row) for row in zip(*columns, strict=True)], pa.string())


def _contact_keys(
    function: Callable[[str, str | None], str], texts: pa.Array, countries: Sequence[str | None]
) -> pa.Array:
    if texts.null_count == len(texts):
        return texts
    return pa.array(
        [
            None if text is None else function(text, country)
            for text, country in zip(texts.to_pylist(), countries, strict=True)
        ],
        pa.string(),
    )


def _distinct(columns: Sequence[Column], rows: Flags) -> tuple[_Long, _Long]:
    """Return the number of each row's combination of values (-1 for rows left out), and a row of each combination."""
    at = np.flatnonzero(rows)
    combined = np.zeros(len(at), dtype=np.int64)
    size = 1
    for column in columns:
        values = len(column.values) + 1
        if size * values > _MOST:
            combined, different = pd.factorize(combined)
            size = len(different)
        combined = combined * values + column.codes[at] + 1
        size *= values
    combined, different = pd.factorize(combined)
    first = np.empty(len(different), dtype=np.int64)
    first[combined[::-1]] = at[::-1]
    number = np.full(len(rows), -1, dtype=np.int64)
    number[at] = combined
    return number, first
