"""What a node of a plain graph brings, outcomes apart."""

import numpy as np
import pytest

from gnn.plain.encoding import piecewise
from gnn.plain.graph import ALIKE, POSITION, likeness_of, named, node_tokens, plain_graph
from tests.gnn.plain.graphs import invented

SQUARE = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [1, 0], [2, 2]])


def test_loops_directions_and_repetitions_are_dropped() -> None:
    graph = plain_graph(np.zeros((4, 1)), SQUARE)
    assert graph.adjacency.nnz == 8
    assert (graph.adjacency.toarray() == graph.adjacency.toarray().T).all() and not graph.adjacency.diagonal().any()


@pytest.mark.parametrize(
    ("features", "edges", "said"),
    [
        (np.array([[np.nan], [0.0]]), np.array([[0, 1]]), "finite"),
        (np.zeros((2, 1)), np.array([[0, 2]]), "among the 2"),
        (np.zeros((2, 1)), np.array([[-1, 1]]), "among the 2"),
    ],
)
def test_what_is_no_graph_is_refused(
    features: "np.typing.NDArray[np.float64]", edges: "np.typing.NDArray[np.int64]", said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        plain_graph(features, edges)


def test_likeness_is_jaccards_index_of_neighbourhoods() -> None:
    graph, _ = invented(3, 60)
    found = likeness_of(graph)
    held = [set(np.flatnonzero(row)) for row in graph.adjacency.toarray()]
    expected = np.array([[len(a & b) / max(len(a | b), 1) for b in held] for a in held])
    np.fill_diagonal(expected, 0)
    assert len(graph) <= ALIKE
    assert found.nearest.toarray() == pytest.approx(expected)
    assert found.linked.toarray() == pytest.approx(expected * graph.adjacency.toarray())
    triangles = np.diagonal(np.linalg.matrix_power(graph.adjacency.toarray(), 3)) / 2
    assert found.facts[:, 0] == pytest.approx(triangles)
    assert found.facts[:, 3] == pytest.approx(expected.max(axis=1))


def test_tokens_are_means_over_walks_and_the_same_bits_again() -> None:
    graph, _ = invented(4)
    tokens = node_tokens(graph, likeness_of(graph), 7)
    columns = tokens.columns()
    adjacency = graph.adjacency.toarray()
    walk = adjacency / np.maximum(adjacency.sum(axis=1), 1)[:, None]
    assert tokens.values[:, columns["own"]] == pytest.approx(graph.features, rel=1e-5)
    assert tokens.values[:, columns["neighbours"]] == pytest.approx(walk @ graph.features, rel=1e-5, abs=1e-6)
    assert tokens.values[:, columns["neighbours>neighbours"]] == pytest.approx(
        walk @ walk @ graph.features, rel=1e-5, abs=1e-6
    )
    assert node_tokens(graph, likeness_of(graph), 7).values.tobytes() == tokens.values.tobytes()


def test_a_graph_without_links_has_tokens_too() -> None:
    graph = plain_graph(np.arange(3.0)[:, None], np.zeros((0, 2), dtype=np.int64))
    tokens = node_tokens(graph, likeness_of(graph), 1)
    assert np.isfinite(tokens.values).all() and POSITION not in tokens.features


def test_bins_are_filled_up_to_the_value() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    tokens = named({"a": ("x", "same"), "p": ("q",)}, np.stack((values, np.ones(9), values), axis=1))
    found = piecewise(tokens, ("p",))
    assert len(found.features["a"]) == 8 and found.features["p"] == ("q",)
    filled = found.values[:, found.columns()["a"]]
    assert filled.sum(axis=1) == pytest.approx(values)
    assert found.values[:, found.columns()["p"]][:, 0] == pytest.approx(values)
