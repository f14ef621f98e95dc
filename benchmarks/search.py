"""How well and how fast misspelt names are found: names of the sanctions list of the United States, disturbed.

    python -m benchmarks.search                    # in the embedded store
    python -m benchmarks.search --neo4j            # and in Neo4j (Java 17 and Maven are needed)

The list (`TIDEWAITER_DATA`/ofac: sdn.csv and alt.csv) is loaded whole, as list entries with their aliases. A seeded
sample of its primary names is disturbed in several ways, each looked for, and it counts whether the entry is among the
first five. With `--store ADDRESS` the names of the parties of a store are looked for in the same ways, for the times.
"""

import argparse
import csv
import random
import statistics
import string
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from api.settings import load_settings
from graph.likeness import form
from graph.records import Ref
from graph.statements import SHAPES, Statements
from graph.store.base import GraphStore
from graph.store.batches import Batch, LoadChunk
from graph.store.open import open_store

FIRST = 5
_BLANK = "-0-"
# How the list writes legal forms.
_FORMS = frozenset(
    [
        *("co", "company", "corp", "corporation", "gmbh", "inc", "jsc", "limited", "llc", "llp", "ltd", "ltda"),
        *("ooo", "oao", "pjsc", "plc", "private", "pte", "pty", "sa", "sarl", "spa", "srl", "zao", "cv", "sas", "bv"),
    ]
)
Disturb = Callable[[random.Random, str], str]


class Figure(NamedTuple):
    """What came of one way to disturb names: the share found among the first five, and milliseconds."""

    way: str
    asked: int
    recall: float
    median: float
    slowest: float


def typing_errors(drawn: random.Random, name: str, edits: int) -> str:
    """Return the name with letters left out, put in, exchanged, or two of them turned round."""
    for _ in range(edits):
        places = [at for at, letter in enumerate(name) if letter.isalnum()]
        at = drawn.choice(places)
        letter = drawn.choice(string.ascii_uppercase)
        kind = drawn.randrange(4)
        if kind == 0 and len(places) > 3:
            name = name[:at] + name[at + 1 :]
        elif kind == 1:
            name = name[:at] + letter + name[at:]
        elif kind == 2 or at + 1 == len(name):
            name = name[:at] + letter + name[at + 1 :]
        else:
            name = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name


def swapped(drawn: random.Random, name: str) -> str:
    """Return the name with its words in another order."""
    words = name.split()
    drawn.shuffle(words)
    return " ".join(words)


def without_form(_: random.Random, name: str) -> str:
    """Return the name without its legal forms, as it is where it has nothing else."""
    words = [word for word in name.split() if word.strip(".,()").replace(".", "").lower() not in _FORMS]
    return " ".join(words) or name


def mixed(drawn: random.Random, name: str) -> str:
    """Return the name with one or two typing errors, its words in another order, without legal forms."""
    return typing_errors(drawn, swapped(drawn, without_form(drawn, name)), drawn.choice((1, 2)))


WAYS: Mapping[str, Disturb] = {
    "as it is": lambda _, name: name,
    "one typing error": lambda drawn, name: typing_errors(drawn, name, 1),
    "two typing errors": lambda drawn, name: typing_errors(drawn, name, 2),
    "words swapped": swapped,
    "legal form dropped": without_form,
    "all mixed": mixed,
}


def listed(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Return the name and the aliases of each entry of the list."""
    entries = {f"OFAC/{row[0]}": (row[1], list[str]()) for row in _rows(folder / "sdn.csv")}
    for row in _rows(folder / "alt.csv"):
        if f"OFAC/{row[0]}" in entries:
            entries[f"OFAC/{row[0]}"][1].append(row[3])
    return entries


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(newline="", encoding="latin-1") as file:
        yield from (row for row in csv.reader(file) if len(row) > 3 and row[1].strip() != _BLANK)


def fill(store: GraphStore, entries: Mapping[str, tuple[str, list[str]]]) -> None:
    """Load the list."""
    rows = [
        {"source": "ofac", "entry": entry, "name": name, "aliases": aliases or None}
        for entry, (name, aliases) in entries.items()
    ]
    statements = Statements(listing=pa.Table.from_pylist(rows, schema=SHAPES["listing"]))
    store.add_batch(
        Batch("ofac", "ofac", "ofac", "ofac", "1", "ofac"), [LoadChunk(statements, [], len(rows), len(rows), 0)]
    )


def measure(store: GraphStore, names: Sequence[tuple[Ref, str]], seed: int) -> Iterator[Figure]:
    """Look for the disturbed names."""
    for way, disturb in WAYS.items():
        drawn, found, taken = random.Random(f"{seed} {way}"), 0, []
        for ref, name in names:
            text = disturb(drawn, name)
            start = time.perf_counter()
            hits = store.search(text, limit=FIRST)
            taken.append(1000 * (time.perf_counter() - start))
            found += ref in [hit.ref for hit in hits]
        slowest = statistics.quantiles(taken, n=100)[-1]
        yield Figure(way, len(names), found / len(names), statistics.median(taken), slowest)


def sample(names: Iterable[tuple[Ref, str]], size: int, seed: int) -> list[tuple[Ref, str]]:
    """Return a seeded sample of things by their names."""
    usable = sorted((ref, name) for ref, name in names if form(name).words)
    return random.Random(seed).sample(usable, min(size, len(usable)))


def parties(store: GraphStore) -> Iterator[tuple[Ref, str]]:
    """Yield the names of the parties of a store."""
    for piece in store.scan("description", ["type", "key", "name"]):
        for row in piece.to_pylist():
            if row["name"]:
                yield Ref(row["type"], row["key"]), row["name"]


@contextmanager
def stores(*, neo4j: bool) -> Iterator[dict[str, GraphStore]]:
    """Open an empty store of each kind."""
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/search.db") as embedded:
        if not neo4j:
            yield {"SQLite": embedded}
            return
        from tests.neo4j.server import start, stop

        server = start(Path(folder) / "home")
        try:
            with open_store(server.address, user=server.user, password=server.password) as on_server:
                yield {"SQLite": embedded, "Neo4j": on_server}
        finally:
            stop(server.home)


def table(figures: Iterable[tuple[str, Figure]]) -> str:
    """Return the figures as Markdown."""
    rows = [
        f"| {store} | {one.way} | {one.asked:,} | {one.recall:.3f} | {one.median:.1f} | {one.slowest:.1f} |"
        for store, one in figures
    ]
    head = "| store | names | asked | among the first five | median ms | 99 % ms |\n|---|---|---:|---:|---:|---:|"
    return "\n".join([head, *rows]) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--names", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20240229)
    parser.add_argument("--neo4j", action="store_true")
    parser.add_argument("--store", help="address of a store whose parties are looked for instead")
    options = parser.parse_args(arguments)
    figures: list[tuple[str, Figure]] = []
    if options.store:
        chosen = load_settings()
        password = chosen.neo4j_password.get_secret_value() if chosen.neo4j_password else ""
        with open_store(options.store, create=False, user=chosen.neo4j_user, password=password) as held:
            names = sample(parties(held), options.names, options.seed)
            figures.extend((options.store.partition(":")[0], one) for one in measure(held, names, options.seed))
    else:
        entries = listed(load_settings().data / "ofac")
        names = sample(
            ((Ref("ListEntry", key), name) for key, (name, _) in entries.items()), options.names, options.seed
        )
        with stores(neo4j=options.neo4j) as opened:
            for name, store in opened.items():
                fill(store, entries)
                for one in measure(store, names, options.seed):
                    print(name, *one, file=sys.stderr, flush=True)
                    figures.append((name, one))
    print(table(figures), end="")


if __name__ == "__main__":
    main()
