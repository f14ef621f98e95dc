"""Files of older layouts are brought forward where somebody asks for it, whole or not at all."""

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from graph.hash import store_hash
from graph.statements import Statements
from graph.store.layouts import Migrated
from graph.store.open import migrate_store
from graph.store.results import PublishedSet
from graph.store.sqlite import SqliteStore, texts
from graph.store.sqlite.layout import SEARCH_INDEXES, USER_VERSION
from tests.graph.store.many import batch, chunk, many
from tests.statements import table


def _schema(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    finally:
        connection.close()


def _of_layout_1(path: Path) -> None:
    """Take away what layout 2 brought."""
    connection = sqlite3.connect(path)
    for name in SEARCH_INDEXES:
        connection.execute(f"DROP INDEX {name}")
    for name in ("text", "word", "posting", "listed"):
        connection.execute(f"DROP TABLE {name}")
    connection.execute(f"PRAGMA user_version = {USER_VERSION - 1}")
    connection.commit()
    connection.close()


def _searchable(store: SqliteStore) -> None:
    said = Statements(
        description=table("description", [{"id": 1, "type": "Trader", "key": "a/Q1", "name": "Old Name Ltd"}]),
        entity=table("entity", [{"source": "a", "thing": 1}]),
        listing=table("listing", [{"source": "a", "entry": "L/1", "name": "Listed", "aliases": ["Other Name"]}]),
    )
    store.add_batch(batch("one"), [chunk(many(0, 10)), chunk(said)])


def test_a_store_of_layout_1_is_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore(path) as store:
        _searchable(store)
        hashed, asked = store_hash(store), ("old nmae", "other name", "listed")
        found = {text: store.search(text) for text in asked}
        store.publish(PublishedSet("p", 1, date(2024, 1, 1)), {})
    assert all(found.values())
    whole = _schema(path)
    _of_layout_1(path)
    assert migrate_store(f"sqlite:///{path}") == Migrated("1.1", "1.2")
    assert migrate_store(f"sqlite:///{path}") == Migrated("1.2", "1.2")
    assert _schema(path) == whole
    with SqliteStore(path) as store:
        assert (store_hash(store), store.published()) == (hashed, None)
        assert {text: store.search(text) for text in asked} == found
        assert [finding for finding in store.check() if not finding.ok] == []
        store.remove_batch("one")
        assert not any(store.search(text) for text in asked)


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    with SqliteStore(path) as store:
        _searchable(store)
    _of_layout_1(path)
    before = _schema(path)

    def interrupted(_: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(texts, "index_words", interrupted)
    with pytest.raises(KeyboardInterrupt):
        migrate_store(f"sqlite:///{path}")
    assert _schema(path) == before
    monkeypatch.undo()
    assert migrate_store(f"sqlite:///{path}") == Migrated("1.1", "1.2")


def test_a_removal_leaves_nothing_in_the_index(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore(path) as store:
        _searchable(store)
        store.remove_batch("one")
    connection = sqlite3.connect(path)
    for name in ("text", "word", "posting", "listed"):
        assert connection.execute(f"SELECT count(*) FROM {name}").fetchone() == (0,)
    connection.close()
