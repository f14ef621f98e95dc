"""Declarations beside a network: they name its things by their numbers, and are no part of it.

What has just arrived is scored against a network that stays as it is. The snapshot beside it has the same things, with
those that the network does not have yet behind them, so that every number of the network means the same in both; its
declarations are the new ones alone.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.build import declarations_of
from graph.columns import plain, say
from graph.snapshot import NEVER, NONE, UNDATED, Declarations, Int, Snapshot, Things
from graph.statements import Statements
from graph.whole import Versions

_NOTHING = np.empty(0, dtype=np.int32)


def beside(snapshot: Snapshot, statements: Statements) -> Snapshot:
    """Return the snapshot of declarations beside a network, one row for each in their order.

    A thing that only they name counts as not known on any day, as it was before the day of the declaration. What is
    shown of things is left out.

    Args:
        snapshot: the network.
        statements: the declarations, and descriptions of whom they name; other statements are left out.
    """
    statements = Statements(plain(statements.description), plain(statements.declaration))
    said = {
        kind: pa.chunked_array([column for table in tables for column in table["key"].chunks], pa.string()).unique()
        for kind, tables in say(statements).things.items()
    }
    named = {
        kind: Things(said.get(kind, pa.array([], pa.string())), _NOTHING, _NOTHING, pa.table({}))
        for kind in snapshot.things
    }
    things, number = {}, {}
    for kind, held in snapshot.things.items():
        things[kind], number[kind] = _behind(held, named[kind].keys)
    until = np.full(len(statements.declaration), NEVER, dtype=np.int32)
    declared = declarations_of(Versions(statements.declaration, until), statements, named)
    return Snapshot(
        snapshot.version,
        things,
        snapshot.links,
        _renumbered(declared, number, snapshot.declarations),
        snapshot.outcomes,
        snapshot.ownership,
    )


def _behind(held: Things, named: pa.StringArray) -> tuple[Things, Int]:
    """Return the things with those of the named ones behind them that are new, and the number of each named one.

    Each is named once.
    """
    # The few that are named are hashed, not all that there are.
    place = pc.index_in(held.keys, value_set=named)
    number = np.full(len(named), NONE, dtype=np.int32)
    number[place.drop_null().to_numpy()] = np.flatnonzero(place.is_valid().to_numpy(zero_copy_only=False))
    new = np.flatnonzero(number < 0)
    number[new] = len(held) + np.arange(len(new), dtype=np.int32)
    undated = np.full(len(new), UNDATED, dtype=np.int32)
    keys = pa.concat_arrays([held.keys, named.take(pa.array(new))]) if len(new) else held.keys
    first_on, last_on = np.append(held.first_on, undated), np.append(held.last_on, undated)
    return Things(keys, first_on, last_on, pa.table({})), number


def _renumbered(declared: Declarations, number: Mapping[str, Int], behind: Declarations) -> Declarations:
    """Return declarations with the numbers of the network, and with all columns that it has."""

    def of(kind: str, nodes: Int) -> Int:
        return np.append(number[kind], NONE)[nodes]

    size = len(declared)
    names = sorted({*declared.texts, *behind.texts})
    blank = np.full(size, np.nan)
    return replace(
        declared,
        shipment=of("Shipment", declared.shipment),
        keys={name: of(declared.key_types[name], column) for name, column in declared.keys.items()},
        texts={name: _spelled(declared.texts.get(name), behind.texts.get(name), size) for name in names},
        numbers={name: declared.numbers.get(name, blank) for name in sorted({*declared.numbers, *behind.numbers})},
        containers=of("Container", declared.containers),
    )


def _spelled(column: pa.DictionaryArray | None, behind: pa.DictionaryArray | None, size: int) -> pa.DictionaryArray:
    """Return a text column in the numbers of the network's, further texts behind its own."""
    known = behind.dictionary if behind is not None else pa.array([], pa.string())
    if column is None:
        return pa.DictionaryArray.from_arrays(pa.nulls(size, pa.int32()), known)
    place = pc.index_in(column.dictionary, value_set=known)
    new = np.flatnonzero(place.is_null().to_numpy(zero_copy_only=False))
    number = pc.fill_null(place, 0).to_numpy().copy()
    number[new] = len(known) + np.arange(len(new))
    return pa.DictionaryArray.from_arrays(
        pa.array(number, pa.int32()).take(column.indices),
        pa.concat_arrays([known, column.dictionary.take(pa.array(new))]),
    )
