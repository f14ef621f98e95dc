"""The file in which jobs are kept, so that they are found again after a restart."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class State(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


OVER = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.INTERRUPTED})


@dataclass(frozen=True)
class Job:
    """A long task.

    `number` counts all jobs in the order in which they were asked for. `asked` is what was asked, `doing` what is being
    done just now, `share` how much of that is done (0 to 1; None where nobody knows), `rows` how many rows were read.
    `result` is what came out, `error` why nothing did.
    """

    number: int
    id: str
    kind: str
    asked: Mapping[str, Any]
    state: State
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    doing: str = ""
    share: float | None = None
    rows: int | None = None
    result: Mapping[str, Any] | None = None
    error: str | None = None


_TABLE = """
CREATE TABLE IF NOT EXISTS job (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, asked TEXT NOT NULL,
    state TEXT NOT NULL, created_at TEXT NOT NULL, started_at TEXT, ended_at TEXT, doing TEXT NOT NULL DEFAULT '',
    share REAL, "rows" INTEGER, result TEXT, error TEXT
)
"""
_COLUMNS = 'number, id, kind, asked, state, created_at, started_at, ended_at, doing, share, "rows", result, error'


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class JobFile:
    """The jobs in one SQLite file; it can be shared between threads."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(_TABLE)
        except sqlite3.Error:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def add(self, id: str, kind: str, asked: Mapping[str, Any]) -> Job:
        """Keep a new job."""
        created = now()
        with self._lock:
            number = self._connection.execute(
                "INSERT INTO job (id, kind, asked, state, created_at) VALUES (?, ?, ?, ?, ?)",
                (id, kind, json.dumps(dict(asked)), State.QUEUED, created.isoformat()),
            ).lastrowid
        assert number is not None
        return Job(number, id, kind, asked, State.QUEUED, created)

    def save(self, job: Job) -> None:
        """Keep what has become of a job."""
        with self._lock:
            self._connection.execute(
                "UPDATE job SET state = ?, started_at = ?, ended_at = ?, doing = ?, share = ?, "
                '"rows" = ?, result = ?, error = ? WHERE number = ?',
                (
                    job.state,
                    job.started_at and job.started_at.isoformat(),
                    job.ended_at and job.ended_at.isoformat(),
                    job.doing,
                    job.share,
                    job.rows,
                    None if job.result is None else json.dumps(job.result),
                    job.error,
                    job.number,
                ),
            )

    def find(self, id: str) -> Job | None:
        """Return a job."""
        return next(self._read("WHERE id = ?", id), None)

    def newest(self, before: int | None, limit: int) -> list[Job]:
        """Return jobs, newest first: those with a lower number than `before`."""
        if before is None:
            return list(self._read("ORDER BY number DESC LIMIT ?", limit))
        return list(self._read("WHERE number < ? ORDER BY number DESC LIMIT ?", before, limit))

    def count(self) -> int:
        """Return how many there are."""
        with self._lock:
            return int(self._connection.execute("SELECT count(*) FROM job").fetchone()[0])

    def unfinished(self) -> list[Job]:
        """Return the jobs that are not over, oldest first."""
        return list(self._read("WHERE state IN (?, ?) ORDER BY number", State.QUEUED, State.RUNNING))

    def interrupt(self, why: str) -> None:
        """Mark all that are not over as interrupted."""
        for job in self.unfinished():
            self.save(replace(job, state=State.INTERRUPTED, ended_at=now(), error=why))

    def _read(self, condition: str, *parameters: object) -> Iterator[Job]:
        with self._lock:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM job {condition}", parameters).fetchall()
        return map(_job, rows)


def _job(row: tuple[Any, ...]) -> Job:
    number, id, kind, asked, state, created, started, ended, doing, share, rows, result, error = row
    return Job(
        number,
        id,
        kind,
        json.loads(asked),
        State(state),
        datetime.fromisoformat(created),
        datetime.fromisoformat(started) if started else None,
        datetime.fromisoformat(ended) if ended else None,
        doing,
        share,
        rows,
        json.loads(result) if result else None,
        error,
    )
