"""The most telling paths between things: simple, at most so many links long, the cheapest first.

A link costs 1 + log2(n), where n things share it: those that link in the same way to the thing at its general end. An
address of two tenants costs 2, one of two hundred 8.6, and a path tells the more, the fewer others could have it: the
surprise of taking one of n links, as in Faloutsos, McCurley and Tomkins ("Fast discovery of connection subgraphs", KDD
2004), who divide at hubs in the same sense. Paths do not go through hubs: goods, countries and offices, carriers, and
what has more than `HUB` links; a path may begin or end at one.

The network is read from both ends, one step at a time, until the two meet within the hops; then the paths are listed in
order of cost by a best-first search over what was read, with the cheapest way that is left as its bound (A*: Hart,
Nilsson and Raphael, IEEE Trans. SSC 4, 1968), which finds the cheapest first without listing all.
"""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from graph.records import LinkRef, Ref
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from graph.store.neighbourhood import Adjacent, Direction, Neighbour, check_links

HUB = 1_000
"""Things with more links are hubs."""

HUB_TYPES = frozenset({"Commodity", "Place", "Carrier"})
"""Types whose things are hubs however few links they have: what they are shared by says nothing."""

ENDS, PATHS, HOPS, EXCLUDED = 100, 20, 6, 10_000
"""Bounds of a question: things at each end, paths, links of a path, and things or links excluded."""

_READ = 20_000
"""Things whose links are read at most."""

_STEPS = 200_000
"""Beginnings of paths that are looked at most."""


@dataclass(frozen=True)
class PathQuery:
    """What paths are asked for.

    Attributes:
        sources, targets: where they begin and end. They may share things, though not be the same: a path has a link at
            least, and ends at the first target that it comes to.
        limit: how many.
        hops: of how many links at most.
        links: of which types; None for all.
        exclude, exclude_links: things and links that are not on them.
        through_hubs: whether they may go through things with many links (never more than `HUB` times ten).
    """

    sources: Sequence[Ref]
    targets: Sequence[Ref]
    limit: int = 5
    hops: int = 4
    links: Sequence[str] | None = None
    exclude: Sequence[Ref] = ()
    exclude_links: Sequence[LinkRef] = ()
    through_hubs: bool = False


class PathStep(NamedTuple):
    """One link on a path, the direction in which it is taken, where it leads, and how many share it."""

    link: LinkRef
    direction: Direction
    to: Ref
    shared_by: int
    first_on: date | None
    last_on: date | None


@dataclass(frozen=True)
class FoundPath:
    """One path and its cost; see the module's text."""

    start: Ref
    steps: Sequence[PathStep]
    cost: float


@dataclass(frozen=True)
class FoundPaths:
    """Paths, the cheapest first.

    Attributes:
        paths: what was found.
        hubs: things that were met and not gone through, with the number of their links.
        hub_degree: from how many links on a thing was a hub.
        complete: whether all was looked at; if not, there may be cheaper ones.
    """

    paths: Sequence[FoundPath]
    hubs: Mapping[Ref, int]
    hub_degree: int
    complete: bool


def paths(store: GraphStore, asked: PathQuery) -> FoundPaths:
    """Return the cheapest paths between two things, or between the things of two sets.

    Raises:
        StoreError: something cannot be asked, or is too much.
    """
    check(asked)
    with store.reading() as view:
        return _Search(view, asked).found()


def check(asked: PathQuery) -> None:
    """Raise StoreError where paths are asked for as they cannot be."""
    check_links(asked.links)
    for name, size, least, most in (
        ("things to begin at", len(asked.sources), 1, ENDS),
        ("things to end at", len(asked.targets), 1, ENDS),
        ("paths", asked.limit, 1, PATHS),
        ("links of a path", asked.hops, 1, HOPS),
        ("things and links to exclude", len(asked.exclude) + len(asked.exclude_links), 0, EXCLUDED),
    ):
        if not least <= size <= most:
            raise StoreError(f"Paths can be asked for with {least} to {most:,} {name}, not {size:,}.")
    sources, targets = (set(ends) - set(asked.exclude) for ends in (asked.sources, asked.targets))
    if sources and sources == targets:
        both = str(*sources) if len(sources) == 1 else f"the same {len(sources):,} things"
        raise StoreError(f"Paths lead from one thing to another, but both ends are {both}: name two that differ.")


_Steps = Mapping[Ref, Sequence[PathStep]]


class _Search:
    """What was read of the network so far."""

    def __init__(self, view: GraphStore, asked: PathQuery) -> None:
        self._view, self._asked = view, asked
        self._most = 10 * HUB if asked.through_hubs else HUB
        self._excluded, self._without = set(asked.exclude), set(asked.exclude_links)
        self._sources, self._targets = set(asked.sources) - self._excluded, set(asked.targets) - self._excluded
        self._ends = self._sources | self._targets
        self._around: dict[Ref, dict[LinkRef, Neighbour]] = defaultdict(dict)
        self._read: set[Ref] = set()
        self._counts: dict[tuple[Ref, str, Direction], int] = {}
        self._degrees: Counter[Ref] = Counter()
        self._complete = True

    def found(self) -> FoundPaths:
        """Return the paths."""
        near, far = self._meet()
        # Where the two fronts met, nothing was read of the thing itself yet.
        self._count(self._view.adjacent(sorted((near & far) - self._read), most=0))
        steps = self._steps()
        listed = sorted(self._cheapest(steps), key=_place)[: self._asked.limit]
        hubs = {ref: degree for ref, degree in sorted(self._degrees.items()) if self._is_hub(ref)}
        return FoundPaths(listed, hubs, self._most, self._complete)

    def _is_hub(self, ref: Ref) -> bool:
        """Tell whether no path goes through a thing."""
        if ref in self._ends:
            return False
        return self._degrees[ref] > self._most or (not self._asked.through_hubs and ref.type in HUB_TYPES)

    def _meet(self) -> tuple[set[Ref], set[Ref]]:
        """Read from both ends, the smaller front first, as many steps as there may be links; return what was met.

        An end that has too many links to be read is met by the other side, which then takes all the steps.
        """
        met, fronts = [set(self._sources), set(self._targets)], [set(self._sources), set(self._targets)]
        open_sides = [side for side in (0, 1) if self._can_be_read(fronts[side])]
        self._complete = bool(open_sides)
        for _ in range(self._asked.hops if open_sides else 0):
            side = min(open_sides, key=lambda one: len(fronts[one]))
            # What the other side has read already is not read again.
            self._take(sorted(fronts[side] - self._read))
            reached = {link.end for ref in fronts[side] if not self._is_hub(ref) for link in self._around[ref].values()}
            fronts[side] = {ref for ref in reached - met[side] - self._ends if not self._is_hub(ref)}
            met[side] |= reached
            if not all(fronts):
                break
        return met[0], met[1]

    def _can_be_read(self, ends: set[Ref]) -> bool:
        self._count(self._view.adjacent(sorted(ends), most=0))
        return all(self._degrees[ref] <= 10 * HUB for ref in ends)

    def _take(self, unread: Sequence[Ref]) -> None:
        """Read the links of things."""
        room = max(_READ - len(self._read), 0)
        if len(unread) > room:
            unread, self._complete = unread[:room], False
        # An end may be a hub.
        most = 10 * HUB if self._ends.intersection(unread) else self._most
        found = self._view.adjacent(unread, most=most, links=self._asked.links)
        self._count(found)
        self._read.update(unread)
        for link in found.links:
            if link.end not in self._excluded and (of := link.of) not in self._without:
                self._around[link.start][of] = link
                self._around[link.end][of] = _turned(link)

    def _count(self, found: Adjacent) -> None:
        for (ref, link, direction), number in found.counts.items():
            if (ref, link, direction) not in self._counts:
                self._counts[ref, link, direction] = number
                self._degrees[ref] += number

    def _steps(self) -> _Steps:
        """Return the steps that can be taken, by where they begin."""
        steps = {}
        for ref, links in self._around.items():
            if not self._is_hub(ref):
                steps[ref] = [
                    PathStep(
                        of,
                        link.direction,
                        link.end,
                        self._counts.get((of.end, of.type, "in"), 0),
                        link.first_on,
                        link.last_on,
                    )
                    for of, link in sorted(links.items())
                    if not self._is_hub(link.end)
                ]
        return steps

    def _bounds(self, steps: _Steps) -> list[dict[Ref, float]]:
        """Return, for 0, 1, 2, … links left, the least cost from a thing to a target."""
        bounds: list[dict[Ref, float]] = [dict.fromkeys(self._targets, 0.0)]
        for _ in range(self._asked.hops):
            least = dict(bounds[-1])
            for ref, cost in bounds[-1].items():
                # Steps can be taken both ways, at the same cost.
                for step in steps.get(ref, ()):
                    if step.to not in self._targets and cost + _cost(step) < least.get(step.to, math.inf):
                        least[step.to] = cost + _cost(step)
            bounds.append(least)
        return bounds

    def _cheapest(self, steps: _Steps) -> Iterator[FoundPath]:
        """Yield the cheapest paths and all that cost the same as the last of them."""
        bounds = self._bounds(steps)
        # Of what is left, the least that it can cost, then the order in which it was found.
        waiting: list[tuple[float, int, float, Ref, tuple[PathStep, ...]]] = []
        for number, source in enumerate(sorted(self._sources)):
            heapq.heappush(waiting, (bounds[-1].get(source, math.inf), number, 0.0, source, ()))
        found, dearest = 0, math.inf
        for number in range(len(waiting), len(waiting) + _STEPS):
            if not waiting or waiting[0][0] > dearest + _SAME or waiting[0][0] == math.inf:
                return
            bound, _, cost, source, taken = heapq.heappop(waiting)
            here = taken[-1].to if taken else source
            if taken and here in self._targets:
                yield FoundPath(source, taken, cost)
                found += 1
                dearest = bound if found == self._asked.limit else dearest
                continue
            left = self._asked.hops - len(taken) - 1
            gone = {source, *self._sources - self._targets, *(step.to for step in taken)}
            for at, step in enumerate(steps.get(here, ()) if left >= 0 else ()):
                if step.to not in gone and step.to in bounds[left]:
                    further = cost + _cost(step)
                    waiting_for = further + bounds[left][step.to]
                    heapq.heappush(waiting, (waiting_for, number * _WIDE + at, further, source, (*taken, step)))
        self._complete = False


_WIDE = 1_000_000
_SAME = 1e-9
"""Costs that differ by less are the same: sums of the same links in another order."""


def _cost(step: PathStep) -> float:
    return 1.0 + math.log2(max(step.shared_by, 1))


def _place(path: FoundPath) -> tuple[float, int, tuple[LinkRef, ...]]:
    return round(path.cost, 6), len(path.steps), tuple(step.link for step in path.steps)


def _turned(link: Neighbour) -> Neighbour:
    """Return a link as its other end sees it."""
    direction: Direction = "in" if link.direction == "out" else "out"
    return link._replace(start=link.end, direction=direction, end=link.start)
