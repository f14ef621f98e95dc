"""A portion of the network: the things and links that are shown or handed over, and what is said above them.

Whatever is written (a format, a view, a brief) is written from a portion and from nothing else, so what a portion does
not hold is in no file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from graph.records import LinkRef, Ref


class Grade(NamedTuple):
    """How far what is said can be trusted, as intelligence services grade it (the 6x6 or Admiralty system).

    `kind` tells what was declared or observed from what a person or a matcher concluded; `reliability` grades the
    source (A: reliable, to E: unreliable; F: cannot be judged), `credibility` the information (1: confirmed, to 5:
    improbable; 6: cannot be judged). None where no grade was given.
    """

    kind: Literal["fact", "assessment"] = "fact"
    reliability: Literal["A", "B", "C", "D", "E", "F"] | None = None
    credibility: Literal[1, 2, 3, 4, 5, 6] | None = None


UNGRADED = Grade()


@dataclass(frozen=True)
class Node:
    """A thing as it is handed over.

    `name` says most about it, "" where nothing does; `fields` holds the value shown of each field in its canonical
    text form (`graph.records.canonical`); `risk` is the score of a shipment or the linked risk of an entity in the
    published set, None where it has none; `sources` names who said what is shown, sorted.
    """

    ref: Ref
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    first_on: date | None = None
    last_on: date | None = None
    risk: float | None = None
    community: str | None = None
    sources: Sequence[str] = ()
    grade: Grade = UNGRADED


@dataclass(frozen=True)
class Edge:
    """A link as it is handed over, from the specific to the general; both ends are in the portion."""

    link: LinkRef
    fields: Mapping[str, str] = field(default_factory=dict)
    first_on: date | None = None
    last_on: date | None = None
    sources: Sequence[str] = ()
    grade: Grade = UNGRADED


@dataclass(frozen=True)
class Heading:
    """What stands above everything that is handed over.

    `query` says in words what was asked; `published` is the id of the published set that risks and communities are of,
    `as_of` its day, both None where nothing was published; `tlp` is the label as it is written (`TLP:AMBER`); `caveat`
    says how the content may be used; `made_at` has a time zone.
    """

    title: str
    query: str
    published: str | None
    as_of: date | None
    store_version: int
    made_at: datetime
    tlp: str
    caveat: str


class Portion(Protocol):
    """A filtered part of the network: iterable again and again, sorted, in bounded memory.

    Nodes come by type and key, edges by start, type and end. `cut` counts by link type the links that lead from a
    thing of the portion out of it.
    """

    @property
    def node_count(self) -> int:
        """How many things there are."""
        ...

    @property
    def edge_count(self) -> int:
        """How many links there are."""
        ...

    @property
    def cut(self) -> Mapping[str, int]:
        """How many links were cut at the border, by link type."""
        ...

    def nodes(self) -> Iterator[Node]:
        """Yield the things, by type and key."""
        ...

    def edges(self) -> Iterator[Edge]:
        """Yield the links, by start, type and end."""
        ...


class ListedPortion:
    """A portion held in memory: for what is small, such as one view."""

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge], cut: Mapping[str, int] | None = None) -> None:
        self._nodes = sorted(nodes, key=lambda node: node.ref)
        self._edges = sorted(edges, key=lambda edge: edge.link)
        self.cut: Mapping[str, int] = dict(cut or {})

    @property
    def node_count(self) -> int:
        """How many things there are."""
        return len(self._nodes)

    @property
    def edge_count(self) -> int:
        """How many links there are."""
        return len(self._edges)

    def nodes(self) -> Iterator[Node]:
        """Yield the things, by type and key."""
        return iter(self._nodes)

    def edges(self) -> Iterator[Edge]:
        """Yield the links, by start, type and end."""
        return iter(self._edges)
