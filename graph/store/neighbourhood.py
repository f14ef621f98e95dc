"""What lies around things: their links, listed, expanded in an order, or of many things at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, NamedTuple

from graph.records import LinkRef, Ref
from graph.schema import LINK, NODE
from graph.store.errors import StoreError

Direction = Literal["out", "in"]


class Neighbour(NamedTuple):
    """One link seen from `start`: `out` where it leaves the start, `in` where it arrives."""

    start: Ref
    link: str
    direction: Direction
    end: Ref
    first_on: date | None
    last_on: date | None

    @property
    def of(self) -> LinkRef:
        """The link of which this is one side."""
        start, end = (self.start, self.end) if self.direction == "out" else (self.end, self.start)
        return LinkRef(start, self.link, end)


@dataclass(frozen=True)
class Neighbours:
    """A bounded list of links and how many there are in truth, by start, link type and direction."""

    rows: Sequence[Neighbour]
    counts: Mapping[tuple[Ref, str, Direction], int]


class Order(StrEnum):
    """What comes first of the things that an expansion reaches; ties go by type and key, what has no value last."""

    NEWEST = "newest"
    RISKIEST = "riskiest"
    MOST_CONNECTED = "most-connected"
    LEAST_CONNECTED = "least-connected"


@dataclass(frozen=True)
class Expansion:
    """What is asked of the neighbourhood of things.

    Attributes:
        starts: from where, at most `STARTS`.
        links: types of links; None for all.
        direction: `out` for links that leave the starts, `in` for those that arrive; None for both.
        ends: types of the things reached; None for all.
        since: only links still said on this day or later.
        until: only links first said before this day. A link without a day matches where neither is given.
        order: what comes first.
        limit: how many things, at most `REACHED`.
        exclude: things that are shown already, at most `EXCLUDED`.
    """

    starts: Sequence[Ref]
    links: Sequence[str] | None = None
    direction: Direction | None = None
    ends: Sequence[str] | None = None
    since: date | None = None
    until: date | None = None
    order: Order = Order.NEWEST
    limit: int = 100
    exclude: Sequence[Ref] = ()


STARTS, REACHED, EXCLUDED = 100, 1_000, 10_000
"""The bounds of an expansion."""


class Reached(NamedTuple):
    """A thing at the other end of links.

    `risk` is the score of a shipment and the linked risk of an entity in the published set, None where it has none;
    `degree` the true number of its links; `last_on` the last day of a link that leads to it.
    """

    ref: Ref
    risk: float | None
    degree: int
    last_on: date | None


@dataclass(frozen=True)
class Expanded:
    """A bounded part of a neighbourhood, and how large it is in truth.

    Attributes:
        things: what was reached, in the order that was asked for; starts are left out.
        links: those that match and lead from a start to one of the things.
        counts: all links of the starts, by type, direction and type of the other end, whatever was asked for.
        matching: how many links match.
        left: how many of those lead to what is neither shown, nor excluded, nor a start: with them excluded, too, the
            same question brings the next.
    """

    things: Sequence[Reached]
    links: Sequence[Neighbour]
    counts: Mapping[tuple[str, Direction, str], int]
    matching: int
    left: int


@dataclass(frozen=True)
class Adjacent:
    """The links of many things at once.

    Attributes:
        links: of every start that is not a hub, sorted by start, type of link, direction and end.
        counts: the true number of links of every start, by type and direction, whatever types were asked for.
    """

    links: Sequence[Neighbour]
    counts: Mapping[tuple[Ref, str, Direction], int]


def within(counts: Mapping[tuple[Ref, str, Direction], int], most: int) -> set[Ref]:
    """Return the things of those counted that have at most so many links in all: the ones that are no hubs."""
    degrees: Counter[Ref] = Counter()
    for (ref, _, _), number in counts.items():
        degrees[ref] += number
    return {ref for ref, degree in degrees.items() if degree <= most}


def check_links(links: Sequence[str] | None) -> None:
    """Raise StoreError where a link type is not of the schema."""
    for name in links or ():
        if name not in LINK:
            raise StoreError(f"There is no link type {name!r}; the schema has {', '.join(sorted(LINK))}.")


def check_expansion(asked: Expansion) -> None:
    """Raise StoreError where an expansion asks for what there cannot be, or for too much."""
    check_links(asked.links)
    for kind in asked.ends or ():
        if kind not in NODE:
            raise StoreError(f"There is no type {kind!r}; the schema has {', '.join(sorted(NODE))}.")
    for name, size, most in (
        ("things to start from", len(asked.starts), STARTS),
        ("things to exclude", len(asked.exclude), EXCLUDED),
        ("as a limit", asked.limit, REACHED),
    ):
        if not 0 <= size <= most:
            raise StoreError(f"An expansion takes at most {most:,} {name}, not {size:,}.")
