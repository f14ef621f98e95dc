"""Long lists in pages: a cursor names the last row of a page, so that what is added before it moves nothing."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import Field

from api.http.answers import Answer
from api.http.problems import Fault, Problem
from graph.store.results import PublishedSet

Row = TypeVar("Row")

MOST = 1_000
"""Rows that a page may have."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many rows a page has at most.")]
After = Annotated[
    str | None, Query(max_length=4_096, description="Where to go on: `next` of the page before, as it was given.")
]


class Page(Answer, Generic[Row]):
    """A page of a list."""

    items: list[Row]
    total: int = Field(ge=0, description="How many rows the list has in all.")
    next: str | None = Field(description="What `after` of the next page is; null where this is the last.")


def cursor(*key: Any) -> str:
    """Return a cursor that stands behind the row with this key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def position(after: str | None, *kinds: type | tuple[type, ...]) -> tuple[Any, ...] | None:
    """Return the key that a cursor holds, whose parts are of these kinds; None where there is no cursor.

    Raises:
        Problem: it is no cursor of this list.
    """
    if after is None:
        return None
    try:
        if not after.isascii():
            raise ValueError
        key = json.loads(base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True))
        fits = isinstance(key, list) and len(key) == len(kinds) and all(map(_is, key, kinds))
    except (ValueError, binascii.Error, RecursionError):
        fits = False
    if not fits or cursor(*key) != after:
        fault = Fault(where="query.after", what="this is no cursor of this list; use `next` of the page before")
        raise Problem("invalid", f"{fault.where}: {fault.what}.", errors=[fault])
    return tuple(key)


def going_on(published: PublishedSet, after: str | None, parts: int) -> list[str] | None:
    """Return the key of the row of a published set that a cursor stands behind, which names the set before it.

    Raises:
        Problem: it is no cursor of this list, or one of a set that has been replaced.
    """
    last = position(after, *[str] * (1 + parts))
    if last is None:
        return None
    if last[0] != published.id:
        raise Problem("not-ready", "Another set has been published since the page before: begin again without `after`.")
    return list(last[1:])


def _is(part: Any, kind: Any) -> bool:
    """Tell whether a part is of a kind and can be compared: JSON lets NaN and lone surrogates pass."""
    if isinstance(part, bool) or (isinstance(part, float) and part != part):
        return kind is bool and isinstance(part, bool)
    if isinstance(part, str) and any("\ud800" <= character <= "\udfff" for character in part):
        return False
    return isinstance(part, kind)


def cut(rows: Iterable[Row], limit: int) -> tuple[list[Row], bool]:
    """Return the first rows, and whether there are more."""
    following: Iterator[Row] = iter(rows)
    return list(islice(following, limit)), next(following, None) is not None
