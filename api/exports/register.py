"""The register of hand-overs: which things went to whom and when, and what they were like then."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

from api.exports.errors import ExportError
from api.exports.manifest import Terms
from api.exports.package import Packed
from api.exports.portion import Portion
from api.exports.selection import things
from graph.records import Ref
from graph.store.base import GraphStore

REGISTER = "register.db"
LAYOUT = 1
_TABLES = """
CREATE TABLE handover (
    manifest TEXT PRIMARY KEY, made_at TEXT NOT NULL, recipient TEXT NOT NULL, purpose TEXT NOT NULL,
    tlp TEXT NOT NULL, expires_on TEXT NOT NULL, query TEXT NOT NULL, non_nominal INTEGER NOT NULL
);
CREATE TABLE thing (
    manifest TEXT NOT NULL REFERENCES handover, type TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (manifest, type, key)
) WITHOUT ROWID;
CREATE INDEX thing_key ON thing (type, key);
"""


@dataclass(frozen=True)
class HandOver:
    """A line of the register; `manifest` is the SHA-256 of the package's manifest."""

    manifest: str
    made_at: datetime
    recipient: str
    purpose: str
    tlp: str
    expires_on: date
    query: str
    non_nominal: bool
    things: int


@dataclass(frozen=True)
class Stale:
    """A hand-over that no longer says what the network says: things that are gone, and things that have changed."""

    handover: HandOver
    gone: list[Ref]
    changed: list[Ref]


class Register:
    """The register in a folder, which is made at first use."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / REGISTER
        self._database = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            # What went to whom is for the owner's eyes.
            path.chmod(0o600)
            self._database.execute("BEGIN IMMEDIATE")
            layout = self._database.execute("PRAGMA user_version").fetchone()[0]
            if layout == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {LAYOUT}")
            self._database.execute("COMMIT")
            if layout not in (0, LAYOUT):
                raise ExportError(f"The register {path} was written by another Tidewaiter: use that one.")
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        """Return the register itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the register."""
        self._database.close()

    def enter(
        self, packed: Packed, terms: Terms, query: str, made_at: datetime, portion: Portion, *, non_nominal: bool
    ) -> None:
        """Enter one hand-over with everything that it holds, under the true keys even where pseudonyms went out."""
        line = (
            packed.manifest_sha256,
            made_at.isoformat(),
            terms.recipient,
            terms.purpose,
            terms.tlp,
            terms.expires_on.isoformat(),
            query,
            non_nominal,
        )
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.execute("INSERT OR REPLACE INTO handover VALUES (?, ?, ?, ?, ?, ?, ?, ?)", line)
            self._database.executemany(
                "INSERT OR REPLACE INTO thing VALUES (?, ?, ?, ?)",
                ((packed.manifest_sha256, *ref, digest) for ref, digest in digests(portion)),
            )
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise

    def listed(
        self,
        *,
        thing: Ref | None = None,
        recipient: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[HandOver]:
        """Return hand-overs, newest first: those that hold a thing, those to whom the name has this in it.

        `after` names the manifest of one of them; only those behind it are wanted, at most `limit`.
        """
        fits, parameters = _fitting(thing, recipient)
        if after is not None:
            fits += " AND (made_at, rowid) < (SELECT made_at, rowid FROM handover WHERE manifest = ?)"
            parameters.append(after)
        # Cut before the things are counted, so that only those of the lines that are wanted are.
        rows = self._database.execute(
            "SELECT h.*, (SELECT count(*) FROM thing t WHERE t.manifest = h.manifest) FROM handover h WHERE h.rowid IN"
            f" (SELECT rowid FROM handover WHERE {fits} ORDER BY made_at DESC, rowid DESC LIMIT ?)"
            " ORDER BY made_at DESC, h.rowid DESC",
            [*parameters, -1 if limit is None else limit],
        )
        return [
            HandOver(
                manifest,
                datetime.fromisoformat(made_at),
                to,
                purpose,
                tlp,
                date.fromisoformat(expires_on),
                query,
                bool(non_nominal),
                count,
            )
            for manifest, made_at, to, purpose, tlp, expires_on, query, non_nominal, count in rows
        ]

    def count(self, *, thing: Ref | None = None, recipient: str | None = None) -> int:
        """Return how many hand-overs there are, narrowed in the same way."""
        fits, parameters = _fitting(thing, recipient)
        return int(self._database.execute(f"SELECT count(*) FROM handover WHERE {fits}", parameters).fetchone()[0])

    def last_day(self, manifest: str) -> date | None:
        """Return the last day of use of a hand-over; None where the register has none of this manifest."""
        row = self._database.execute("SELECT expires_on FROM handover WHERE manifest = ?", (manifest,)).fetchone()
        return None if row is None else date.fromisoformat(row[0])

    def stale(self, view: GraphStore) -> Iterator[Stale]:
        """Yield the hand-overs that hold something that has changed since, newest first."""
        for handover in self.listed():
            found = self.changes(view, handover)
            if found is not None:
                yield found

    def changes(self, view: GraphStore, handover: HandOver) -> Stale | None:
        """Return what has changed since a hand-over; None where all that it holds is as it was.

        A thing has changed where a field is shown with another value or one of its links to things of the hand-over is
        there no more, is new or says something else; that it was named again on a later day is no change.
        """
        then = self._things(handover.manifest)
        portion, gone = things(view, then)
        with portion:
            changed = [ref for ref, digest in digests(portion) if digest != then[ref]]
        return Stale(handover, gone, changed) if gone or changed else None

    def _things(self, manifest: str) -> Mapping[Ref, bytes]:
        rows = self._database.execute("SELECT type, key, digest FROM thing WHERE manifest = ?", (manifest,))
        return {Ref(kind, key): digest for kind, key, digest in rows}


def _fitting(thing: Ref | None, recipient: str | None) -> tuple[str, list[str]]:
    """Return the condition that a hand-over meets, and its parameters."""
    conditions, parameters = ["1"], []
    if thing is not None:
        conditions.append("manifest IN (SELECT manifest FROM thing WHERE type = ? AND key = ?)")
        parameters += [*thing]
    if recipient is not None:
        conditions.append("instr(lower(recipient), lower(?)) > 0")
        parameters.append(recipient)
    return " AND ".join(conditions), parameters


def digests(portion: Portion) -> Iterator[tuple[Ref, bytes]]:
    """Yield for each thing a digest of its fields and of its links to other things of the portion."""
    leaving = groupby(portion.edges(), key=lambda edge: edge.link.start)
    start, edges = next(leaving, (None, iter(())))
    for node in portion.nodes():
        said: list[object] = [*node.ref, sorted(node.fields.items())]
        if start == node.ref:
            said.append([[edge.link.type, *edge.link.end, sorted(edge.fields.items())] for edge in edges])
            start, edges = next(leaving, (None, iter(())))
        yield node.ref, hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).digest()
