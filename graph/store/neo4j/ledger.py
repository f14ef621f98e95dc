"""The ledger of batches, and the store's version."""

from datetime import datetime
from typing import Any, NamedTuple

from neo4j import ManagedTransaction, Transaction

from graph.store.batches import Batch, unknown_batch
from graph.store.errors import StoreError
from graph.store.neo4j.layout import BATCH, CHUNK, KEPT, REMOVED, STORE
from graph.store.neo4j.writer import Writer

_TEXTS = ("id", "content_hash", "source", "mapping", "mapping_version", "name")
_TRIES = 20
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

    def entry(self, batch_id: str) -> Entry:
        """Return the entry of a batch. Raises StoreError where there is none."""
        for entry in self.entries:
            if entry.batch.id == batch_id:
                return entry
        raise unknown_batch(batch_id)

    def find(self, content_hash: str, source: str, mapping: str, mapping_version: str) -> Batch | None:
        """Return the batch of this very content, or None."""
        content = content_hash, source, mapping, mapping_version
        for batch, _ in self.entries:
            if (batch.content_hash, batch.source, batch.mapping, batch.mapping_version) == content:
                return batch
        return None


def first_number(batch: Batch) -> int:
    """Return the number of the first piece of a load: pieces are numbered in the order of the loads."""
    return batch.version << 32


def read(tx: ManagedTransaction | Transaction) -> Ledger:
    """Return the ledger, all of one version: what another transaction commits meanwhile can be seen in part."""
    for _ in range(_TRIES):
        row = tx.run(
            f"MATCH (s:{STORE}) OPTIONAL MATCH (b:{BATCH}) WITH s, b ORDER BY b.version "
            "RETURN s.version AS version, s.folded AS folded, collect(properties(b)) AS batches"
        ).single(strict=True)
        # A batch that was removed after it was found has no properties.
        if versions(tx) == (row["version"], row["folded"]) and all(row["batches"]):
            entries = tuple(Entry(_batch(found), found["load"]) for found in row["batches"])
            return Ledger(row["version"], row["folded"], entries)
    raise StoreError("The store is changed too often to be read; repeat the command.")


def versions(tx: ManagedTransaction | Transaction) -> tuple[int, int]:
    """Return the version of the store, and the one that its network shows."""
    row = tx.run(f"MATCH (s:{STORE}) RETURN s.version AS version, s.folded AS folded").single(strict=True)
    return row["version"], row["folded"]


def _batch(found: dict[str, Any]) -> Batch:
    loaded_at = datetime.fromisoformat(found["loaded_at"]) if found.get("loaded_at") else None
    texts = {name: found[name] for name in (*_TEXTS, *_COUNTS)}
    return Batch(**texts, loaded_at=loaded_at, version=found["version"])


def enter(writer: Writer, batch: Batch, load: str) -> None:
    """Commit a batch: its pieces are part of the store from now on. Doing it twice changes nothing more."""
    writer.change(
        f"MATCH (s:{STORE}) SET s.version = $version MERGE (b:{BATCH} {{id: $values.id}}) SET b += $values",
        version=batch.version,
        values=properties(batch, load),
    )


def properties(batch: Batch, load: str) -> dict[str, Any]:
    """Return the properties of the row of a batch, whose pieces carry the name `load`."""
    values = {name: getattr(batch, name) for name in (*_TEXTS, *_COUNTS, "version")}
    return {**values, "load": load, "loaded_at": batch.loaded_at.isoformat() if batch.loaded_at else None}


def strike(writer: Writer, batch_id: str, version: int) -> None:
    """Remove a batch from the ledger. Doing it twice changes nothing more."""
    writer.change(
        f"MATCH (s:{STORE}) SET s.version = $version WITH s MATCH (b:{BATCH} {{id: $id}}) "
        f"MERGE (r:{REMOVED} {{load: b.load}}) SET r.at = timestamp(), r.version = $version DELETE b",
        version=version,
        id=batch_id,
    )


def struck(tx: ManagedTransaction | Transaction, since: int) -> list[str]:
    """Return the loads that were removed after a version and are still kept, oldest first."""
    return tx.run(f"MATCH (r:{REMOVED}) WHERE r.version > $since RETURN r.load ORDER BY r.version", since=since).value()


def sweep(writer: Writer) -> None:
    """Delete the pieces of loads that were never committed, or were removed long enough ago."""
    writer.clear(
        f"MATCH (s:{STORE}) MATCH (n:{REMOVED}) WHERE n.version <= s.folded AND n.at < timestamp() - 1000 * $kept",
        kept=KEPT,
    )
    # Pieces are large: some hundred of them are enough for a transaction.
    writer.clear(f"MATCH (n:{CHUNK}) WHERE NOT n.load IN $loads", limit=100, loads=writer.read(held))


def held(tx: ManagedTransaction | Transaction) -> list[str]:
    """Return the loads whose pieces are there."""
    return tx.run(f"MATCH (n:{BATCH}|{REMOVED}) RETURN n.load").value()
