"""The tokens of a plain graph's nodes that say which outcomes are known around them, their own excluded.

A walk of more than one step comes back to where it began. So the nodes are dealt into folds, and what a node with a
known outcome sees is computed with the outcomes of its whole fold hidden. That holds exactly for every kind of walk,
and a network trained on such nodes sees about as many outcomes around them as around the nodes it is asked about.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from gnn.plain.graph import Likeness, PlainGraph, named, scaled
from gnn.tokens import Tokens

Real = npt.NDArray[np.float64]
Flag = npt.NDArray[np.bool_]

FOLDS = 10
RETURNS = (0.1, 0.3, 0.6)  # shares with which a walk ends at each step: long, middling and short walks
LONGEST = 12
PRIOR = 0.1  # of the usual weight of known outcomes around a node, by which its rate is drawn to the overall one
OUTCOME_FEATURES = ("log_odds", "log_known", "log_infractions")


def kernels(graph: PlainGraph, likeness: Likeness) -> dict[str, csr_array]:
    """Return by token the matrices that weigh others for each node in a single step."""
    return {
        "neighbours>outcomes": graph.adjacency,
        "neighbours/hubs>outcomes": scaled(graph.adjacency, 0.0, -0.5),
        "neighbours*likeness>outcomes": likeness.linked,
        "alike>outcomes": likeness.nearest,
    }


def outcome_tokens(
    graph: PlainGraph,
    steps: Mapping[str, csr_array],
    labels: npt.NDArray[np.integer],
    known: Flag,
    seed: int,
) -> Tokens:
    """Return the outcomes known around each node.

    Args:
        graph: the graph.
        steps: its `kernels`.
        labels: [n] 1 infraction, 0 clean; read only where known.
        known: [n] which outcomes are known.
        seed: deals the nodes into folds, whatever their outcomes.

    Returns:
        The tokens; no bit of a row depends on the node's own outcome.
    """
    n = len(graph)
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    # Where the own outcome is not known there is nothing to hide: the last column hides none.
    fold[~known] = FOLDS
    seen = known[:, None] & (fold[:, None] != np.arange(FOLDS + 1))
    sources = np.hstack((np.where(seen, (labels == 1)[:, None], False), seen)).astype(np.float64)
    share = np.maximum(seen.sum(axis=0), 1) / max(known.sum(), 1)
    rate = (sources[:, : FOLDS + 1].sum(axis=0) + 1) / (seen.sum(axis=0) + 2)
    walk = scaled(graph.adjacency, -0.5, -0.5)
    found = {name: step @ sources for name, step in steps.items()} | _walks(walk, sources)
    rows = np.arange(n)
    columns = []
    for sums in found.values():
        infractions = sums[rows, fold] / share[fold]
        weight = sums[rows, fold + FOLDS + 1] / share[fold]
        # Taken where nothing is hidden, so that it is one number for all.
        usual = np.median(sums[:, -1]) or sums[:, -1].mean() or 1.0
        columns += _features(infractions / usual, weight / usual, rate[fold])
    return named(dict.fromkeys(found, OUTCOME_FEATURES), np.stack(columns, axis=1))


def _walks(walk: csr_array, sources: Real) -> dict[str, Real]:
    """Return what walks of two steps, and of any number of steps, bring from the sources."""
    ends = {share: share * sources for share in RETURNS}
    found: dict[str, Real] = {}
    here = sources
    for step in range(1, LONGEST + 1):
        here = walk @ here
        if step == 2:
            found["neighbours>neighbours>outcomes"] = here
        for share in RETURNS:
            ends[share] = ends[share] + share * (1 - share) ** step * here
    return found | {f"walks of {1 / share:.1f}>outcomes": total for share, total in ends.items()}


def _features(infractions: Real, weight: Real, rate: Real) -> list[Real]:
    odds = np.log((infractions + PRIOR * rate) / (np.maximum(weight - infractions, 0) + PRIOR * (1 - rate)))
    return [odds - np.log(rate / (1 - rate)), np.log1p(weight / PRIOR), np.log1p(infractions / (PRIOR * rate))]
