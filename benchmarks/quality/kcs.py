"""Declarations of the Korea Customs Service: learnt from 2020, judged on the quarter that follows."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from graph.build import snapshot
from graph.store.sqlite import SqliteStore
from ingest.load import load
from targeting.evaluate import evaluate

FIRST, LAST = date(2021, 1, 1), date(2021, 3, 31)


def measure(data: Path, folder: Path, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Load both files and evaluate."""
    with SqliteStore(folder / "kcs.db") as store:
        for file in ("train.csv", "valid.csv"):
            say(f"loading {file}")
            load(store, data / "kcs" / file, mapping="kcs", source=None)
        return {"seed": seed, "report": evaluate(snapshot(store), FIRST, LAST, seed=seed, progress=say)}
