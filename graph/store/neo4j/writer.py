"""The only writer of a store: how it comes to be that, and how it writes.

Who holds a lock is the only one for as long as the transaction that took it lives. A server or whatever stands before
it may end that without the writer noticing, so the writer also leaves its mark in the store, and each of its
transactions first sees whether the mark is still its own. Whoever takes over puts another there: what the first writer
does afterwards is refused as a whole.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Concatenate, ParamSpec, TypeVar

from neo4j import Driver, ManagedTransaction, Session, unit_of_work
from neo4j.api import BookmarkManager
from neo4j.exceptions import Neo4jError

from graph.store.errors import StoreError
from graph.store.neo4j.layout import LOCK, STORE

WAIT = 60.0
"""Seconds that a second writer waits for the first."""

SECONDS = 600
"""A read that takes longer is ended by the server."""

AGAIN = 2.0
"""Seconds within which a read that fails is tried again: whoever opens or reads is told soon that the server is away,
while a load outlasts the election of another leader."""

ROWS = 5_000
"""Rows that one transaction reads or writes."""

_TAKE = f"MATCH (l:{LOCK} {{id: $id}}) SET l.holder = $mark"


class BusyError(StoreError):
    """Another process is writing."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("Another process is writing to the store; try again when it has finished.")


_MARK = f"MATCH (s:{STORE} {{id: 1}}) SET s.writer = $mark"
# Setting what is there already keeps others from putting their mark until this transaction has ended.
_MINE = f"MATCH (s:{STORE} {{id: 1}}) WHERE s.writer = $mark SET s.writer = $mark RETURN true"

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


def read(
    session: Session,
    work: Callable[[ManagedTransaction], Found],
    metadata: dict[str, Any] | None = None,
) -> Found:
    """Read within the time that the server gives, and let it know the transaction by its metadata."""
    return session.execute_read(unit_of_work(metadata, SECONDS)(work))


def pieces_of(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield rows in pieces for one transaction each."""
    listed = iter(rows)
    while piece := list(islice(listed, ROWS)):
        yield piece


class Writer:
    """The only writer of a store, within `alone`."""

    def __init__(self, session: Session, mark: str) -> None:
        """Write in a session; `mark` is what stands in the store."""
        self._session, self._mark = session, mark

    def read(
        self, work: Callable[Concatenate[ManagedTransaction, Asked], Found], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Found:
        """Read within the time that the server gives."""
        return read(self._session, lambda tx: work(tx, *args, **kwargs))

    def found(self, text: str, rows: list[Any]) -> list[dict[str, Any]]:
        """Return what a statement finds for rows, of which there may be as many as one transaction takes."""
        return self.read(lambda tx: [dict(row) for row in tx.run(text, rows=rows)])

    def change(self, text: str, **values: Any) -> int:
        """Run a statement in a transaction of its own; return how many nodes and links it deleted.

        Raises StoreError where another writer has taken over.
        """

        def work(tx: ManagedTransaction) -> int:
            if tx.run(_MINE, mark=self._mark).single() is None:
                raise StoreError(
                    "Another process has begun to write to the store, since the connection that kept it from that was"
                    " lost; repeat the command."
                )
            counters = tx.run(text, **values).consume().counters
            return counters.nodes_deleted + counters.relationships_deleted

        return self._session.execute_write(work)

    def write(self, text: str, rows: Iterable[Any]) -> None:
        """Run a statement over rows, in bounded transactions."""
        for piece in pieces_of(rows):
            self.change(text, rows=piece)

    def clear(self, text: str, limit: int = ROWS, **values: Any) -> None:
        """Delete the nodes or links `n` that a pattern finds, in bounded transactions."""
        while self.change(f"{text} WITH n LIMIT $limit DETACH DELETE n", limit=limit, **values):
            pass


@contextmanager
def alone(
    driver: Driver, database: str, wait: float | None = None, bookmarks: BookmarkManager | None = None
) -> Iterator[Writer]:
    """Be the only writer.

    Raises BusyError where others do not finish within some `wait` seconds, by default `WAIT`.
    """
    deadline = time.monotonic() + (WAIT if wait is None else wait)
    mark = uuid.uuid4().hex
    with (
        driver.session(database=database) as keeping,
        driver.session(database=database) as queueing,
        driver.session(database=database, bookmark_manager=bookmarks) as session,
    ):
        with _in_time(), queueing.begin_transaction(timeout=_left(deadline) + 10) as first:
            # Only the first of those that wait tries for the lock itself, so that nobody takes it between the trial,
            # which ends in time, and the transaction that keeps it, which must not.
            first.run(_TAKE, id=2, mark=mark).consume()
            with keeping.begin_transaction(timeout=_left(deadline)) as trying:
                trying.run(_TAKE, id=1, mark=mark).consume()
            holding = keeping.begin_transaction()
            holding.run(_TAKE, id=1, mark=mark).consume()
        try:
            session.execute_write(lambda tx: tx.run(_MARK, mark=mark).consume())
            yield Writer(session, mark)
        finally:
            holding.close()


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())


@contextmanager
def _in_time() -> Iterator[None]:
    """Say that others are writing where the wait for a lock ends with the time of its transaction."""
    try:
        yield
    except Neo4jError as error:
        # It has one of several names.
        if ".Transaction." in (error.code or ""):
            raise BusyError from error
        raise
