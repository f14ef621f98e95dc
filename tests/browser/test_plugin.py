"""The plugin as a run of pytest sees it where there is no Chromium, and the window where there is one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.opened import Opened

ROOT = Path(__file__).parents[2]
TESTS = """
def test_in_a_window(opened):
    pass

def test_of_money(followthemoney_needed):
    pass

def test_without_either():
    pass
"""


def pytest_run(folder: Path, required: str) -> subprocess.CompletedProcess[str]:
    """Run three tests where no program is on the PATH and no followthemoney can be imported."""
    (folder / "test_three.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text("import sys\nsys.modules['followthemoney'] = None\n")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    plugins = ["-p", "tests.required", "-p", "tests.browser.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-c", str(folder / "pytest.ini"), str(folder)],
        cwd=ROOT,
        env={**outside, "PATH": str(folder), "TIDEWAITER_REQUIRE": required},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_end_of_a_run_says_what_was_missing(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, "")
    assert "1 passed, 2 skipped" in done.stdout
    _, _, summary = done.stdout.partition("not run: no Chromium")
    assert "test_three.py: 1 test\nnone of chromium, " in summary
    assert "install chromium (Debian, Ubuntu: `apt-get install chromium`" in summary
    assert "not run: no FollowTheMoney" in summary
    assert "install libicu-dev, pkg-config, g++ and python3-dev" in summary


@pytest.mark.parametrize(
    ("required", "counts"),
    [
        ("chromium", "1 passed, 1 skipped, 1 error"),
        ("neo4j,followthemoney", "1 passed, 1 skipped, 1 error"),
        ("followthemoney, chromium", "1 passed, 2 errors"),
    ],
)
def test_what_is_required_fails(tmp_path: Path, required: str, counts: str) -> None:
    done = pytest_run(tmp_path, required)
    assert done.returncode == 1
    assert counts in done.stdout


def test_the_window_notes_what_a_page_does(opened: Opened, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>Here</p><img src='no.png'><script>alert(1); open('about:blank'); throw Error('oh')</script>")
    assert opened.file(page).inner_text("p") == "Here"
    assert opened.requests == [page.as_uri(), (tmp_path / "no.png").as_uri()]
    assert {complaint.split(":")[0] for complaint in opened.complaints} >= {"dialog", "error"}
