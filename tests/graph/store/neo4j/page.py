"""The page about Neo4j, its answers written anew: `python -m tests.graph.store.neo4j.page`."""

import inspect
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from neo4j import Driver, Record

from api.commands.demo import demo
from api.settings import Settings
from graph.store.neo4j import Login, Neo4jStore
from ingest.load import load
from ingest.synthetic import simulate
from tests.neo4j.jars import Neo4jMissingError
from tests.neo4j.server import Server, ServerError, kill, start

PAGE = Path(__file__).parents[4] / "docs" / "neo4j.md"

# A question, indented as code, and the table under it, if there is one already.
_ASKED = re.compile(r"(?P<question>(?:^    .+\n)+)\n(?:(?:^\|.*\n)+\n)?", re.MULTILINE)


def load_demo(server: Server, folder: Path) -> None:
    """Load the world of the demo into the empty database of a server."""
    shipments = inspect.signature(demo).parameters["shipments"].default
    simulate(folder, shipments=shipments, seed=Settings.model_fields["seed"].default)
    with Neo4jStore(server.address, Login(server.user, server.password, server.database)) as store:
        load(store, folder, mapping="native")


def questions(page: str) -> Iterator[str]:
    """Yield the questions of the page."""
    return (found["question"] for found in _ASKED.finditer(page) if "MATCH" in found["question"])


def with_answers(page: str, driver: Driver) -> str:
    """Return the page with the answers that the database gives."""

    def answered(found: re.Match[str]) -> str:
        question = found["question"]
        if "MATCH" not in question:
            return found[0]
        rows, _, names = driver.execute_query(question)
        return f"{question}\n{_table(names, rows)}\n"

    return _ASKED.sub(answered, page)


def _table(names: Sequence[str], rows: Sequence[Record]) -> str:
    cells = [[_cell(value) for value in row.values()] for row in rows]
    numbers = [all(isinstance(row[at], int | float) for row in rows) for at in range(len(names))]
    widths = [max(3, *map(len, column)) for column in zip(names, *cells, strict=True)]
    rule = ["-" * (width - 1) + ":" if number else "-" * width for width, number in zip(widths, numbers, strict=True)]
    lines = []
    for line in (names, rule, *cells):
        padded = (
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, numbers, strict=True)
        )
        lines.append(f"| {' | '.join(padded)} |\n")
    return "".join(lines)


def _cell(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.replace("|", "\\|")


def main() -> None:
    """Write the answers of the demo's world into the page."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        try:
            server = start(home)
            load_demo(server, Path(folder) / "world")
            with server.driver() as driver:
                PAGE.write_text(with_answers(PAGE.read_text("utf-8"), driver), "utf-8")
        except (Neo4jMissingError, ServerError) as error:
            sys.exit(str(error))
        finally:
            kill(home)


if __name__ == "__main__":
    main()
