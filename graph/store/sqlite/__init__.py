"""The embedded store on Python's own SQLite."""

from graph.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
