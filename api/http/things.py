"""How a request names a thing: by the query parameter `id`, never within the path.

Keys hold slashes, question marks, colons and dots as their sources gave them (`kr/2024/17`, `../x`). In a path, proxies
and clients would merge, decode or resolve these before anybody sees them, and another thing would be shown than was
asked for; a query parameter arrives as it was sent.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import Query
from pydantic import StringConstraints

from api.http.problems import Problem
from graph.records import Ref
from graph.store.base import GraphStore

_CANDIDATES = 20

ThingText = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
"""A thing in the body of a request, named as in `id`."""

ThingId = Annotated[
    str,
    Query(
        min_length=1,
        max_length=2_000,
        description="The complete key (`native/D1/1`), also with its type (`trader:native/I1`), or the bare id where "
        "it is unique.",
    ),
]


def meant(view: GraphStore, text: str, *, shipment: bool | None = None) -> Ref:
    """Return the one thing that an identifier means.

    Args:
        view: where to look.
        text: the identifier.
        shipment: only shipments, or anything but shipments; None for all.

    Raises:
        Problem: it means none, or more than one, which are listed.
    """
    found = [
        ref
        for ref in view.resolve(text, limit=_CANDIDATES * 5)
        if shipment is None or (ref.type == "Shipment") is shipment
    ]
    if not found:
        raise Problem(
            "not-found",
            "Nothing is known by this id: give it as it was declared, complete (source/id) or with its type.",
        )
    if len(found) > 1:
        candidates = [str(ref) for ref in found[:_CANDIDATES]]
        raise Problem(
            "ambiguous", "The id means more than one thing: name one of the candidates.", candidates=candidates
        )
    return found[0]


def all_meant(view: GraphStore, texts: Iterable[str]) -> list[Ref]:
    """Return the things that identifiers mean. Raises Problem where one means none, or more than one."""
    return [meant(view, text) for text in texts]


def completed(view: GraphStore, told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return what a request says with complete references in these lists of things.

    Raises:
        Problem: an identifier means none, or more than one.
    """
    return {**told, **{name: [str(ref) for ref in all_meant(view, told[name])] for name in names}}
