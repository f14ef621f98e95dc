"""What some tests need beyond what `.venv` holds: they are skipped where it is missing, or fail where it is required.

TIDEWAITER_REQUIRE names what must be there, with commas between: CI names all of it, so that nothing is left out there
unseen. The end of a run names the tests that were skipped, and how to have what they miss.
"""

import importlib
import os
from collections import Counter
from typing import NoReturn

import pytest

REQUIRE = "TIDEWAITER_REQUIRE"
WITHOUT = {
    "neo4j": "no Neo4j server: ",
    "chromium": "no Chromium: ",
    "followthemoney": "no FollowTheMoney: ",
    "cuda": "no CUDA: ",
}
"""What can be required, and how the reason of a test begins that was skipped without it."""

_required = pytest.StashKey[frozenset[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Read now what is required: later on, tests are kept from the settings of whoever runs them."""
    named = frozenset(name.strip() for name in os.environ.get(REQUIRE, "").split(",") if name.strip())
    if unknown := sorted(named - set(WITHOUT)):
        raise pytest.UsageError(f"{REQUIRE} can name {', '.join(map(repr, WITHOUT))}, not {unknown[0]!r}.")
    config.stash[_required] = named


def missing(config: pytest.Config, name: str, reason: str) -> NoReturn:
    """Skip a test that cannot run without what is named, or fail it; the reason says how to have it."""
    if name in config.stash[_required]:
        pytest.fail(WITHOUT[name] + reason, pytrace=False)
    pytest.skip(WITHOUT[name] + reason)


def tell_skipped(terminalreporter: pytest.TerminalReporter, name: str) -> None:
    """Name at the end of a run the tests that were skipped without what is named, and why it was not there."""
    reasons: dict[str, Counter[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        if reason.startswith(WITHOUT[name]):
            reasons.setdefault(reason.removeprefix(WITHOUT[name]), Counter())[report.nodeid.split("::")[0]] += 1
    for reason, files in reasons.items():
        terminalreporter.section(f"not run: {WITHOUT[name].removesuffix(': ')}", yellow=True)
        for file, count in sorted(files.items()):
            terminalreporter.line(f"{file}: {count} {'test' if count == 1 else 'tests'}")
        terminalreporter.line(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in WITHOUT:
        tell_skipped(terminalreporter, name)


@pytest.fixture(scope="session")
def followthemoney_needed(pytestconfig: pytest.Config) -> None:
    """For tests that read what was written with `followthemoney`, which not every machine can build."""
    try:
        importlib.import_module("followthemoney")
    except ImportError:
        missing(
            pytestconfig,
            "followthemoney",
            "its PyICU is built on this machine: install libicu-dev, pkg-config, g++ and python3-dev (Debian, Ubuntu) "
            "or icu4c and pkg-config (Homebrew), remove .venv/ready, and repeat.",
        )


@pytest.fixture(scope="session")
def cuda_needed(pytestconfig: pytest.Config) -> None:
    """Be there for tests that compute on a graphics card."""
    import torch

    if not torch.cuda.is_available():
        missing(pytestconfig, "cuda", "torch finds no graphics card that it can compute on")
