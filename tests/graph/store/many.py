"""Loads of some size, without what only tests import, so that a child process starts fast."""

from datetime import date, timedelta

import pyarrow as pa

from graph.statements import SHAPES, Statements
from graph.store.batches import Batch, LoadChunk


def many(start: int, count: int) -> Statements:
    """Return declarations of a few traders, three of every four shipments with two versions."""
    parties = [{"id": at, "type": "Trader", "key": f"a/Q{at}", "name": f"Trader {at}"} for at in range(50)]
    rows = [
        {
            "source": "a",
            "shipment": f"a/{at - at % 4 // 3}",
            "known_on": date(2023, 1, 1) + timedelta(days=at % 300),
            "importer": at % 50,
            "commodity": f"8471{at % 90 + 10}",
            "containers": [f"C{at // 3}"],
            "extra": "x" * 50,
        }
        for at in range(start, start + count)
    ]
    return Statements(
        description=pa.Table.from_pylist(parties, schema=SHAPES["description"]),
        declaration=pa.Table.from_pylist(rows, schema=SHAPES["declaration"]),
    )


def batch(name: str) -> Batch:
    """Return the heading of a load."""
    return Batch(name, f"hash of {name}", "a", "native", "1", f"{name}.csv")


def chunk(statements: Statements) -> LoadChunk:
    """Return statements as a chunk."""
    rows = len(statements.declaration)
    return LoadChunk(statements, [], rows, rows, 0)
