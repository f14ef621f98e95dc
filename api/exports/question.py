"""What is to be handed over, in the terms of whoever asks, and in words for whoever reads it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.exports import asking
from api.exports.errors import AskedWronglyError
from api.questions import expansion, path_query, refs
from graph.paths import PathQuery
from graph.paths import check as check_paths
from graph.records import Ref
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from graph.store.neighbourhood import REACHED, Expansion, check_expansion

_NAMED = 20
"""Excluded things that are named in words; of more, only their number is told."""


@dataclass(frozen=True)
class Asked:
    """What is to be handed over, all parts together, with the links between the things.

    Attributes:
        things: things as they are named.
        around: the starts of an expansion with what it reaches.
        community: a community of the published set with its members, its shipments, their routes and what was found in
            them.
        behind: a shipment with what its score rests on.
        path: what lies on the paths between things.
    """

    things: Sequence[Ref] = ()
    around: Expansion | None = None
    community: str | None = None
    behind: Ref | None = None
    path: PathQuery | None = None

    def named(self) -> Iterator[Ref]:
        """Yield the things that the question itself names, and that are to be in the answer."""
        yield from self.things
        if self.around is not None:
            yield from self.around.starts
        if self.behind is not None:
            yield self.behind

    def in_words(self) -> str:
        """Return the question as the reader of the package is told it."""
        parts = []
        if self.things:
            parts.append(_named(self.things))
        if self.around is not None:
            parts.append(_around_in_words(self.around))
        if self.community is not None:
            parts.append(
                f"community {self.community} with its members, its shipments, their routes and what was found in them"
            )
        if self.behind is not None:
            parts.append(f"what lies behind the score of {self.behind}")
        if self.path is not None:
            parts.append(_paths_in_words(self.path))
        # No part begins with what somebody else named, so that the capital changes no name.
        text = "; ".join(parts)
        return f"{text[:1].upper()}{text[1:]}; with the links between them"

    def veiled(self, ref: Callable[[Ref], Ref], community: Callable[[str], str]) -> "Asked":
        """Return the question with other names in place of those of things and communities."""

        def all_of(refs: Iterable[Ref]) -> list[Ref]:
            return [ref(one) for one in refs]

        around, path = self.around, self.path
        if around is not None:
            around = replace(around, starts=all_of(around.starts), exclude=all_of(around.exclude))
        if path is not None:
            ends = all_of(path.sources), all_of(path.targets)
            links = [link._replace(start=ref(link.start), end=ref(link.end)) for link in path.exclude_links]
            path = replace(path, sources=ends[0], targets=ends[1], exclude=all_of(path.exclude), exclude_links=links)
        return Asked(
            all_of(self.things),
            around,
            None if self.community is None else community(self.community),
            None if self.behind is None else ref(self.behind),
            path,
        )


def from_data(told: Mapping[str, Any]) -> Asked:
    """Return the question that plain data asks, as a request says it, with complete references for the things."""
    around, behind, path = told["around"], told["behind"], told["path"]
    return Asked(
        refs(told["things"]),
        None if around is None else expansion(around),
        told["community"],
        None if behind is None else Ref.read(behind),
        None if path is None else path_query(path),
    )


def check_asked(asked: Asked) -> None:
    """Raise AskedWronglyError where nothing is asked for, or what cannot be."""
    if not (asked.things or asked.around or asked.community is not None or asked.behind or asked.path):
        raise AskedWronglyError(
            "Say what to hand over: things, what is around them, a community, what is behind the score of a shipment, "
            "or the paths between things."
        )
    if asked.around is not None and not asked.around.starts:
        raise AskedWronglyError("What is around things can be added where they are named: name the things.")
    if asked.around is not None and not 1 <= asked.around.limit <= REACHED:
        raise AskedWronglyError(
            f"Around things there can be asked for 1 to {REACHED:,} others, not {asked.around.limit:,}."
        )
    if asked.behind is not None and asked.behind.type != "Shipment":
        raise AskedWronglyError(
            f"{asked.behind} is no shipment, and only a shipment has a score: export the thing itself."
        )
    try:
        if asked.around is not None:
            check_expansion(asked.around)
        if asked.path is not None:
            check_paths(asked.path)
    except StoreError as error:
        raise AskedWronglyError(str(error)) from error


def wanted(view: GraphStore, asked: Asked) -> list[Ref]:
    """Return the things that answer the question.

    Raises:
        AskedWronglyError: it asks for what there cannot be.
        StoreError: it cannot be answered.
    """
    found = list(asked.things)
    if asked.around is not None:
        found += asking.around(view, asked.around)
    if asked.community is not None:
        found += _with_routes(view, asking.of_community(view, asked.community))
    if asked.behind is not None:
        found += _with_routes(view, asking.behind(view, asked.behind))
    if asked.path is not None:
        found += asking.on_paths(view, asked.path)
    return found


def _with_routes(view: GraphStore, found: Sequence[Ref]) -> list[Ref]:
    return [*found, *asking.routes(view, found)]


def _list(refs: Iterable[Ref]) -> str:
    return ", ".join(map(str, refs))


def _named(refs: Sequence[Ref]) -> str:
    return f"the {'thing' if len(refs) == 1 else 'things'} {_list(refs)}"


def _around_in_words(asked: Expansion) -> str:
    them = "it" if len(asked.starts) == 1 else "them"
    narrowed = [
        *_by_types(asked.links),
        *([] if asked.direction is None else [f"only links that {_WAYS[asked.direction]} {them}"]),
        *([] if asked.ends is None else [f"only things of the types {', '.join(asked.ends)}"]),
        *([] if asked.since is None else [f"only links still said on {asked.since} or later"]),
        *([] if asked.until is None else [f"only links first said before {asked.until}"]),
        *_without(asked.exclude),
    ]
    order = asked.order.value.replace("-", " ")
    others = "one other that is" if asked.limit == 1 else f"up to {asked.limit:,} others that are"
    told = f"{_named(asked.starts)} with {others} linked with {them}, the {order} first"
    return "; ".join([told, *narrowed])


_WAYS = {"out": "leave", "in": "arrive at"}


def _paths_in_words(asked: PathQuery) -> str:
    which = "the most telling path" if asked.limit == 1 else f"the {asked.limit} most telling paths"
    links = "one link" if asked.hops == 1 else f"at most {asked.hops} links"
    told = f"{which} of {links} from {_list(asked.sources)} to {_list(asked.targets)}"
    hubs = ["also through hubs"] if asked.through_hubs else []
    without = [f"without {len(asked.exclude_links)} links"] if asked.exclude_links else []
    return "; ".join([told, *_by_types(asked.links), *hubs, *_without(asked.exclude), *without])


def _by_types(links: Sequence[str] | None) -> list[str]:
    return [] if links is None else [f"over links of the types {', '.join(links)}"]


def _without(refs: Sequence[Ref]) -> list[str]:
    if not refs:
        return []
    return [f"without {_list(refs)}" if len(refs) <= _NAMED else f"without {len(refs):,} things that were named"]
