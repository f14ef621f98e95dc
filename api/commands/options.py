"""Options that several commands share, and the settings that result from them."""

import re
import shlex
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.errors import UsageError

if TYPE_CHECKING:
    from api.settings import Settings

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

StoreOption = Annotated[
    str | None,
    typer.Option("--store", help="Address of the store; default: TIDEWAITER_STORE.", metavar="ADDRESS"),
]
AdoptOption = Annotated[
    bool,
    typer.Option("--adopt", help="Make the store even in a Neo4j database with other nodes in it, beside them."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

FromOption = Annotated[str, typer.Option("--from", metavar="DAY", help="First day of acceptance, as 2021-03-01.")]
ToOption = Annotated[str, typer.Option("--to", metavar="DAY", help="Last day of acceptance, included.")]


def day(text: str | None) -> date | None:
    """Read a day as 2021-03-31; None where none is given.

    Raises:
        UsageError: it is no day.
    """
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise UsageError(f"'{text}' is not a day: write it as 2021-03-31.")


def period(first: str, last: str) -> tuple[date, date]:
    """Read the first and the last day of a period.

    Raises:
        UsageError: one is no day, or the last lies before the first.
    """
    begin, end = day(first), day(last)
    assert begin is not None
    assert end is not None
    if end < begin:
        raise UsageError(f"The last day {end} lies before the first, {begin}: exchange --from and --to.")
    return begin, end


def settings(ctx: typer.Context, store: str | None) -> "Settings":
    """Return the settings: the store is named after the command, else before it, else by the environment."""
    from api.settings import load_settings

    read = load_settings()
    chosen = store if store is not None else ctx.obj
    if chosen is None:
        return read
    if not chosen.strip():
        raise UsageError("The store's address is empty: give one such as sqlite:///tidewaiter.db.")
    return read.model_copy(update={"store": chosen.strip()})


def command(chosen: "Settings", *words: object) -> str:
    """Return a command line to try next: as this one was called, naming the store where the environment does not."""
    from api.settings import load_settings

    line = [_program(), *map(str, words)]
    if words[0] != "simulate" and load_settings().store != chosen.store:
        line += ["--store", chosen.store]
    return shlex.join(line)


def _program() -> str:
    """Return how this program is called: by its path where its name alone would not find it."""
    called = sys.argv[0]
    return called if Path(called).name == "tidewaiter" and shutil.which("tidewaiter") is None else "tidewaiter"
