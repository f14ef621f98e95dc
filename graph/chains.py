"""Every chain of hops to a party, and what one carries."""

from typing import NamedTuple

import numpy as np

from graph.risk_flow import Flow
from graph.snapshot import Flag, Long, Real
from graph.ties import matching


class Chains(NamedTuple):
    """Chains as positions in the sources and hops (-1: none): `final` is the last hop, `first` the one before it."""

    value: Real
    source: Long
    final: Long
    first: Long


def carried(flow: Flow, source: Long, final: Long, first: Long, then: Long) -> tuple[Real, Flag]:
    """Return what arrives of each source over its hops (-1: none), and whether it comes that way at all.

    Nothing goes to another party of the source's own shipment: neither over a hop, nor to the party that follows
    (`then`, -1: none).
    """
    hops = flow.hops
    value, shipment = flow.sources.weight[source], flow.sources.shipment[source]
    kept = ~flow.involves(shipment, then)
    for hop in (final, first):
        hopped = np.flatnonzero(hop >= 0)
        value[hopped] *= hops.weight[hop[hopped]]
        kept[hopped] &= ~flow.involves(shipment[hopped], hops.to[hop[hopped]])
    return value, kept


def every_chain(flow: Flow, party: int, most: int, thing: int, then: int) -> Chains:
    """Return every simple chain to a party over at most so many hops, the greatest first.

    `thing` is the address or contact that follows the party (-1: none), `then` the party after that (-1: none), of
    whose shipments nothing may come.
    """
    sources, hops = flow.sources, flow.hops
    none = np.full(1, -1)
    last = np.arange(*np.searchsorted(hops.to, [party, party + 1]))
    last = last[(hops.via[last] < 0) | (hops.via[last] != thing)]
    parts = [(np.array([party]), none, none), (hops.start[last], last, np.full(len(last), -1))]
    if most == 2:
        at, earlier = matching(hops.to, hops.start[last])
        simple = (hops.via[earlier] < 0) | (hops.via[earlier] != hops.via[last[at]])
        parts.append((hops.start[earlier[simple]], last[at[simple]], earlier[simple]))
    columns = []
    for origin, final, first in parts:
        at, source = matching(sources.party, origin)
        final, first = final[at], first[at]
        value, kept = carried(flow, source, final, first, np.full(len(source), then))
        columns.append((value[kept], source[kept], final[kept], first[kept]))
    value, *rest = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.argsort(-value, kind="stable")
    return Chains(value[order], *(column[order] for column in rest))
