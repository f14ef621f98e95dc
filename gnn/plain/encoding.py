"""Numbers told apart finely enough for a small network, which finds no thresholds by itself."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from gnn.tokens import Tokens

BINS = 8


def piecewise(tokens: Tokens, smooth: Collection[str] = ()) -> Tokens:
    """Return tokens in which every feature is replaced by how far it fills each of its bins (Gorishniy et al. 2022).

    The bins lie between the distinct quantiles of all rows; a feature that never varies is left out.

    Args:
        tokens: the tokens of all rows.
        smooth: tokens left as they are, whose features mean something together only.
    """
    features: dict[str, tuple[str, ...]] = {}
    columns: list[npt.NDArray[np.float32]] = []
    for token, where in tokens.columns().items():
        values = tokens.values[:, where]
        if token in smooth:
            features[token] = tokens.features[token]
            columns.append(values)
            continue
        names: list[str] = []
        for name, column in zip(tokens.features[token], values.T, strict=True):
            edges = np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)))
            filled = (column[:, None] - edges[:-1]) / np.diff(edges)
            names += [f"{name}>{edge:.6g}" for edge in edges[:-1]]
            columns.append(np.clip(filled, 0, 1))
        if names:
            features[token] = tuple(names)
    return Tokens(tokens.keys, features, np.hstack(columns).astype(np.float32), tokens.categories)
