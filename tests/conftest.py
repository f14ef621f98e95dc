"""What all tests share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Machines are shared and noisy, so no example fails for being slow; the same examples are drawn in every run.
settings.register_profile("shared", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

pytest_plugins = ["tests.required", "tests.neo4j.plugin", "tests.browser.plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes each")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes; `make long` runs it"))


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """Keep the settings of whoever runs the tests out of them; the folder of public data alone is theirs to choose."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.upper().startswith("TIDEWAITER_") and name != "TIDEWAITER_DATA":
                environment.delenv(name)
        # Workers that share the tests out set the width of a terminal that is not there.
        environment.delenv("COLUMNS", raising=False)
        yield
