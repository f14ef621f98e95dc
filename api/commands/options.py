"""Options that several commands share, and the settings that result from them."""

import re
import shlex
from datetime import date
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
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


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
    """Return a command line to try next; it names the store where the environment does not."""
    from api.settings import load_settings

    line = ["tidewaiter", *map(str, words)]
    return shlex.join(line if load_settings().store == chosen.store else [*line, "--store", chosen.store])
