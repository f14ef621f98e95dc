"""What a node sees of the outcomes around it: never its own."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.plain.graph import likeness_of
from gnn.plain.outcomes import kernels, outcome_tokens
from tests.gnn.plain.graphs import invented, masks


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), node=st.integers(0, 79))
def test_no_bit_of_a_row_depends_on_the_nodes_own_outcome(seed: int, node: int) -> None:
    graph, labels = invented(seed, 80)
    known, _ = masks(seed, 80)
    steps = kernels(graph, likeness_of(graph))
    other = labels.copy()
    other[node] = 1 - other[node]
    one, two = (outcome_tokens(graph, steps, which, known, seed).values for which in (labels, other))
    assert one[node].tobytes() == two[node].tobytes()
    if not known[node]:
        assert one.tobytes() == two.tobytes()


def test_known_outcomes_are_seen_by_others() -> None:
    graph, labels = invented(1)
    known, _ = masks(1, len(graph))
    tokens = outcome_tokens(graph, kernels(graph, likeness_of(graph)), labels, known, 1)
    rate = tokens.values[:, tokens.columns()["neighbours>outcomes"].start]
    unknown = ~known
    assert rate[unknown & (labels == 1)].mean() > rate[unknown & (labels == 0)].mean()
