"""How fragile the lane of a shipment is: the fewest links without which it would fall below its lane's line.

The score is not linear, but linked risk is: it loses exactly the paths over the links that are taken away. So the
most linked risk with which the score lies below the line is found first, all else as it is, and then the fewest links
without which no more than that is left (`graph.linked_risk.LinkedRisk.fewest`). The first is found by halving, to a
part in 4,096 of the linked risk; a score that falls and rises again with linked risk could lie below the line with
more of it, too, so that fewer links might do. That the shipment falls without the links shown is checked. What else
the score reads of the links (who shares what, what the neural network aggregates) is left as it is here;
`targeting.what_if` finds it anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph.cutoffs import last_cutoff
from graph.fragile import Binding
from graph.records import LinkRef
from graph.snapshot import Flag, Int, Long, Real
from targeting.features import Block
from targeting.inputs import read
from targeting.model import Model, components, on_top
from targeting.network import Network

HALVINGS = 12


@dataclass(frozen=True)
class Fragility:
    """What holds a shipment in its lane.

    Attributes:
        lane: red or yellow.
        links: those without which it falls below the lane's line; None where it stays even without linked risk.
        smallest: whether it is sure that no fewer would take away so much.
    """

    lane: str
    links: Sequence[LinkRef] | None
    smallest: bool


def fragilities(
    model: Model,
    here: Network,
    rows: Long,
    days: Int,
    lanes: Sequence[str | None],
    thresholds: Mapping[str, float],
) -> list[Fragility | None]:
    """Return what holds each row in its lane; None for green ones, and where no links were found that do.

    Args:
        model: what scored them.
        here: the network.
        rows: [n] rows of the declarations.
        days: [n] the day of each.
        lanes: the lane of each.
        thresholds: where the lanes begin.
    """
    found: list[Fragility | None] = [None] * len(rows)
    above = np.flatnonzero([lane in thresholds for lane in lanes])
    if not len(above):
        return found
    lines = np.array([thresholds[str(lanes[at])] for at in above.tolist()])
    scored = _Scored(model, here, rows[above], days[above])
    most = _most_below(scored, lines)
    cutoff = last_cutoff(here.cutoffs, days[above])
    bound: dict[int, Binding] = {}
    left = scored.linked.copy()
    for position in np.unique(cutoff[(cutoff >= 0) & (most >= 0)]):
        risk = here.risk(int(position))
        for at in np.flatnonzero((cutoff == position) & (most >= 0)).tolist():
            bound[at] = risk.fewest(int(rows[above[at]]), float(scored.linked[at] - most[at]))
            left[at] -= bound[at].lost
    falls = scored.scores(left) < lines
    for at, place in enumerate(above.tolist()):
        if most[at] < 0:
            found[place] = Fragility(str(lanes[place]), None, True)
        elif falls[at]:
            found[place] = Fragility(str(lanes[place]), bound[at].links, bound[at].smallest)
    return found


class _Scored:
    """Rows, and what their scores would be with another linked risk and all else as it is."""

    def __init__(self, model: Model, here: Network, rows: Long, days: Int) -> None:
        from gnn.model import predict

        inputs = read(here, model.vocabulary, model.plan, rows, days)
        self._model = model
        self._top = on_top(components(model, inputs, predict(model.gnn, inputs.tokens)), inputs.network)
        self._column = self._top.names.index("linked_risk")
        self.linked = inputs.linked

    def scores(self, linked: Real) -> Real:
        """Return the score of each row with this linked risk."""
        values = self._top.values.copy()
        values[:, self._column] = linked
        changed = Block(self._top.names, self._top.categorical, values)
        return self._model.calibration.probabilities(self._model.score.logits(changed))


def _most_below(scored: _Scored, lines: Real) -> Real:
    """Return a linked risk as great as found with which each score lies below its line, -1 where it does with none."""
    low, high = np.zeros(len(lines)), scored.linked.copy()
    holds: Flag = scored.scores(low) >= lines
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = scored.scores(middle) < lines
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(holds, -1.0, low)
