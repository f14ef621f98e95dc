"""The benchmark of a plain graph, on a small one."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import plain_graph
from gnn.plain import passing, training
from tests.gnn.plain.graphs import invented, masks


def write(folder: Path, **other: object) -> Path:
    """Write a file with two splits."""
    graph, labels = invented(2, 200)
    known, aside = zip(*(masks(seed, 200) for seed in (1, 2)), strict=True)
    edges = np.argwhere(np.triu(graph.adjacency.toarray()))
    fields = {
        "node_features": graph.features,
        "node_labels": labels,
        "edges": edges,
        "train_masks": np.stack(known),
        "val_masks": np.stack(aside),
        "test_masks": ~(np.stack(known) | np.stack(aside)),
    }
    file = folder / "graph.npz"
    np.savez(file, **{name: value for name, value in {**fields, **other}.items() if value is not None})
    return file


def test_scores_are_written_and_the_figures_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(passing, "STEPS", 10)
    monkeypatch.setattr(training, "EPOCHS", 3)
    monkeypatch.setattr(plain_graph, "ROUNDS", 20)
    file = write(tmp_path)
    output = tmp_path / "predictions.npz"
    plain_graph.main([str(file), "--output", str(output), "--json", str(tmp_path / "figures.json")])
    with np.load(output) as held:
        scores = held["scores"]
    assert scores.shape == (2, 200) and ((scores > 0) & (scores < 1)).all()
    said = capsys.readouterr().out
    assert "| blend |" in said and "test, mean of 2 splits" in said
    assert (tmp_path / "figures.json").read_text().startswith("{")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"edges": None}, "edges"),
        ({"node_labels": np.full(200, 2)}, "0 or 1"),
        ({"edges": np.array([[0, 200]])}, "not among the 200"),
        ({"val_masks": np.zeros((2, 7), dtype=bool)}, "a column per node"),
    ],
)
def test_what_is_no_such_file_is_said(tmp_path: Path, other: dict[str, object], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        plain_graph.main([str(write(tmp_path, **other)), "--output", str(tmp_path / "out.npz")])
    assert not (tmp_path / "out.npz").exists()


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no arrays")
    for file in ("text.npz", "none.npz"):
        with pytest.raises(SystemExit, match="cannot be read"):
            plain_graph.main([str(tmp_path / file), "--output", str(tmp_path / "out.npz")])
