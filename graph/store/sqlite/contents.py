"""What one batch brought, read out as it could be loaded again."""

import json
import sqlite3
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from graph.statements import SHAPES, Statements
from graph.store.batches import LoadChunk, Quarantined
from graph.store.sqlite import ledger
from graph.store.sqlite.layout import DESCRIBED, quoted
from graph.store.sqlite.load import shapes
from graph.store.sqlite.scan import scan

_PIECE = 8_192


def contents(connection: sqlite3.Connection, batch_id: str) -> Iterator[LoadChunk]:
    """Yield what a batch brought: rows by shape, then those refused, and last the counts of all of it."""
    number = ledger.number(connection, batch_id)
    [batch] = [held for held in ledger.batches(connection) if held.id == batch_id]
    for shape in shapes():
        for piece in scan(connection, shape, None, "s.batch = ? ORDER BY s.id", number):
            rows = pa.Table.from_batches([piece])
            yield LoadChunk(Statements(_described(connection, shape, rows), **{shape: rows}), [], 0, 0, 0)
    columns = ", ".join(map(quoted, Quarantined._fields))
    refused = connection.execute(f"SELECT {columns} FROM quarantine WHERE batch = ? ORDER BY rowid", (number,))
    while found := refused.fetchmany(_PIECE):
        yield LoadChunk(Statements(), [Quarantined(*row) for row in found], 0, 0, 0)
    yield LoadChunk(Statements(), [], batch.rows_in, batch.rows_loaded, batch.rows_duplicate)


def _described(connection: sqlite3.Connection, shape: str, rows: pa.Table) -> pa.Table:
    """Return the descriptions that rows refer to."""
    columns = {"declaration": DESCRIBED, "entity": ("thing",)}.get(shape, ())
    ids = {number for name in columns for number in pc.unique(rows[name]).to_pylist()} - {None}
    wanted = json.dumps(sorted(ids))
    found = scan(connection, "description", None, "s.id IN (SELECT value FROM json_each(?))", wanted)
    return pa.Table.from_batches(found, SHAPES["description"])
