"""How fragile a linked risk is: the fewest links without which it loses so much that it no longer tells.

A linked risk is the sum of its paths, and without a link exactly the paths over it are missing. So the question is
which fewest links are on paths that together bring enough (a partial hitting set). It is answered by branch and
bound: what a link still brings falls with every other link that is taken away, so the sum of what the k strongest
bring bounds what any k can. The answer is the smallest set wherever the search ends within its bound of steps, and
says so; elsewhere it is what taking the strongest link each time finds (at most ln n times too large: Slavík,
"Improved performance of the greedy algorithm for partial cover", Information Processing Letters 64, 1997).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from graph.chains import Chains
from graph.ends import End
from graph.evidence import LINKS
from graph.records import LinkRef, Ref
from graph.risk_flow import Flow
from graph.snapshot import Flag, Long, Real, Snapshot
from graph.ties import SHARED

STEPS = 300
"""Sets that are looked at, at most, for the smallest one."""

_ROUNDING = 1e-9
_ENTRY = 8  # beside the position in LINKS, which is less


class Woven(NamedTuple):
    """The links that the paths to a shipment go over, without those that its own declaration says.

    `value` is what each path brings, [p]; `path` and `link` tell the links of each, `link` by the position in `codes`.
    """

    value: Real
    path: Long
    link: Long
    codes: Long


class Fewest(NamedTuple):
    """Links by their codes, what the paths over them bring, and whether it is sure that no fewer would do."""

    codes: list[int]
    brings: float
    smallest: bool


class Binding(NamedTuple):
    """The fewest links without which a linked risk loses enough, what it loses, and whether no fewer would do."""

    links: list[LinkRef]
    lost: float
    smallest: bool


def woven(flow: Flow, found: list[tuple[End, Chains]]) -> Woven:
    """Return which links the chains to the ends of a shipment go over."""
    values, paths, codes = [np.zeros(0)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    before = 0
    for end, chains in found:
        for rows, code in _links(flow, end, chains):
            paths.append(before + rows)
            codes.append(code)
        values.append(chains.value)
        before += len(chains.value)
    distinct, link = np.unique(np.concatenate(codes), return_inverse=True)
    return Woven(np.concatenate(values), np.concatenate(paths), link.astype(np.int64), distinct)


def _width(flow: Flow) -> int:
    return max(len(flow.parties), len(flow.things), int(flow.sources.shipment.max(initial=0)) + 1)


def _links(flow: Flow, end: End, chains: Chains) -> Iterator[tuple[Long, Long]]:
    """Yield (positions of chains, code of a link of each)."""
    sources, hops, width = flow.sources, flow.hops, _width(flow)

    def coded(first: Long, second: Long, link: Long) -> Long:
        return (first * width + second) * 2 * _ENTRY + link

    everything = np.arange(len(chains.value))
    source = chains.source
    yield everything, coded(sources.party[source], sources.shipment[source], sources.link[source] + _ENTRY)
    for column in (chains.first, chains.final):
        rows = np.flatnonzero(column >= 0)
        hop = column[rows]
        over = hops.via[hop] >= 0
        for party in (hops.start, hops.to):
            yield rows[over], coded(party[hop[over]], hops.via[hop[over]], hops.link[hop[over]])
        one, other = hops.start[hop[~over]], hops.to[hop[~over]]
        yield rows[~over], coded(np.minimum(one, other), np.maximum(one, other), hops.link[hop[~over]])
    if end.thing >= 0:
        link = LINKS.index(SHARED[flow.things.ref(end.thing).type])
        party, thing = (np.full(len(everything), number) for number in (end.party, end.thing))
        yield everything, coded(party, thing, np.full(len(everything), link))


def link_of(snapshot: Snapshot, flow: Flow, code: int) -> LinkRef:
    """Return the link that a code means."""
    pair, link = divmod(code, 2 * _ENTRY)
    first, second = divmod(pair, _width(flow))
    party, name = flow.parties.ref(first), LINKS[link % _ENTRY]
    if link >= _ENTRY:
        return LinkRef(Ref("Shipment", snapshot.things["Shipment"].keys[second].as_py()), name, party)
    return LinkRef(party, name, flow.things.ref(second) if name in SHARED.values() else flow.parties.ref(second))


def fewest(paths: Woven, enough: float) -> Fewest:
    """Return the fewest links without which a linked risk loses at least so much, or all that it has to lose."""
    search = _Search(paths)
    everything = np.ones(len(paths.value), dtype=bool)
    found = search.greedy(everything, enough * (1 - _ROUNDING))
    sure = True
    for size in range(1, len(found)):
        smaller = search.exactly(size, everything, enough * (1 - _ROUNDING), np.zeros(len(paths.codes), dtype=bool))
        if smaller is not None:
            found = smaller
            break
        if search.steps > STEPS:
            sure = False
            break
    return Fewest([int(paths.codes[at]) for at in found], search.bring(found), sure)


class _Search:
    """A search for sets of links on paths that together bring enough; `steps` counts the sets looked at."""

    def __init__(self, paths: Woven) -> None:
        self._paths, self.steps = paths, 0
        order = np.argsort(paths.link, kind="stable")
        self._of_link = np.split(paths.path[order], np.cumsum(np.bincount(paths.link, minlength=len(paths.codes)))[:-1])

    def _brings(self, there: Flag) -> Real:
        """Return what still comes over each link."""
        paths = self._paths
        weight = np.where(there, paths.value, 0.0)[paths.path]
        return np.bincount(paths.link, weight, minlength=len(paths.codes)).astype(np.float64)

    def _without(self, there: Flag, link: int) -> Flag:
        left = there.copy()
        left[self._of_link[link]] = False
        return left

    def bring(self, links: list[int]) -> float:
        """Return what the paths over any of the links bring."""
        there = np.zeros(len(self._paths.value), dtype=bool)
        for link in links:
            there[self._of_link[link]] = True
        return float(self._paths.value[there].sum())

    def greedy(self, there: Flag, enough: float) -> list[int]:
        """Return links, each the strongest of what is left."""
        found: list[int] = []
        while enough > 0:
            brings = self._brings(there)
            strongest = int(np.argmax(brings))
            if brings[strongest] <= 0:
                break
            found.append(strongest)
            enough -= brings[strongest]
            there = self._without(there, strongest)
        return found

    def exactly(self, size: int, there: Flag, enough: float, passed: Flag) -> list[int] | None:
        """Return so many links that bring enough, None where there are none or the steps are used up."""
        self.steps += 1
        brings = np.where(passed, 0.0, self._brings(there))
        order = np.argsort(-brings, kind="stable")
        falling = np.append(np.cumsum(brings[order]), 0.0)
        passed = passed.copy()
        for at in range(len(order) - size + 1):
            if self.steps > STEPS or falling[at + size - 1] - falling[at - 1] < enough:
                return None
            link = int(order[at])
            if size == 1:
                return [link]
            left = self._without(there, link)
            rest = self.exactly(size - 1, left, enough - brings[link], passed)
            if rest is not None:
                return [link, *rest]
            passed[link] = True
        return None
