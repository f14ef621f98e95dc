"""How commands speak: results on standard output, as tables or as JSON; everything else on standard error."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.text import as_json, visible

# Where nobody looks at a terminal, lines need not end at its edge.
_WIDTH = 160


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes all text as it is: no markup, no emoji codes, no colours by guess."""
    made = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not made.is_terminal and "COLUMNS" not in made._environ:
        made.width = _WIDTH
    return made


def print_json(value: Any) -> None:
    """Print a result for machines."""
    sys.stdout.write(as_json(value) + "\n")


def say(*parts: str | Text) -> None:
    """Print a line of text for people; parts are joined as they are."""
    console().print(
        Text.assemble(*(part if isinstance(part, Text) else visible(part) for part in parts)), soft_wrap=True
    )


def heading(text: str) -> None:
    """Print a line that stands out, after a blank one."""
    screen = console()
    screen.print()
    screen.print(Text(visible(text), "bold"), soft_wrap=True)


def remark(message: str, style: str = "") -> None:
    """Print a line on standard error."""
    console(stderr=True).print(Text(visible(message), style), soft_wrap=True)


def cell(value: object, style: str = "") -> Text:
    """Return a value as the text of a table's cell: blank where there is none, numbers short."""
    if value is None:
        return Text("")
    if isinstance(value, Text):
        return value
    if isinstance(value, bool):
        return Text("yes" if value else "no", style)
    if isinstance(value, int):
        return Text(f"{value:,}", style)
    if isinstance(value, float):
        return Text(f"{value:.4g}" if value == value else "", style)
    return Text(visible(str(value)), style)


def numbered(count: int, one: str, more: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else more}"


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", right: Iterable[str] = ()
) -> None:
    """Print a table; long values are folded, never cut. Columns in `right` are flushed right."""
    if title:
        console().print(Text(title, "bold"))
    made = Table(box=None, pad_edge=False)
    for name in columns:
        made.add_column(Text(name, "bold"), justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*map(cell, row))
    console().print(made)
