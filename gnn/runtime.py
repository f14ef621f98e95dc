"""How torch is brought in and made to give the same bits twice."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, local
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch

THREADS = 1  # a fixed number, since the order of parallel sums is part of the result
AT_ONCE = 8  # pieces that are worked on side by side at most, since each takes memory

Piece = TypeVar("Piece")
Found = TypeVar("Found")


def quiet_import() -> None:
    """Import torch-geometric (8-12 s, once) without the one warning that its import raises for every user."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.script` is deprecated", category=FutureWarning)
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.script` is deprecated", category=DeprecationWarning)
        import torch_geometric.data
        import torch_geometric.utils  # noqa: F401


def device() -> "torch.device":
    """Return the graphics card where there is one, else the processor."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Run a block with seeded, deterministic torch on a fixed number of threads; put everything back after it."""
    import torch

    # cuBLAS is deterministic only with a workspace of fixed size.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with torch.random.fork_rng(), threads(THREADS), _strictly():
        torch.manual_seed(seed)
        yield


class _Strict:
    """How many blocks need deterministic torch now, in all threads, and what was before the first of them."""

    lock = Lock()
    blocks = 0
    before = False


@contextmanager
def _strictly() -> Iterator[None]:
    """Run a block with deterministic torch; the last of the blocks of all threads puts back what was before."""
    import torch

    with _Strict.lock:
        if not _Strict.blocks:
            _Strict.before = torch.are_deterministic_algorithms_enabled()
            torch.use_deterministic_algorithms(True)
        _Strict.blocks += 1
    try:
        yield
    finally:
        with _Strict.lock:
            _Strict.blocks -= 1
            if not _Strict.blocks:
                torch.use_deterministic_algorithms(_Strict.before)


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Run a block with torch on so many threads; many small steps are faster on one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


_here = local()


def side_by_side(work: Callable[[Piece], Found], pieces: Iterable[Piece]) -> Iterator[Found]:
    """Yield what `work` makes of each piece, in their order; each is worked on by one of as many threads as cores.

    A piece is computed as it would be alone, so the number of threads is not part of the result. Torch's modes that
    belong to a thread, such as that without gradients, must be set inside `work`. A single piece, and pieces of a
    piece, are worked on where they are asked for.
    """
    listed = list(pieces)
    if len(listed) < 2 or getattr(_here, "beside", False):
        with threads(THREADS):
            yield from map(work, listed)
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(min(cores, AT_ONCE), initializer=_begin) as pool:
        yield from pool.map(work, listed)


def _begin() -> None:
    import torch

    torch.set_num_threads(THREADS)
    _here.beside = True
