"""How torch is brought in and made to give the same bits twice."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch

THREADS = 1  # a fixed number, since the order of parallel sums is part of the result

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
    strict = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(), threads(THREADS):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(strict)


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


def side_by_side(work: Callable[[Piece], Found], pieces: Iterable[Piece]) -> Iterator[Found]:
    """Yield what `work` makes of each piece, in their order; each is worked on by one of as many threads as cores.

    A piece is computed as it would be alone, so the number of threads is not part of the result. Torch's modes that
    belong to a thread, such as that without gradients, must be set inside `work`.
    """
    import torch

    with ThreadPoolExecutor(os.cpu_count(), initializer=lambda: torch.set_num_threads(THREADS)) as pool:
        yield from pool.map(work, pieces)
