import socket
import stat
import subprocess
from pathlib import Path

import psutil
import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import AuthError, Neo4jError

from tests.neo4j.emptying import empty, schema
from tests.neo4j.server import HOST, Server, ServerError, admin, is_alive, kill, start, stop


def ask(server: Server, question: str) -> list[object]:
    with server.driver() as driver:
        return [record[0] for record in driver.execute_query(question, database_=server.database).records]


def started(home: Path) -> Server:
    """Start a server that has little to do."""
    return start(home, heap="512m", page_cache="64m", brief=True)


def process(server: Server) -> psutil.Process:
    return psutil.Process(int((server.home / "pid").read_text()))


def test_it_answers_at_its_address(neo4j_server: Server) -> None:
    (version,) = ask(neo4j_server, "CALL dbms.components() YIELD versions RETURN versions[0]")
    assert str(version).startswith("5.26.")


def test_it_refuses_another_password_and_goes_on_taking_the_right_one(neo4j_server: Server) -> None:
    for _ in range(5):
        with (
            GraphDatabase.driver(neo4j_server.address, auth=(neo4j_server.user, "another")) as driver,
            pytest.raises(AuthError),
        ):
            driver.verify_connectivity()
    assert ask(neo4j_server, "RETURN 1") == [1]


def test_it_listens_at_one_port_of_this_machine_alone(neo4j_server: Server) -> None:
    listening = [end.laddr for end in process(neo4j_server).net_connections("tcp") if end.status == psutil.CONN_LISTEN]
    (end,) = listening
    assert f"neo4j://{end.ip.removeprefix('::ffff:')}:{end.port}" == neo4j_server.address
    assert neo4j_server.address.startswith(f"neo4j://{HOST}:")


def test_its_password_is_in_one_file_that_only_its_owner_reads(neo4j_server: Server) -> None:
    password = neo4j_server.password
    assert len(password) >= 32
    told = [path for path in neo4j_server.home.rglob("*") if path.is_file() and password in path.read_text("latin-1")]
    assert told == [neo4j_server.home / "password"]
    assert stat.S_IMODE(told[0].stat().st_mode) == 0o600
    assert password not in repr(neo4j_server)


def test_its_password_is_in_no_process_list(neo4j_server: Server) -> None:
    shown = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    assert any(str(neo4j_server.home) in line for line in shown)
    assert [line for line in shown if neo4j_server.password in line] == []


def test_it_does_not_inherit_secrets(neo4j_server: Server) -> None:
    assert [name for name in process(neo4j_server).environ() if name.startswith(("TIDEWAITER_", "NEO4J_"))] == []


def test_its_admin_command_is_of_its_version(neo4j_server: Server) -> None:
    said = subprocess.run([admin(neo4j_server.home), "--version"], check=True, capture_output=True, text=True).stdout
    assert said.startswith("5.26.")


def test_a_test_gets_an_empty_database(neo4j_bare: Server) -> None:
    keys = "CREATE CONSTRAINT `a ``key``` FOR (n:Trader) REQUIRE n.key IS UNIQUE"
    names = "CREATE INDEX by_name FOR (n:Trader) ON (n.name)"
    with neo4j_bare.driver() as driver, driver.session() as session:
        session.run(keys).consume()
        session.run(names).consume()
        made = schema(neo4j_bare)
        assert len(made) == 2
        session.run("CREATE FULLTEXT INDEX words FOR (n:Trader) ON EACH [n.name]").consume()
        session.run("UNWIND range(1, 1000) AS i CREATE (:Trader {key: i})-[:NEXT_TO]->(:Address {key: i})").consume()
    empty(neo4j_bare, keep=made)
    assert ask(neo4j_bare, "MATCH (n) RETURN count(n)") == [0]
    assert schema(neo4j_bare) == made
    # What has the name of one to keep and is another is not kept, nor is one that has failed.
    with neo4j_bare.driver() as driver, driver.session() as session:
        session.run("DROP CONSTRAINT `a ``key```").consume()
        session.run("CREATE INDEX `a ``key``` FOR (n:Trader) ON (n.other)").consume()
        session.run("DROP INDEX by_name").consume()
        session.run("CREATE (:Trader {name: $long})", long="x" * 16_000).consume()
        session.run(names).consume()
        with pytest.raises(Neo4jError, match="FAILED"):
            session.run("CALL db.awaitIndexes(60)").consume()
    empty(neo4j_bare, keep=made)
    assert ask(neo4j_bare, "SHOW CONSTRAINTS YIELD name") == []
    assert ask(neo4j_bare, "SHOW INDEXES YIELD type") == ["LOOKUP", "LOOKUP"]


@pytest.mark.slow
def test_what_was_committed_survives_a_kill_and_a_stop(neo4j_needed: None, tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        first = started(home)
        assert started(home) == first
        ask(first, "UNWIND range(1, 1000) AS i CREATE (:Trader {key: i})")
        killed = process(first)
        kill(home)
        assert not is_alive(killed)
        second = started(home)
        assert second == first
        assert ask(second, "MATCH (n:Trader) RETURN count(n)") == [1000]
        assert stop(home)
        assert not stop(home)
        assert ask(started(home), "MATCH (n:Trader) RETURN count(n)") == [1000]
    finally:
        kill(home)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServerError, match=rf"^Port {port} of 127\.0\.0\.1 is taken: [^\n]+$"):
            start(tmp_path / "home", port=port)


def test_a_server_that_does_not_come_up_says_why(neo4j_needed: None, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"^neo4j-admin did not take the password: [^\n]*'much'[^\n]*$"):
        start(tmp_path / "home", page_cache="much")
    with pytest.raises(ServerError, match=r"^Neo4j ended while it started: Error[^\n]+$"):
        start(tmp_path / "home", heap="much")
