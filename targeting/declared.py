"""What a row declares of itself, as features: categories with a frozen vocabulary, numbers, and ratios of numbers.

Nobody is known by name here: parties, their addresses and contacts, vessels, containers and documents are left out, so
that what is learnt holds for a party never seen before. The month is left out too: with a year or two of data it would
only tell the training's own seasons apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from graph.snapshot import Long, Real, Snapshot
from targeting.features import Block

KEYS = ("office", "route", "origin", "departure", "arrival")
"""Columns of keys whose value is a category and nobody's identity; the commodity comes in its levels."""

COMMODITY_LEVELS = (2, 4, 6)

RATIOS = {
    "price_per_kg": ("customs_value", "net_mass_kg"),
    "value_per_unit": ("customs_value", "quantity"),
    "value_per_package": ("customs_value", "packages"),
    "mass_per_package": ("net_mass_kg", "packages"),
    "mass_per_unit": ("net_mass_kg", "quantity"),
    "net_part_of_gross": ("net_mass_kg", "gross_mass_kg"),
    "duty_part_of_value": ("duty_amount", "customs_value"),
}
"""What is divided by what."""

FEWEST = 5
"""Training rows that a category's value needs to be known by itself."""


@dataclass(frozen=True)
class Vocabulary:
    """The columns that the training data filled and, for categories, the values it knows, in order of their numbers."""

    categories: Mapping[str, tuple[str, ...]]
    numbers: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the features, in their order."""
        return (*self.categories, *self.numbers, "departed_elsewhere", "containers")


def numbers(snapshot: Snapshot, rows: Long) -> dict[str, Real]:
    """Return the declared numbers and their ratios by name, NaN where blank or divided by nothing, [n] each."""
    return {name: number(snapshot, name, rows) for name in (*sorted(snapshot.declarations.numbers), *RATIOS)}


def number(snapshot: Snapshot, name: str, rows: Long) -> Real:
    """Return one of the `numbers` by itself, [n]."""
    declared = snapshot.declarations.numbers
    if name in RATIOS:
        over, under = (number(snapshot, part, rows) for part in RATIOS[name])
        ratio: Real = np.divide(over, under, out=np.full(len(rows), np.nan), where=under > 0)
        return ratio
    found = declared[name][rows]
    # Data of a source that fills the net mass alone, or the gross mass alone, should not differ in its price.
    return np.where(np.isnan(found), declared["gross_mass_kg"][rows], found) if name == "net_mass_kg" else found


def categories(snapshot: Snapshot, rows: Long) -> dict[str, tuple[Long, list[str]]]:
    """Return the declared categories by name: the number of each row's value (-1 where blank) and the values."""
    declarations = snapshot.declarations
    found = {}
    for name in KEYS:
        found[name] = _of_nodes(snapshot, name, rows)
    codes, texts = _of_nodes(snapshot, "commodity", rows)
    for digits in COMMODITY_LEVELS:
        levels, at = np.unique(np.array([text[:digits] for text in texts], dtype=str), return_inverse=True)
        found[f"commodity_{digits}"] = np.append(at, -1)[codes], levels.tolist()
    found["commodity"] = codes, texts
    for name, column in sorted(declarations.texts.items()):
        indices = pc.fill_null(column.indices, -1).to_numpy().astype(np.int64)
        found[name] = indices[rows], column.dictionary.to_pylist()
    return found


def _of_nodes(snapshot: Snapshot, name: str, rows: Long) -> tuple[Long, list[str]]:
    declarations = snapshot.declarations
    nodes, at = np.unique(np.append(declarations.keys[name][rows], -1), return_inverse=True)
    keys = snapshot.things[declarations.key_types[name]].keys
    return at[:-1] - 1, keys.take(nodes[1:]).to_pylist()


def learn(snapshot: Snapshot, rows: Long) -> Vocabulary:
    """Return the vocabulary of the training rows."""
    known = {}
    for name, (codes, texts) in categories(snapshot, rows).items():
        if name == "commodity" and all(len(text) <= COMMODITY_LEVELS[-1] for text in texts):
            continue
        seen = np.bincount(codes[codes >= 0], minlength=len(texts))
        common = sorted(text for text, count in zip(texts, seen, strict=True) if count >= FEWEST)
        if len(common) > 1 or (common and seen.sum() < len(rows)):
            known[name] = tuple(common)
    filled = {name: column for name, column in numbers(snapshot, rows).items() if not np.isnan(column).all()}
    return Vocabulary(known, tuple(filled))


def declared(snapshot: Snapshot, rows: Long, vocabulary: Vocabulary) -> Block:
    """Return the declared features of the rows, by the training's vocabulary.

    A value that the training did not know, or a column that the data does not have, is like a blank.
    """
    size, names = len(rows), vocabulary.names
    values = np.full((size, len(names)), np.nan, dtype=np.float32)
    found = categories(snapshot, rows)
    for at, (name, known) in enumerate(vocabulary.categories.items()):
        if name in found:
            codes, texts = found[name]
            number = {text: place for place, text in enumerate(known)}
            values[:, at] = np.array([*(number.get(text, np.nan) for text in texts), np.nan])[codes]
    amounts = numbers(snapshot, rows)
    for at, name in enumerate(vocabulary.numbers, start=len(vocabulary.categories)):
        if name in amounts:
            values[:, at] = amounts[name]
    values[:, -2] = _departed_elsewhere(snapshot, rows)
    values[:, -1] = np.diff(snapshot.declarations.container_ptr)[rows]
    categorical = len(vocabulary.categories)
    return Block(names, (True,) * categorical + (False,) * (len(names) - categorical), values)


def _departed_elsewhere(snapshot: Snapshot, rows: Long) -> Real:
    """Return 1 where the goods came from another country than their origin, 0 where not, NaN where not said."""
    column = snapshot.declarations.texts["departure_country"]
    departed = np.append(pc.fill_null(column.indices, -1).to_numpy(), -1)[rows].astype(np.int64)
    codes, origins = _of_nodes(snapshot, "origin", rows)
    place = {text: number for number, text in enumerate(column.dictionary.to_pylist())}
    same = np.array([*(place.get(text, -2) for text in origins), -2])[codes]
    return np.where((departed < 0) | (codes < 0), np.nan, departed != same)
