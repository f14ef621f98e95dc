"""The Neo4j server of a test run, one for all workers."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.neo4j.emptying import empty
from tests.neo4j.jars import Neo4jMissingError, jars, java
from tests.neo4j.locking import locked
from tests.neo4j.server import Server, kill, start
from tests.required import missing

NAME = "neo4j"

_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    # Whoever shares the tests out makes the folder, and tells the workers.
    given = getattr(config, "workerinput", {}).get(NAME)
    config.stash[_folder] = Path(given or tempfile.mkdtemp(prefix="tidewaiter-neo4j-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[NAME] = str(node.config.stash[_folder])


def pytest_unconfigure(config: pytest.Config) -> None:
    if _folder in config.stash and not hasattr(config, "workerinput"):
        kill(config.stash[_folder] / "home")
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
    """The server of this run, started by the first worker that asks for it. It holds whatever tests left there."""
    folder = pytestconfig.stash[_folder]
    with locked(folder / "starting"):
        return start(folder / "home")


@pytest.fixture
def neo4j_alone(neo4j_server: Server, pytestconfig: pytest.Config) -> Iterator[Server]:
    """The server of this run, for one test alone; its one database holds whatever the last one left."""
    with locked(pytestconfig.stash[_folder] / "in use", seconds=1800):
        yield neo4j_server


@pytest.fixture
def neo4j_database(neo4j_alone: Server) -> Server:
    """The server of this run with nothing in its database, for one test alone."""
    empty(neo4j_alone)
    return neo4j_alone
