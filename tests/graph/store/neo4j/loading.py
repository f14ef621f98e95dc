"""Loading into a server, by a process or in this one, and what is there afterwards."""

import os
import subprocess
import sys
from pathlib import Path

from graph.columns import date_undated
from graph.hash import whole_hash
from graph.store.base import GraphStore
from graph.store.neo4j import Login, Neo4jStore
from graph.store.neo4j.layout import BATCH, CHUNK, REMOVED, STORE
from graph.store.reference import ReferenceStore
from graph.whole import fold_whole, read
from ingest.load import LoadResult, load
from tests.graph.store.neo4j.network import expected, shown
from tests.neo4j.server import Server


def network(store: GraphStore) -> str:
    """Return the graph hash."""
    return whole_hash(fold_whole(date_undated(read(store))))


def undisturbed(*paths: Path) -> str:
    """Return the graph hash of loads that nothing disturbs."""
    with ReferenceStore() as store:
        for path in paths:
            load(store, path, mapping="native")
        return network(store)


def opened(server: Server, address: str | None = None) -> Neo4jStore:
    """Open the store on a server, by its own address or the one given."""
    return Neo4jStore(address or server.address, Login(server.user, server.password, server.database))


def command(server: Server, *words: object) -> tuple[list[str], dict[str, str]]:
    """Return what to start, and in which environment, for a command on a server's store."""
    settings = {"TIDEWAITER_STORE": server.address, "TIDEWAITER_NEO4J_PASSWORD": server.password}
    return [sys.executable, "-m", "api.cli", *map(str, words)], {**os.environ, **settings}


# The command, but for the half minute for which a load tries again, which it takes twice before it gives up.
_IMPATIENT = """
from neo4j import GraphDatabase
from api.cli import main
driver = GraphDatabase.driver
GraphDatabase.driver = lambda *given, **chosen: driver(*given, **chosen | {"max_transaction_retry_time": 3})
main()
"""


def ingesting(server: Server, path: Path, *, patient: bool = True) -> subprocess.Popen[bytes]:
    """Start to load what is at a path, in a process of its own; one that is not patient soon misses a server."""
    words, environment = command(server, "ingest", path, "--mapping", "native")
    if not patient:
        words = [sys.executable, "-c", _IMPATIENT, *words[3:]]
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def loaded_again(server: Server, path: Path) -> LoadResult:
    """Load what is at a path once more, in this process."""
    with opened(server) as store:
        return load(store, path, mapping="native")


def settled(server: Server) -> str:
    """Return the graph hash; the network that people see must be that of the statements, in all its fields and days."""
    with opened(server) as store, server.driver() as driver:
        assert shown(server) == expected(store)
        # Nothing waits to be completed or swept away.
        [left] = driver.execute_query(
            f"MATCH (s:{STORE}) RETURN s.version = s.folded AS shown, COUNT {{ MATCH (c:{CHUNK}) "
            f"WHERE NOT EXISTS {{ MATCH (b:{BATCH}|{REMOVED}) WHERE b.load = c.load }} }} AS left"
        ).records
        assert (left["shown"], left["left"]) == (True, 0)
        return network(store)
