"""Questions about what lies around things and between them, from plain data as a request says it or a job keeps it.

Things are named by complete references there, `trader:kr/Q12`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from graph.paths import PathQuery
from graph.records import LinkRef, Ref
from graph.store.neighbourhood import Expansion, Order


def expansion(told: Mapping[str, Any]) -> Expansion:
    """Return what is asked about the surroundings of things. Raises ValueError where a reference is none."""
    return Expansion(
        refs(told["starts"]),
        told["links"],
        told["direction"],
        told["ends"],
        _day(told["since"]),
        _day(told["until"]),
        Order(told["order"]),
        told["limit"],
        refs(told["exclude"]),
    )


def path_query(told: Mapping[str, Any]) -> PathQuery:
    """Return what is asked about the paths between things. Raises ValueError where a reference is none."""
    return PathQuery(
        refs(told["sources"]),
        refs(told["targets"]),
        told["limit"],
        told["hops"],
        told["links"],
        refs(told["exclude"]),
        [LinkRef(Ref.read(one["start"]), one["link"], Ref.read(one["end"])) for one in told.get("exclude_links", ())],
        told["through_hubs"],
    )


def refs(texts: Iterable[str]) -> list[Ref]:
    """Return the things that complete references name. Raises ValueError where one is of another form."""
    return [Ref.read(text) for text in texts]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
