"""The stores that the suite runs over, and in what they are known to differ from the reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graph.store.base import GraphStore
from graph.store.neo4j import Login, Neo4jStore
from graph.store.reference import ReferenceStore
from graph.store.sqlite import SqliteStore
from tests.neo4j.emptying import clear
from tests.neo4j.server import Server

NEO4J = "neo4j"


@dataclass(frozen=True)
class Backend:
    """One kind of store.

    `make` opens a store in a folder (a second time: the same one, where it `persists`); `examples` is how many random
    histories it is put through. `differs` names the tests that it is known to fail, each with the reason; they are
    strict, so that a difference that is gone is noticed.
    """

    name: str
    make: Callable[[Path], GraphStore]
    persists: bool
    examples: int = 100
    differs: Mapping[str, str] = field(default_factory=dict)


def of_server(server: Server) -> Callable[[Path], GraphStore]:
    """Return what opens the one database of a server: empty for a folder that it was not opened for before."""

    def make(folder: Path) -> GraphStore:
        mark = folder / "neo4j"
        if not mark.exists():
            # Constraints and indexes stay; making them anew would take most of the time.
            clear(server)
            mark.touch()
        return Neo4jStore(server.address, Login(server.user, server.password, server.database))

    return make


def _without_server(folder: Path) -> GraphStore:
    raise AssertionError("The fixture `backend` puts a server behind this.")


BACKENDS = (
    Backend("reference", lambda folder: ReferenceStore(), persists=False),
    Backend("sqlite", lambda folder: SqliteStore(folder / "store.db"), persists=True),
    Backend(
        NEO4J,
        _without_server,
        persists=True,
        examples=4,
        differs={
            "test_a_reader_asks_the_network_of_its_version": "Neo4j has the network of the latest version alone, and"
            " refuses a reader of an earlier one.",
        },
    ),
)
