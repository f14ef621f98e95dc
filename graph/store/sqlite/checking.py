"""What a file holds, and what is wrong with it."""

import sqlite3
from collections.abc import Iterator

from graph.schema import SCHEMA_VERSION
from graph.store.findings import Finding, counted, found
from graph.store.sqlite import ledger
from graph.store.sqlite.layout import DESCRIBED, INDEXES, LAYOUT
from graph.store.sqlite.load import shapes

_TOLD = 5
"""Faults of the file that are told; a damaged one has thousands."""


def check(connection: sqlite3.Connection) -> list[Finding]:
    """Look at everything; the connection must hold a read transaction."""
    run = connection.execute
    said = [row[0] for row in run(f"PRAGMA integrity_check({_TOLD})")]
    there = {row[0] for row in run("SELECT name FROM sqlite_master WHERE type = 'index'")}
    batches = ledger.batches(connection)
    rows = {shape: run(f"SELECT count(*) FROM {shape} WHERE batch IS NOT NULL").fetchone()[0] for shape in shapes()}
    return [
        found("file", (line for line in said if line != "ok"), "sound"),
        # Another one is refused when the store is opened.
        Finding("layout", True, f"schema {SCHEMA_VERSION}, layout {LAYOUT}"),
        found("indexes", (f"{name} is missing" for name in INDEXES if name not in there), f"all {len(INDEXES)} there"),
        found("rows", _strays(connection), counted(rows)),
        found("batches", _miscounted(connection), f"{len(batches):,}, at version {ledger.version(connection)}"),
    ]


def _strays(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield in words the rows of no batch, and those that refer to nothing."""
    for shape in (*shapes(), "quarantine"):
        of_none = "batch IS NOT NULL AND batch NOT IN (SELECT number FROM batch)"
        [(count,)] = connection.execute(f"SELECT count(*) FROM {shape} WHERE {of_none}")
        if count:
            yield f"{shape} has {count:,} rows of no batch"
    for shape, columns, table in (
        ("declaration", DESCRIBED, "description"),
        ("declaration", ("way",), "way"),
        ("entity", ("thing",), "description"),
    ):
        for column in columns:
            gone = f"s.{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.id = s.{column})"
            [(count,)] = connection.execute(f"SELECT count(*) FROM {shape} s WHERE {gone}")
            if count:
                yield f"{shape} has {count:,} rows whose {column} is missing"


def _miscounted(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield in words the batches whose refused rows are not as many as the ledger says."""
    rows = connection.execute(
        "SELECT b.id, b.rows_quarantined, (SELECT count(*) FROM quarantine WHERE batch = b.number) AS n"
        " FROM batch b WHERE b.rows_quarantined <> n"
    )
    for batch, said, count in rows:
        yield f"batch {batch} has {count:,} refused rows, not {said:,}"
