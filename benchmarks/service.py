"""How fast the service answers over HTTP, and what readers meet while another set is published.

    python -m benchmarks.service                                     # makes and scores a world of 100 k shipments
    python -m benchmarks.service --store sqlite:///scored.db         # asks a store that is scored already
    python -m benchmarks.service --store sqlite:///scored.db --neo4j neo4j://localhost:7687

`tidewaiter serve` runs in a process of its own on a free port of this machine; one client asks it over a connection
that is kept, a few hundred requests a row, chosen by seed (`benchmarks/questions.py`). Beside the figures stand ratios:
p50 against `GET /livez` of the same run, which reads no store, and, with `--neo4j` (the same world, scored, in a Neo4j
store; its password as in TIDEWAITER_NEO4J_PASSWORD), p50 against that of SQLite. Then many readers ask at once while
another set is published beside the service (`benchmarks/readers.py`), and the published set is put back. Prints tables;
`--output FILE` writes them as Markdown and the figures as JSON beside it.
"""

import argparse
import json
import math
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from api.commands.opening import opened
from api.settings import Settings, load_settings
from benchmarks.pipeline import SEED, line
from benchmarks.questions import Chosen, Question, choose, of_published, questions
from benchmarks.readers import Client, Switched, switch
from graph.store.errors import StoreError

READERS = 50
STEPS = ("ingest", "analyse", "train", "score")
WARMING = 5
"""Requests of each row that are sent before any is timed."""
PUBLISHED = 5
"""Requests of each row that the readers send while another set is published."""
_START = 120.0
_SAID = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Aim(NamedTuple):
    """Milliseconds that half of the requests, and all but one in a hundred, are to stay within on SQLite."""

    p50: float
    p99: float


AIMS: Mapping[str, Aim] = {
    "queue page": Aim(20, 100),
    "shipment portrait": Aim(20, 100),
    "shipment evidence": Aim(20, 100),
    "search": Aim(20, 100),
    "expand": Aim(10, 100),
    "paths": Aim(50, math.inf),
}
"""By the first word, or words, of the row."""


@dataclass(frozen=True)
class Figure:
    """What the requests of one row took, in milliseconds; `failed` were not answered by 200."""

    store: str
    row: str
    requests: int
    p50: float
    p99: float
    failed: int


@dataclass(frozen=True)
class Measured:
    """All that was measured of one store."""

    store: str
    figures: Sequence[Figure]
    switched: Switched
    hub: str
    hub_degree: int
    peak_mib: float


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@contextmanager
def serving(settings: Mapping[str, str], peak: list[float]) -> Iterator[int]:
    """Run the service and lend its port; afterwards the peak MiB of its process is in `peak`."""
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **settings})
        try:
            yield _ready(process, said.fileno())
        finally:
            process.send_signal(signal.SIGINT)
            _, status, usage = os.wait4(process.pid, 0)
            # Popen would otherwise wait for a process that is gone.
            process.returncode = os.waitstatus_to_exitcode(status)
            peak.append(usage.ru_maxrss / 1024)


def _ready(process: "subprocess.Popen[bytes]", said: int) -> int:
    """Return the port once the service says that it is ready; stop with its words where it does not come up."""
    until = time.monotonic() + _START
    while time.monotonic() < until:
        text = os.pread(said, 65_536, 0).decode(errors="replace")
        found = _SAID.search(text)
        # Looked at without waiting for it, so that its use of memory can be asked for at its end.
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            sys.exit(f"The service ended:\n{text}")
        if found is not None:
            client = Client(int(found[1]))
            status, _ = client.ask(Question("GET", "/readyz"))
            client.close()
            if status == 200:
                return int(found[1])
        time.sleep(0.1)
    sys.exit(f"The service is not ready after {_START:g} s:\n{text}")


def timed(store: str, row: str, asked: Sequence[Question], number: int, client: Client) -> Figure:
    """Send the requests of a row one after the other; requests that are fewer than the number come again."""
    for question in asked[-WARMING:]:
        client.ask(question)
    took, failed = [], 0
    for at in range(number):
        question = asked[at % len(asked)]
        before = time.perf_counter()
        status, body = client.ask(question)
        took.append(1000 * (time.perf_counter() - before))
        if status != 200:
            failed += 1
            if failed == 1:
                tell(f"{row}: {question.address} {question.body!r} is answered by {status}: {body[:1000]!r}")
    return Figure(store, row, number, quantile(took, 0.5), quantile(took, 0.99), failed)


def measure(name: str, settings: Settings, chosen: Chosen, number: int, readers: int) -> Measured:
    """Measure the service on one store."""
    asked = questions(chosen)
    told = {"TIDEWAITER_STORE": settings.store}
    figures, peak = [], list[float]()
    with tempfile.TemporaryDirectory(prefix="tidewaiter-service-") as folder, serving(told, peak) as port:
        client = Client(port)
        for row, listed in asked.items():
            figures.append(timed(name, row, listed, number, client))
            tell(f"{name:<7} {row:<40} p50 {figures[-1].p50:8.1f} ms  p99 {figures[-1].p99:8.1f} ms")
        client.close()
        switched = switch(settings, port, of_published(asked, PUBLISHED), Path(folder), readers, SEED)
    return Measured(name, figures, switched, str(chosen.hub), chosen.hub_degree, peak[0])


def tell(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)


def aim_of(row: str) -> Aim | None:
    """Return what a row is to stay within."""
    return next((aim for begins, aim in AIMS.items() if row.startswith(begins)), None)


def table(found: Sequence[Measured]) -> str:
    """Return the figures as Markdown tables."""
    lines = [
        "| store | request | p50 ms | p99 ms | aim p50, p99 | p50 against livez | p50 against SQLite | failed |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    peer = {figure.row: figure.p50 for one in found if one.store == "SQLite" for figure in one.figures}
    for one in found:
        livez = next(figure.p50 for figure in one.figures if figure.row == "livez")
        for figure in one.figures:
            against = f"{figure.p50 / peer[figure.row]:.1f}" if one.store != "SQLite" and figure.row in peer else ""
            lines.append(
                f"| {one.store} | {figure.row} | {figure.p50:.1f} | {figure.p99:.1f} | {_aimed(figure)} "
                f"| {figure.p50 / livez:.1f} | {against} | {figure.failed} |"
            )
    lines += [
        "",
        "| store | readers | answers | of the old | of the new | mixed | failed | p50 ms | p99 ms | publishing s |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in found:
        met = one.switched
        p50, p99 = (1000 * quantile(met.seconds, share) for share in (0.5, 0.99))
        lines.append(
            f"| {one.store} | {met.readers} | {met.answers:,} | {met.of_old:,} | {met.of_new:,} | {met.unlike} "
            f"| {met.failed} | {p50:.0f} | {p99:.0f} | {met.publishing_seconds:.1f} |"
        )
    lines.append("")
    for one in found:
        lines.append(
            f"{one.store}: the largest hub is {one.hub} with {one.hub_degree:,} links; "
            f"the service's process had {one.peak_mib:,.0f} MiB at its peak."
        )
    return "\n".join(lines) + "\n"


def _aimed(figure: Figure) -> str:
    aim = aim_of(figure.row)
    if aim is None:
        return ""
    times = 1 if figure.store == "SQLite" else 3
    return f"{aim.p50 * times:g}" if math.isinf(aim.p99) else f"{aim.p50 * times:g}, {aim.p99 * times:g}"


def figures_of(one: Measured) -> dict[str, object]:
    """Return what was measured as JSON holds it: of the readers' seconds only p50 and p99."""
    met = asdict(one.switched)
    seconds = met.pop("seconds")
    met |= {"p50": 1000 * quantile(seconds, 0.5), "p99": 1000 * quantile(seconds, 0.99)}
    return asdict(one) | {"switched": met}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shipments", type=int, default=100_000, help="size of the world that is made")
    parser.add_argument("--store", help="address of an embedded store that is scored; then no world is made")
    parser.add_argument("--neo4j", help="address of a Neo4j store that holds the same world, scored")
    parser.add_argument("--requests", type=int, default=300, help="requests of each row")
    parser.add_argument("--readers", type=int, default=READERS, help="readers while another set is published")
    parser.add_argument("--output", type=Path, help="write the tables here, and the figures as JSON beside it")
    options = parser.parse_args(arguments)
    if options.requests < 1 or options.readers < 1:
        parser.error("--requests and --readers are at least 1")
    load = os.getloadavg()[0]
    # What is asked to end ends the service, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The benchmark was ended."))
    found = []
    with tempfile.TemporaryDirectory(prefix="tidewaiter-service-") as folder:
        address = options.store or f"sqlite:///{Path(folder) / 'store.db'}"
        if options.store is None:
            for _ in line(options.shipments, STEPS, Path(folder), tell):
                pass
        settings = load_settings().model_copy(update={"store": address})
        try:
            with opened(settings) as store:
                chosen = choose(store, options.requests, SEED)
                shipments = store.count_results("shipment")
        except StoreError as error:
            sys.exit(str(error))
        found.append(measure("SQLite", settings, chosen, options.requests, options.readers))
        if options.neo4j is not None:
            other = settings.model_copy(update={"store": options.neo4j})
            found.append(measure("Neo4j", other, chosen, options.requests, options.readers))
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    report = (
        f"{table(found)}\n{shipments:,} shipments, {options.requests} requests a row, {machine['cores']} cores, "
        f"Python {machine['python']}, seed {SEED}; load average before: {load:.1f}\n"
    )
    print(report)
    if options.output is not None:
        options.output.write_text(report, encoding="utf-8")
        told = {"seed": SEED, "shipments": shipments, "machine": machine, "load_average": load}
        told["stores"] = [figures_of(one) for one in found]
        options.output.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
