"""What neo4j-admin imports from the files is what a load over the wire leaves."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from graph.records import Ref
from graph.statements import Statements
from graph.store.errors import StoreError
from graph.store.neo4j import ImportFolder, Login, Neo4jStore
from graph.store.reference import ReferenceStore
from tests.conformance.loads import batch, chunk, content, ledger, split
from tests.graph.store.neo4j.network import expected, shown
from tests.neo4j.server import Server, admin, kill, start, stop
from tests.statements import statements, table


@pytest.fixture(scope="module")
def odd() -> list[Statements]:
    """Statements with all that makes folding hard, and keys and texts that a CSV file may stumble over."""
    drawn: list[Statements] = []

    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(statements(4))
    def draw(said: Statements) -> None:
        drawn.append(said)

    draw()
    texts = ['a "quoted", text', "two\nlines\r\nand three", ";", "\\", " kept ", "x" * 6_000_000]
    names = [{"id": at, "type": "Trader", "key": f"a/{text[:2_000]}", "name": text} for at, text in enumerate(texts)]
    entity = [{"source": "a", "thing": row["id"]} for row in names]
    return [*drawn, Statements(description=table("description", names), entity=table("entity", entity))]


def imported(home: Path, folder: Path) -> Server:
    start(home, brief=True)
    stop(home)
    command = [str(admin(home)), "database", "import", "full", "--overwrite-destination", f"@{folder / 'import.args'}"]
    done = subprocess.run([*command, "neo4j"], capture_output=True, text=True, check=False, timeout=300, cwd=home)
    assert done.returncode == 0, done.stdout + done.stderr
    return start(home, brief=True)


def test_an_import_is_a_load(neo4j_needed: None, tmp_path: Path, odd: Sequence[Statements]) -> None:
    chunks = [chunk(said) for said in odd]
    wrote = ImportFolder(tmp_path / "import").add_batch(batch("odd"), chunks)
    try:
        server = imported(tmp_path / "home", tmp_path / "import")
        with ReferenceStore() as reference, Neo4jStore(server.address, Login(server.user, server.password)) as store:
            reference.add_batch(batch("odd"), chunks)
            assert store.batches() == [wrote]
            assert ledger(store) == ledger(reference)
            assert content(store) == content(reference)
            assert shown(server) == expected(reference)
            assert store.get(Ref("Trader", "a/;")) == reference.get(Ref("Trader", "a/;"))
            # What comes later is merged into what was imported.
            more = [chunk(piece) for piece in split(odd[7], 2)]
            for each in (reference, store):
                each.add_batch(batch("more"), more)
                each.remove_batch("odd")
            assert shown(server) == expected(reference)
    finally:
        kill(tmp_path / "home")


def test_an_error_leaves_no_folder(tmp_path: Path) -> None:
    def broken() -> Iterator[Any]:
        yield chunk(Statements())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ImportFolder(tmp_path / "import").add_batch(batch("x"), broken())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="name a new one"):
        ImportFolder(tmp_path).add_batch(batch("x"), [])
    assert tmp_path.exists()
