"""The card of a model, as a command prints it; the card is written by hand, since nothing else of a model is read."""

import json
from pathlib import Path

import pytest

from targeting.registry import CARD, FORMAT, LATEST
from tests.api.commands import run

NAME = "0123456789abcdef"
WRITTEN = {
    "format": FORMAT,
    "as_of": "2024-01-01",
    "seed": 7,
    "snapshot_version": 3,
    "resolution": 4.0,
    "linked_risk": {"importer": 0.75, "exporter": 1.0, "declarant": 0.25, "vessel": 0.0, "strength": 1.0},
    "calibration": {"slope": 1.25, "intercept": -0.5, "arm": "random"},
    "metrics": {"rows": 1200.0, "infractions": 100.0, "auc_declared": 0.625, "auc_score": 0.75},
    "gnn": {"features": ["declared", "category:origin"], "metrics": {}},
    "trained_sha256": "f" * 64,
    "intended_use": ["To rank."],
    "limits": ["It ages."],
    "libraries": {"numpy": "2.0"},
    "features_sha256": "a" * 64,
    "features": {"categories": {"origin": ["CN"]}, "numbers": [], "profiles": [["origin"]], "network": ["linked_risk"]},
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where a store would be, with the models beside it."""
    here = tmp_path / "world.db.models" / NAME
    here.mkdir(parents=True)
    (here / CARD).write_text(json.dumps(WRITTEN), encoding="utf-8")
    (here.parent / LATEST).write_text(NAME, encoding="utf-8")
    return tmp_path / "world.db"


def test_the_card_is_printed(store: Path) -> None:
    told = run("model", store=store)
    assert told.status == 0 and told.out.startswith(f"# Model {NAME}\n")
    for said in (
        "- To rank.",
        "- It ages.",
        "| known before | 2024-01-01 |",
        "learnt from | 1,200 |",
        "0.750",
        "| 7 |",
        "| importer | 0.75 |\n| exporter | 1 |\n| declarant | 0.25 |\n| vessel | 0 |",
    ):
        assert said in told.out
    assert "| fitted on | what was examined, moved by those selected at random |" in told.out
    assert run("model", NAME, store=store).out == told.out
    assert run("model", "--json", store=store).json == {"id": NAME, **WRITTEN}
    assert not store.exists()


@pytest.mark.parametrize("name", ["fedcba", "..", "../world.db.models", ""])
def test_a_model_that_there_is_not(store: Path, name: str) -> None:
    ended = run("model", name, store=store)
    assert (ended.status, ended.out) == (2, "") and "There is no model" in ended.err


def test_no_model_is_there_yet(tmp_path: Path) -> None:
    ended = run("model", store=tmp_path / "other.db")
    assert ended.status == 1 and "There is no model in" in ended.err and "tidewaiter train" in ended.err
