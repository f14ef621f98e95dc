"""What a Neo4j store refuses: each in one sentence, with nothing written and no password told."""

import socket
from pathlib import Path

import pytest

from graph.store.errors import AddressError, StoreError
from graph.store.neo4j import Login, Neo4jStore
from graph.store.neo4j.connect import check_agent
from graph.store.neo4j.writer import alone
from graph.store.open import open_store
from tests.neo4j.server import Server

SECRET = "not the password"


def refused(address: str, login: Login, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as raised:
        Neo4jStore(address, login, create=create)
    sentence = str(raised.value)
    assert sentence.endswith(".") and "\n" not in sentence
    assert SECRET not in sentence and SECRET not in repr(login)
    return sentence


def count(server: Server) -> int:
    with server.driver() as driver:
        found: int = driver.execute_query("MATCH (n) RETURN count(n)", database_=server.database).records[0][0]
        return found


def test_no_server() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"bolt://127.0.0.1:{held.getsockname()[1]}"
        assert refused(address, Login(password=SECRET)).startswith(f"No Neo4j server answers at {address}")


@pytest.mark.parametrize("address", ["neo4j://", "neo4j://127.0.0.1:port", "bolt://127.0.0.1:1:2", "neo4j://[::1"])
def test_no_address(address: str) -> None:
    with pytest.raises(AddressError, match=r"cannot be used|names no server"):
        open_store(address, password=SECRET)


@pytest.mark.parametrize("agent", ["Neo4j/5.25.1", "Neo4j/4.4.0", "Neo4j/5", "Neo4j/dev", ""])
def test_a_server_too_old(agent: str) -> None:
    with pytest.raises(StoreError) as raised:
        check_agent("neo4j://host", agent)
    assert str(raised.value) == f"The server at neo4j://host is {agent}; Tidewaiter needs Neo4j 5.26."


@pytest.mark.parametrize("agent", ["Neo4j/5.26.0", "Neo4j/5.27-aura", "Neo4j/2025.06.0", "Neo4j/5.100.1"])
def test_a_server_that_will_do(agent: str) -> None:
    check_agent("neo4j://host", agent)


def test_a_wrong_password(neo4j_database: Server) -> None:
    said = refused(neo4j_database.address, Login("neo4j", SECRET))
    assert "refuses user or password; set TIDEWAITER_NEO4J_USER and TIDEWAITER_NEO4J_PASSWORD" in said
    assert count(neo4j_database) == 0


def test_a_database_that_is_not_there(neo4j_database: Server) -> None:
    said = refused(neo4j_database.address, Login("neo4j", neo4j_database.password, "elsewhere"))
    assert "has no such database; set TIDEWAITER_NEO4J_DATABASE" in said


def test_a_store_that_was_not_made(neo4j_database: Server) -> None:
    login = Login("neo4j", neo4j_database.password)
    assert "load something first with `tidewaiter ingest`" in refused(neo4j_database.address, login, create=False)
    assert count(neo4j_database) == 0


def test_a_database_with_something_else_in_it(neo4j_database: Server) -> None:
    with neo4j_database.driver() as driver:
        driver.execute_query("CREATE (:Person {name: 'Ann'})", database_=neo4j_database.database)
    said = refused(neo4j_database.address, Login("neo4j", neo4j_database.password))
    assert "holds something else than a Tidewaiter store" in said
    assert count(neo4j_database) == 1


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (2007, "by a newer Tidewaiter (layout 2.7, this is 1.4); upgrade Tidewaiter"),
        (1001, "by an older Tidewaiter (layout 1.1, this is 1.4); bring it forward with `tidewaiter store migrate`"),
        (9, "by an older Tidewaiter (layout 0.9, this is 1.4), and cannot be brought forward; load the files into"),
    ],
)
def test_another_layout(neo4j_database: Server, version: int, said: str) -> None:
    login = Login("neo4j", neo4j_database.password)
    Neo4jStore(neo4j_database.address, login).close()
    with neo4j_database.driver() as driver:
        driver.execute_query("MATCH (s:TidewaiterStore) SET s.layout = $version", version=version)
    assert said in refused(neo4j_database.address, login)


def test_a_writer_waits_for_another_and_is_told(neo4j_database: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from graph.store.batches import Batch
    from graph.store.neo4j import writer

    monkeypatch.setattr(writer, "WAIT", 1.0)
    login = Login("neo4j", neo4j_database.password)
    with Neo4jStore(neo4j_database.address, login) as one, Neo4jStore(neo4j_database.address, login) as other:
        with alone(one._driver, login.database), pytest.raises(StoreError, match="Another process is writing"):
            other.add_batch(Batch("b", "h", "s", "m", "1", "f"), [])
        assert other.add_batch(Batch("b", "h", "s", "m", "1", "f"), []).version == 1


def test_who_opens_while_a_load_ends_can_read_what_is_loaded_and_not_the_network(neo4j_database: Server) -> None:
    from graph.store.batches import Batch

    login = Login("neo4j", neo4j_database.password)
    with Neo4jStore(neo4j_database.address, login) as one:
        one.add_batch(Batch("b", "h", "s", "m", "1", "f"), [])
        with neo4j_database.driver() as driver:
            driver.execute_query("MATCH (s:TidewaiterStore) SET s.folded = 0")
        with alone(one._driver, login.database), Neo4jStore(neo4j_database.address, login) as reader:
            assert [batch.id for batch in reader.batches()] == ["b"]
            with pytest.raises(StoreError, match="is being brought to version"):
                reader.resolve("a")
        # Nobody holds the lock any more: whoever opens completes the network.
        with Neo4jStore(neo4j_database.address, login) as reader:
            assert reader.resolve("a") == []


def test_names_are_values_and_nothing_else(neo4j_database: Server, tmp_path: Path) -> None:
    from graph.records import Ref
    from graph.statements import Statements
    from graph.store.batches import Batch, LoadChunk
    from tests.statements import DAYS, table

    names = ["'}) DETACH DELETE n //", "`backticks`", "$param", "a\0b", "🚢 \u202e", "x" * 1_000_000, "\\u0027"]
    described = [
        {"id": at, "type": "Trader", "key": f"s/{name}", "name": name, "address": name, "address_key": name}
        for at, name in enumerate(names)
    ]
    rows = [
        {"source": "s", "shipment": f"s/{at}", "known_on": DAYS[0], "accepted_on": DAYS[0], "importer": at}
        for at in range(len(names))
    ]
    said = Statements(description=table("description", described), declaration=table("declaration", rows))
    with Neo4jStore(neo4j_database.address, Login("neo4j", neo4j_database.password)) as store:
        store.add_batch(Batch("b", "h", "s", "m", "1", "f"), [LoadChunk(said, [], len(rows), len(rows), 0)])
        for at, name in enumerate(names):
            found = store.get(Ref("Trader", f"s/{name}"))
            assert found is not None and found.thing.shown()["name"] == name
            assert store.resolve(f"trader:{name}") == [Ref("Trader", f"s/{name}")]
            ends = {row.end for row in store.neighbours([Ref("Trader", f"s/{name}")]).rows}
            assert ends == {Ref("Shipment", f"s/{at}"), Ref("Address", name)}
