"""The commands about stores as a whole."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.api.commands import address, declaration, run, small, write


def test_check_says_what_there_is_and_what_is_wrong(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert run("ingest", small(tmp_path), "--mapping", "native", store=store).status == 0
    ran = run("store", "check", store=store)
    assert ran.status == 0
    assert "declaration 40" in ran.out
    assert "WRONG" not in ran.out
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("DROP INDEX stop_place")
    ran = run("store", "check", store=store)
    assert ran.status == 1
    assert [line.split() for line in ran.out.splitlines() if "WRONG" in line] == [
        ["indexes", "WRONG", "stop_place", "is", "missing"]
    ]
    ran = run("store", "check", "--json", store=store)
    assert (ran.status, ran.err) == (1, "")
    assert ran.json["ok"] is False
    assert {"name": "indexes", "ok": False, "text": "stop_place is missing"} in ran.json["findings"]


def test_copy_says_what_it_copied_and_that_it_is_the_same(loaded: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    ran = run("store", "copy", address(loaded), address(target))
    assert ran.status == 0
    hashed = run("status", "--hash", "--json", store=loaded).json["graph_hash"]
    assert ran.out == (
        "1 batch copied\n"
        "No results went along: none are of the source's present version\n"
        f"Both stores have the graph hash {hashed}\n"
    )
    assert run("batches", "--json", store=target).json == run("batches", "--json", store=loaded).json
    assert run("quarantine", "--json", store=target).json == run("quarantine", "--json", store=loaded).json
    again = run("store", "copy", address(loaded), address(target))
    assert again.out.startswith("0 batches copied; 1 was there already\n")
    assert run("store", "copy", address(loaded), address(target), "--json").json == {
        **{"source": address(loaded), "target": address(target), "batches_copied": 0, "batches_already_there": 1},
        **{"published": None, "graph_hash": hashed},
    }


def test_copy_refuses_what_it_cannot_mean(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(loaded.parent)
    ran = run("store", "copy", address(loaded), f"sqlite:///{loaded.name}")
    assert (ran.status, ran.err) == (2, "Error: Source and target are the same store: name two.\n")
    monkeypatch.chdir(tmp_path)
    ran = run("store", "copy", "sqlite:///none.db", "sqlite:///target.db")
    assert ran.status == 1
    assert "There is no store at none.db" in ran.err
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "d.csv", [declaration(1)])
    run("ingest", "d.csv", "--mapping", "native", "--store", "sqlite:///other.db")
    before = run("batches", "--json", "--store", "sqlite:///other.db").json
    ran = run("store", "copy", address(loaded), "sqlite:///other.db")
    assert ran.status == 1
    assert "copy into an empty store" in ran.err.splitlines()[-1]
    assert run("batches", "--json", "--store", "sqlite:///other.db").json == before


def test_migrate_says_that_a_store_is_of_this_version(loaded: Path, tmp_path: Path) -> None:
    ran = run("store", "migrate", store=loaded)
    assert ran.status == 0
    assert ran.out == "The store is of this version (layout 1.2); nothing had to be brought forward.\n"
    assert run("store", "migrate", "--json", store=loaded).json == {
        **{"store": address(loaded), "before": "1.2", "after": "1.2"}
    }
    ran = run("store", "migrate", store=tmp_path / "none.db")
    assert ran.status == 1
    assert "There is no store at" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_store_alone_says_what_there_is() -> None:
    ran = run("store")
    assert ran.status == 0
    assert all(name in ran.out for name in ("check", "copy", "migrate"))


@pytest.mark.parametrize("server", ["neo4j://neo4j:geheim@host", "bolt+s://a:ge/geheim@host:7687", "http://a:geheim@b"])
@pytest.mark.parametrize(
    "words",
    [
        ("store", "check"),
        ("store", "migrate"),
        ("store", "copy", "SERVER", "sqlite:///none.db"),
        ("store", "copy", "sqlite:///none.db", "SERVER"),
        ("ingest", "d.csv", "--mapping", "native"),
        ("ingest", "d.csv", "--mapping", "native", "--bulk", "import"),
        ("status",),
    ],
)
def test_a_password_in_an_address_is_refused_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEWAITER_STORE", server)
    file = write(tmp_path / "d.csv", [declaration(1)])
    ran = run(*(server if word == "SERVER" else word for word in words))
    assert ran.status == 2
    assert "write user and password into TIDEWAITER_NEO4J_USER and TIDEWAITER_NEO4J_PASSWORD." in ran.err
    assert "geheim" not in ran.out + ran.err
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_may_have_an_at_in_its_name(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", [declaration(1)])
    assert run("ingest", file, "--mapping", "native", store=tmp_path / "a@b.db").status == 0
    assert run("store", "check", store=tmp_path / "a@b.db").status == 0
