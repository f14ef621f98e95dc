"""The published model and the network behind it, kept ready in memory by the service.

Reading a network and finding what follows from it takes from seconds to minutes; scoring what arrives then takes a
fraction of a second. So it is done beside the requests, in one thread at a time, when the service starts, after each of
its jobs, and whenever a request finds that another set is published or the store has changed. Until the first is ready
there is nothing to answer with; later, the old one answers while its successor is made (both are in memory then).
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import FastAPI

from api.http.problems import LOG, Problem, of_store
from api.http.store import KeptStore, Lent
from api.settings import Settings
from graph.records import Ref
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from targeting import TargetingError

if TYPE_CHECKING:
    from api.evidence import FindPaths
    from graph.linked_risk import LinkedRisk
    from targeting.arrivals import Warm

TRY_AGAIN = 10.0
"""Seconds after which making it is tried again where it failed."""

_ASK_AGAIN = 5
"""Seconds after which a client may ask again while it is being made."""
_LONGEST_END = 10.0
"""Seconds that the service waits at its end for what is being made."""

NOTHING_SCORED = "Nothing is scored yet: have a model trained and the shipments scored first."
_UNUSABLE = (
    "The model of the published scores cannot be used, and why is in the log: have a model trained and the shipments "
    "scored again."
)
_FAILED = "The network could not be made ready; why is in the log, and it is tried again with a later request."
_MAKING = "The service is still reading the network and the model of the published scores: ask again in a while."


class Mark(NamedTuple):
    """What a network is of: the published set and the version of the store."""

    published: str
    version: int


class _Failure(NamedTuple):
    mark: Mark
    at: float
    problem: Problem


class _EndedError(Exception):
    """The service ends."""


class WarmNetwork:
    """What scores arrivals, made beside the requests and renewed when the published set or the store changes.

    Attributes:
        turn: held by the request that scores. Others wait for it without holding a thread of the service.
        using: held by whoever computes with the network, since one who does takes all cores. What is found at first
            use (risks and aggregates of earlier days) is kept in it.
    """

    def __init__(self, settings: Settings, store: KeptStore) -> None:
        """Make nothing before the start."""
        self._settings, self._store = settings, store
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._warm: Warm | None = None
        self._making = False
        self._failure: _Failure | None = None
        self._reading: Lent | None = None
        self._ending = False
        self.turn = asyncio.Lock()
        self.using = threading.Lock()

    def start(self) -> None:
        """Begin to make it where a set with scores is published, without waiting for it."""
        with self._lock:
            self._ending = False
        self.renew()

    def renew(self) -> None:
        """Begin to make it anew where another set is published or the store has changed, without waiting for it."""
        with self._lock:
            if not self._ending:
                self._run(self._first)

    def stop(self) -> None:
        """Break off what is being made."""
        with self._lock:
            self._ending = True
            if self._reading is not None:
                self._reading.interrupt()
            threads = list(self._threads)
        until = time.monotonic() + _LONGEST_END
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0.0))

    def ready(self) -> "Warm":
        """Return what scores arrivals, of the published set or, while that is made, of the one before.

        Raises:
            Problem: nothing is scored, it is still being made, or it cannot be made.
            StoreError: the store cannot be asked.
        """
        with self._store.reading() as (view, _):
            mark = _mark(view)
        if mark is None:
            raise Problem("not-ready", NOTHING_SCORED)
        with self._lock:
            self._want(mark)
            if self._warm is not None:
                return self._warm
            if self._failure is not None and not self._making:
                told = self._failure.problem
                raise Problem(told.kind, told.detail, headers=told.headers)
            raise Problem("warming", _MAKING, headers={"Retry-After": str(_ASK_AGAIN)})

    def of(self, view: GraphStore) -> "Warm | None":
        """Return what is ready if it is exactly of what a view shows, else None; then it is made."""
        mark = _mark(view)
        if mark is None:
            return None
        with self._lock:
            self._want(mark)
            return self._warm if self._warm is not None and _of(self._warm) == mark else None

    def _first(self) -> None:
        with suppress(StoreError, OSError), self._store.reading() as (view, _):
            mark = _mark(view)
            if mark is not None:
                with self._lock:
                    self._want(mark)

    def _want(self, mark: Mark) -> None:
        """Have it made unless it is there, is being made, or has just failed; the lock is held."""
        if self._ending or self._making or (self._warm is not None and _of(self._warm) == mark):
            return
        failed = self._failure
        if failed is not None and failed.mark == mark and time.monotonic() - failed.at < TRY_AGAIN:
            return
        self._making = True
        self._run(lambda: self._make(mark))

    def _run(self, target: Callable[[], None]) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        # A computation cannot be ended from outside; as a daemon it does not keep the process from ending.
        thread = threading.Thread(target=target, name="warm", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _make(self, mark: Mark) -> None:
        made: Warm | None = None
        problem: Problem | None = None
        try:
            made = self._made()
        except _EndedError:
            pass
        except TargetingError as error:
            # The sentence names folders of this machine.
            LOG.warning("The published model cannot be used: %s", error)
            problem = Problem("not-ready", _UNUSABLE)
        except (StoreError, OSError) as error:
            problem = of_store(error)
        except Exception as error:
            LOG.error("The network could not be made ready", exc_info=error)
            problem = Problem("warming", _FAILED, headers={"Retry-After": str(int(TRY_AGAIN))})
        with self._lock:
            self._making = False
            self._failure = None if problem is None else _Failure(mark, time.monotonic(), problem)
            if made is not None:
                self._warm = made

    def _made(self) -> "Warm":
        with self._store.reading() as (view, lent):
            published = view.published()
            if published is None or not published.model:
                raise TargetingError(NOTHING_SCORED)
            models = self._settings.models_folder
            if not (models / published.model).is_dir():
                # Said before the libraries are loaded, which takes seconds.
                raise TargetingError(f"There is no model {published.model} in {models}.")
            from graph.build import snapshot
            from targeting.arrivals import warmed
            from targeting.registry import load

            _, model = load(models, published.model)
            with self._lock:
                self._reading = lent
            try:
                self._go_on("reading the network")
                whole = snapshot(view)
            finally:
                with self._lock:
                    self._reading = None
        # The store is given back before the long part.
        return warmed(published, model, whole, self._go_on)

    def _go_on(self, doing: str) -> None:
        """Break off where the service ends."""
        if self._ending:
            raise _EndedError(doing)


def _mark(view: GraphStore) -> Mark | None:
    """Return what a view shows; None where no scores are published."""
    published = view.published()
    return None if published is None or not published.model else Mark(published.id, view.version())


def _of(warm: "Warm") -> Mark:
    return Mark(warm.published.id, warm.version)


def find_paths(app: FastAPI) -> "FindPaths":
    """Return what finds the paths behind a linked risk that the published set does not hold.

    They are found in the network that is ready where that is of what the request sees; elsewhere they are not found,
    since reading the whole network takes longer than a request may.
    """
    kept: WarmNetwork = app.state.warm

    def find(view: GraphStore, ref: Ref, as_of: date) -> dict[str, Any] | None:
        from targeting.paths import paths_of

        warm = kept.of(view)
        if warm is None or warm.published.as_of != as_of:
            return None
        with kept.using:
            return paths_of(warm.standing.snapshot, ref, as_of, _risks(warm))

    return find


def _risks(warm: "Warm") -> "Callable[[int], LinkedRisk]":
    """Return what gives the linked risk at a cutoff: those that were found already are kept."""
    cutoffs = warm.standing.cutoffs.tolist()
    return lambda day: warm.standing.risk(cutoffs.index(day))
