"""What goes wrong, in one table: how a command ends where a user's mistake or a failing machine raised an error."""

import errno
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

FAILURE = 1
USAGE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


class UsageError(Exception):
    """A command that cannot be meant so; the message is one sentence that says what is wrong and what to do.

    `choices` are what could be meant, listed below the sentence.
    """

    def __init__(self, message: str, choices: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.choices = choices


class CommandError(Exception):
    """A command that cannot be carried out; the message is one sentence that says why and what to do."""


class Ending(NamedTuple):
    """How a command ends: its exit status, the sentence for standard error, and what to list below it."""

    status: int
    message: str
    choices: Sequence[str]


def _parser(error: Exception) -> str:
    said = str(error.format_message())  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "tidewaiter"
    return f"{said.rstrip('.')}. See '{command} --help'."


def _system(error: Exception) -> str:
    assert isinstance(error, OSError)
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"The disk is full{where}: make room and repeat the command; nothing that was there before is lost."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"Not allowed to read or write here{where}: check the permissions, or choose another place."
    reason = (error.strerror or str(error)).rstrip(".")
    return f"The operating system refused{where}: {reason[:1].lower()}{reason[1:]}."


def _database(error: Exception) -> str:
    text = str(error)
    if "disk is full" in text:
        return "The disk is full: make room and repeat the command; nothing that was there before is lost."
    if "locked" in text:
        return "Another process is writing to the store: wait until it has finished, then repeat the command."
    if "readonly" in text or "unable to open" in text:
        return f"The store cannot be opened or written ({text}): check its address and the permissions of its folder."
    if "malformed" in text or "not a database" in text:
        return f"The store's file is damaged or is no store ({text}): restore it, or load the data into a new one."
    return f"The store failed ({text}): see that disk and file system are in order, then repeat the command."


def _memory(error: Exception) -> str:
    return "There is not enough memory for this: close other programs, or use a machine with more."


# By the full names of the classes, so that no command has to import a module only to know its errors.
RULES: Mapping[str, tuple[int, Callable[[Exception], str]]] = {
    "api.commands.errors.UsageError": (USAGE, str),
    "api.commands.errors.CommandError": (FAILURE, str),
    "api.settings.SettingsError": (USAGE, str),
    "ingest.errors.InputError": (USAGE, str),
    "click.exceptions.ClickException": (USAGE, _parser),
    "typer._click.exceptions.ClickException": (USAGE, _parser),
    "api.exports.errors.AskedWronglyError": (USAGE, str),
    "api.exports.errors.ExportError": (FAILURE, str),
    "graph.store.errors.AddressError": (USAGE, str),
    "graph.store.errors.StoreError": (FAILURE, str),
    "targeting.TargetingError": (FAILURE, str),
    "sqlite3.DatabaseError": (FAILURE, _database),
    "builtins.MemoryError": (FAILURE, _memory),
    "builtins.OSError": (FAILURE, _system),
}


def interrupted(error: BaseException | None) -> bool:
    """Tell whether an error is an interruption, or what became of one: imports that are interrupted fail their way."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def ending(error: Exception) -> Ending | None:
    """Return how a command ends that raised this error; None where the error is a fault of the program."""
    for known in type(error).__mro__:
        rule = RULES.get(f"{known.__module__}.{known.__qualname__}")
        if rule is not None:
            status, message = rule
            return Ending(status, message(error), getattr(error, "choices", ()))
    return None
