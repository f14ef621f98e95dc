"""The ledger of batches, the rows refused, and the store's version."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from graph.store.batches import Batch, Quarantined, already_there, unknown_batch
from graph.store.sqlite.layout import quoted

_TEXTS = ("id", "content_hash", "source", "mapping", "mapping_version", "name")
_COUNTS = ("rows_in", "rows_loaded", "rows_quarantined", "rows_duplicate")
_COLUMNS = ", ".join((*_TEXTS, *_COUNTS, "loaded_at", "version"))


def version(connection: sqlite3.Connection) -> int:
    """Return the store's version."""
    return int(connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()[0])


def raise_version(connection: sqlite3.Connection) -> int:
    """Raise the store's version by one and return it."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'version'")
    return version(connection)


def batches(connection: sqlite3.Connection) -> list[Batch]:
    """Return all batches, oldest first."""
    return [_batch(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM batch ORDER BY number")]


def find(connection: sqlite3.Connection, content_hash: str, source: str, mapping: str, version: str) -> Batch | None:
    """Return the batch of this content, or None."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM batch WHERE content_hash = ? AND source = ? AND mapping = ? AND mapping_version = ?",
        (content_hash, source, mapping, version),
    ).fetchone()
    return None if row is None else _batch(row)


def number(connection: sqlite3.Connection, batch_id: str) -> int:
    """Return the number of a batch. Raises StoreError if unknown."""
    row = connection.execute("SELECT number FROM batch WHERE id = ?", (batch_id,)).fetchone()
    if row is None:
        raise unknown_batch(batch_id)
    return int(row[0])


def reserve(connection: sqlite3.Connection, batch: Batch) -> int:
    """Return the number for a new batch. Raises StoreError where it is there already."""
    held = find(connection, batch.content_hash, batch.source, batch.mapping, batch.mapping_version)
    same = connection.execute("SELECT 1 FROM batch WHERE id = ?", (batch.id,)).fetchone()
    if held is not None or same is not None:
        raise already_there(held or batch)
    return int(connection.execute("SELECT coalesce(max(number), 0) + 1 FROM batch").fetchone()[0])


def enter(connection: sqlite3.Connection, number: int, batch: Batch) -> None:
    """Write the ledger row of a batch."""
    values = [getattr(batch, name) for name in (*_TEXTS, *_COUNTS)]
    loaded_at = None if batch.loaded_at is None else batch.loaded_at.isoformat()
    marks = ", ".join("?" * (len(values) + 3))
    connection.execute(
        f"INSERT INTO batch (number, {_COLUMNS}) VALUES ({marks})", (number, *values, loaded_at, batch.version)
    )


def _batch(row: Sequence[Any]) -> Batch:
    values = dict(zip((*_TEXTS, *_COUNTS, "loaded_at", "version"), row, strict=True))
    if values["loaded_at"] is not None:
        values["loaded_at"] = datetime.fromisoformat(values["loaded_at"])
    return Batch(**values)


def quarantined(connection: sqlite3.Connection, batch_id: str | None) -> Iterator[tuple[str, Quarantined]]:
    """Yield the rows refused, by batch, file and row."""
    wanted = None if batch_id is None else number(connection, batch_id)
    columns = ", ".join(f"q.{quoted(name)}" for name in Quarantined._fields)
    rows = connection.execute(
        f"SELECT b.id, {columns} FROM batch b JOIN quarantine q ON q.batch = b.number WHERE ? IS NULL OR b.number = ?"
        f" ORDER BY b.number, {columns}",
        (wanted, wanted),
    )
    for batch, *values in rows:
        yield batch, Quarantined(*values)
