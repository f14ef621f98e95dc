"""The Neo4j servers of a test run, one for each worker: Community Edition has one database, which is one test's."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.store.neo4j import Login, Neo4jStore
from tests.neo4j.emptying import empty, schema
from tests.neo4j.jars import Neo4jMissingError, jars, java
from tests.neo4j.server import Server, kill, start
from tests.required import missing

NAME = "neo4j"

_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    # Whoever shares the tests out makes the folder, and gives each worker one in it.
    given = getattr(config, "workerinput", {}).get(NAME)
    config.stash[_folder] = Path(given or tempfile.mkdtemp(prefix="tidewaiter-neo4j-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[NAME] = str(node.config.stash[_folder] / node.gateway.id)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _folder in config.stash and not hasattr(config, "workerinput"):
        for home in (config.stash[_folder] / "home", *config.stash[_folder].glob("*/home")):
            kill(home)
        shutil.rmtree(config.stash[_folder], ignore_errors=True)


@pytest.fixture(scope="session")
def neo4j_needed(pytestconfig: pytest.Config) -> None:
    """For tests that start servers of their own: skip them, or fail where it is required, when none can."""
    try:
        java()
        jars()
    except Neo4jMissingError as error:
        missing(pytestconfig, NAME, str(error))


@pytest.fixture(scope="session")
def neo4j_server(neo4j_needed: None, pytestconfig: pytest.Config) -> Server:
    """The server of this worker, started by the first test that asks for it. It holds whatever tests left there."""
    return start(pytestconfig.stash[_folder] / "home", brief=True)


@pytest.fixture(scope="session")
def _store_schema(neo4j_server: Server) -> frozenset[str]:
    """How the constraints and indexes of a store are made."""
    empty(neo4j_server)
    Neo4jStore(neo4j_server.address, Login(neo4j_server.user, neo4j_server.password, neo4j_server.database)).close()
    return schema(neo4j_server)


@pytest.fixture
def neo4j_database(neo4j_server: Server, _store_schema: frozenset[str]) -> Iterator[Server]:
    """The server of this worker with nothing in its database but the constraints and indexes of a store.

    To make these anew, and to plan all queries again, would take each test two seconds.
    """
    empty(neo4j_server, keep=_store_schema)
    yield neo4j_server
    # An index that has failed would be in the way of others.
    empty(neo4j_server, keep=_store_schema)


@pytest.fixture
def neo4j_bare(neo4j_server: Server) -> Iterator[Server]:
    """The server of this worker with nothing in its database at all."""
    empty(neo4j_server)
    yield neo4j_server
    empty(neo4j_server)
