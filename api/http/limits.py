"""What one request may cost: bytes, depth and seconds; and nothing more once the client has left."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import LOG, Problem

MIB = 1024 * 1024
DEPTH = 64
"""How deeply a body may be nested: the parser of JSON would recurse as deeply."""

_INTERRUPT_AGAIN = 0.05
_TRIES = 10
"""How often a task is looked at before it is cancelled, so that one which is about to read the store does."""


class Limit(NamedTuple):
    """What one request may cost; `streamed` bodies are read by the endpoint piece by piece."""

    body: int = 10 * MIB
    seconds: float = 30.0
    streamed: bool = False


DEFAULT = Limit()
LIMITS: Sequence[tuple[str, re.Pattern[str], Limit]] = (
    ("GET", re.compile(r"/readyz"), Limit(body=0, seconds=5.0)),
    ("POST", re.compile(r"/v1/batches"), Limit(body=200 * MIB, seconds=900.0, streamed=True)),
    ("GET", re.compile(r"/v1/exports/stale"), Limit(body=0, seconds=300.0)),
    ("GET", re.compile(r"/v1/exports/[^/]+/package"), Limit(body=0, seconds=900.0)),
    ("GET", re.compile(r"/v1/jobs/[^/]+/events"), Limit(body=0, seconds=24 * 3600.0)),
)
"""Routes with limits of their own: method, address, limit."""


def limit_of(method: str, path: str, limits: Sequence[tuple[str, re.Pattern[str], Limit]] = LIMITS) -> Limit:
    """Return the limit of a request."""
    return next((limit for of, match, limit in limits if of == method and match.fullmatch(path)), DEFAULT)


class Running:
    """What a request is doing: `interrupt` breaks off what it reads; the dependency that lends the store sets it."""

    def __init__(self) -> None:
        self._interrupt: object = None

    def set(self, interruptible: object) -> None:
        """Name what is to be interrupted."""
        self._interrupt = interruptible

    @property
    def reads(self) -> bool:
        """Whether it reads the store, or is about to."""
        return self._interrupt is not None

    def interrupt(self) -> None:
        """Break off what is being read, if anything is."""
        interrupt = getattr(self._interrupt, "interrupt", None)
        if interrupt is not None:
            interrupt()


class Limits:
    """Refuses what is too large or too deep, and ends what takes too long or has nobody waiting any more."""

    def __init__(self, app: ASGIApp, limits: Sequence[tuple[str, re.Pattern[str], Limit]] = LIMITS) -> None:
        self._app = app
        self._limits = limits
        self._ending: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within its limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_of(scope["method"], scope["path"], self._limits)
        request = _Request(self._app, scope, receive, send, limit)
        try:
            await request.run()
        finally:
            if request.task is not None and not request.task.done():
                # The thread that reads cannot be ended, only what it reads; nobody waits for that.
                ending = asyncio.create_task(_end(request.task, request.running))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)


async def _end(task: "asyncio.Task[None]", running: Running) -> None:
    """End a task; what it reads is broken off, and again where it goes on to read something else.

    A task that reads the store is not cancelled: it would give back a view that its thread still reads.
    """
    tries = 0
    while not task.done():
        running.interrupt()
        if tries == _TRIES and not running.reads:
            task.cancel()
        tries += 1
        await asyncio.wait([task], timeout=_INTERRUPT_AGAIN)
    with suppress(asyncio.CancelledError):
        error = task.exception()
        if error is not None:
            LOG.info("A request that was ended failed: %s", type(error).__name__)


class _Request:
    """One request within its limit."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, limit: Limit) -> None:
        self._app, self._scope, self._receive, self._send, self._limit = app, scope, receive, send, limit
        self._started = self._closed = False
        self._read = 0
        self._gone = asyncio.Event()
        self._all_read = asyncio.Event()
        self._whole: bytes | None = None
        self.running = Running()
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Answer it."""
        try:
            async with asyncio.timeout(self._limit.seconds):
                self._declared()
                if not self._limit.streamed:
                    await self._buffer()
                if not self._gone.is_set():
                    await self._answer()
        except Problem as problem:
            await self._refuse(problem)
        except TimeoutError:
            await self._refuse(
                Problem("too-long", f"It took more than {self._limit.seconds:g} s: ask for less, or try again later.")
            )

    async def _refuse(self, problem: Problem) -> None:
        self._closed = True
        if not self._started and not self._gone.is_set():
            await problem.answer()(self._scope, self._receive, self._send)

    def _declared(self) -> None:
        """Refuse a body that says itself that it is too large."""
        declared = Headers(scope=self._scope).get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared[:20]) > self._limit.body:
            raise self._too_large()

    def _too_large(self) -> Problem:
        # What is left of the body is not read, so the connection cannot be used again.
        return Problem(
            "too-large",
            f"A body may have {self._limit.body:,} bytes here: send less at once.",
            headers={"Connection": "close"},
        )

    async def _next(self) -> Message:
        """Return the next message of the client, counted."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone.set()
            self._all_read.set()
            return message
        self._read += len(message.get("body", b""))
        if self._read > self._limit.body:
            raise self._too_large()
        if not message.get("more_body", False):
            self._all_read.set()
        return message

    async def _buffer(self) -> None:
        """Read the whole body, and look how deeply it is nested before anything parses it."""
        pieces = []
        while not self._all_read.is_set():
            message = await self._next()
            pieces.append(message.get("body", b""))
        self._whole = b"".join(pieces)
        if depth(self._whole) > DEPTH:
            raise Problem("too-large", f"A body may be nested {DEPTH} deep: send it flatter.")

    async def _answer(self) -> None:
        """Run the application until it has answered or the client has left."""
        self._scope["tidewaiter.running"] = self.running
        self.task = asyncio.create_task(self._ask())
        leaving = asyncio.create_task(self._watch())
        try:
            await asyncio.wait([self.task, leaving], return_when=asyncio.FIRST_COMPLETED)
            if self.task.done():
                self.task.result()
            else:
                self._closed = True
        finally:
            leaving.cancel()

    async def _ask(self) -> None:
        await self._app(self._scope, self._lend, self._pass_on)

    async def _watch(self) -> None:
        """Wait until the client has left."""
        await self._all_read.wait()
        while not self._gone.is_set():
            if (await self._receive())["type"] == "http.disconnect":
                self._gone.set()

    async def _lend(self) -> Message:
        """Give the application what the client sends."""
        if self._whole is not None:
            body, self._whole = self._whole, None
            return {"type": "http.request", "body": body, "more_body": False}
        if self._all_read.is_set():
            # Only the watch reads now.
            await self._gone.wait()
            return {"type": "http.disconnect"}
        return await self._next()

    async def _pass_on(self, message: Message) -> None:
        """Give the client what the application answers, unless it was answered already."""
        if self._closed:
            return
        self._started = True
        await self._send(message)


_MARKS = re.compile(rb'["\[\]{}\\]')


def depth(body: bytes) -> int:
    """Return how deeply lists and objects are nested in a text of JSON; what stands in strings does not count."""
    deepest = now = 0
    quoted = False
    skip = -1
    for found in _MARKS.finditer(body):
        mark, at = found[0], found.start()
        if at == skip:
            continue
        if quoted:
            if mark == b"\\":
                skip = at + 1
            elif mark == b'"':
                quoted = False
        elif mark == b'"':
            quoted = True
        elif mark in b"[{":
            now += 1
            deepest = max(deepest, now)
            if deepest > DEPTH:
                return deepest
        elif mark in b"]}":
            now -= 1
    return deepest
