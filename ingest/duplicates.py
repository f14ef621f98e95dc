"""Exact duplicates within a load: a row equal in all used columns to an earlier one.

A row is known again by 128 bits of BLAKE2 over its values, 16 bytes a row, in sorted runs that are merged as they grow.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_SIGN = "\x1f"
_DIGEST_BYTES = 16
_DIGEST = np.dtype([("high", "<u8"), ("low", "<u8")])

Digests = npt.NDArray[np.void]


def digests(table: pa.Table, layout: Sequence[str]) -> Digests:
    """Return a 128-bit digest of each row of a table of text columns.

    `layout` names the columns that bear on it, in order; one that the table lacks counts as empty.
    """
    empty = pa.array([""]).take(pa.array(np.zeros(len(table), dtype=np.int8)))
    columns = [table[name].combine_chunks() if name in table.column_names else empty for name in layout]
    joined = pc.binary_join_element_wise(*columns, _SIGN)
    held = pc.sum(pc.count_substring(joined, _SIGN)).as_py() or 0
    if held != len(table) * (len(columns) - 1):
        # A value holds the sign itself: escape it, so that rows are equal only where all their values are.
        columns = [pc.replace_substring(pc.replace_substring(c, "\\", "\\\\"), _SIGN, "\\u") for c in columns]
        joined = pc.binary_join_element_wise("\\", *columns, _SIGN)
    of_rows = [hashlib.blake2b(row, digest_size=_DIGEST_BYTES).digest() for row in joined.cast(pa.binary()).to_pylist()]
    return np.frombuffer(b"".join(of_rows), dtype=_DIGEST)


class Seen:
    """The digests of all rows so far."""

    def __init__(self) -> None:
        self._runs: list[Digests] = []

    def first(self, rows: Digests) -> npt.NDArray[np.bool_]:
        """Return whether each row is the first of its kind, and remember it."""
        order = np.lexsort((rows["low"], rows["high"]))
        ordered = rows[order]
        new = np.ones(len(rows), dtype=bool)
        new[1:] = ordered[1:] != ordered[:-1]
        for run in self._runs:
            new &= ~_contains(run, ordered)
        self._remember(ordered[new])
        first = np.zeros(len(rows), dtype=bool)
        first[order[new]] = True
        return first

    def _remember(self, ordered: Digests) -> None:
        """Add a sorted run; runs are merged so that each is at least twice as long as the next."""
        if len(ordered):
            self._runs.append(ordered)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            self._runs.append(merged[np.lexsort((merged["low"], merged["high"]))])


def _contains(run: Digests, ordered: Digests) -> npt.NDArray[np.bool_]:
    """Return whether each digest is in a sorted run."""
    high = run["high"]
    at = np.searchsorted(high, ordered["high"])
    found = np.zeros(len(ordered), dtype=bool)
    # Two different rows agree in the first 64 bits hardly ever; where they do, the next entries are compared too.
    looking = np.arange(len(ordered))
    while len(looking):
        inside = at[looking] < len(run)
        looking = looking[inside]
        looking = looking[high[at[looking]] == ordered["high"][looking]]
        equal = run["low"][at[looking]] == ordered["low"][looking]
        found[looking[equal]] = True
        looking = looking[~equal]
        at[looking] += 1
    return found
