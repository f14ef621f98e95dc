"""What a few loads say, in the tables of a store in memory: for a store that keeps statements in another way."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import date

from graph.records import Ref
from graph.statements import Statements
from graph.store.sqlite.layout import TABLES
from graph.store.sqlite.load import Loader
from graph.store.sqlite.things import get
from graph.store.things import ThingWithRecords


def get_from(
    loads: Iterable[tuple[str, Iterable[Statements]]], ref: Ref, until: date | None, limit: int
) -> ThingWithRecords | None:
    """Return a thing with its records, as known before `until`; None if absent.

    Args:
        loads: the batches, oldest first, each with the statements of it that name the thing. Rows without a day come
            with the one that is derived for them.
        ref: the thing.
        until: the day before which all must have been known.
        limit: the most records.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for table in TABLES:
            connection.execute(table)
        for number, (batch, pieces) in enumerate(loads, start=1):
            connection.execute("INSERT INTO batch (number, id) VALUES (?, ?)", (number, batch))
            loader = Loader(connection, number, first=True, searched=False)
            for piece in pieces:
                loader.add(piece)
        return get(connection, ref, until, limit)
