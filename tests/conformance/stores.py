"""The stores that the suite runs over, and in what they are known to differ from the reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graph.store.base import GraphStore
from graph.store.reference import ReferenceStore
from graph.store.sqlite import SqliteStore


@dataclass(frozen=True)
class Backend:
    """One kind of store.

    `make` opens a store in a folder (a second time: the same one, where it `persists`). `differs` names the tests that
    it is known to fail, each with the reason; they are strict, so that a difference that is gone is noticed.
    """

    name: str
    make: Callable[[Path], GraphStore]
    persists: bool
    differs: Mapping[str, str] = field(default_factory=dict)


BACKENDS = (
    Backend("reference", lambda folder: ReferenceStore(), persists=False),
    Backend("sqlite", lambda folder: SqliteStore(folder / "store.db"), persists=True),
)
