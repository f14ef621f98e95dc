"""A score taken apart, as a command prints it; what it is made of is written by hand."""

from datetime import date
from pathlib import Path

import pytest

from graph.records import Ref
from targeting import explanation
from targeting.explanation import Explanation, Metapath, Moved
from tests.api.commands import MARKUP, run, small

KEY = "native/D1/1"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    held = tmp_path / "world.db"
    assert run("ingest", small(tmp_path), "--mapping", "native", store=held).status == 0
    return held


@pytest.fixture
def explained(store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    traders = (Moved("trader:native/I1", 0.75), Moved("trader:native/I2", -0.5))
    metapaths = (
        Metapath("traders at the importer's address", 0.5, traders, 3, 0.25),
        Metapath("the declared origin", -0.125, (), 0, -0.125),
    )
    found = Explanation(
        Ref("Shipment", KEY), date(2024, 1, 1), "m1", (Moved(f"importer {MARKUP}", 1.5),), 0.25, metapaths
    )
    monkeypatch.setattr(explanation, "explained", lambda *_: found)
    return store


def test_the_parts_are_printed(explained: Path) -> None:
    ended = run("explain", "D1/1", store=explained)
    assert ended.status == 0
    for said in (
        f"Shipment {KEY}, by what was known before 2024-01-01, model m1",
        "+1.500",
        MARKUP,
        "which says 0.250",
        "+0.500  traders at the importer's address",
        "+0.750    trader:native/I1",
        "-0.500    trader:native/I2",
        "+0.250    that it is linked like this, 3 others",
        "-0.125  the declared origin",
    ):
        assert said in ended.out


def test_the_parts_as_data(explained: Path) -> None:
    told = run("explain", "D1/1", "--json", store=explained).json
    assert (told["shipment"], told["as_of"], told["model"]) == (f"shipment:{KEY}", "2024-01-01", "m1")
    assert told["metapaths"][0]["neighbours"][1] == {"what": "trader:native/I2", "moved": -0.5}


def test_only_shipments_have_scores(explained: Path) -> None:
    ended = run("explain", "trader:native/I1", store=explained)
    assert (ended.status, ended.out) == (2, "") and "is not a shipment" in ended.err


def test_nothing_is_scored_yet(store: Path) -> None:
    ended = run("explain", "D1/1", store=store)
    assert ended.status == 1 and "No scores are published yet" in ended.err
