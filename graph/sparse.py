"""Sparse matrices whose single entries, and inner products of rows, are asked for in bulk."""

import numpy as np
import scipy.sparse as sp

from graph.snapshot import Long, Real
from graph.ties import runs


class Matrix:
    """A sparse matrix with sorted rows, whose single entries can be looked up in bulk."""

    def __init__(self, rows: Long, columns: Long, values: Real, shape: tuple[int, int]) -> None:
        held = sp.csr_array(sp.coo_array((values, (rows, columns)), shape=shape))
        held.sort_indices()
        self._held, self._width = held, max(shape[1], 1)
        self.start: Long = held.indptr.astype(np.int64)
        self.column: Long = held.indices.astype(np.int64)
        self.value: Real = held.data
        self._code = np.repeat(np.arange(shape[0]), np.diff(self.start)) * self._width + self.column

    def times(self, vector: Real) -> Real:
        """Return the product of the matrix and a vector."""
        return np.asarray(self._held @ vector, dtype=np.float64)

    def at(self, rows: Long, columns: Long) -> Real:
        """Return the entries (rows[i], columns[i])."""
        if not len(self._code):
            return np.zeros(len(rows))
        asked = rows * self._width + columns
        place = np.minimum(np.searchsorted(self._code, asked), len(self._code) - 1)
        return np.where(self._code[place] == asked, self.value[place], 0.0)


def inner(left: Matrix, rows: Long, right: Matrix, others: Long) -> Real:
    """Return the inner products of left[rows[i]] and right[others[i]]; of each two the shorter row is gone through."""
    totals = np.zeros(len(rows))
    sizes = [matrix.start[at + 1] - matrix.start[at] for matrix, at in ((left, rows), (right, others))]
    shorter = sizes[0] <= sizes[1]
    for mine, (here, at), (there, facing) in (
        (np.flatnonzero(shorter), (left, rows), (right, others)),
        (np.flatnonzero(~shorter), (right, others), (left, rows)),
    ):
        of, place = runs(here.start[at[mine]], here.start[at[mine] + 1] - here.start[at[mine]])
        products = here.value[place] * there.at(facing[mine][of], here.column[place])
        totals[mine] = np.bincount(of, products, minlength=len(mine))
    return totals
