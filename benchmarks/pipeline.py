"""Time and peak memory of each step of the main line, from a file to a ranked queue.

    python -m benchmarks.pipeline                  # 10 k, 100 k and 300 k shipments, and ingest alone at 1 M
    python -m benchmarks.pipeline --shipments 10000 --ingest-only 100000

Each step is a command of its own in a process of its own, as a user would run it. Beside the figures stand ratios:
growth (time per shipment against the smallest size) and, for ingest, the time against a peer: the same file read with
Python's csv module and written as it is into one SQLite table. Prints a table; `--output FILE` writes it as Markdown
and the figures as JSON beside it.
"""

import argparse
import csv
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

SEED = 20240229
STEPS = ("ingest", "analyse", "train", "score", "queue")


@dataclass(frozen=True)
class Figure:
    """What one step took: wall-clock seconds and the process's peak resident memory in MiB."""

    shipments: int
    step: str
    seconds: float
    peak_mib: float


def measured(command: Sequence[str], environment: dict[str, str] | None = None) -> tuple[float, float]:
    """Run a command and return its seconds and peak MiB; stop with its error text where it fails."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **(environment or {})}
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            errors.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{errors.read().decode(errors='replace')}")
    return seconds, usage.ru_maxrss / 1024


def raw_copy(source: Path, target: Path) -> None:
    """Copy a CSV file into one SQLite table, row by row as it stands: the peer of `ingest`."""
    with source.open(newline="", encoding="utf-8") as file, sqlite3.connect(target) as database:
        rows = csv.reader(file)
        header = next(rows)
        columns = ", ".join(f'"{name}" TEXT' for name in header)
        database.execute(f"CREATE TABLE declarations ({columns})")
        insert = f"INSERT INTO declarations VALUES ({', '.join('?' * len(header))})"
        while chunk := list(islice(rows, 50_000)):
            database.executemany(insert, chunk)


def line(size: int, steps: Sequence[str], folder: Path, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield the figures of one size: the generator, the peer, and each step on its own store."""
    tidewaiter = [sys.executable, "-m", "api.cli"]
    world, store = folder / "world", folder / "store.db"
    environment = {"TIDEWAITER_STORE": f"sqlite:///{store}"}
    peer = f"from pathlib import Path; from benchmarks.pipeline import raw_copy; raw_copy(Path({str(world / 'declarations.csv')!r}), Path({str(folder / 'raw.db')!r}))"  # noqa: E501
    commands: dict[str, list[str]] = {
        "simulate": [*tidewaiter, "simulate", str(world), "--shipments", str(size), "--seed", str(SEED)],
        "raw copy": [sys.executable, "-c", peer],
        "ingest": [*tidewaiter, "ingest", str(world), "--mapping", "native"],
        "analyse": [*tidewaiter, "analyse"],
        "train": [*tidewaiter, "train"],
        "score": [*tidewaiter, "score"],
        "queue": [
            *(*tidewaiter, "queue", "--from", "2000-01-01", "--to", "2100-01-01"),
            *("--all", "--output", str(folder / "scores.csv")),
        ],
    }
    for step in ("simulate", "raw copy", *steps):
        seconds, peak = measured(commands[step], environment)
        tell(f"{size:>9,} {step:<9} {seconds:8.1f} s {peak:8.0f} MiB")
        yield Figure(size, step, seconds, peak)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table with the ratios beside them."""
    by_key = {(figure.step, figure.shipments): figure for figure in figures}
    smallest = min(figure.shipments for figure in figures)
    lines = ["| shipments | step | seconds | peak MiB | growth | against raw copy |", "|--:|---|--:|--:|--:|--:|"]
    for figure in figures:
        base = by_key.get((figure.step, smallest))
        growth = "" if base is None else f"{figure.seconds / base.seconds / (figure.shipments / smallest):.2f}"
        peer = by_key["raw copy", figure.shipments].seconds
        ratio = f"{figure.seconds / peer:.1f}" if figure.step == "ingest" else ""
        lines.append(
            f"| {figure.shipments:,} | {figure.step} | {figure.seconds:.1f} | {figure.peak_mib:,.0f} "
            f"| {growth} | {ratio} |"
        )
    for size in sorted({figure.shipments for figure in figures}):
        steps = [by_key[step, size] for step in STEPS if (step, size) in by_key]
        if len(steps) == len(STEPS):
            seconds, peak = sum(step.seconds for step in steps), max(step.peak_mib for step in steps)
            lines.append(f"| {size:,} | **file to queue** | {seconds:.1f} | {peak:,.0f} | | |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shipments", type=int, nargs="+", default=[10_000, 100_000, 300_000])
    parser.add_argument("--ingest-only", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)
    figures: list[Figure] = []
    sizes = [(size, STEPS) for size in options.shipments] + [(size, ("ingest",)) for size in options.ingest_only]
    for size, steps in sizes:
        with tempfile.TemporaryDirectory() as folder:
            figures.extend(line(size, steps, Path(folder), lambda text: print(text, file=sys.stderr, flush=True)))
    print(table(figures))
    if options.output is not None:
        options.output.write_text(table(figures), encoding="utf-8")
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        found = {"seed": SEED, "machine": machine, "figures": [asdict(figure) for figure in figures]}
        options.output.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
