"""Small graphs whose infractions sit together."""

import numpy as np
import numpy.typing as npt

from gnn.plain.graph import PlainGraph, plain_graph


def invented(seed: int, nodes: int = 120) -> tuple[PlainGraph, npt.NDArray[np.int64]]:
    """Return a graph of two groups, in one of which most are infractions, and the labels."""
    drawn = np.random.default_rng(seed)
    group = drawn.integers(0, 2, nodes)
    pairs = drawn.integers(0, nodes, (nodes * 5, 2))
    kept = (group[pairs[:, 0]] == group[pairs[:, 1]]) | (drawn.random(len(pairs)) < 0.1)
    labels = np.where(group == 1, drawn.random(nodes) < 0.8, drawn.random(nodes) < 0.1).astype(np.int64)
    features = np.stack((labels + drawn.normal(0, 2, nodes), drawn.normal(0, 1, nodes)), axis=1)
    return plain_graph(features, pairs[kept]), labels


def masks(seed: int, nodes: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return who is known and who is set aside; a quarter of the nodes are neither."""
    part = np.random.default_rng(seed + 1).permutation(nodes) % 4
    return part < 2, part == 2
