"""Dividing a large network beside igraph, in one run: seconds and modularity.

    python -m benchmarks.communities                       # 1.0 M nodes and 2.8 M links
    python -m benchmarks.communities --median 60           # smaller: 200,000 nodes

python-igraph is under the GPL: it is installed for this alone, and nothing else imports it:

    uv pip install --require-hashes --requirement requirements/peer.txt

Both are given the same arrays and asked for a community of every node, in turns, each on one thread; what it takes to
make a graph of the arrays counts. igraph draws by its own generator, which is the quicker one, and goes round as often
as is needed to reach the modularity that we have, at most `ROUNDS` times.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.planted import Planted, planted
from graph.partition import WeightedTies, divide
from graph.snapshot import Long

SEED = 20240229
RESOLUTIONS = (1.0, 16.0)
TURNS = 3
ROUNDS = 4
MISSING = "python-igraph is missing: uv pip install --require-hashes --requirement requirements/peer.txt"


class Division(NamedTuple):
    """How a network was divided: in which time (of the clock, and of the processor), and how well at the resolution."""

    seconds: float
    processor: float
    modularity: float
    communities: int


def measured(network: Planted, resolution: float, divided: Callable[[], Long]) -> Division:
    """Divide once."""
    clock, processor = time.perf_counter(), time.process_time()
    number = divided()
    seconds, busy = time.perf_counter() - clock, time.process_time() - processor
    return Division(seconds, busy, modularity(number, network.ties, resolution), len(np.unique(number)))


def modularity(number: Long, ties: WeightedTies, resolution: float) -> float:
    """Return the modularity of a partition at a resolution."""
    whole = float(ties.weight.sum())
    inside = float(ties.weight[number[ties.left] == number[ties.right]].sum())
    ends = np.concatenate([number[ties.left], number[ties.right]])
    degree = np.bincount(ends, np.tile(ties.weight, 2))
    return inside / whole - resolution * float(((degree / (2 * whole)) ** 2).sum())


def ours(network: Planted, resolution: float, turn: int) -> Division:
    """Divide by `graph.partition`."""
    return measured(
        network, resolution, lambda: divide(len(network.truth), network.ties, SEED + turn, resolution, runs=0).number
    )


def peers(network: Planted, resolution: float, least: float) -> Division:
    """Divide by igraph's Leiden method, by as few rounds as reach a modularity, from the start each time."""
    import igraph

    igraph.set_random_number_generator(None)
    left, right, weight = network.ties

    def divided(rounds: int) -> Long:
        graph = igraph.Graph(n=len(network.truth), edges=np.column_stack([left, right]))
        found = graph.community_leiden("modularity", weights=weight, resolution=resolution, n_iterations=rounds)
        return np.asarray(found.membership)

    for rounds in range(2, ROUNDS + 1):
        found = measured(network, resolution, partial(divided, rounds))
        if found.modularity >= least:
            break
    return found


def table(rows: Sequence[tuple[float, str, Sequence[Division]]]) -> str:
    """Return the medians of the turns as a Markdown table, and the ratios of each turn's times."""
    lines = [
        "| resolution | | seconds | of the processor | modularity | communities | time against igraph, by turn |",
        "|--:|---|--:|--:|--:|--:|---|",
    ]
    for resolution, name, turns in rows:
        beside = next(other for at, peer, other in rows if at == resolution and peer == "igraph")
        ratios = ", ".join(f"{one.processor / other.processor:.2f}" for one, other in zip(turns, beside, strict=True))
        middle = [float(np.median(column)) for column in zip(*turns, strict=True)]
        lines.append(
            f"| {resolution:g} | {name} | {middle[0]:.1f} | {middle[1]:.1f} | {middle[2]:.4f} | {middle[3]:,.0f} "
            f"| {'' if name == 'igraph' else ratios} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--median", type=float, default=330, help="size of the 2,000 planted communities")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args(arguments)
    try:
        import igraph
    except ImportError:
        sys.exit(MISSING)
    network = planted(SEED, asked.median, 1.0)
    nodes, links = len(network.truth), len(network.ties.left)
    # The first division loads the library.
    divide(2, WeightedTies(np.array([0]), np.array([1]), np.ones(1)), SEED, 1.0, runs=0)
    rows: list[tuple[float, str, list[Division]]] = []
    for resolution in RESOLUTIONS:
        mine: list[Division] = []
        other: list[Division] = []
        for turn in range(asked.turns):
            mine.append(ours(network, resolution, turn))
            other.append(peers(network, resolution, mine[-1].modularity))
            print(f"resolution {resolution:g}: {mine[-1]}, igraph {other[-1]}", file=sys.stderr, flush=True)
        rows += [(resolution, "Tidewaiter", mine), (resolution, "igraph", other)]
    told = table(rows) + (
        f"\n{nodes:,} nodes, {links:,} links, seed {SEED}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"igraph {igraph.__version__}, load average {os.getloadavg()[0]:.1f} at the end\n"
    )
    print(told)
    if asked.output is not None:
        asked.output.write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
