"""Synthetic worlds in stores of their own, as the parts that need one have them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

from graph.store.sqlite import SqliteStore
from ingest.load import load
from ingest.synthetic import simulate

SHIPMENTS = 50_000
FIRST, LAST = date(2024, 1, 1), date(2024, 3, 31)
"""The last quarter of a world, which is judged."""


class Invented(NamedTuple):
    """A world: its files with the truth beside them, and the store that they were loaded into."""

    files: Path
    store: SqliteStore


@contextmanager
def invented(
    folder: Path, seed: int, say: Callable[[str], None], mix: Callable[[Path], None] = lambda files: None
) -> Iterator[Invented]:
    """Invent the world of a seed in a folder, and load it; `mix` may add to its files before."""
    files = folder / str(seed)
    say(f"inventing world {seed}")
    simulate(files, shipments=SHIPMENTS, seed=seed)
    mix(files)
    with SqliteStore(folder / f"{seed}.db") as store:
        load(store, files, mapping="native", source=None)
        yield Invented(files, store)
