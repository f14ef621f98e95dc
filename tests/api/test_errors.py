import errno
import importlib
import sqlite3

import pytest

from api.commands import errors


@pytest.mark.parametrize("name", [name for name in errors.RULES if not name.startswith(("click.", "typer."))])
def test_every_rule_names_an_error(name: str) -> None:
    module, _, known = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), known), Exception)


def test_the_parser_of_this_typer_is_known() -> None:
    import typer

    ending = errors.ending(typer.BadParameter("no good"))
    assert ending is not None
    assert ending.status == errors.USAGE


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (errors.UsageError("Say it so."), 2, "Say it so."),
        (errors.CommandError("It is not ready."), 1, "It is not ready."),
        (OSError(errno.ENOSPC, "No space left on device", "x.csv"), 1, "The disk is full (x.csv)"),
        (PermissionError(errno.EACCES, "Permission denied", "x.csv"), 1, "Not allowed to read or write here (x.csv)"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x"), 1, "refused (x): no such file"),
        (sqlite3.OperationalError("database or disk is full"), 1, "The disk is full"),
        (sqlite3.OperationalError("database is locked"), 1, "Another process is writing"),
        (sqlite3.DatabaseError("file is not a database"), 1, "is no store"),
        (MemoryError(), 1, "not enough memory"),
    ],
)
def test_an_error_ends_in_a_sentence(error: Exception, status: int, said: str) -> None:
    ending = errors.ending(error)
    assert ending is not None
    assert ending.status == status
    assert said in ending.message
    assert "\n" not in ending.message


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), AssertionError(), ZeroDivisionError()])
def test_a_fault_of_the_program_is_not_explained_away(error: Exception) -> None:
    assert errors.ending(error) is None


def test_what_became_of_an_interruption_is_one() -> None:
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as pressed:
            raise ImportError("could not be initialised") from pressed
    except ImportError as error:
        assert errors.interrupted(error)
    assert errors.interrupted(KeyboardInterrupt())
    assert not errors.interrupted(ImportError("no such module"))
