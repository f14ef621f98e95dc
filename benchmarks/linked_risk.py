"""Time of linked risk: of all parties, addresses and contacts at once, and of every shipment.

    python -m benchmarks.linked_risk                                # 100 k and a million invented shipments
    python -m benchmarks.linked_risk --store sqlite:///customs.db   # those of a store, which is only read

The network is read first, which is not counted. Then linked risk is found at the day after the latest acceptance,
once as it is and once with an infraction cleared and links left out (as by `tidewaiter what-if`), each several times;
the table has the medians. `--output FILE` writes it as Markdown and the figures as JSON beside it. The aim is 30
seconds for a million shipments on 2 cores.
"""

import argparse
import json
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np

from benchmarks.pipeline import SEED
from graph.build import snapshot
from graph.linked_risk import LinkedRisk, linked_risk
from graph.snapshot import Snapshot
from graph.store.open import open_store
from graph.supposed import Supposition, suppose
from ingest.load import load
from ingest.synthetic import simulate

Found = TypeVar("Found")

REPETITIONS = 3


@dataclass(frozen=True)
class Figure:
    """Medians in seconds over the repetitions, and the process's peak so far, with the network, in MiB."""

    shipments: int
    parties: int
    things: int
    nodes_seconds: float
    shipments_seconds: float
    supposed_seconds: float
    peak_mib: float


def measure(view: Snapshot) -> Figure:
    """Measure one network."""
    day = int(view.declarations.accepted_on.max()) + 1
    nodes, found = _timed(lambda: linked_risk(view, day))
    rows, risks = _timed(lambda: found.of_rows(view.declarations.first))
    supposed = suppose(view, _supposition(view, found, int(view.declarations.first[np.argmax(risks)])))
    again, _ = _timed(lambda: linked_risk(supposed.snapshot, day, shares=supposed.shares))
    things = {kind: len(values) for kind, values in found.entity.items()}
    shared = things["Address"] + things["Contact"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Figure(len(risks), sum(things.values()) - shared, shared, nodes, rows, again, peak)


def _timed(find: Callable[[], Found]) -> tuple[float, Found]:
    seconds = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        found = find()
        seconds.append(time.perf_counter() - start)
    return median(seconds), found


def _supposition(view: Snapshot, found: LinkedRisk, row: int) -> Supposition:
    """Clear the source of a shipment's strongest path, and leave out the links that half its risk hangs on."""
    source = found.paths(row, 1).paths[0].source
    half = float(found.of_rows(np.array([row]))[0]) / 2
    return Supposition([source], found.fewest(row, half).links)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| shipments | parties | addresses, contacts | all nodes s | all shipments s | nodes, supposed s | peak MiB |",
        f"|{'--:|' * 7}",
    ]
    lines += [
        f"| {one.shipments:,} | {one.parties:,} | {one.things:,} | {one.nodes_seconds:.2f} "
        f"| {one.shipments_seconds:.2f} | {one.supposed_seconds:.2f} | {one.peak_mib:,.0f} |"
        for one in figures
    ]
    return "\n".join(lines) + "\n"


def _invented(shipments: int, folder: Path) -> Snapshot:
    simulate(folder / "world", shipments=shipments, seed=SEED)
    with open_store(f"sqlite:///{folder / 'store.db'}", create=True) as store:
        load(store, folder / "world", mapping="native", source=None)
        return snapshot(store)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shipments", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--store", help="address of a store; nothing is invented then")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)
    figures = []
    if options.store:
        with open_store(options.store) as store:
            view = snapshot(store)
        figures.append(measure(view))
    else:
        for shipments in options.shipments:
            print(f"inventing {shipments:,} shipments", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                figures.append(measure(_invented(shipments, Path(folder))))
    print(table(figures))
    if options.output is not None:
        options.output.write_text(table(figures), encoding="utf-8")
        found = {"seed": SEED, "python": platform.python_version(), "figures": [asdict(one) for one in figures]}
        options.output.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
