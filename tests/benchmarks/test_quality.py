"""The page of docs/quality.md, and the command that measures what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality import __main__ as quality
from benchmarks.quality import control, fidelity, hiding
from benchmarks.quality.figures import Figure, figure, table, write_json
from benchmarks.quality.mixed import KINDS
from benchmarks.quality.plain_graph import BLENDED
from benchmarks.quality.plain_graph import COLUMNS as OF_PLAIN
from benchmarks.quality.worlds import AT, MIXED, PARTS, by_column, means
from targeting.evaluate import CALIBRATED, COLUMNS


def evaluated(value: float) -> dict[str, Any]:
    """Return a report of an evaluation in which every figure is the same."""
    measured = {"value": value, "interval": [value - 0.01, value + 0.01]}
    one = {
        **dict.fromkeys(("auc", "average_precision", "precision_at_5%", "precision_at_10%"), measured),
        AT: {
            **{key: {"part": value} for key in PARTS.values()},
            "recall_by_pattern": {pattern: {"part": value} for pattern in KINDS},
            "innocent_lookalikes_chosen_by_role": {f"{pattern}_twin": {"part": value / 10} for pattern in KINDS},
        },
    }
    return {
        "shipments": 1000,
        "infractions": 50,
        "measures": dict.fromkeys(COLUMNS, one),
        "unseen_importers": {"shipments": 200, "infractions": 20, "measures": {"score": {"auc": measured}}},
        "calibration": {name: {"expected_calibration_error": 0.012} for name in CALIBRATED},
        "random_arm": {"shipments": 40, "infractions": 2, "mean_probability": 0.06},
    }


def of_communities(value: float) -> dict[str, Any]:
    """Return a report of communities in which every figure is the same."""
    same = Figure(value, value, value)
    names = [f"{name}: {what}" for name in ("γ = 1", "ours", "best") for what in ("γ", "found", "NMI")]
    fifths = [{"stability": same, "truth": same}] * 5
    figures = dict.fromkeys(("nodes", "missed", "agreement of seeds", *names), same)
    columns = ("γ", "F1", "precision", "recall", "look-alikes", "stability of members", "stability of others")
    row = dict.fromkeys(columns, same)
    return {"planted": {"small": {**figures, "confidence": fifths}}, "rings": {"γ = 1": row, "ours": row}}


def measured(folder: Path) -> None:
    """Write what all parts would have measured."""
    worlds = {"7": evaluated(0.5), str(MIXED): evaluated(0.7)}
    of_plain = {name: {"auc": Figure(0.8, 0.7, 0.9), "average_precision": Figure(0.6, 0.5, 0.7)} for name in OF_PLAIN}
    hidden = {"9": {way: [(0.8, 0.8), (0.4, 0.2)] for way in hiding.GOALS}}
    _, *others = control.ARMS
    arms = dict.fromkeys(control.ARMS, Figure(0.7, 0.6, 0.8))
    arms |= {f"less {other}": Figure(-0.01, -0.1, 0) for other in others}
    controlled = {"shipments": 100, "auc": arms, "average_precision": arms}
    fall = {"named": [0.5, 0.1], "random": [0.1, 0.2]}
    falls = {"9": {"strongest": fall, "all": fall}}
    reports = {
        "kcs": {"seed": 1, "report": evaluated(0.75)},
        "worlds": {"seed": 1, "shipments": 1000, "worlds": worlds, "mean": means(worlds, 1)},
        "relational": {
            "worlds": {"1": {}},
            "mean": by_column({name: one["measures"] for name, one in worlds.items()}, ("gnn", "score"), 1),
        },
        "hiding": {"seed": 1, "worlds": hidden, "mean": hiding.means(hidden, 1)},
        "control": {"seed": 1, "world": 9, "data": {"KCS": controlled, "world": controlled}},
        "fidelity": {"seed": 1, "worlds": falls, "mean": fidelity.means(falls, 1)},
        "communities": of_communities(0.9),
        "tolokers": {"test": of_plain, "weights": dict.fromkeys(BLENDED, 0.25)},
    }
    for part, report in reports.items():
        write_json(folder / f"{part}.json", report)


def test_the_page_has_the_figures_of_all_parts(tmp_path: Path) -> None:
    measured(tmp_path)
    output = tmp_path / "quality.md"
    quality.main(["--page", "--folder", str(tmp_path), "--output", str(output)])
    said = output.read_text(encoding="utf-8")
    assert "$" not in said
    assert "| `score` | 0.750 [0.740, 0.760] |" in said
    assert "| `score` | 0.600 [0.500, 0.700] |" in said
    assert "finds 1.000 [1.000, 1.000] times as many" in said
    assert f"| {MIXED} | 1,000 | 50 | 0.700 | 0.700 | 0.700 | 0.012 | 200 | 0.700 |" in said
    assert "| fifty trusted owners | 0.600 [0.400, 0.800] | 0.500 [0.200, 0.800] | 0.833 [" in said
    same, less = "0.700 [0.600, 0.800]", "-0.010 [-0.100, 0.000]"
    assert f"| KCS, AUC | {same} | {same} | {same} | {less} | {less} |" in said
    assert f"| `score` |{' 0.700 | 0.070 |' * 3}" in said
    assert "| what all three reasons name | 0.300 [0.100, 0.500] | 0.150 [0.100, 0.200] | 0.500 [" in said
    assert "| small | stability | 0.900 | 0.900 | 0.900 | 0.900 | 0.900 |" in said
    assert "| ours | 0.900 [0.900, 0.900] | 0.900 [0.900, 0.900] |" in said
    assert "| blend | 0.800 [0.700, 0.900] | 0.600 [0.500, 0.700] |" in said


def test_a_page_is_not_written_of_parts_that_were_not_measured(tmp_path: Path) -> None:
    measured(tmp_path)
    (tmp_path / "worlds.json").unlink()
    output = tmp_path / "quality.md"
    with pytest.raises(SystemExit, match="worlds was never measured"):
        quality.main(["--page", "--folder", str(tmp_path), "--output", str(output)])
    assert not output.exists()


def test_a_part_that_there_is_not_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        quality.main(["kcz", "--folder", str(tmp_path)])
    assert "no part 'kcz'" in capsys.readouterr().err


def test_a_part_is_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(tmp_path)
    parts = {**quality.PARTS, "kcs": lambda data, folder, seed, say: {"seed": seed, "report": evaluated(0.25)}}
    monkeypatch.setattr(quality, "PARTS", parts)
    quality.main(["kcs", "--seed", "5", "--folder", str(tmp_path), "--output", str(tmp_path / "quality.md")])
    assert json.loads((tmp_path / "kcs.json").read_text())["seed"] == 5
    assert "| `score` | 0.250 [0.240, 0.260] |" in (tmp_path / "quality.md").read_text(encoding="utf-8")


def test_an_interval_is_over_what_was_repeated() -> None:
    found = figure([0.1, 0.2, 0.3, 0.4], 1)
    assert found.value == pytest.approx(0.25) and 0.1 <= found.low < 0.25 < found.high <= 0.4
    assert figure([0.5, 0.5], 1) == Figure(0.5, 0.5, 0.5)
    assert table({"a": {"x": Figure(0.5, 0.25, 0.75)}}, {"X": "x"}).splitlines() == [
        "| | X |",
        "|---|--:|",
        "| a | 0.500 [0.250, 0.750] |",
    ]
