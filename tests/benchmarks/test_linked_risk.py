"""The benchmark of linked risk runs on a small world, and its table has what it measured."""

import json
from pathlib import Path

import pytest

from benchmarks import linked_risk


def test_a_small_world_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    linked_risk.main(["--shipments", "1000", "--output", str(tmp_path / "found.md")])
    (figure,) = json.loads((tmp_path / "found.json").read_text())["figures"]
    assert figure["shipments"] == 1000 and figure["parties"] > 50 and 0 < figure["nodes_seconds"] < 30
    assert (tmp_path / "found.md").read_text() in capsys.readouterr().out
