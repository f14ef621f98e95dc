"""What a change of the rows entails: which row of a shipment counts, and the days of rows that came without one.

Both are functions of the live rows alone, so they come out the same by whatever way the rows came.
"""

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from graph.store.sqlite.layout import DESCRIBED, LATE, NAMING, quoted, stored


def _same() -> str:
    """Return the condition that all rows of a group have the same values."""
    return " AND ".join(
        f"(count(d.{name}) = 0 OR (count(d.{name}) = count(*) AND min(d.{name}) = max(d.{name})))"
        for name in map(quoted, stored("declaration"))
    )


def settle_shipments(connection: sqlite3.Connection, touched: str) -> None:
    """Mark the row that counts for the shipments that a query returns; the others have one row, and it is marked.

    The row with the latest day counts. Where several differ, a row without batch holds their merged links.
    """
    run = connection.execute
    run("CREATE TEMP TABLE several (shipment TEXT PRIMARY KEY) WITHOUT ROWID")
    run(f"INSERT OR IGNORE INTO several {touched}")
    run(
        "DELETE FROM held WHERE declaration IN"
        " (SELECT id FROM declaration WHERE batch IS NULL AND shipment IN (SELECT shipment FROM several))"
    )
    run("DELETE FROM declaration WHERE batch IS NULL AND shipment IN (SELECT shipment FROM several)")
    run("CREATE TEMP TABLE winner (shipment TEXT PRIMARY KEY, day INTEGER, id INTEGER, same INTEGER)")
    run(
        f"INSERT INTO winner SELECT d.shipment, l.day, coalesce(min(CASE WHEN d.shown THEN d.id END), min(d.id)),"
        f" count(*) = 1 OR ({_same()})"
        " FROM (SELECT s.shipment, (SELECT max(known_on) FROM declaration WHERE shipment = s.shipment) AS day"
        " FROM several s) AS l CROSS JOIN declaration d ON d.shipment = l.shipment AND d.known_on = l.day"
        " GROUP BY d.shipment"
    )
    _merge(connection)
    run(
        "UPDATE declaration SET shown = 0 WHERE shown AND shipment IN (SELECT shipment FROM several)"
        " AND id NOT IN (SELECT id FROM winner)"
    )
    run("UPDATE declaration SET shown = 1 WHERE NOT shown AND id IN (SELECT id FROM winner)")
    run("DROP TABLE winner")
    run("DROP TABLE several")


def _merge(connection: sqlite3.Connection) -> None:
    """Write a row with the merged links of each shipment whose latest rows differ, and let it win."""
    run = connection.execute
    names = ", ".join(NAMING)
    run(f"CREATE TEMP TABLE merged (id INTEGER PRIMARY KEY, shipment TEXT, known_on INTEGER, {names})")
    # The first number continues those of the declarations.
    run("INSERT INTO merged (id) SELECT max(id) FROM declaration")
    marks = ", ".join("?" * (2 + len(NAMING)))
    connection.executemany(
        f"INSERT INTO merged (shipment, known_on, {names}) VALUES ({marks})", _merged_rows(connection)
    )
    run("DELETE FROM merged WHERE shipment IS NULL")
    run(
        f"INSERT INTO declaration (id, shown, shipment, known_on, {names})"
        f" SELECT id, 1, shipment, known_on, {names} FROM merged"
    )
    run(
        "INSERT INTO held SELECT DISTINCT m.id, h.container FROM merged m"
        " CROSS JOIN declaration d ON d.shipment = m.shipment AND d.known_on = m.known_on AND +d.batch IS NOT NULL"
        " CROSS JOIN held h ON h.declaration = d.id"
    )
    run("INSERT OR REPLACE INTO winner SELECT shipment, known_on, id, 0 FROM merged")
    run("DROP TABLE merged")


def _merged_rows(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Yield shipment, day and merged links of the shipments whose latest rows differ.

    A role is merged by the key of what it names; which of the descriptions of that thing stands for it is no matter.
    """
    keys = [f"(SELECT key FROM description WHERE id = d.{role})" for role in DESCRIBED]
    orders = [*keys, "(SELECT route FROM way WHERE id = d.way)", "d.commodity", "d.origin", "d.document"]
    names = ", ".join(f"d.{name}" for name in NAMING)
    rows = connection.execute(
        f"SELECT w.shipment, w.day, {names}, {', '.join(orders)} FROM winner w"
        " CROSS JOIN declaration d ON d.shipment = w.shipment AND d.known_on = w.day WHERE NOT w.same"
        " ORDER BY w.shipment, d.id"
    )
    for subject, group in groupby(rows, key=lambda row: row[:2]):
        merged = []
        versions = [(row[2 : 2 + len(NAMING)], row[2 + len(NAMING) :]) for row in group]
        for at in range(len(NAMING)):
            said = [(order[at], naming[at]) for naming, order in versions if order[at] is not None]
            merged.append(max(said)[1] if said else None)
        yield (*subject, *merged)


def note_named(connection: sqlite3.Connection, batch: int) -> None:
    """Note the things that a batch names and that rows without a day speak of, for `settle_days`."""
    run = connection.execute
    run("CREATE TEMP TABLE named (type TEXT, key TEXT, PRIMARY KEY (type, key)) WITHOUT ROWID")
    undated = " UNION ALL ".join(f"SELECT 1 FROM {shape} WHERE known_on IS NULL" for shape in LATE)
    if not run(f"SELECT EXISTS ({undated})").fetchone()[0]:
        return
    described = " UNION ".join(
        [
            *(f"SELECT {role} FROM declaration WHERE batch = :batch" for role in DESCRIBED),
            "SELECT thing FROM entity WHERE batch = :batch",
        ]
    )
    run(
        f"INSERT INTO named SELECT DISTINCT type, key FROM description WHERE id IN ({described})"
        " UNION SELECT 'Trader', owned FROM ownership WHERE batch = :batch"
        " UNION SELECT 'Trader', owner FROM ownership WHERE batch = :batch"
        " UNION SELECT 'ListEntry', entry FROM listing WHERE batch = :batch",
        {"batch": batch},
    )
    traders = "(SELECT key FROM named WHERE type = 'Trader')"
    run(
        "INSERT OR IGNORE INTO named"
        f" SELECT 'Trader', owner FROM ownership WHERE known_on IS NULL AND owned IN {traders}"
        f" UNION SELECT 'Trader', owned FROM ownership WHERE known_on IS NULL AND owner IN {traders}"
    )


def settle_days(connection: sqlite3.Connection) -> None:
    """Derive the days of rows without one that speak of noted things: the first on which a dated row names them."""
    run = connection.execute
    of_named = "FROM named n CROSS JOIN description p ON p.type = n.type AND p.key = n.key"
    traders = "(SELECT key FROM named WHERE type = 'Trader')"
    entries = "(SELECT key FROM named WHERE type = 'ListEntry')"
    if run("SELECT EXISTS (SELECT 1 FROM named)").fetchone()[0]:
        said = [
            *(
                f"SELECT n.type, n.key, (SELECT min(known_on) FROM declaration WHERE {role} = p.id) AS day {of_named}"
                for role in DESCRIBED
            ),
            f"SELECT n.type, n.key, e.known_on {of_named} CROSS JOIN entity e ON e.thing = p.id",
            f"SELECT 'Trader', owned, known_on FROM ownership WHERE owned IN {traders}",
            f"SELECT 'Trader', owner, known_on FROM ownership WHERE owner IN {traders}",
            f"SELECT 'ListEntry', entry, known_on FROM listing WHERE entry IN {entries}",
        ]
        run("CREATE TEMP TABLE first (type TEXT, key TEXT, day INTEGER, PRIMARY KEY (type, key)) WITHOUT ROWID")
        run(f"INSERT INTO first SELECT type, key, min(day) FROM ({' UNION ALL '.join(said)}) GROUP BY type, key")
        run(
            "UPDATE entity SET day = (SELECT f.day FROM description p JOIN first f USING (type, key)"
            " WHERE p.id = entity.thing)"
            f" WHERE known_on IS NULL AND thing IN (SELECT p.id {of_named})"
        )
        first = "(SELECT day FROM first WHERE type = '{}' AND key = {})"
        run(
            f"UPDATE ownership SET day = max({first.format('Trader', 'owned')}, {first.format('Trader', 'owner')})"
            f" WHERE known_on IS NULL AND (owned IN {traders} OR owner IN {traders})"
        )
        run(
            f"UPDATE listing SET day = {first.format('ListEntry', 'entry')}"
            f" WHERE known_on IS NULL AND entry IN {entries}"
        )
        run("DROP TABLE first")
    run("DROP TABLE named")
