"""A table of numpy columns that can grow; parties and lanes are such tables."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


class Filled:
    """How a column begins: empty, of a type, with a value for rows that say nothing of it."""

    def __init__(self, dtype: DTypeLike, value: float | bool) -> None:
        self.dtype = dtype
        self.value = value

    def __call__(self) -> NDArray[Any]:
        """Return the empty column."""
        return np.empty(0, dtype=self.dtype)


@dataclass
class Columns:
    """The base: every field is a numpy array, begun by a `Filled`; all are of the same length."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(getattr(self, fields(self)[0].name))

    def append(self, count: int, **values: ArrayLike) -> NDArray[np.int64]:
        """Add rows and return their numbers.

        Args:
            count: How many rows.
            **values: By column, one value for all the rows or one for each; the others get their default.

        Returns:
            The numbers of the new rows.
        """
        first = len(self)
        for declared in fields(self):
            present = getattr(self, declared.name)
            added = np.empty(count, dtype=present.dtype)
            begins = declared.default_factory
            added[:] = values.pop(declared.name, begins.value if isinstance(begins, Filled) else 0)
            setattr(self, declared.name, np.concatenate([present, added]))
        if values:
            raise TypeError(f"no such columns: {', '.join(sorted(values))}")
        return np.arange(first, first + count)

    def copy_rows(self, rows: NDArray[np.int64], **values: ArrayLike) -> NDArray[np.int64]:
        """Add copies of rows, with some columns set to other values, and return the numbers of the copies."""
        copied = {declared.name: getattr(self, declared.name)[rows] for declared in fields(self)}
        return self.append(len(rows), **(copied | values))
