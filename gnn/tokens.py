"""The tokens of shipments: what each metapath brings, as plain numpy arrays with named features."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Long = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Category:
    """A declared category: `texts[codes[i]]` is what row i declared; code -1 where blank.

    Attributes:
        codes: [n] position in `texts`.
        texts: the distinct values; their order means nothing.
    """

    codes: npt.NDArray[np.int32]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Tokens:
    """What the network reads of n shipments.

    Attributes:
        keys: [n] key of each shipment (object array of text).
        features: names of the features of each token, by token; in this order they are the columns of `values`.
        values: [n, number of features] the features, not standardised; log counts, log ratios, log odds, flags.
        categories: the declared categories by column.
    """

    keys: npt.NDArray[np.object_]
    features: Mapping[str, tuple[str, ...]]
    values: npt.NDArray[np.float32]
    categories: Mapping[str, Category]

    def __len__(self) -> int:
        """Return the number of shipments."""
        return len(self.values)

    def take(self, rows: Long | npt.NDArray[np.bool_]) -> "Tokens":
        """Return the tokens of some rows, by number or by mask."""
        categories = {name: replace(kept, codes=kept.codes[rows]) for name, kept in self.categories.items()}
        return replace(self, keys=self.keys[rows], values=self.values[rows], categories=categories)

    def columns(self) -> dict[str, slice]:
        """Return where each token's features stand in `values`."""
        where, start = {}, 0
        for token, names in self.features.items():
            where[token] = slice(start, start + len(names))
            start += len(names)
        return where
