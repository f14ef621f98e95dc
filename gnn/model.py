"""A trained model, as numbers and names only, and its prediction."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnn.runtime import device, repeatable, side_by_side
from gnn.tokens import Tokens

if TYPE_CHECKING:
    import torch

    from gnn.network import MetapathNetwork, Shape

Real = npt.NDArray[np.float64]

BATCHES = (64, 512)
"""Rows that are worked on at a time: the smaller where that holds all of them."""
CLIP = 6.0  # standard deviations
CATEGORY = "category:"  # begins the names of the categories' tokens


@dataclass(frozen=True)
class GnnModel:
    """Everything that prediction needs, frozen at training.

    Attributes:
        features: names of the features of each token.
        vocabularies: the known values of each category; position p has number p + 1, unknown is 0.
        mean, scale: [number of features] standardisation.
        members: the weights of the networks whose logits are averaged, by name.
        hidden, top, dropout: see `gnn.network.Shape`.
        seed: seed of the training.
        metrics: what was measured in training.
        snapshot_version: version of the snapshot trained on; None where not said.
        as_of: ISO day before which everything used in training was known; None where not said.
    """

    features: Mapping[str, tuple[str, ...]]
    vocabularies: Mapping[str, tuple[str, ...]]
    mean: Real
    scale: Real
    members: tuple[Mapping[str, npt.NDArray[np.float32]], ...]
    hidden: int
    top: int
    dropout: float
    seed: int
    metrics: Mapping[str, Any]
    snapshot_version: int | None = None
    as_of: str | None = None

    @property
    def token_names(self) -> tuple[str, ...]:
        """Return the names of all tokens, those of metapaths first."""
        return (*self.features, *(CATEGORY + name for name in self.vocabularies))

    def shape(self) -> "Shape":
        """Return the size of the networks."""
        from gnn.network import Shape

        widths = tuple(len(names) for names in self.features.values())
        known = tuple(len(listed) for listed in self.vocabularies.values())
        return Shape(widths, known, self.hidden, self.top, self.dropout)

    def networks(self, kind: "torch.dtype") -> "list[MetapathNetwork]":
        """Return the networks, ready to predict."""
        import torch

        from gnn.network import build

        shape = self.shape()
        return [
            build(shape, {name: torch.from_numpy(array) for name, array in member.items()}, kind).to(device())
            for member in self.members
        ]


def feature_hash(features: Mapping[str, tuple[str, ...]], vocabularies: Mapping[str, tuple[str, ...]]) -> str:
    """Return the SHA-256 of the features and of the categories with their known values, in their order."""
    text = json.dumps([list(features.items()), list(vocabularies.items())])
    return hashlib.sha256(text.encode()).hexdigest()


def inputs(model: GnnModel, tokens: Tokens) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return standardised features and category numbers as the model knows them, found by their names.

    Raises:
        ValueError: the tokens lack something that the model was trained on.
    """
    columns = tokens.columns()
    places: list[int] = []
    for token, names in model.features.items():
        held = {name: columns[token].start + at for at, name in enumerate(tokens.features.get(token, ()))}
        missing = [name for name in names if name not in held]
        if missing:
            raise ValueError(
                f"The model was trained with the feature {missing[0]!r} of {token!r}, which the data no longer has; "
                "train again."
            )
        places.extend(held[name] for name in names)
    for name in model.vocabularies:
        if name not in tokens.categories:
            raise ValueError(
                f"The model was trained with the column {name!r}, which the data no longer has; train again."
            )
    values = np.empty((len(tokens), len(places)), dtype=np.float32)
    # What is worked on at a time stays in the processor's own memory.
    for start in range(0, len(tokens), BATCHES[-1]):
        part = slice(start, start + BATCHES[-1])
        standard = (tokens.values[part, places].astype(np.float64) - model.mean) / model.scale
        values[part] = np.clip(standard, -CLIP, CLIP)
    numbers = np.zeros((len(tokens), len(model.vocabularies)), dtype=np.int64)
    for at, (name, known) in enumerate(model.vocabularies.items()):
        category = tokens.categories[name]
        number = {text: place + 1 for place, text in enumerate(known)}
        numbers[:, at] = np.array([*(number.get(text, 0) for text in category.texts), 0])[category.codes]
    return values, numbers


def batch_of(rows: int) -> int:
    """Return how many rows are worked on at a time where there are so many."""
    return next((size for size in BATCHES if size >= rows), BATCHES[-1])


def predict(
    model: GnnModel, tokens: Tokens, *, progress: Callable[[float], None] | None = None
) -> npt.NDArray[np.float64]:
    """Return the probability of an infraction for each row, [n] float64.

    A row's probability depends on nothing but the row: batches have one of few sizes (the last is filled up), so that
    the order of sums inside a matrix product is the same wherever the row stands, and what the order could still
    change in the last bits of float64 is rounded away.
    """
    import torch

    from gnn.network import average

    features, numbers = inputs(model, tokens)
    logits = np.zeros(len(features))
    many = batch_of(len(features))
    starts = range(0, len(features), many)
    with repeatable(model.seed):
        networks = model.networks(torch.float64)

        def batch(start: int) -> Real:
            rows = slice(start, start + many)
            size = len(features[rows])
            x = torch.zeros((many, features.shape[1]), dtype=torch.float64)
            c = torch.zeros((many, numbers.shape[1]), dtype=torch.int64)
            x[:size], c[:size] = torch.from_numpy(features[rows]), torch.from_numpy(numbers[rows])
            x, c = x.to(device()), c.to(device())
            with torch.no_grad():
                said: Real = average([network(x, c) for network in networks])[:size].cpu().numpy()
            return said

        for start, said in zip(starts, side_by_side(batch, starts), strict=True):
            logits[start : start + many] = said
            if progress is not None:
                progress(min(start + many, len(features)) / len(features))
    probability: npt.NDArray[np.float64] = (1.0 / (1.0 + np.exp(-logits))).astype(np.float32).astype(np.float64)
    return probability
