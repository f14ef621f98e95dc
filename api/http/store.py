"""The store that the service asks: opened when it is needed, and again when it was away."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from api.commands.opening import is_embedded, opened
from api.http.answers import Marked
from api.http.problems import UnavailableError
from api.settings import SQLITE, Settings
from graph.store.base import GraphStore
from graph.store.errors import StoreError

_ASK_AGAIN = 1.0
"""Seconds after which a store that could not be opened is tried again."""


class Lent:
    """A view of the store that is lent to one request, and can be interrupted while it is."""

    def __init__(self, view: GraphStore) -> None:
        self._lock = threading.Lock()
        self._view: GraphStore | None = view

    def interrupt(self) -> None:
        """Break off what is read, where the store can do that."""
        with self._lock:
            interrupt = getattr(self._view, "interrupt", None)
            if interrupt is not None:
                interrupt()

    def release(self) -> None:
        """Say that it is given back: whoever has it next is not to be interrupted."""
        with self._lock:
            self._view = None


class _Open:
    """An open store with the number of its readers; closed by the last of them where another has taken its place."""

    def __init__(self, store: GraphStore, mark: tuple[int, int] | None) -> None:
        self.store, self.mark = store, mark
        self.readers = 0
        self.replaced = False


class KeptStore:
    """The store of the settings, which may be away when the service starts, go away and come back."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._open: _Open | None = None
        self._failed: tuple[float, str] | None = None

    @contextmanager
    def reading(self) -> Iterator[tuple[GraphStore, Lent]]:
        """Lend a view that sees one version of the store.

        Raises:
            UnavailableError: it cannot be opened.
            StoreError: it fails while it is read.
        """
        held = self._take()
        try:
            with held.store.reading() as view:
                lent = Lent(view)
                try:
                    yield view, lent
                finally:
                    lent.release()
        finally:
            self._give(held)

    def close(self) -> None:
        """Close the store, at the latest when its last reader has ended."""
        with self._lock:
            self._drop()

    def _take(self) -> _Open:
        with self._opening:
            mark = self._mark()
            with self._lock:
                if self._open is not None and self._open.mark == mark:
                    self._open.readers += 1
                    return self._open
                # The file was removed or replaced: the one that is open is not what others write to.
                self._drop()
            made = _Open(self._opened(), mark)
            with self._lock:
                self._open = made
                made.readers += 1
            return made

    def _opened(self) -> GraphStore:
        now = time.monotonic()
        if self._failed is not None and now - self._failed[0] < _ASK_AGAIN:
            raise UnavailableError(self._failed[1])
        try:
            store = opened(self._settings)
        except (StoreError, OSError) as error:
            self._failed = (time.monotonic(), str(error))
            raise UnavailableError(str(error)) from error
        self._failed = None
        return store

    def _mark(self) -> tuple[int, int] | None:
        """Return which file an embedded store is; None for a server.

        Raises:
            UnavailableError: there is none.
        """
        if not is_embedded(self._settings.store):
            return None
        try:
            found = Path(self._settings.store.removeprefix(SQLITE)).stat()
        except OSError as error:
            raise UnavailableError(f"The store's file cannot be reached: {error}") from error
        return found.st_dev, found.st_ino

    def _give(self, held: _Open) -> None:
        with self._lock:
            held.readers -= 1
            if held.replaced and not held.readers:
                held.store.close()

    def _drop(self) -> None:
        if self._open is not None:
            self._open.replaced = True
            if not self._open.readers:
                self._open.store.close()
            self._open = None


def viewing(request: Request) -> Iterator[GraphStore]:
    """Lend the request a view of the store, which ends when the client leaves or it takes too long."""
    kept: KeptStore = request.app.state.store
    running = request.scope.get("tidewaiter.running")
    if running is not None:
        running.set(kept)
    with kept.reading() as (view, lent):
        if running is not None:
            running.set(lent)
        yield view


View = Annotated[GraphStore, Depends(viewing)]


def _tagged(view: View, marks: Marked) -> GraphStore:
    published = view.published()
    marks.rest_on(view.version(), published.id if published is not None else "none")
    return view


TaggedView = Annotated[GraphStore, Depends(_tagged)]
"""A view whose answer is marked with store version and published set, and not read where the client has it."""
