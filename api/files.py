"""Writing a file that a user named: whole or not at all, and never in place of what is no file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from api.commands.errors import UsageError


def check_output(path: Path) -> None:
    """Raise UsageError where no file can be written at a path, before any work is done."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it.")
    # The second is another one where the path is a link: that of the file which it names.
    for folder in (path.parent, _resolved(path).parent):
        if not folder.is_dir():
            raise UsageError(f"The folder {folder} does not exist: create it first, or write elsewhere.")


def _resolved(path: Path) -> Path:
    """Return where links lead; unlike `Path.resolve`, links that go round in a circle raise nothing."""
    return Path(os.path.realpath(path))


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """Open a file for UTF-8 text, which takes the place of an older one when all is written.

    A link is followed. What is there and no regular file (a pipe, a device) is written to directly.

    Raises:
        OSError: it cannot be written; an older file stays as it was.
    """
    with _placed(path) as target, target.open("w", newline="", encoding="utf-8") as file:
        yield file


@contextmanager
def written_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file for bytes, otherwise as `written`."""
    with _placed(path) as target, target.open("wb") as file:
        yield file


@contextmanager
def _placed(path: Path) -> Iterator[Path]:
    """Give where to write, and put what was written there in its place."""
    # Asked of the path itself: what `/dev/stdout` leads to has no path of its own where it is a pipe.
    if path.exists() and not path.is_file():
        yield path
        return
    target = _resolved(path)
    partial = target.with_name(f".{target.name}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
