"""Removing the rows of a batch, exactly: what no other batch brought is gone."""

import sqlite3

from graph.store.sqlite.layout import DESCRIBED, LARGE_INDEXES, create_indexes, drop_indexes
from graph.store.sqlite.load import shapes
from graph.store.sqlite.settle import note_named, settle_days, settle_shipments
from graph.store.sqlite.texts import drop_unspoken, note_spoken


def remove_rows(connection: sqlite3.Connection, batch: int) -> None:
    """Delete the rows of a batch and what nothing refers to any more, and settle what it leaves behind."""
    run = connection.execute
    note_named(connection, batch)
    run("CREATE TEMP TABLE touched (shipment TEXT PRIMARY KEY) WITHOUT ROWID")
    run("INSERT OR IGNORE INTO touched SELECT shipment FROM declaration WHERE batch = ?", (batch,))
    described = " UNION ".join(
        [
            *(f"SELECT {role} AS id FROM declaration WHERE batch = :batch" for role in DESCRIBED),
            "SELECT thing FROM entity WHERE batch = :batch",
        ]
    )
    run(f"CREATE TEMP TABLE described AS SELECT id FROM ({described}) WHERE id IS NOT NULL", {"batch": batch})
    run("CREATE TEMP TABLE moved AS SELECT DISTINCT way AS id FROM declaration WHERE batch = ?", (batch,))

    note_spoken(connection, batch)

    count, total = run("SELECT count(*) FILTER (WHERE batch = ?), count(*) FROM declaration", (batch,)).fetchone()
    large = count * 2 > total
    if large:
        for statement in drop_indexes(LARGE_INDEXES):
            run(statement)
    run("DELETE FROM held WHERE declaration IN (SELECT id FROM declaration WHERE batch = ?)", (batch,))
    for shape in (*shapes(), "quarantine"):
        run(f"DELETE FROM {shape} WHERE batch = ?", (batch,))
    if large:
        for statement in create_indexes(LARGE_INDEXES):
            run(statement)

    settle_shipments(
        connection,
        "SELECT shipment FROM touched t WHERE EXISTS (SELECT 1 FROM declaration d WHERE d.shipment = t.shipment)",
    )
    settle_days(connection)
    unused = " AND ".join(
        [
            *(f"NOT EXISTS (SELECT 1 FROM declaration WHERE {role} = description.id)" for role in DESCRIBED),
            "NOT EXISTS (SELECT 1 FROM entity WHERE thing = description.id)",
        ]
    )
    run(f"DELETE FROM description WHERE id IN (SELECT id FROM described) AND {unused}")
    drop_unspoken(connection)
    unused_way = "id IN (SELECT id FROM moved) AND NOT EXISTS (SELECT 1 FROM declaration WHERE way = way.id)"
    run(f"DELETE FROM stop WHERE way IN (SELECT id FROM way WHERE {unused_way})")
    run(f"DELETE FROM way WHERE {unused_way}")
    for name in ("touched", "described", "moved"):
        run(f"DROP TABLE {name}")
