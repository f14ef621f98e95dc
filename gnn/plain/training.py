"""Training on the nodes of a plain graph with known outcomes, judged on some that are set aside."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from gnn.model import CLIP
from gnn.plain.encoding import piecewise
from gnn.plain.graph import POSITION, PlainGraph, likeness_of, named, node_tokens
from gnn.plain.outcomes import kernels, outcome_tokens
from gnn.tokens import Tokens
from gnn.train import logits_of, train

Real = npt.NDArray[np.float64]
Flag = npt.NDArray[np.bool_]

# Chosen by the mean validation AUC over the splits of Tolokers; docs/quality.md says among what.
HIDDEN, TOP, DROPOUT, TOP_DROPOUT = 16, 128, 0.3, 0.5
EPOCHS = 20
MEMBERS = 8


@dataclass(frozen=True)
class Surroundings:
    """What is computed once for a graph, whichever outcomes are known."""

    graph: PlainGraph
    steps: Mapping[str, csr_array]
    tokens: Tokens

    @classmethod
    def of(cls, graph: PlainGraph, seed: int) -> "Surroundings":
        """Aggregate along the walks of the graph."""
        likeness = likeness_of(graph)
        return cls(graph, kernels(graph, likeness), node_tokens(graph, likeness, seed))

    def all_tokens(self, labels: npt.NDArray[np.integer], known: Flag, seed: int) -> Tokens:
        """Return all tokens of all nodes where some outcomes are known."""
        around = outcome_tokens(self.graph, self.steps, labels, known, seed)
        return named({**self.tokens.features, **around.features}, np.hstack((self.tokens.values, around.values)))


@dataclass(frozen=True)
class NodeScores:
    """What the network says of all nodes.

    Attributes:
        logits: [n] log odds of an infraction.
        time: the best of the times at which they were taken, from 1.
        validation_auc: on the nodes set aside.
    """

    logits: Real
    time: int
    validation_auc: float


def score_nodes(
    around: Surroundings, labels: npt.NDArray[np.integer], known: Flag, aside: Flag, seed: int, members: int = MEMBERS
) -> NodeScores:
    """Train networks on the known outcomes and average their logits.

    Each network sees the outcomes through folds of its own. The number of epochs is the one with the best AUC of their
    mean on the nodes set aside, whose outcomes nothing else reads.

    Args:
        around: what is computed once for the graph.
        labels: [n] 1 infraction, 0 clean; read only where known or set aside.
        known: [n] outcomes to learn from.
        aside: [n] outcomes to choose by.
        seed: one seed, the same bits on one kind of processor.
        members: number of networks.
    """
    said = np.mean([_said(around, labels, known, seed + at) for at in range(members)], axis=0)
    return best_epoch(said, labels, aside)


def best_epoch(said: Real, labels: npt.NDArray[np.integer], aside: Flag) -> NodeScores:
    """Return the logits of the time at which they put the nodes set aside in the best order, of [times, n]."""
    from sklearn.metrics import roc_auc_score

    aucs = [float(roc_auc_score(labels[aside], logits[aside])) for logits in said]
    best = int(np.argmax(aucs))
    return NodeScores(said[best], best + 1, aucs[best])


def _said(around: Surroundings, labels: npt.NDArray[np.integer], known: Flag, seed: int) -> Real:
    """Return what one network says of all nodes after each epoch, [epochs, n]."""
    from gnn.network import MetapathNetwork, Shape

    tokens = piecewise(around.all_tokens(labels, known, seed), (POSITION,))
    scale = tokens.values.std(axis=0)
    values = (tokens.values - tokens.values.mean(axis=0)) / np.where(scale > 1e-6, scale, 1.0)
    features = np.clip(values, -CLIP, CLIP).astype(np.float32)
    numbers = np.zeros((len(tokens), 0), dtype=np.int64)
    widths = tuple(len(names) for names in tokens.features.values())
    shape = Shape(widths, (), HIDDEN, TOP, DROPOUT, direct=True, top_dropout=TOP_DROPOUT)
    found: list[Real] = []

    def take(network: MetapathNetwork) -> bool:
        found.append(logits_of(network, features, numbers))
        return False

    train(shape, features, numbers, labels, np.flatnonzero(known), seed, EPOCHS, stop=take)
    return np.stack(found)
