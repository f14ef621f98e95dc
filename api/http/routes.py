"""How the nouns declare their routes: common answers documented, and no query parameter that nobody reads."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant

from api.http.answers import PlainJson
from api.http.problems import KINDS, MEDIA_TYPE, Fault, Problem

_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_EVERYWHERE = ("malformed", "too-large", "other-host", "invalid", "crash", "unavailable", "too-long")
_CHANGES = ("other-site",)


def answers(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the problems that a route may answer beside those that all have."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status, title = KINDS[kind]
        said = found.get(status, {}).get("description")
        found[status] = {
            "description": f"{said}; or: {title}" if said else title,
            "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
        }
    return found


UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "The client has the answer already"}}
"""The further answer of a route whose answers are marked."""


def noun(name: str, prefix: str = "/v1") -> APIRouter:
    """Return a router for the routes of one noun."""
    return APIRouter(
        prefix=prefix,
        tags=[name],
        default_response_class=PlainJson,
        dependencies=[Depends(_only_known_parameters)],
        responses=answers(*_EVERYWHERE, *_CHANGES),
    )


def _only_known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not read, or reads once and finds twice."""
    known = set(_parameters(request.scope["route"].dependant))
    given = [name for name, _ in request.query_params.multi_items()]
    faults: Sequence[Fault] = [
        Fault(where=f"query.{name}"[:200], what="there is no such parameter" if name not in known else "give it once")
        for name in sorted(set(given))
        if name not in known or given.count(name) > 1
    ]
    if faults:
        raise Problem("invalid", f"{faults[0].where}: {faults[0].what}.", errors=faults)


def _parameters(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for below in dependant.dependencies:
        yield from _parameters(below)
