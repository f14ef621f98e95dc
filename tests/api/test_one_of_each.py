"""What commands say where there is only one of a thing."""

from datetime import date
from pathlib import Path

import pytest

from api.commands.analysis import Analysed, Scored, tell_analysed, tell_scored
from api.commands.ledger import accounting
from api.commands.world import told
from graph.store.batches import Batch
from graph.store.results import PublishedSet
from ingest.synthetic import SimulationSummary

ABOUT = {"communities": "1", "resolution": "0.5"}
PUBLISHED = PublishedSet("set1", 1, date(2024, 2, 5), "model1", {"red": 0.5, "yellow": 0.4}, ABOUT)


def test_one_community(capsys: pytest.CaptureFixture[str]) -> None:
    tell_analysed(Analysed(PUBLISHED, [], unscored=False))
    assert capsys.readouterr().out.startswith("1 community, at resolution 0.5\n")


def test_one_shipment_that_waits_and_one_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    tell_scored(Scored(PUBLISHED, {"red": 1, "yellow": 0, "green": 0}, 1))
    assert capsys.readouterr().out.startswith("1 shipment waits: 1 red, 0 yellow, 0 green; 1 has an outcome\n")


def test_one_row() -> None:
    batch = Batch("b", "h", "s", "m", "1", "n", rows_in=1, rows_loaded=0, rows_quarantined=0, rows_duplicate=1)
    assert accounting(batch) == "1 row in = 0 loaded + 0 quarantined + 1 exact duplicate"


def test_one_ring() -> None:
    made = SimulationSummary(Path("world"), 1000, 900, 9, 90, 80, 9, 9, 40, 4, 12, rings=1)
    assert "40 are infractions, 12 of them by 1 ring, and" in told(made)
