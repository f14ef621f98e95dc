"""The two networks over a plain graph."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from gnn.plain import passing, training
from gnn.plain.training import NodeScores, Surroundings, best_epoch, score_nodes
from tests.gnn.plain.graphs import invented, masks


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train for less time than on a real graph."""
    monkeypatch.setattr(passing, "STEPS", 20)
    monkeypatch.setattr(training, "EPOCHS", 6)


def score(name: str, seed: int, hidden: bool) -> tuple[NodeScores, float]:
    """Return what a network says, and how well of those nobody told it about."""
    graph, labels = invented(5, 400)
    known, aside = masks(5, len(graph))
    rest = ~(known | aside)
    told = np.where(rest, -1, labels) if hidden else labels
    if name == "passing":
        found = passing.Passing(graph, 3).score(told, known, aside, seed)
    else:
        found = score_nodes(Surroundings.of(graph, 3), told, known, aside, seed, members=2)
    return found, float(roc_auc_score(labels[rest], found.logits[rest]))


@pytest.mark.parametrize("name", ["passing", "metapaths"])
def test_a_network_learns_the_same_bits_and_reads_no_hidden_outcome(name: str) -> None:
    one, auc = score(name, 1, hidden=True)
    again, _ = score(name, 1, hidden=False)
    other, _ = score(name, 2, hidden=True)
    assert auc > 0.75
    assert one.logits.tobytes() == again.logits.tobytes() != other.logits.tobytes()


def test_the_best_time_is_the_one_with_the_best_order() -> None:
    labels = np.array([0, 1, 0, 1])
    said = np.array([[0.0, 0.1, 0.2, 0.3], [0.0, 1.0, 0.5, 2.0], [3.0, 1.0, 2.0, 0.0]])
    found = best_epoch(said, labels, np.ones(4, dtype=bool))
    assert (found.time, found.validation_auc) == (2, 1.0)
    assert found.logits.tolist() == said[1].tolist()
