"""Breaking off what a view reads, though only the server can end what it has begun."""

import threading
import uuid
from typing import Any

from neo4j import Driver
from neo4j.exceptions import DriverError, Neo4jError

from graph.store.errors import StoreError

_END = (
    "SHOW TRANSACTIONS YIELD transactionId, metaData WHERE metaData.tidewaiterView = $mark "
    "TERMINATE TRANSACTIONS transactionId YIELD message RETURN count(message)"
)


class Reads:
    """The reads of one view, which the server knows by a mark."""

    def __init__(self, driver: Driver, database: str) -> None:
        """Give the view a mark of its own."""
        self._driver, self._database = driver, database
        self._mark = uuid.uuid4().hex
        self._over = False
        self._ending: threading.Thread | None = None

    @property
    def metadata(self) -> dict[str, Any]:
        """Return what a transaction of the view is to bear; raise StoreError once it was interrupted."""
        if self._over:
            raise StoreError("The store is not read on: nobody waits for the answer any more.")
        return {"tidewaiterView": self._mark}

    def interrupt(self) -> None:
        """Let the view begin nothing more, and ask the server to end what it has begun; returns at once."""
        self._over = True
        if self._ending is None or not self._ending.is_alive():
            self._ending = threading.Thread(target=self._end, daemon=True)
            self._ending.start()

    def _end(self) -> None:
        try:
            with self._driver.session(database=self._database) as session:
                session.run(_END, mark=self._mark).consume()
        except (Neo4jError, DriverError):
            # The server has gone away, and with it what it did; or it ends it after its own limit of seconds.
            pass
