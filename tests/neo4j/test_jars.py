from pathlib import Path

import pytest

from tests.neo4j.jars import Neo4jMissingError, jars, java


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


@pytest.fixture(autouse=True)
def _only_programs_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")


def test_without_java_one_line_says_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Neo4jMissingError, match=r"^Neo4j needs Java 17 or newer, and none was found: install [^\n]+$"):
        java()


def test_a_java_that_does_not_run_is_none(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "java", "echo 'No Java runtime present, requesting install.' >&2; exit 1")
    with pytest.raises(Neo4jMissingError, match="and none was found"):
        java()


@pytest.mark.parametrize(("version", "called"), [("1.8.0_402", "Java 1"), ("11.0.22", "Java 11"), ("16", "Java 16")])
def test_an_old_java_is_named(tmp_path: Path, version: str, called: str) -> None:
    program(tmp_path / "bin" / "java", f"echo 'openjdk version \"{version}\" 2024-01-16' >&2")
    with pytest.raises(Neo4jMissingError, match=f"and {called} was found"):
        java()


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in (("bin/java", "11"), ("jdk/bin/java", "21")):
        program(tmp_path / name, f"echo 'openjdk version \"{version}\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert java() == str(tmp_path / "jdk" / "bin" / "java")


def test_without_maven_one_line_says_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Neo4jMissingError, match=r"^Neo4j's jars are fetched by Maven, [^\n]+ install maven [^\n]+$"):
        jars(tmp_path / "jars")


def test_a_fetch_that_failed_says_what_maven_said_and_is_done_again(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "mvn", "echo '[ERROR] Unknown host'; echo '[ERROR] Help'; exit 1")
    with pytest.raises(Neo4jMissingError, match=r"^Maven could not fetch Neo4j's jars: \[ERROR\] Unknown host$"):
        jars(tmp_path / "jars")
    program(tmp_path / "bin" / "mvn", f"mkdir -p {tmp_path}/jars; echo >> {tmp_path}/calls")
    for _ in range(2):
        assert jars(tmp_path / "jars") == tmp_path / "jars"
    assert (tmp_path / "calls").read_text() == "\n"
