"""The Neo4j servers of a test run, one for each worker: Community Edition has one database, which is one test's."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.neo4j.emptying import empty
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


@pytest.fixture
def neo4j_database(neo4j_server: Server) -> Server:
    """The server of this worker with nothing in its database."""
    empty(neo4j_server)
    return neo4j_server
