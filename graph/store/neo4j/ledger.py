"""The ledger of batches, the store's version, and who may write."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from neo4j import Driver, ManagedTransaction, Transaction
from neo4j.exceptions import Neo4jError

from graph.store.base import Batch, StoreError
from graph.store.neo4j.layout import BATCH, CHUNK, KEPT, LOCK, REMOVED, STORE

WAIT = 60.0
"""Seconds that a second writer waits for the first."""

_TEXTS = ("id", "content_hash", "source", "mapping", "mapping_version", "name")
_COUNTS = ("rows_in", "rows_loaded", "rows_quarantined", "rows_duplicate")


class Entry(NamedTuple):
    """A batch, and the name that its pieces were written under."""

    batch: Batch
    load: str


class Ledger(NamedTuple):
    """The committed batches, oldest first, at one version; `folded` is the version that the network shows."""

    version: int
    folded: int
    entries: tuple[Entry, ...]


def first_number(batch: Batch) -> int:
    """Return the number of the first piece of a load: pieces are numbered in the order of the loads."""
    return batch.version << 32


def read(tx: ManagedTransaction | Transaction) -> Ledger:
    """Return the ledger."""
    row = tx.run(
        f"MATCH (s:{STORE}) OPTIONAL MATCH (b:{BATCH}) WITH s, b ORDER BY b.version "
        "RETURN s.version AS version, s.folded AS folded, collect(properties(b)) AS batches"
    ).single(strict=True)
    entries = tuple(Entry(_batch(found), found["load"]) for found in row["batches"])
    return Ledger(row["version"], row["folded"], entries)


def _batch(found: dict[str, Any]) -> Batch:
    loaded_at = datetime.fromisoformat(found["loaded_at"]) if found.get("loaded_at") else None
    texts = {name: found[name] for name in (*_TEXTS, *_COUNTS)}
    return Batch(**texts, loaded_at=loaded_at, version=found["version"])


def enter(tx: ManagedTransaction, batch: Batch, load: str) -> None:
    """Commit a batch: its pieces are part of the store from now on. Doing it twice changes nothing more."""
    tx.run(
        f"MATCH (s:{STORE}) SET s.version = $version MERGE (b:{BATCH} {{id: $values.id}}) SET b += $values",
        version=batch.version,
        values=properties(batch, load),
    ).consume()


def properties(batch: Batch, load: str) -> dict[str, Any]:
    """Return the properties of the row of a batch, whose pieces carry the name `load`."""
    values = {name: getattr(batch, name) for name in (*_TEXTS, *_COUNTS, "version")}
    return {**values, "load": load, "loaded_at": batch.loaded_at.isoformat() if batch.loaded_at else None}


def strike(tx: ManagedTransaction, batch_id: str, version: int) -> None:
    """Remove a batch from the ledger. Doing it twice changes nothing more."""
    tx.run(
        f"MATCH (s:{STORE}) SET s.version = $version WITH s MATCH (b:{BATCH} {{id: $id}}) "
        f"MERGE (r:{REMOVED} {{load: b.load}}) SET r.at = timestamp(), r.version = $version DELETE b",
        version=version,
        id=batch_id,
    ).consume()


def struck(tx: ManagedTransaction | Transaction, since: int) -> list[str]:
    """Return the loads that were removed after a version and are still kept, oldest first."""
    return tx.run(f"MATCH (r:{REMOVED}) WHERE r.version > $since RETURN r.load ORDER BY r.version", since=since).value()


def sweep(driver: Driver, database: str) -> None:
    """Delete the pieces of loads that were never committed, or were removed long enough ago. For the only writer."""
    with driver.session(database=database) as session:
        session.run(
            f"MATCH (s:{STORE}) MATCH (r:{REMOVED}) WHERE r.version <= s.folded AND r.at < timestamp() - 1000 * $kept "
            "DELETE r",
            kept=KEPT,
        ).consume()
        loads = session.execute_read(held)
        session.run(
            f"MATCH (c:{CHUNK}) WHERE NOT c.load IN $loads CALL (c) {{ DELETE c }} IN TRANSACTIONS OF 100 ROWS",
            loads=loads,
        ).consume()


def held(tx: ManagedTransaction | Transaction) -> list[str]:
    """Return the loads whose pieces are there."""
    return tx.run(f"MATCH (n:{BATCH}|{REMOVED}) RETURN n.load").value()


@contextmanager
def alone(driver: Driver, database: str, wait: float | None = None) -> Iterator[None]:
    """Be the only writer: a transaction that is kept open holds a lock, which ends with its connection at the latest.

    Raises StoreError where another writer does not finish within `wait` seconds, by default `WAIT`.
    """
    take = f"MATCH (l:{LOCK} {{id: 1}}) SET l.holder = $holder"
    holder = uuid.uuid4().hex
    with driver.session(database=database) as session:
        try:
            with session.begin_transaction(timeout=WAIT if wait is None else wait) as trying:
                trying.run(take, holder=holder).consume()
        except Neo4jError as error:
            # The wait for a lock ends with the time of its transaction, under one of several names.
            if ".Transaction." in (error.code or ""):
                raise StoreError("Another process is writing to the store; try again when it has finished.") from error
            raise
        holding = session.begin_transaction()
        try:
            holding.run(take, holder=holder).consume()
            yield
        finally:
            holding.close()
