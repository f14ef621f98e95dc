from pathlib import Path

import pytest

from tests.api.commands import Invented, run, small


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
