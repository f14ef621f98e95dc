"""What lies around things, and the paths between them, with what a reader wants to know of each thing at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from api.names import names
from graph.paths import FoundPaths, PathQuery, paths
from graph.records import Ref
from graph.store.base import GraphStore
from graph.store.neighbourhood import Direction, Expanded, Expansion
from graph.store.results import PublishedSet

_RECORDS = 3
"""Groups of equal records shown of each link."""


@dataclass(frozen=True)
class AroundThing:
    """A thing that was reached."""

    thing: str
    name: str
    risk: float | None
    degree: int
    last_on: date | None


@dataclass(frozen=True)
class AroundLink:
    """A link between two things, from `start` to `end` whichever of them was asked about."""

    start: str
    link: str
    end: str
    first_on: date | None
    last_on: date | None


@dataclass(frozen=True)
class AroundCount:
    """How many links there are of one type, in one direction, to one type of things."""

    link: str
    direction: Direction
    end: str
    count: int


@dataclass(frozen=True)
class Around:
    """What lies around some things; see `graph.store.base.Expanded`."""

    starts: Sequence[str]
    things: Sequence[AroundThing]
    links: Sequence[AroundLink]
    counts: Sequence[AroundCount]
    matching: int
    left: int
    published: PublishedSet | None


@dataclass(frozen=True)
class LegRecord:
    """Equal records of the thing that states a link: who said it, when, and in which batches."""

    source: str
    first_on: date | None
    last_on: date | None
    batches: Sequence[str]


@dataclass(frozen=True)
class Leg:
    """One step of a path: the link as it is said, where it leads, how many share it, and the records behind it."""

    link: AroundLink
    to: str
    name: str
    shared_by: int
    records: Sequence[LegRecord]


@dataclass(frozen=True)
class Way:
    """A path and what it costs; the cheaper, the more telling."""

    start: str
    name: str
    legs: Sequence[Leg]
    cost: float


@dataclass(frozen=True)
class Ways:
    """Paths, the most telling first; `hubs` were met and not gone through, with the number of their links."""

    paths: Sequence[Way]
    hubs: Sequence[tuple[str, int]]
    hub_degree: int
    complete: bool


def around(store: GraphStore, asked: Expansion) -> Around:
    """Return what lies around things, all of one version of the store. Raises StoreError where it cannot be asked."""
    with store.reading() as view:
        found = view.expand(asked)
        named = names(view, (one.ref for one in found.things))
        return Around(
            [str(ref) for ref in dict.fromkeys(asked.starts)],
            [AroundThing(str(one.ref), named[one.ref], one.risk, one.degree, one.last_on) for one in found.things],
            _links(found),
            [AroundCount(*key, count) for key, count in sorted(found.counts.items())],
            found.matching,
            found.left,
            view.published(),
        )


def ways(store: GraphStore, asked: PathQuery) -> Ways:
    """Return the paths between things with the records of each step. Raises StoreError where they cannot be asked."""
    with store.reading() as view:
        return _named(view, paths(view, asked))


def _named(view: GraphStore, found: FoundPaths) -> Ways:
    said: dict[Ref, Sequence[LegRecord]] = {}
    named = names(view, (ref for path in found.paths for ref in (path.start, *(step.to for step in path.steps))))
    listed = []
    for path in found.paths:
        legs = []
        for step in path.steps:
            stating = step.link.start
            if stating not in said:
                said[stating] = _records(view, stating)
            link = AroundLink(str(step.link.start), step.link.type, str(step.link.end), step.first_on, step.last_on)
            legs.append(Leg(link, str(step.to), named[step.to], step.shared_by, said[stating]))
        listed.append(Way(str(path.start), named[path.start], legs, path.cost))
    return Ways(listed, [(str(ref), degree) for ref, degree in found.hubs.items()], found.hub_degree, found.complete)


def _records(view: GraphStore, ref: Ref) -> list[LegRecord]:
    """Return the newest records of a thing, which are what states the links that leave it."""
    found = view.get(ref, limit=_RECORDS)
    groups = found.records if found is not None else ()
    return [LegRecord(group.source, group.first_on, group.last_on, group.batches) for group in groups]


def _links(found: Expanded) -> list[AroundLink]:
    return [AroundLink(str(one.of.start), one.link, str(one.of.end), one.first_on, one.last_on) for one in found.links]
