"""A plain graph, of one kind of node and one kind of link, and the tokens of its nodes that need no outcomes.

The metapaths of a plain graph are its walks: to the neighbours, to those that share neighbours, and on. What they
bring is aggregated once, as along the metapaths of a trade network, and read by the same network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array, sparray, vstack
from scipy.sparse.linalg import svds

from gnn.runtime import quiet_import
from gnn.tokens import Tokens

Real = npt.NDArray[np.float64]

ALIKE = 100  # most nodes that one is compared with, those that share the largest part of their neighbours with it
POSITIONS = 48
BLOCK = 1024  # nodes whose neighbours' neighbours are held in memory at a time
DAMPING = 0.85
STEPS = 50
POSITION = "position"


@dataclass(frozen=True)
class PlainGraph:
    """Nodes with features, and links without direction.

    Attributes:
        features: [n, number of features] finite numbers.
        adjacency: [n, n] 1 where two nodes are linked, symmetric, nothing on the diagonal.
    """

    features: Real
    adjacency: csr_array

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.features)


@dataclass(frozen=True)
class Likeness:
    """How much nodes share their neighbours, by Jaccard's index.

    Attributes:
        linked: [n, n] the index of linked nodes.
        nearest: [n, n] the index of each node's `ALIKE` most alike, linked or not, itself excluded.
        facts: [n, 4] triangles at the node, number of nodes that share a neighbour with it, sum and maximum of the
            index over them.
    """

    linked: csr_array
    nearest: csr_array
    facts: Real


def plain_graph(features: npt.NDArray[np.floating], edges: npt.NDArray[np.integer]) -> PlainGraph:
    """Return the graph of [n, features] and [links, 2]; loops, directions and repetitions are dropped.

    Raises:
        ValueError: a feature is not finite, or a link names a node that there is not.
    """
    held: Real = np.array(features, dtype=np.float64)
    if not np.isfinite(held).all():
        raise ValueError("Every feature of every node must be a finite number.")
    if len(edges) and not 0 <= edges.min() <= edges.max() < len(held):
        raise ValueError(f"A link names a node that is not among the {len(held)} with features.")
    quiet_import()
    import torch
    from torch_geometric.utils import remove_self_loops, to_undirected

    pairs, _ = remove_self_loops(torch.from_numpy(np.asarray(edges, dtype=np.int64).reshape(-1, 2).T.copy()))
    starts, ends = to_undirected(pairs, num_nodes=len(held)).numpy()
    shape = (len(held), len(held))
    return PlainGraph(held, csr_array((np.ones(len(starts)), (starts, ends)), shape=shape))


def node_tokens(graph: PlainGraph, likeness: Likeness, seed: int) -> Tokens:
    """Return what each node brings and what it sees of others, outcomes apart."""
    walk = scaled(graph.adjacency, -1.0, 0.0)
    once = walk @ graph.features
    names = tuple(f"x{at}" for at in range(graph.features.shape[1]))
    place, placed = _place(graph, likeness)
    where = position(graph, seed)
    features = {
        "own": names,
        "neighbours": names,
        "neighbours>neighbours": names,
        "place": place,
        POSITION: tuple(f"p{at}" for at in range(where.shape[1])),
    }
    return named(features, np.hstack((graph.features, once, walk @ once, placed, where)))


def named(features: Mapping[str, tuple[str, ...]], values: Real) -> Tokens:
    """Return tokens whose keys are the numbers of the nodes."""
    keys = np.array([str(node) for node in range(len(values))], dtype=object)
    return Tokens(keys, {name: listed for name, listed in features.items() if listed}, values.astype(np.float32), {})


def degrees(adjacency: csr_array) -> Real:
    """Return the number of links of each node, 1 where there are none, so that it can be divided by."""
    return np.maximum(np.diff(adjacency.indptr), 1).astype(np.float64)


def scaled(adjacency: csr_array, left: float, right: float) -> csr_array:
    """Return the adjacency, rows multiplied by the degree to one power and columns by the degree to another."""
    degree = degrees(adjacency)
    return csr_array(diags_array(degree**left) @ adjacency @ diags_array(degree**right))


def likeness_of(graph: PlainGraph) -> Likeness:
    """Compare every node with all that share a neighbour with it, a block of nodes at a time."""
    adjacency, n = graph.adjacency, len(graph)
    degree = np.diff(adjacency.indptr)
    facts = np.zeros((n, 4))
    linked, nearest = [], []
    for start in range(0, n, BLOCK):
        rows = adjacency[start : start + BLOCK]
        common = csr_array(rows @ adjacency).tocoo()
        other = common.col != common.row + start
        row, col, shared = common.row[other], common.col[other], common.data[other]
        index = shared / (degree[row + start] + degree[col] - shared)
        block = csr_array((index, (row, col)), shape=rows.shape)
        linked.append(csr_array(block.multiply(rows)).tocoo())
        size = rows.shape[0]
        triangles = csr_array((shared, (row, col)), shape=rows.shape).multiply(rows).sum(axis=1) / 2
        highest = block.max(axis=1).toarray().ravel() if block.nnz else np.zeros(size)
        facts[start : start + size] = np.stack((triangles, np.diff(block.indptr), block.sum(axis=1), highest), axis=1)
        nearest.append(_largest(row, col, index, rows.shape))
    return Likeness(_stacked(linked, n), _stacked(nearest, n), facts)


def _largest(
    row: npt.NDArray[np.integer], col: npt.NDArray[np.integer], index: Real, shape: tuple[int, int]
) -> csr_array:
    # Ties are broken by the number of the node, so that the choice does not hang on the order of the links.
    order = np.lexsort((col, -index, row))
    row, col, index = row[order], col[order], index[order]
    first = np.searchsorted(row, np.arange(shape[0]))
    kept = np.arange(len(row)) - first[row] < ALIKE
    return csr_array((index[kept], (row[kept], col[kept])), shape=shape)


def _stacked(blocks: Sequence[sparray], n: int) -> csr_array:
    return csr_array(vstack(blocks, format="csr")) if blocks else csr_array((n, n))


def _place(graph: PlainGraph, likeness: Likeness) -> tuple[tuple[str, ...], Real]:
    """Return names and values of what tells the node's place whatever the features."""
    adjacency = graph.adjacency
    degree = degrees(adjacency)
    log_degree = np.log(degree)
    triangles, within_two, alike, most_alike = likeness.facts.T
    rank = np.full(len(graph), 1.0)
    onward = csr_array(scaled(adjacency, -1.0, 0.0).T)
    for _ in range(STEPS):
        rank = 1 - DAMPING + DAMPING * (onward @ rank)
    columns = {
        "log_degree": log_degree,
        "log_page_rank": np.log(rank),
        "log_triangles": np.log1p(triangles),
        "clustering": triangles / np.maximum(degree * (degree - 1) / 2, 1),
        "log_degree_of_neighbours": np.log(np.maximum(adjacency @ degree / degree, 1)),
        "mean_log_degree_of_neighbours": adjacency @ log_degree / degree,
        "log_within_two": np.log1p(within_two),
        "log_alike": np.log1p(alike),
        "log_alike_linked": np.log1p(likeness.linked.sum(axis=1)),
        "most_alike": most_alike,
        "mean_log_degree_of_alike": _mean(likeness.nearest, log_degree),
    }
    return tuple(columns), np.stack(list(columns.values()), axis=1)


def _mean(weights: csr_array, values: Real) -> Real:
    total = np.asarray(weights.sum(axis=1))
    mean: Real = weights @ values / np.where(total > 0, total, 1.0)
    return mean


def position(graph: PlainGraph, seed: int) -> Real:
    """Return the leading left singular vectors of the adjacency, [n, at most `POSITIONS`].

    Nodes with the same neighbours are close in them.

    Divided by less at the columns' hubs than at the rows', because whom one shares with many still tells something.
    The square root with the sign kept draws in the few nodes that a vector is concentrated on.
    """
    size = min(POSITIONS, len(graph) - 1)
    if size < 1 or not graph.adjacency.nnz:
        return np.zeros((len(graph), 0))
    left, values, _ = svds(scaled(graph.adjacency, -0.5, -0.25), k=size, rng=np.random.default_rng(seed))
    left = left[:, np.argsort(-values, kind="stable")] * np.sqrt(len(graph))
    placed: Real = np.sign(left) * np.sqrt(np.abs(left))
    return placed
