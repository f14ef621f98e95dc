"""What a check finds wrong with the file of an embedded store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from graph.store.batches import Quarantined
from graph.store.sqlite import SqliteStore
from tests.graph.store.many import batch, chunk, many


@pytest.mark.parametrize(
    ("name", "said", "statement"),
    [
        ("rows", "declaration has 20 rows of no batch", "UPDATE declaration SET batch = 7 WHERE batch = 2"),
        ("rows", "quarantine has 1 rows of no batch", "INSERT INTO quarantine (batch) VALUES (7)"),
        (
            "rows",
            "declaration has 2 rows whose importer is missing",
            "DELETE FROM description WHERE id = (SELECT importer FROM declaration WHERE batch = 2 LIMIT 1)",
        ),
        ("rows", "rows whose way is missing", "DELETE FROM way"),
        ("indexes", "stop_place is missing", "DROP INDEX stop_place"),
        ("batches", "batch one has 0 refused rows, not 1", "DELETE FROM quarantine"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, said: str, statement: str) -> None:
    with SqliteStore(tmp_path / "s.db") as store:
        refused = chunk(many(0, 20))._replace(quarantined=[Quarantined("x.csv", 3, "rule", "column", "")])
        store.add_batch(batch("one"), [refused])
        store.add_batch(batch("two"), [chunk(many(100, 20))])
        assert all(found.ok for found in store.check())
        with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as connection:
            connection.execute(statement)
        [wrong] = [found for found in store.check() if not found.ok]
        assert wrong.name == name
        assert said in wrong.text


def test_a_damaged_file_is_not_sound(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with SqliteStore(path) as store:
        store.add_batch(batch("one"), [chunk(many(0, 2000))])
    with closing(sqlite3.connect(path)) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'description_key'")
        [(size,)] = connection.execute("PRAGMA page_size")
    with path.open("r+b") as file:
        # The first cells of one index, so that the rows can be read and are missing from it.
        file.seek((page - 1) * size + size - 60)
        file.write(b"\0" * 20)
    with SqliteStore(path) as store:
        [wrong] = [found for found in store.check() if not found.ok]
        assert wrong.name == "file"
        assert "description_key" in wrong.text
