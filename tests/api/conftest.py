from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.commands import Invented, run, small
from tests.api.serving import scored_store, serving


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds the small file; not to be changed."""
    folder = tmp_path_factory.mktemp("loaded")
    store = folder / "small.db"
    assert run("ingest", small(folder), "--mapping", "native", store=store).status == 0
    return store


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Invented:
    folder = tmp_path_factory.mktemp("invented") / "demo"
    assert run("demo", "--folder", folder, "--shipments", "1500").status == 0
    return Invented(folder)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service over a scored store; not to be changed."""
    with serving(scored_store(tmp_path_factory.mktemp("served"))) as client:
        yield client


@pytest.fixture(scope="session")
def network(invented: Invented) -> Iterator[httpx.Client]:
    """A client of a service over a small invented world; not to be changed."""
    with serving(invented.store) as client:
        yield client
