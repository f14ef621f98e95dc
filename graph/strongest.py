"""The strongest chain of hops to each of many parties at once, found without listing all of them.

What one hop brings is gone through; of what two hops bring only that which could be stronger. The bound is the greatest
evidence at the start of a hop, whatever is left out on the way.
"""

import numpy as np

from graph.chains import Chains, carried
from graph.ends import RowEnds
from graph.risk_flow import Flow
from graph.snapshot import Long
from graph.ties import runs

_ROUNDING = 1.0 + 1e-9


class Bounds:
    """The greatest that can come to each party over one hop, found once for a flow."""

    def __init__(self, flow: Flow) -> None:
        """Find it."""
        sources, hops, count = flow.sources, flow.hops, len(flow.parties)
        self.sources = np.searchsorted(sources.party, np.arange(count + 1))
        self.hops = np.searchsorted(hops.to, np.arange(count + 1))
        evidence = np.zeros(count)
        np.maximum.at(evidence, sources.party, sources.weight)
        self.over_hop = hops.weight * evidence[hops.start] if len(hops.to) else np.zeros(0)
        self.one_hop = np.zeros(count)
        np.maximum.at(self.one_hop, hops.to, self.over_hop)


def strongest_chains(flow: Flow, bounds: Bounds, ends: RowEnds) -> Chains:
    """Return the strongest chain to each end, of equal ones the first that `LinkedRisk.paths` lists.

    Its value is 0 where there is none.
    """
    hops, size = flow.hops, len(ends.party)
    best = Chains(np.zeros(size), *(np.full(size, -1) for _ in range(3)))

    def from_parties(end: Long, origin: Long, final: Long, first: Long) -> None:
        """Take what comes from the sources at each origin over a last hop, and a hop before it, where it is more."""
        at, source = runs(bounds.sources[origin], bounds.sources[origin + 1] - bounds.sources[origin])
        end, final, first = end[at], final[at], first[at]
        value, kept = carried(flow, source, final, first, ends.then[end])
        kept &= value > best.value[end]
        end, source, final, first = (column[kept] for column in (end, source, final, first))
        value = value[kept]
        # Stable, so that of equal ones the first stays; the first of each end is its greatest.
        order = np.lexsort((-value, end))
        order = order[np.flatnonzero(np.diff(end[order], prepend=-1))]
        for column, found in zip(best, (value, source, final, first), strict=True):
            column[end[order]] = found[order]

    everything = np.arange(size)
    none = np.full(size, -1)
    from_parties(everything, ends.party, none, none)
    end, last = runs(bounds.hops[ends.party], bounds.hops[ends.party + 1] - bounds.hops[ends.party])
    other = (hops.via[last] < 0) | (hops.via[last] != ends.thing[end])
    end, last = end[other], last[other]
    hopeful = bounds.over_hop[last] * _ROUNDING > best.value[end]
    from_parties(end[hopeful], hops.start[last[hopeful]], last[hopeful], np.full(int(hopeful.sum()), -1))
    start = hops.start[last]
    hopeful = (ends.hops[end] == 2) & (hops.weight[last] * bounds.one_hop[start] * _ROUNDING > best.value[end])
    end, last, start = end[hopeful], last[hopeful], start[hopeful]
    at, earlier = runs(bounds.hops[start], bounds.hops[start + 1] - bounds.hops[start])
    hopeful = hops.weight[last[at]] * bounds.over_hop[earlier] * _ROUNDING > best.value[end[at]]
    at, earlier = at[hopeful], earlier[hopeful]
    simple = (hops.via[earlier] < 0) | (hops.via[earlier] != hops.via[last[at]])
    at, earlier = at[simple], earlier[simple]
    from_parties(end[at], hops.start[earlier], last[at], earlier)
    return best
