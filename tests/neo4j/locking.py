"""A lock between processes, which ends with the process that holds it."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, *, seconds: float = 600) -> Iterator[None]:
    """Hold the lock that is kept at a path; it cannot be taken twice, by the same process neither.

    Raises:
        TimeoutError: somebody else held it all the time.
    """
    deadline = time.monotonic() + seconds
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{path} was held by another process for {seconds:.0f} s.") from None
                time.sleep(0.1)
        yield
