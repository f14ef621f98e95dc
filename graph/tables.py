"""The snapshot as tables, for whoever goes on with it in other tools: an Arrow table per node type, link type and kind.

Nodes keep their numbers: row i of a node table is node i, and links and declarations refer to it. Days are dates, and
blank where there is none: a thing or link that no dated record names, a version that nothing has replaced yet.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.schema import NODE, SCHEMA_VERSION
from graph.snapshot import NEVER, NONE, Adjacency, Declarations, Int, Long, Real, Snapshot, Things

_ABOUT = {
    "number": "number of the node, by which links and declarations refer to it",
    "key": "complete key of the thing",
    "first_on": "first day on which a record says it; before the day after it, it may not be used",
    "last_on": "last such day",
    "start": "number of the node where the link starts",
    "end": "number of the node where it ends",
    "shipment": "number of the Shipment",
    "known_on": "day on which this became known; it may be used from the next day on",
    "until": "last day on which it counts; blank: nothing has replaced it",
    "accepted_on": "day of acceptance",
    "containers": "numbers of the Containers",
    "infraction": "the label: true infraction, false clean",
    "random": "whether a random selection was among the inspections behind the label",
    "tip": "whether an inspection that followed a tip was among them",
    "revenue": "greatest revenue recovered that an inspection known then states, 0 where not said",
    "owned": "number of the Trader that is owned",
    "owner": "number of the Trader that owns it",
    "since": "the ownership counts on the days after this one",
}


def tables(snapshot: Snapshot) -> Iterator[tuple[str, pa.Table]]:
    """Yield tables with their names: `nodes/TYPE`, `links/START-LINK-END`, `declarations`, `outcomes`, `ownership`."""
    for name, things in snapshot.things.items():
        yield f"nodes/{name}", _nodes(things)
    for (start, link, end), adjacency in snapshot.links.items():
        yield f"links/{start}-{link}-{end}", _links(adjacency)
    yield "declarations", _declarations(snapshot.declarations)
    outcomes = snapshot.outcomes
    yield (
        "outcomes",
        pa.table(
            {
                "shipment": outcomes.shipment,
                "known_on": _days(outcomes.known_on),
                "infraction": outcomes.infraction,
                "random": outcomes.random,
                "tip": outcomes.tip,
                "revenue": outcomes.revenue,
            }
        ),
    )
    owned = snapshot.ownership
    yield (
        "ownership",
        pa.table(
            {
                "owned": owned.owned,
                "owner": owned.owner,
                "since": _days(owned.since),
                "until": _days(owned.until),
            }
        ),
    )


def write_tables(snapshot: Snapshot, folder: Path) -> dict[str, Any]:
    """Write the tables as Parquet files into a folder, and return what they are, as JSON can hold it.

    Raises:
        OSError: a file cannot be written.
    """
    told: dict[str, Any] = {}
    types = snapshot.declarations.key_types
    for name, table in tables(snapshot):
        file = folder / f"{name}.parquet"
        file.parent.mkdir(exist_ok=True)
        pq.write_table(table, file)
        kind = name.removeprefix("nodes/")
        fields = {field.name: field.about for field in NODE[kind].fields} if name.startswith("nodes/") else {}
        if name == "declarations":
            fields = {column: f"number of the {node}" for column, node in types.items()}
        told[name] = {
            "file": f"{name}.parquet",
            "rows": len(table),
            "columns": [
                {"name": item.name, "type": str(item.type)}
                | ({"about": about} if (about := fields.get(item.name) or _ABOUT.get(item.name)) else {})
                for item in table.schema
            ],
        }
    return {"store_version": snapshot.version, "schema_version": SCHEMA_VERSION, "tables": told}


def _nodes(things: Things) -> pa.Table:
    columns = {
        "number": np.arange(len(things), dtype=np.int32),
        "key": things.keys,
        "first_on": _days(things.first_on),
        "last_on": _days(things.last_on),
    }
    shown = {name: things.shown[name] for name in things.shown.column_names}
    return pa.table(columns | {name: column for name, column in shown.items() if column.null_count < len(column)})


def _links(adjacency: Adjacency) -> pa.Table:
    return pa.table(
        {
            "start": adjacency.starts,
            "end": adjacency.indices,
            "first_on": _days(adjacency.first_on),
            "last_on": _days(adjacency.last_on),
        }
    )


def _declarations(declarations: Declarations) -> pa.Table:
    pointer: Long = declarations.container_ptr
    columns: dict[str, Any] = {
        "shipment": declarations.shipment,
        "known_on": _days(declarations.known_on),
        "until": _days(declarations.until),
        "accepted_on": _days(declarations.accepted_on),
        **{name: _nodes_named(column) for name, column in declarations.keys.items()},
        **{name: column.cast(pa.string()) for name, column in declarations.texts.items()},
    }
    for name, column in declarations.numbers.items():
        # An extra attribute may hold a text in one row and a number in another.
        columns[f"{name} (number)" if name in columns else name] = _filled(column)
    columns["containers"] = pa.ListArray.from_arrays(
        pa.array(pointer, pa.int32()), pa.array(declarations.containers, pa.int32())
    )
    return pa.table(columns)


def _days(days: Int) -> pa.Array:
    return pa.array(days, pa.int32(), mask=days == NEVER).cast(pa.date32())


def _nodes_named(numbers: Int) -> pa.Array:
    return pa.array(numbers, pa.int32(), mask=numbers == NONE)


def _filled(numbers: Real) -> pa.Array:
    return pa.array(numbers, pa.float64(), mask=np.isnan(numbers))
