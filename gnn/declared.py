"""What a row itself declares, as numbers and as categories."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gnn.tokens import Category
from graph.snapshot import Snapshot

Long = npt.NDArray[np.int64]

# Columns of keys whose value is a category in itself and not somebody's identity.
CATEGORY_KEYS = ("commodity", "origin", "office", "departure", "arrival", "route")
COMMODITY_LEVELS = (2, 4, 6)


def declared(snapshot: Snapshot, rows: Long) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """Return names and values of the declared numbers of the rows, [n, names].

    Each number comes as a signed logarithm with a flag that it was declared; beside them stand the price per kilogram
    and unit, and whether the goods came from elsewhere than their origin.
    """
    declarations = snapshot.declarations
    columns: dict[str, npt.NDArray[np.float64]] = {}
    numbers = {name: column[rows] for name, column in sorted(declarations.numbers.items())}
    value, mass = numbers["customs_value"], numbers["net_mass_kg"]
    mass = np.where(np.isnan(mass), numbers["gross_mass_kg"], mass)
    numbers["value_per_kg"] = _ratio(value, mass)
    numbers["value_per_unit"] = _ratio(value, numbers["quantity"])
    numbers["kg_per_unit"] = _ratio(mass, numbers["quantity"])
    for name, column in numbers.items():
        known = ~np.isnan(column)
        filled = np.where(known, column, 0.0)
        columns[f"{name}_declared"] = known.astype(np.float64)
        # Ratios may be far below one, where log(1 + x) would no longer tell them apart.
        if "_per_" in name:
            columns[f"log_{name}"] = np.where(filled > 0, np.log(np.where(filled > 0, filled, 1.0)), 0.0)
        else:
            columns[f"log_{name}"] = np.sign(filled) * np.log1p(np.abs(filled))
    departed = _decoded(declarations.texts["departure_country"], rows)
    origin = _key_texts(snapshot, "origin", rows)
    both = (departed.codes >= 0) & (origin.codes >= 0)
    from_texts = np.array([*departed.texts, ""], dtype=object)[departed.codes]
    origin_texts = np.array([*origin.texts, ""], dtype=object)[origin.codes]
    columns["departed_elsewhere"] = (both & (from_texts != origin_texts)).astype(np.float64)
    names = tuple(columns)
    values = np.stack([column.astype(np.float32) for column in columns.values()], axis=1)
    return names, values


def categories(snapshot: Snapshot, rows: Long) -> dict[str, Category]:
    """Return the declared categories of the rows by column: codes of goods, places, texts; no party."""
    found = {name: _decoded(column, rows) for name, column in sorted(snapshot.declarations.texts.items())}
    for column in CATEGORY_KEYS:
        found[column] = _key_texts(snapshot, column, rows)
    commodity = found.pop("commodity")
    for digits in COMMODITY_LEVELS:
        found[f"hs{digits}"] = _shortened(commodity, digits)
    return found


def _ratio(over: npt.NDArray[np.float64], under: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(under > 0, over / np.where(under > 0, under, 1.0), np.nan)


def _decoded(column: pa.DictionaryArray, rows: Long) -> Category:
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)[rows]
    return Category(codes, tuple(column.dictionary.to_pylist()))


def _key_texts(snapshot: Snapshot, column: str, rows: Long) -> Category:
    declarations = snapshot.declarations
    things = snapshot.things[declarations.key_types[column]]
    numbers = declarations.keys[column][rows]
    used, codes = np.unique(numbers, return_inverse=True)
    blank = int(len(used) > 0 and used[0] < 0)
    return Category((codes - blank).astype(np.int32), tuple(things.keys.take(used[blank:]).to_pylist()))


def _shortened(commodity: Category, digits: int) -> Category:
    texts = sorted({text[:digits] for text in commodity.texts})
    place = {text: number for number, text in enumerate(texts)}
    codes = np.array([*(place[text[:digits]] for text in commodity.texts), -1], dtype=np.int32)
    return Category(codes[commodity.codes], tuple(texts))
