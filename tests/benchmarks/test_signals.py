"""The benchmark of training and scoring runs on a small world, and its table has what it measured."""

import json
from pathlib import Path

import pytest

from benchmarks import signals


def test_a_small_world_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signals.main(["--shipments", "2000", "--output", str(tmp_path / "found.md")])
    (figure,) = json.loads((tmp_path / "found.json").read_text())["figures"]
    assert figure["shipments"] == 2000 and 50 < figure["examined"] < 500 and figure["profiles"] > 5
    assert all(0 < figure[step] < 60 for step in ("read", "communities", "train", "score", "arrivals"))
    assert (tmp_path / "found.md").read_text() in capsys.readouterr().out
