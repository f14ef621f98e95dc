"""The Neo4j store beside the embedded one, on one invented world: loading, bulk import, snapshot, memory.

    python -m benchmarks.store                     # 1 M shipments
    python -m benchmarks.store --shipments 100000

It starts servers of its own (Java 17 and Maven are needed), each on an empty database:

- *load*: `tidewaiter ingest` into SQLite and over the wire into Neo4j, as a user would run it;
- *bare loop*: the things, links and records (in their packed pieces) that this load left, ready in memory, written
  again by plain `UNWIND`/`MERGE` in batches of 5,000 with uniqueness constraints: the peer of the load;
- *bulk*: `tidewaiter ingest --bulk`, the import, and the first opening; the peer is the import alone;
- *snapshot*: reading the whole graph as the analysis does, from either store.

Rows are things, links and records (a declaration, inspection, entity, ownership or listing as it was said). Prints a
table; `--output FILE` writes it as Markdown.
"""

import argparse
import json
import logging
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neo4j import Driver

from api.commands.opening import opened
from api.settings import load_settings
from benchmarks.pipeline import SEED, measured
from graph.build import snapshot
from graph.schema import LINKS, NODES
from graph.store.neo4j import ARGUMENTS
from graph.store.neo4j.layout import CHUNK
from tests.neo4j.server import Server, admin, kill, start, stop

BATCH = 5_000
HEAP, PAGE_CACHE = "2g", "2g"


@dataclass(frozen=True)
class Figure:
    """What one step took; `rows` where it wrote rows."""

    step: str
    seconds: float
    peak_mib: float | None = None
    rows: int | None = None


def tidewaiter(*words: object, server: Server | None = None, store: Path | None = None) -> tuple[float, float]:
    """Run a command and return its seconds and peak MiB."""
    return measured([sys.executable, "-m", "api.cli", *map(str, words)], reached(server, store))


def rows_of(driver: Driver) -> int:
    """Return the number of things, links and records in a store."""
    things = sum(driver.execute_query(f"MATCH (n:{node.name}) RETURN count(n)").records[0][0] for node in NODES)
    links = driver.execute_query("MATCH ()-[r]->() RETURN count(r)").records[0][0]
    records = driver.execute_query("MATCH (b:Batch) RETURN sum(b.rows_loaded)").records[0][0]
    return int(things + links + records)


def native(found: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a thing or link with Python's own days."""
    return {name: value.to_native() if hasattr(value, "to_native") else value for name, value in found.items()}


def keep(driver: Driver, path: Path) -> None:
    """Keep all that a store holds on the disk, so that the bare loop waits for nothing but its own server."""
    queries = [
        *(
            (f"MERGE (n:{label} {{{key}: row[0]}}) SET n += row[1]", f"MATCH (n:{label}) RETURN n.{key}, properties(n)")
            for label, key in (*((node.name, "key") for node in NODES), (CHUNK, "number"))
        ),
        *(
            (
                f"MATCH (a:{start} {{key: row[0]}}) MATCH (b:{end} {{key: row[1]}}) "
                f"MERGE (a)-[r:{link.name}]->(b) SET r += row[2]",
                f"MATCH (a:{start})-[r:{link.name}]->(b:{end}) RETURN a.key, b.key, properties(r)",
            )
            for link in LINKS
            for start, end in link.ends
        ),
    ]
    with path.open("wb") as file, driver.session() as session:
        for text, query in queries:
            rows = session.run(query)
            while piece := rows.fetch(1 if CHUNK in text else BATCH):
                listed = [[*row.values()[:-1], native(row.values()[-1])] for row in piece]
                pickle.dump((f"UNWIND $rows AS row {text}", listed), file)


def bare_loop(driver: Driver, path: Path) -> float:
    """Write everything again by plain UNWIND and MERGE; return the seconds."""
    for label, key in (*((node.name, "key") for node in NODES), (CHUNK, "number")):
        driver.execute_query(f"CREATE CONSTRAINT IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE")
    work: Any = lambda tx, text, rows: tx.run(text, rows=rows).consume()  # noqa: E731
    seconds = 0.0
    with path.open("rb") as file, driver.session() as session:
        size = path.stat().st_size
        while file.tell() < size:
            text, rows = pickle.load(file)
            before = time.perf_counter()
            session.execute_write(work, text, rows)
            seconds += time.perf_counter() - before
    return seconds


def imported(server: Server, folder: Path) -> float:
    """Stop the server, import a folder, start it again; return the seconds of the import."""
    stop(server.home)
    command = [str(admin(server.home)), "database", "import", "full", "--overwrite-destination"]
    before = time.perf_counter()
    done = subprocess.run(
        [*command, f"@{folder / ARGUMENTS}", server.database],
        cwd=server.home,
        env={**os.environ, "HEAP_SIZE": HEAP},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - before
    if done.returncode:
        sys.exit(f"The import failed:\n{done.stdout}{done.stderr}")
    start(server.home, heap=HEAP, page_cache=PAGE_CACHE)
    return seconds


def run(shipments: int, folder: Path) -> Iterator[Figure]:
    """Yield the figures of all steps."""
    world, embedded = folder / "world", folder / "store.db"
    tidewaiter("simulate", world, "--shipments", shipments, "--seed", SEED)
    ingest = ("ingest", world, "--mapping", "native")
    taken = ("-c", "from benchmarks.store import take_snapshot; take_snapshot()")
    seconds, peak = tidewaiter(*ingest, store=embedded)
    sqlite_load = Figure("load, SQLite", seconds, peak)
    server = start(folder / "load", heap=HEAP, page_cache=PAGE_CACHE)
    try:
        seconds, peak = tidewaiter(*ingest, server=server)
        with server.driver() as driver:
            rows = rows_of(driver)
            keep(driver, folder / "rows")
        yield replace(sqlite_load, rows=rows)
        yield Figure("load, Neo4j", seconds, peak, rows)
        for name, at in (("SQLite", None), ("Neo4j", server)):
            settings = reached(at, embedded)
            yield Figure(f"snapshot, {name}", *measured([sys.executable, *taken], settings))
        hashes = {status(reached(None, embedded)), status(reached(server, embedded))}
    finally:
        kill(server.home)
    server = start(folder / "bare", heap=HEAP, page_cache=PAGE_CACHE)
    try:
        with server.driver() as driver:
            yield Figure("bare loop", bare_loop(driver, folder / "rows"), None, rows)
    finally:
        kill(server.home)
    server = start(folder / "bulk", heap=HEAP, page_cache=PAGE_CACHE)
    try:
        yield Figure("bulk: write CSV", *tidewaiter(*ingest, "--bulk", folder / "import", server=server), rows)
        yield Figure("bulk: import alone", imported(server, folder / "import"), None, rows)
        yield Figure("bulk: first opening", *tidewaiter("status", server=server))
        hashes.add(status(reached(server, embedded)))
    finally:
        kill(server.home)
    if len(hashes) != 1:
        sys.exit(f"The stores differ: {sorted(hashes)}")


def take_snapshot() -> None:
    """Read the whole graph of the store of the settings."""
    with opened(load_settings()) as store:
        snapshot(store)


def reached(server: Server | None, embedded: Path | None) -> dict[str, str]:
    """Return the settings that name a store."""
    if server is None:
        return {"TIDEWAITER_STORE": f"sqlite:///{embedded}"}
    return {"TIDEWAITER_STORE": server.address, "TIDEWAITER_NEO4J_PASSWORD": server.password}


def status(settings: dict[str, str]) -> str:
    """Return the graph hash."""
    command = [sys.executable, "-m", "api.cli", "status", "--hash", "--json"]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=True)
    found: str = json.loads(done.stdout)["graph_hash"]
    return found


def ratios(figures: Sequence[Figure]) -> Iterator[tuple[str, float, str]]:
    """Yield what is aimed for: the ratio, and its limit."""
    took = {figure.step: figure.seconds for figure in figures}
    bulk, alone = took["bulk: import alone"] + took["bulk: first opening"], took["bulk: import alone"]
    yield "load: rows/s against the bare loop", took["bare loop"] / took["load, Neo4j"], "at least 0.6"
    yield "load: time against SQLite", took["load, Neo4j"] / took["load, SQLite"], ""
    yield "bulk: import and first opening against the import alone", bulk / alone, "at most 1.5"
    yield "bulk: with the writing of CSV", (bulk + took["bulk: write CSV"]) / alone, ""
    yield "bulk: time against the load", (bulk + took["bulk: write CSV"]) / took["load, Neo4j"], ""
    yield "snapshot: time against SQLite", took["snapshot, Neo4j"] / took["snapshot, SQLite"], "at most 3"
    peaks = {figure.step: (figure.peak_mib or 0) / 1024 for figure in figures}
    writing = max(peaks[step] for step in ("load, Neo4j", "bulk: write CSV", "bulk: first opening"))
    yield "memory: highest peak of loading and bulk, GiB", writing, "at most 2"
    yield "memory: snapshot against SQLite", peaks["snapshot, Neo4j"] / peaks["snapshot, SQLite"], ""


def table(figures: Sequence[Figure]) -> str:
    """Return the figures and ratios as Markdown."""
    lines = ["| step | seconds | rows/s | peak MiB |", "|---|--:|--:|--:|"]
    for figure in figures:
        speed = f"{figure.rows / figure.seconds:,.0f}" if figure.rows else ""
        peak = f"{figure.peak_mib:,.0f}" if figure.peak_mib else ""
        lines.append(f"| {figure.step} | {figure.seconds:,.1f} | {speed} | {peak} |")
    lines += ["", "| ratio | is | aim |", "|---|--:|---|"]
    lines += [f"| {name} | {value:.2f} | {aim} |" for name, value, aim in ratios(figures)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shipments", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path, help="write the table here, too")
    chosen = parser.parse_args()
    # The server remarks on every type of link that a store happens to have none of.
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    figures = []
    with tempfile.TemporaryDirectory(prefix="tidewaiter-store-") as folder:
        for figure in run(chosen.shipments, Path(folder)):
            print(f"{figure.step}: {figure.seconds:,.1f} s", file=sys.stderr, flush=True)
            figures.append(figure)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {chosen.shipments:,} shipments, seed {SEED}"
    report = f"{table(figures)}\n{machine}\n"
    print(report)
    if chosen.output is not None:
        chosen.output.write_text(report, "utf-8")


if __name__ == "__main__":
    main()
