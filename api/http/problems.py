"""What goes wrong over HTTP, in one table: every error is answered as problem+json (RFC 9457)."""

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.exports.errors import ExportError
from api.http.answers import PlainJson
from graph.store.errors import NotInSetError, StoreError
from ingest.errors import InputError
from targeting import TargetingError

MEDIA_TYPE = "application/problem+json"
LOG = logging.getLogger("tidewaiter.service")


class Kind(NamedTuple):
    """A kind of problem: the status that it is answered with, and what it is called."""

    status: int
    title: str


KINDS: Mapping[str, Kind] = {
    "malformed": Kind(400, "The request cannot be read"),
    "other-site": Kind(403, "A page of another site asked for a change"),
    "not-found": Kind(404, "There is no such thing"),
    "method": Kind(405, "The address does not answer this method"),
    "ambiguous": Kind(409, "More than one thing is meant"),
    "not-ready": Kind(409, "Something has to be done first"),
    "expired": Kind(410, "The time to use this is over"),
    "too-large": Kind(413, "The request is too large"),
    "other-host": Kind(421, "The service is not known by this name"),
    "invalid": Kind(422, "The request cannot be meant so"),
    "crash": Kind(500, "The service made a mistake"),
    "unavailable": Kind(503, "The store cannot be asked now"),
    "warming": Kind(503, "The network is being made ready"),
    "too-long": Kind(503, "The answer took too long"),
}
_UNAVAILABLE = "The store does not answer; the service asks again by itself: repeat the request in a while."
_LONGEST = 200
"""Characters of a name that is wrong, where it is repeated."""
_CRASH = "Something went wrong that should not; its cause is in the log of the service."


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    where: str
    what: str


class ProblemDetails(BaseModel):
    """A problem: `type` names its kind, `detail` says what happened and what to do."""

    model_config = ConfigDict(extra="forbid", title="Problem")

    type: str
    title: str
    status: int
    detail: str
    candidates: list[str] | None = None
    """What could be meant, where a name means more than one thing."""
    errors: list[Fault] | None = None
    """What is wrong with the request, part by part."""


class Problem(Exception):  # noqa: N818 - the standard calls it so
    """A request that is answered with a problem of one of `KINDS`."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        candidates: Sequence[str] = (),
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.candidates = candidates
        self.errors = errors
        self.headers = dict(headers or {})

    def answer(self) -> PlainJson:
        """Return the answer that says so."""
        status, title = KINDS[self.kind]
        said = ProblemDetails(
            type=f"urn:tidewaiter:problem:{self.kind}",
            title=title,
            status=status,
            detail=self.detail,
            candidates=list(self.candidates) or None,
            errors=list(self.errors) or None,
        )
        return PlainJson(said.model_dump(exclude_none=True), status, headers=self.headers, media_type=MEDIA_TYPE)


class UnavailableError(StoreError):
    """The store cannot be opened; why is for the log, because it names files and servers."""


@contextmanager
def asking() -> Iterator[None]:
    """Check a question before the store is asked: what is refused here is the mistake of whoever asks.

    Raises:
        Problem: `invalid`, with the sentence of the error.
    """
    try:
        yield
    except (StoreError, TargetingError, InputError, ValueError) as error:
        raise Problem("invalid", str(error)) from error


def crashed(error: BaseException) -> Problem:
    """Return the problem for a fault of the program, and write the fault to the log."""
    LOG.error("A request failed", exc_info=error)
    return Problem("crash", _CRASH)


def of_store(error: Exception) -> Problem:
    """Return the problem for a store that fails while it is read.

    What a driver or the operating system said names files and servers, and is for the log alone.
    """
    LOG.warning("The store failed: %s", error)
    hidden = isinstance(error, UnavailableError) or not isinstance(error, StoreError) or error.__cause__ is not None
    return Problem("unavailable", _UNAVAILABLE if hidden else str(error), headers={"Retry-After": "5"})


def of_system(error: OSError) -> Problem:
    """Return the problem for what the operating system refuses: a full disk, a folder that may not be written."""
    LOG.warning("The operating system refused: %s", error)
    return Problem("unavailable", f"The machine cannot do this now ({error.strerror or 'no reason given'}).")


def _of_http(request: Request, error: HTTPException) -> Problem:
    """Return the problem for what the framework refuses."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Problem("not-found", "Nothing has this address; /docs lists what there is.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = sorted(_methods(request))
        return Problem("method", f"Use {' or '.join(allowed)} here.", headers={"Allow": ", ".join(allowed)})
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Problem("too-large", "Send less at once.")
    return Problem("malformed", "The body cannot be read: send valid JSON in UTF-8, or the file as it is.")


def _methods(request: Request) -> set[str]:
    """Return all methods of the address, whose routes are one each."""
    found: set[str] = set()
    for route in request.app.router.routes:
        match, _ = route.matches({**request.scope, "method": request.method})
        if match is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return found


def _of_validation(error: RequestValidationError) -> Problem:
    """Return the problem for a request with wrong parts; the parts themselves are not repeated."""
    faults = [
        Fault(where=".".join(map(str, fault["loc"]))[:_LONGEST], what=str(fault["msg"]).removeprefix("Value error, "))
        for fault in error.errors()
    ]
    return Problem("invalid", f"{faults[0].where}: {faults[0].what}.", errors=faults)


def add_handlers(app: FastAPI) -> None:
    """Have every error of an application answered as a problem."""

    async def problem(request: Request, error: Any) -> PlainJson:
        return error.answer()  # type: ignore[no-any-return]

    async def http(request: Request, error: Any) -> PlainJson:
        return _of_http(request, error).answer()

    async def validation(request: Request, error: Any) -> PlainJson:
        return _of_validation(error).answer()

    async def store(request: Request, error: Any) -> PlainJson:
        return of_store(error).answer()

    async def system(request: Request, error: Any) -> PlainJson:
        return of_system(error).answer()

    async def targeting(request: Request, error: Any) -> PlainJson:
        return Problem("not-ready", str(error)).answer()

    async def invalid(request: Request, error: Any) -> PlainJson:
        return Problem("invalid", str(error)).answer()

    for kind, handler in (
        (Problem, problem),
        (HTTPException, http),
        (RequestValidationError, validation),
        (NotInSetError, invalid),
        (StoreError, store),
        (sqlite3.Error, store),
        (OSError, system),
        (TargetingError, targeting),
        (InputError, invalid),
        (ExportError, invalid),
    ):
        app.add_exception_handler(kind, handler)
