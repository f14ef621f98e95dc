"""Time and memory of what the score is made of: features, training, scoring; and of what arrives later.

    python -m benchmarks.signals                        # 100 k and a million invented shipments
    python -m benchmarks.signals --shipments 10000

A world is invented and loaded, and its network read, which is told apart, as are the communities. *Train* is all that
`tidewaiter train` does beyond: features of the examined shipments and four models. *Score* is that of all shipments,
their features included; *reasons* is what three reasons for all that wait take beside it. *Arrivals* is the median for
1,000 new declarations from rows to reasons, beside a network that is ready in memory. Each stands for a process that
has read the network once. Growth is the time per shipment against the smallest size. The aims, on 2 cores: a million
shipments trained and scored in 5 minutes and 8 GiB, growth of 1 at most, and arrivals in under a second.

`--output FILE` writes the table as Markdown and the figures as JSON beside it.
"""

import argparse
import csv
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import TypeVar

from benchmarks.pipeline import SEED
from graph.build import snapshot
from graph.snapshot import Snapshot
from graph.store.open import open_store
from graph.store.results import PublishedSet
from ingest.load import load
from ingest.rows import read_rows
from ingest.synthetic import simulate
from targeting.arrivals import MOST, score_arrivals, warmed
from targeting.lanes import lane_thresholds
from targeting.model import Model
from targeting.publish import default_as_of
from targeting.scoring import network_of, score
from targeting.training import train

Found = TypeVar("Found")

REPETITIONS, REASONS = 5, 3


@dataclass(frozen=True)
class Figure:
    """Seconds of each step, what was learnt from, and the process's peak up to the scores in MiB."""

    shipments: int
    examined: int
    profiles: int
    read: float
    communities: float
    train: float
    score: float
    reasons: float
    arrivals: float
    peak_mib: float


class _Watch:
    """Notes when a training is done with the communities, with which it begins."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()
        self.divided = 0.0

    def __call__(self, text: str) -> None:
        if not self.divided and not text.startswith("communities"):
            self.divided = time.perf_counter() - self.begun


def measure(shipments: int, folder: Path, say: Callable[[str], None]) -> Figure:
    """Measure one size."""
    say(f"inventing {shipments:,} shipments")
    simulate(folder / "world", shipments=shipments, seed=SEED)
    with open_store(f"sqlite:///{folder / 'store.db'}", create=True) as store:
        load(store, folder / "world", mapping="native", source=None)
        say("reading the network")
        read, whole = _timed(lambda: snapshot(store))
    say("training")
    watch = _Watch()
    train_seconds, model = _timed(lambda: train(whole, seed=SEED, progress=watch))
    say("scoring")
    score_seconds, thresholds = _scored(whole, model, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say("scoring with reasons")
    explained, _ = _scored(whole, model, REASONS)
    say("scoring what arrives")
    return Figure(
        shipments,
        int(model.metrics["rows"]),
        len(model.plan.profiles),
        read,
        watch.divided,
        train_seconds - watch.divided,
        score_seconds,
        explained - score_seconds,
        _arrivals(whole, model, thresholds, folder / "world" / "declarations.csv"),
        peak,
    )


def _scored(whole: Snapshot, model: Model, reasons: int) -> tuple[float, dict[str, float]]:
    """Return the seconds of the scores of all shipments, with nothing found before, and the thresholds of the lanes."""
    here = network_of(model, whole, default_as_of(whole))
    rows = whole.declarations.first
    seconds, found = _timed(lambda: score(model, here, rows, reasons=reasons))
    return seconds, lane_thresholds(found.score, whole.declarations.accepted_on[rows])


def _timed(find: Callable[[], Found]) -> tuple[float, Found]:
    start = time.perf_counter()
    found = find()
    return time.perf_counter() - start, found


def _arrivals(whole: Snapshot, model: Model, thresholds: dict[str, float], declared: Path) -> float:
    """Declare the last shipments of the file once more, as new ones, and return the seconds that they take."""
    day = default_as_of(whole)
    as_of = date(1970, 1, 1) + timedelta(days=day)
    warm = warmed(PublishedSet("set", whole.version, as_of, "model", thresholds), model, whole)
    with declared.open(encoding="utf-8", newline="") as file:
        last = deque(csv.DictReader(file), MOST)
    new = [
        {**{key: value for key, value in row.items() if value}, "declaration_id": f"new {at}"}
        | {"accepted_on": as_of.isoformat()}
        for at, row in enumerate(last)
    ]
    return median(_timed(lambda: score_arrivals(warm, read_rows(new).statements))[0] for _ in range(REPETITIONS))


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table, growth beside them."""
    lines = [
        "| shipments | examined | profiles | read | communities | train | score | train and score | growth | reasons "
        "| arrivals | peak MiB |",
        f"|{'--:|' * 12}",
    ]
    least = figures[0]
    for one in figures:
        both = one.train + one.score
        growth = both / one.shipments / ((least.train + least.score) / least.shipments)
        lines.append(
            f"| {one.shipments:,} | {one.examined:,} | {one.profiles:,} | {one.read:.1f} | {one.communities:.1f} "
            f"| {one.train:.1f} | {one.score:.1f} | {both:.1f} | {growth:.2f} | {one.reasons:.1f} | {one.arrivals:.2f} "
            f"| {one.peak_mib:,.0f} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shipments", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)
    figures = []
    for shipments in sorted(options.shipments):
        with tempfile.TemporaryDirectory() as folder:
            figures.append(measure(shipments, Path(folder), lambda text: print(text, file=sys.stderr, flush=True)))
    print(table(figures))
    if options.output is not None:
        options.output.write_text(table(figures), encoding="utf-8")
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        found = {"seed": SEED, "machine": machine, "figures": [asdict(one) for one in figures]}
        options.output.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
