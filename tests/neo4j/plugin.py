"""The Neo4j server of a test run, one for all workers; the end of the run names the tests that had none."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.neo4j.emptying import empty
from tests.neo4j.jars import Neo4jMissingError, jars, java
from tests.neo4j.locking import locked
from tests.neo4j.server import Server, kill, start

REQUIRE = "TIDEWAITER_REQUIRE"
NAME = "neo4j"
WITHOUT = "no Neo4j server: "

_folder = pytest.StashKey[Path]()
_required = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    # Read now: later on, tests are kept from the settings of whoever runs them.
    required = os.environ.get(REQUIRE, "")
    if required not in ("", NAME):
        raise pytest.UsageError(f"{REQUIRE} can be {NAME!r} or unset, not {required!r}.")
    config.stash[_required] = required == NAME
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
    """For tests that start servers of their own: skip them, or with TIDEWAITER_REQUIRE=neo4j fail, where none can."""
    try:
        java()
        jars()
    except Neo4jMissingError as missing:
        if pytestconfig.stash[_required]:
            pytest.fail(WITHOUT + str(missing), pytrace=False)
        pytest.skip(WITHOUT + str(missing))


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons: dict[str, Counter[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        if reason.startswith(WITHOUT):
            reasons.setdefault(reason.removeprefix(WITHOUT), Counter())[report.nodeid.split("::")[0]] += 1
    for reason, files in reasons.items():
        terminalreporter.section("not run for want of a Neo4j server", yellow=True)
        for file, count in sorted(files.items()):
            terminalreporter.line(f"{file}: {count} {'test' if count == 1 else 'tests'}")
        terminalreporter.line(reason)
