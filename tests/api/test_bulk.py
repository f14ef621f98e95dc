import shlex
from pathlib import Path

import pytest

from tests.api.commands import run, small
from tests.neo4j.server import Server


def test_an_embedded_store_is_no_place_for_it(tmp_path: Path) -> None:
    ran = run("ingest", small(tmp_path), "--mapping", "native", "--bulk", tmp_path / "i", store=tmp_path / "s.db")
    assert ran.status == 2
    assert "--bulk writes files for a Neo4j server" in ran.err
    assert not (tmp_path / "i").exists()
    assert not (tmp_path / "s.db").exists()
    ran = run("ingest", tmp_path, "--mapping", "native", "--bulk", tmp_path / "i", "--adopt", store=tmp_path / "s.db")
    assert ran.status == 2
    assert "leave one out" in ran.err


def test_an_empty_database_gets_files_and_the_command(
    neo4j_database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEWAITER_STORE", neo4j_database.address)
    monkeypatch.setenv("TIDEWAITER_NEO4J_PASSWORD", neo4j_database.password)
    folder = tmp_path / "import of today"
    ran = run("ingest", small(tmp_path), "--mapping", "native", "--bulk", folder)
    assert ran.status == 0
    assert "42 rows in = 40 loaded + 1 quarantined + 1 exact duplicate\n" in ran.out
    words = shlex.split(ran.out.splitlines()[-1])
    assert words[:4] == ["neo4j-admin", "database", "import", "full"]
    assert words[-2:] == [f"@{folder / 'import.args'}", "neo4j"]
    with neo4j_database.driver() as driver:
        assert driver.execute_query("MATCH (n) RETURN count(n)").records[0][0] == 0

    told = run("ingest", tmp_path / "declarations.csv", "--mapping", "native", "--bulk", tmp_path / "told", "--json")
    assert (told.status, told.err) == (0, "")
    assert shlex.split(told.json["import_command"]) == [*words[:5], f"@{tmp_path / 'told' / 'import.args'}", "neo4j"]

    again = run("ingest", tmp_path / "declarations.csv", "--mapping", "native", "--bulk", folder)
    assert again.status == 1
    assert "name a new one" in again.err

    loaded = run("ingest", tmp_path / "declarations.csv", "--mapping", "native", "--json")
    assert loaded.status == 0
    assert "import_command" not in loaded.json
    over = run("ingest", tmp_path / "declarations.csv", "--mapping", "native", "--bulk", tmp_path / "other")
    assert over.status == 1
    assert "is not empty" in over.err
    assert not (tmp_path / "other").exists()
