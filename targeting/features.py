"""What the parts of the score have in common: a block of named features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.snapshot import Long

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """Features of n shipments.

    Attributes:
        names: name of each feature.
        categorical: whether a feature is a category's number (NaN where unknown or blank) and not a quantity.
        values: [n, features].
    """

    names: tuple[str, ...]
    categorical: tuple[bool, ...]
    values: Matrix

    def take(self, rows: Long | npt.NDArray[np.bool_]) -> "Block":
        """Return the block of some rows, by number or by mask."""
        return Block(self.names, self.categorical, self.values[rows])


def quantities(names: Sequence[str], columns: Sequence[npt.NDArray[np.generic]], size: int) -> Block:
    """Return a block of quantities, one column each."""
    values = np.empty((size, len(names)), dtype=np.float32)
    for at, column in enumerate(columns):
        values[:, at] = column
    return Block(tuple(names), (False,) * len(names), values)


def beside(*blocks: Block) -> Block:
    """Return the blocks side by side."""
    return Block(
        tuple(name for block in blocks for name in block.names),
        tuple(flag for block in blocks for flag in block.categorical),
        np.concatenate([block.values for block in blocks], axis=1),
    )
