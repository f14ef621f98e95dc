"""The plugin as a run of pytest sees it: with no Java, with TIDEWAITER_REQUIRE, and with two workers."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.neo4j.server import is_alive

ROOT = Path(__file__).parents[2]
TESTS = """
import time
from pathlib import Path

def test_alone(neo4j_database):
    with neo4j_database.driver() as driver:
        driver.execute_query("CREATE (:Mine)")
        time.sleep(1)
        assert driver.execute_query("MATCH (n) RETURN count(n)").records[0][0] == 1
    with (Path(__file__).parent / "homes").open("a") as file:
        file.write(f"{neo4j_database.home}:{(neo4j_database.home / 'pid').read_text().strip()}\\n")

def test_without_a_server():
    pass
"""


def pytest_run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    for name in ("test_first.py", "test_second.py"):
        (folder / name).write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    # This run is the first of its own, not a worker of the one that started it.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.required",
        "-p",
        "tests.neo4j.plugin",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [*command, "-c", str(folder / "pytest.ini"), *options, str(folder)],
        cwd=ROOT,
        env={**outside, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def no_java(tmp_path: Path) -> dict[str, str]:
    return {"PATH": str(tmp_path), "JAVA_HOME": ""}


@pytest.mark.parametrize("options", [[], ["--numprocesses", "2"]], ids=["alone", "two workers"])
def test_the_end_of_a_run_names_what_was_skipped(tmp_path: Path, no_java: dict[str, str], options: list[str]) -> None:
    done = pytest_run(tmp_path, *options, **no_java)
    assert done.returncode == 0
    _, _, summary = done.stdout.partition("not run: no Neo4j server")
    assert "test_first.py: 1 test\n" in summary
    assert "test_second.py: 1 test\n" in summary
    assert summary.count("Neo4j needs Java 17 or newer, and none was found: install") == 1
    assert "2 passed, 2 skipped" in summary


@pytest.mark.parametrize("named", ["neo4j", "chromium, neo4j"])
def test_where_it_is_required_they_fail(tmp_path: Path, no_java: dict[str, str], named: str) -> None:
    done = pytest_run(tmp_path, TIDEWAITER_REQUIRE=named, **no_java)
    assert done.returncode == 1
    assert "no Neo4j server: Neo4j needs Java 17 or newer" in done.stdout
    assert "2 passed, 2 errors" in done.stdout


def test_what_nobody_knows_cannot_be_required(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, TIDEWAITER_REQUIRE="chromium,noe4j")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "TIDEWAITER_REQUIRE can name 'neo4j', 'chromium', 'followthemoney', 'cuda', not 'noe4j'." in done.stderr


@pytest.mark.slow
def test_each_worker_has_a_server_of_its_own_which_ends_with_the_run(neo4j_needed: None, tmp_path: Path) -> None:
    done = pytest_run(tmp_path, "--numprocesses", "2", "--dist", "loadfile")
    assert "4 passed" in done.stdout, done.stdout
    homes = dict(line.rsplit(":", 1) for line in (tmp_path / "homes").read_text().splitlines())
    assert len(homes) == len(set(homes.values())) == 2
    for home, pid in homes.items():
        assert not Path(home).parents[1].exists()
        assert not (psutil.pid_exists(int(pid)) and is_alive(psutil.Process(int(pid))))
