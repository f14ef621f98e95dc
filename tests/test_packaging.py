"""What is packed, pinned and committed."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PACKAGES = {"graph", "ingest", "gnn", "targeting", "api"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKED = sorted((ROOT / "requirements").iterdir())
MEGABYTE = 1_000_000

# What a file must not tell: where packages were fetched from, and where on somebody's machine the work was done.
TELLTALE = re.compile(
    r"pypi\.org|pythonhosted\.org|download\.pytorch\.org|registry\.npmjs\.org|deb\.debian\.org"
    r"|(?<![\w.:/])/(?:work|root|home|Users|opt/wheels)/"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in the wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as file:
        return file.namelist()


def committed() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("the source did not come with its git repository; clone it to have this checked")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", path.read_text("utf-8"), flags=re.MULTILINE))


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: list[str]) -> None:
    top = {name.split("/")[0] for name in wheel}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert len(top) == len(PACKAGES) + 1


def test_the_wheel_holds_the_data_of_the_packages(wheel: list[str]) -> None:
    data = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "ingest").rglob("*") if path.suffix in {".toml", ".csv"}
    }
    assert data
    assert data <= set(wheel)


def test_no_committed_file_is_large() -> None:
    assert [path for path in committed() if path.stat().st_size > MEGABYTE] == []


def test_no_committed_file_tells_of_a_machine() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): match.group()
        for path in committed()
        if (match := TELLTALE.search(path.read_text("utf-8", errors="replace")))
    }
    assert found == {}


def test_every_folder_of_tests_is_a_package() -> None:
    # A folder without __init__.py would shadow the package of the same name: tests/graph hides graph.
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_locked_requirements_are_pinned_hashed_and_name_no_index(path: Path) -> None:
    text = path.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    assert [
        line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==\S+( ;.*?)?( +--hash=sha256:[0-9a-f]{64})+", line)
    ] == []
    assert "://" not in text


def test_locked_requirements_agree() -> None:
    versions: dict[str, set[str]] = {}
    for path in LOCKED:
        for name, version in pins(path).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("wanted", "files"),
    [
        (PROJECT["project"]["dependencies"], ["base.txt", "torch.txt"]),
        (PROJECT["dependency-groups"]["build"], ["build.txt"]),
        (PROJECT["dependency-groups"]["dev"], ["dev.txt"]),
        (PROJECT["dependency-groups"]["peer"], ["peer.txt"]),
    ],
    ids=["project", "build", "dev", "peer"],
)
def test_locked_requirements_are_those_of_the_project(wanted: list[str], files: list[str]) -> None:
    locked = {name: version for file in files for name, version in pins(ROOT / "requirements" / file).items()}
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{name} is not locked: run make lock"
        assert locked[name] in requirement.specifier, f"{name} is locked to another version: run make lock"


def test_a_peer_under_the_gpl_is_installed_and_imported_by_its_benchmark_alone() -> None:
    assert [path.name for path in LOCKED if "igraph" in pins(path)] == ["peer.txt"]
    python = [path for path in committed() if path.suffix == ".py"]
    importing = {path for path in python if re.search(r"^\s*(import|from) igraph\b", path.read_text("utf-8"), re.M)}
    assert importing <= {ROOT / "benchmarks" / "communities.py"}


@pytest.mark.parametrize(
    "code",
    [
        # Every module of every layer but gnn, which alone may import torch.
        "import importlib, pkgutil, graph, ingest, targeting, api; [importlib.import_module(module.name)"
        " for package in (graph, ingest, targeting, api)"
        " for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.')]",
        "import sys; sys.argv = ['tidewaiter', '--help']; from api.cli import main; main()",
    ],
    ids=["the other layers", "the help of the command"],
)
def test_torch_is_not_imported_before_it_is_needed(code: str) -> None:
    # It takes ten seconds, which nobody who only lists a queue should pay.
    check = "import atexit, sys; atexit.register(lambda: print('torch' in sys.modules, file=sys.stderr)); "
    done = subprocess.run([sys.executable, "-c", check + code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "False"
