"""The container files, held to the code: no machine that runs the tests has an engine to try them with."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
PARSED: dict[str, Any] = yaml.safe_load(COMPOSE)
SERVICES: dict[str, dict[str, Any]] = PARSED["services"]
PASSWORD = r"\$\{TIDEWAITER_NEO4J_PASSWORD:\?[^{}\"]+\}"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def test_every_variable_is_a_setting() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for text in (COMPOSE, DOCKERFILE, (ROOT / ".env.example").read_text("utf-8")):
        assert set(re.findall(rf"\b{PREFIX}\w+", text)) <= known
    given = SERVICES["tidewaiter"]["environment"]
    Settings(**{name.removeprefix(PREFIX).lower(): value for name, value in given.items()})


def test_tidewaiter_is_pointed_at_neo4j() -> None:
    assert SERVICES["tidewaiter"]["environment"]["TIDEWAITER_STORE"] == "neo4j://neo4j:7687"
    assert SERVICES["tidewaiter"]["depends_on"] == {"neo4j": {"condition": "service_healthy"}}
    assert "healthcheck" in SERVICES["neo4j"]


def test_every_port_is_for_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:(\d+):\1", str(port))] == []
    assert "network_mode" not in COMPOSE


def test_the_service_listens_in_its_container_and_is_published_for_this_machine_alone() -> None:
    service = SERVICES["tidewaiter"]
    assert service["command"] == ["serve", "--host", "0.0.0.0", "--port", "8000", "--insecure-bind"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert "http://127.0.0.1:8000/livez" in service["healthcheck"]["test"][-1]


def test_the_password_has_no_default_and_its_absence_is_said() -> None:
    assert re.fullmatch(rf"neo4j/{PASSWORD}", SERVICES["neo4j"]["environment"]["NEO4J_AUTH"])
    assert re.fullmatch(PASSWORD, SERVICES["tidewaiter"]["environment"]["TIDEWAITER_NEO4J_PASSWORD"])
    # Nothing is put in from outside but the password.
    assert len(re.findall(r"(?<!\$)\$\{", COMPOSE)) == len(re.findall(PASSWORD, COMPOSE)) == 2
    example = (ROOT / ".env.example").read_text("utf-8").splitlines()
    assert [line for line in example if not line.startswith("#")] == ["TIDEWAITER_NEO4J_PASSWORD="]


def test_git_ignores_the_file_with_the_password() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("the source did not come with its git repository; clone it to have this checked")
    for path in (".env", ".neo4j/env"):
        assert subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False).returncode == 0


def test_images_are_pinned_and_neo4j_is_the_version_that_is_tested() -> None:
    tested = re.search(r"<neo4j.version>(.+)</", (ROOT / "tests" / "neo4j" / "pom.xml").read_text("utf-8"))
    assert tested
    assert tested[1].startswith("5.26.")
    assert SERVICES["neo4j"]["image"] == f"neo4j:{tested[1]}-community"
    assert SERVICES["tidewaiter"]["image"] == f"tidewaiter:{VERSION}"
    assert re.search(r"python:\d+\.\d+-slim-\w+", DOCKERFILE)
    assert len(set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_limits_and_keeps_its_data_in_named_volumes(name: str) -> None:
    assert set(SERVICES[name]["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    volumes = [volume.split(":")[0] for volume in SERVICES[name]["volumes"]]
    assert volumes
    assert set(volumes) <= set(PARSED["volumes"])


def test_the_image_runs_the_command_as_somebody_without_rights() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")
    assert DOCKERFILE.rstrip().endswith('ENTRYPOINT ["tidewaiter"]')


def test_the_image_has_all_packages_and_the_build_is_given_what_it_copies() -> None:
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(packages["packages"]) <= copied
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_is_installed_from_what_is_locked() -> None:
    for file in ("build", "base"):
        assert re.search(rf"--require-hashes --requirement requirements/{file}\.txt", DOCKERFILE)
    assert "--constraints versions.txt torch" in DOCKERFILE
