"""Why a shipment has its score: the strongest contributions, in words that name the links.

A reason stands for a *group* of features that say the same thing to a reader (everything about the telephone number of
the importer, everything about the exporter). A group's strength is what its features add to the log odds of the score,
by the Shapley values of the trees. What the score has from the declared data, or from the profiles, goes to the
features of those models in the proportion of what these added there, as far as it raises the score (after Chen,
Lundberg and Lee, "Explaining a series of models by propagating Shapley values", Nature Communications 13, 2022).
"""

from typing import TYPE_CHECKING

import numpy as np

from graph.snapshot import Flag, Long, Real
from targeting.boosting import Ensemble
from targeting.features import Block
from targeting.groups import Group, of_declared, of_network, of_profile
from targeting.inputs import Inputs
from targeting.network import Network
from targeting.words import Words

if TYPE_CHECKING:
    from targeting.model import Model

_DECLARED, _PROFILE = Group("declared", ""), Group("profile", "")


class Strengths:
    """What the groups add to the log odds of rows: `values` is [rows, groups], in the order of `groups`.

    `best` names for each group the feature that leads it, by its place within the model that it comes from, [rows,
    groups].
    """

    def __init__(self, rows: int) -> None:
        self.groups: list[Group] = []
        self.values: Real = np.zeros((rows, 0))
        self.best: Long = np.zeros((rows, 0), dtype=np.int64)

    def add(self, groups: list[Group], values: Real, best: Long) -> None:
        """Add groups as further columns."""
        self.groups = [*self.groups, *groups]
        self.values = np.concatenate([self.values, values], axis=1)
        self.best = np.concatenate([self.best, best], axis=1)


def explain(
    model: "Model", here: Network, inputs: Inputs, top: Block, gnn: Real, places: Long, limit: int
) -> list[tuple[str, ...]]:
    """Return the strongest reasons of some of the rows, strongest first, only such as raise the score.

    Args:
        model: what scored them.
        here: the network.
        inputs: what was read of the rows.
        top: the features of the score.
        gnn: what the graph neural network said of the rows.
        places: [m] which of the rows to explain.
        limit: how many reasons to give at most.
    """
    found = strengths(model, inputs, top, places, limit)
    order = np.argsort(-found.values, axis=1, kind="stable")[:, :limit]
    chosen = np.take_along_axis(found.values, order, axis=1) > 0
    words = Words(model, here, inputs, gnn)
    texts: list[list[str]] = [[""] * limit for _ in places]
    for number, group in enumerate(found.groups):
        at, position = np.nonzero((order == number) & chosen)
        if len(at):
            said = words.say(group, places[at], found.best[at, number])
            for row, place, text in zip(at, position, said, strict=True):
                texts[row][place] = text
    return [tuple(text for text in row if text) for row in texts]


def strengths(model: "Model", inputs: Inputs, top: Block, places: Long, limit: int) -> Strengths:
    """Return what every group adds to the log odds of some of the rows.

    Parts of `declared` and `profile` that cannot be among the `limit` strongest are left at 0.
    """
    added = model.score.contributions(top.take(places))
    found = Strengths(len(places))
    names = list(top.names)
    of_top = [
        _DECLARED if name == "declared" else _PROFILE if name == "profile" else of_network(name) for name in names
    ]
    whole = [group for group in dict.fromkeys(of_top) if group not in (_DECLARED, _PROFILE)]
    found.add(whole, *_grouped(added, of_top, whole))
    # A part is never stronger than its whole.
    bar = np.sort(found.values, axis=1)[:, -limit]
    for name, ensemble, block, group_of in (
        ("declared", model.declared, inputs.declared, of_declared),
        ("profile", model.profile, inputs.profile, of_profile),
    ):
        share = added[:, names.index(name)]
        kinds = [group_of(feature) for feature in block.names]
        groups = list(dict.fromkeys(kinds))
        values, best = np.zeros((len(places), len(groups))), np.zeros((len(places), len(groups)), dtype=np.int64)
        rows = np.flatnonzero((share > 0) & (share > bar))
        if len(rows):
            values[rows], best[rows] = _divided(share[rows], ensemble, block.take(places[rows]), kinds, groups)
        found.add(groups, values, best)
    return found


def _divided(
    share: Real, ensemble: Ensemble, block: Block, kinds: list[Group], groups: list[Group]
) -> tuple[Real, Long]:
    """Divide what a model adds to the score among the groups of its features that raise it.

    A rate below that of all shipments is no reason to examine one, even where the trees make it so beside other rates.
    """
    added = ensemble.contributions(block)
    if groups[0].component == _PROFILE.component:
        added = np.where(block.values > 0, added, np.minimum(added, 0.0))
    values, best = _grouped(added, kinds, groups)
    values = np.maximum(values, 0.0)
    total = values.sum(axis=1)
    raised: Flag = total > 0
    values[raised] *= (share[raised] / total[raised])[:, None]
    return values, best


def _grouped(added: Real, kinds: list[Group], groups: list[Group]) -> tuple[Real, Long]:
    """Return for each group the sum of its features' contributions, and the feature with the greatest."""
    values, best = np.empty((len(added), len(groups))), np.empty((len(added), len(groups)), dtype=np.int64)
    for at, group in enumerate(groups):
        members = np.array([place for place, kind in enumerate(kinds) if kind == group])
        values[:, at] = added[:, members].sum(axis=1)
        best[:, at] = members[np.argmax(added[:, members], axis=1)]
    return values, best
