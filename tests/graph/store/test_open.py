"""Addresses of stores."""

from pathlib import Path

import pytest

from graph.store.errors import StoreError
from graph.store.open import open_store
from graph.store.reference import ReferenceStore


def test_a_relative_and_an_absolute_path_open_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///a b.db") as made, open_store(f"sqlite:///{tmp_path}/a b.db", create=False) as same:
        assert made.version() == same.version() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a b.db"]


def test_memory_is_kept_nowhere() -> None:
    assert isinstance(open_store("memory:"), ReferenceStore)


def test_a_reading_command_finds_no_store_and_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(StoreError, match=r"no store at .*none\.db; load something first with `tidewaiter ingest`"):
        open_store(f"sqlite:///{path}", create=False)
    assert not path.exists()
    path.touch()
    with pytest.raises(StoreError, match="load something first"):
        open_store(f"sqlite:///{path}", create=False)
    with open_store(f"sqlite:///{path}") as store:
        assert store.version() == 0


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgres://host", "'postgres://host' is of no known kind; write sqlite:///"),
        ("store.db", "'store.db' is of no known kind; write sqlite:///"),
        ("memory:x", "of no known kind"),
        ("sqlite://", "names no file; write sqlite:///"),
        ("sqlite:///", "names no file"),
        ("sqlite:store.db", "names no file"),
        ("sqlite://store.db", "names no file"),
        ("", "of no known kind"),
    ],
)
def test_an_address_that_names_no_store_says_how_to_write_one(address: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence):
        open_store(address)
