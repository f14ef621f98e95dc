"""Steps from one layout of a file to the next, each within the transaction of the migration."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping

from graph.store.results import RESULTS
from graph.store.sqlite.layout import (
    LIST_INDEXES,
    RESULT_INDEXES,
    RESULT_TABLES,
    SEARCH_INDEXES,
    SEARCHED,
    SEARCHED_COLUMNS,
    create_indexes,
)
from graph.store.sqlite.texts import Texts, list_texts

_PIECE = 10_000


def _searchable(connection: sqlite3.Connection) -> None:
    """Index what is searched, and make the tables of results anew: what was published is gone with them."""
    run = connection.execute
    for statement in SEARCHED:
        run(statement)
    texts = Texts(connection)
    for table, column in (
        *(("description", column) for column in SEARCHED_COLUMNS),
        ("declaration", "goods_description"),
    ):
        said = run(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
        for piece in _pieces(said):
            texts.add(piece)
    for batch, entry, *row in run("SELECT batch, entry, name, aliases, identifiers FROM listing").fetchall():
        texts.add(list(list_texts(connection, batch, [(entry, *row)])))
    for table in RESULTS:
        run(f"DROP TABLE IF EXISTS result_{table}")
    for statement in RESULT_TABLES:
        run(statement)
    run("DELETE FROM published")
    for statement in create_indexes({**SEARCH_INDEXES, **LIST_INDEXES, **RESULT_INDEXES}):
        run(statement)
    run("PRAGMA user_version = 1002")


def _pieces(rows: sqlite3.Cursor) -> Iterator[Iterable[str]]:
    while piece := rows.fetchmany(_PIECE):
        yield [text for (text,) in piece]


MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1001: _searchable}
"""By the version that a store has, the step that brings it forward."""
