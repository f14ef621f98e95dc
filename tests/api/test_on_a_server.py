"""Commands on a Neo4j server: what comes of them is what comes of them on a file."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.commands import address, declaration, run, small, write
from tests.conformance.test_names import NAMES
from tests.neo4j.server import Server


@pytest.fixture
def server(neo4j_database: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with an empty database that the environment names as the store."""
    monkeypatch.setenv("TIDEWAITER_STORE", neo4j_database.address)
    monkeypatch.setenv("TIDEWAITER_NEO4J_PASSWORD", neo4j_database.password)
    return neo4j_database


def demo(folder: Path) -> dict[str, Any]:
    """Run the demo; return what comes of it without where it is and how long it took."""
    ran = run("demo", "--folder", folder, "--shipments", "1000", "--json")
    assert (ran.status, ran.err) == (0, "")
    found: dict[str, Any] = ran.json
    return {name: value for name, value in found.items() if name not in ("folder", "store", "seconds")}


def contents(server: Server) -> list[Any]:
    """Return everything that is in the database."""
    with server.driver() as driver:
        found = driver.execute_query(
            "MATCH (n) RETURN labels(n) AS labels, properties(n) AS said ORDER BY elementId(n)"
        )
        return [row.data() for row in found.records]


def test_the_ranking_is_that_of_the_demo_on_a_file(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_server = demo(tmp_path / "server")
    everything = ("queue", "--from", "2023-01-01", "--to", "2024-03-31", "--all", "--output")
    assert run(*everything, tmp_path / "server.csv").status == 0
    assert not list((tmp_path / "server").glob("*.db"))
    monkeypatch.delenv("TIDEWAITER_STORE")
    on_file = demo(tmp_path / "file")
    assert run(*everything, tmp_path / "file.csv", "--store", address(tmp_path / "file" / "tidewaiter.db")).status == 0
    views = [Path(found.pop("view")) for found in (on_server, on_file)]
    assert [view.parent for view in views] == [tmp_path / "server", tmp_path / "file"]
    assert on_server == on_file
    assert len(on_server["queue"]) == 10
    ranking = (tmp_path / "server.csv").read_text(encoding="utf-8")
    assert ranking == (tmp_path / "file.csv").read_text(encoding="utf-8")
    assert len(ranking.splitlines()) > 100


def test_a_server_with_other_data_is_left_alone(server: Server, tmp_path: Path) -> None:
    assert run("ingest", small(tmp_path), "--mapping", "native").status == 0
    before = contents(server)
    ran = run("demo", "--folder", tmp_path / "demo", "--shipments", "1000")
    assert ran.status == 2
    assert "holds other data: the demo needs an empty or an embedded one." in ran.err
    assert contents(server) == before


def test_a_database_of_others_is_left_alone(server: Server, tmp_path: Path) -> None:
    with server.driver() as driver:
        driver.execute_query("CREATE (:Person {name: 'Ann'})")
    ran = run("demo", "--folder", tmp_path / "demo", "--shipments", "1000")
    assert ran.status == 1
    assert "holds something else than a Tidewaiter store" in ran.err
    assert contents(server) == [{"labels": ["Person"], "said": {"name": "Ann"}}]


def test_input_that_cannot_be_used_leaves_no_store_behind(server: Server, neo4j_bare: Server, tmp_path: Path) -> None:
    good, empty = small(tmp_path), write(tmp_path / "empty.csv", [])
    for words in (
        ("/no/such.csv", "--mapping", "native"),
        (good, "--mapping", tmp_path / "none.toml"),
        (empty, "--mapping", "native"),
        (good, "--mapping", "native", "--source", "a/b"),
    ):
        for more in ((), ("--bulk", tmp_path / "import")):
            ran = run("ingest", *words, *more)
            assert (ran.status, ran.out) == (2, "")
            assert "Loading" not in ran.err and "Writing" not in ran.err
    assert contents(server) == []
    with server.driver() as driver:
        assert driver.execute_query("SHOW CONSTRAINTS").records == []
    assert not (tmp_path / "import").exists()


def test_difficult_names_are_shown_as_on_a_file(server: Server, tmp_path: Path) -> None:
    path = write(
        tmp_path / "declarations.csv",
        [declaration(at, importer_id=name, importer_name=name) for at, name in enumerate(NAMES)],
    )
    store = tmp_path / "s.db"
    assert run("ingest", path, "--mapping", "native").status == 0
    assert run("ingest", path, "--mapping", "native", store=store).status == 0
    for name in NAMES:
        shown = run("show", f"trader:{name}", "--json")
        assert shown.status == 0
        assert shown.json["key"] == f"native/{name}"
        assert shown.json == run("show", f"trader:{name}", "--json", store=store).json
