"""Training with out-of-fold probabilities for the score that is stacked on top."""

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnn.model import GnnModel, inputs, predict
from gnn.runtime import device, quiet_import, repeatable
from gnn.tokens import Tokens

if TYPE_CHECKING:
    from gnn.network import MetapathNetwork, Shape

Int = npt.NDArray[np.int32]
Long = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Flag = npt.NDArray[np.bool_]

HIDDEN, TOP, DROPOUT = 16, 96, 0.2
BATCH = 512
RATE, DECAY = 2e-3, 0.05
EPOCHS, PATIENCE, FEWEST_EPOCHS = 24, 4, 3
VALIDATION = 0.2  # share of labelled rows, the latest, on which the number of epochs is chosen
SEEN = 10  # labelled rows that a category's value needs to be known by itself
SMOOTHING = 0.98  # of the running mean of the weights, which is what predicts


def fit(
    tokens: Tokens,
    labels: npt.NDArray[np.integer],
    days: Int,
    seed: int,
    folds: int = 3,
    *,
    snapshot_version: int | None = None,
    as_of: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[GnnModel, Real]:
    """Train on labelled shipments.

    The number of epochs is chosen on the latest labelled rows with a network that did not see them. Then one network
    is trained per fold, on all rows outside it. The model is the mean of their logits; each row's out-of-fold
    probability comes from the one network that did not see it. Both come from networks trained on equally many rows,
    so that what is stacked on the one also fits the other; a single network trained on everything would be surer of
    itself than any out-of-fold value, and forward chaining would give the early rows values of much weaker networks
    and the first none at all. Folds go by a stable hash of the shipment's key, so a row keeps its fold whatever is
    loaded later. That a later row's tokens may count an earlier row's outcome tells the network nothing of that row,
    since no party is known to it by name.

    Args:
        tokens: [n] tokens of the labelled shipments.
        labels: [n] 1 infraction, 0 clean.
        days: [n] the day of each shipment, for the split in time.
        seed: one seed, one model, to the last bit on one kind of processor.
        folds: number of networks.
        snapshot_version: version of the snapshot that the tokens come from, kept with the model.
        as_of: ISO day before which everything used was known, kept with the model.
        progress: called with the share done, from 0 to 1.

    Returns:
        The model, and the out-of-fold probability of each row, [n].

    Raises:
        ValueError: there are fewer than `folds` rows of one of the two classes.
    """
    labels = np.asarray(labels)
    if len(labels) != len(tokens) or not np.isin(labels, (0, 1)).all():
        raise ValueError("Training takes one label per shipment, 1 for infraction or 0 for clean.")
    counts = np.bincount(labels.astype(np.int64), minlength=2)
    if counts.min() < folds:
        raise ValueError(
            f"The training set has {counts[1]} infractions and {counts[0]} clean outcomes; at least {folds} of each "
            "are needed. Load more outcomes, or train until a later date."
        )
    quiet_import()
    blank = _untrained(tokens, seed, snapshot_version, as_of)
    features, numbers = inputs(blank, tokens)
    fold = fold_of(tokens.keys, folds)
    steps = _Steps(progress, (folds + 1) * EPOCHS)
    epochs, metrics = _choose_epochs(blank, features, numbers, labels, days, seed, steps)
    steps.total = steps.done + folds * epochs
    members, out_of_fold = [], np.zeros(len(labels))
    for number in range(folds):
        outside, inside = np.flatnonzero(fold != number), fold == number
        weights = train(blank.shape(), features, numbers, labels, outside, seed + 1 + number, epochs, step=steps.step)
        members.append(weights)
        out_of_fold[inside] = predict(_with(blank, (weights,), {}), tokens.take(inside))
    metrics = {
        **metrics,
        "rows": len(labels),
        "infractions": int(counts[1]),
        "epochs": epochs,
        "out_of_fold_auc": _auc(labels, out_of_fold),
    }
    return _with(blank, tuple(members), metrics), out_of_fold


def fold_of(keys: npt.NDArray[np.object_], folds: int) -> Long:
    """Return the fold of each shipment by a stable hash of its key, [n] from 0 to folds - 1."""
    digests = (hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.array([int.from_bytes(digest, "big") % folds for digest in digests], dtype=np.int64)


class _Steps:
    def __init__(self, progress: Callable[[float], None] | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def step(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(min(self.done / self.total, 1.0))


def _untrained(tokens: Tokens, seed: int, snapshot_version: int | None, as_of: str | None) -> GnnModel:
    values = tokens.values.astype(np.float64)
    scale = values.std(axis=0)
    vocabularies = {}
    for name, category in tokens.categories.items():
        seen = np.bincount(category.codes[category.codes >= 0], minlength=len(category.texts))
        known = tuple(sorted(text for text, count in zip(category.texts, seen, strict=True) if count >= SEEN))
        if len(known) > 1:
            vocabularies[name] = known
    return GnnModel(
        features=dict(tokens.features),
        vocabularies=vocabularies,
        mean=values.mean(axis=0),
        # What never varied taught nothing, and says nothing where it varies later.
        scale=np.where(scale > 1e-6, scale, np.inf),
        members=(),
        hidden=HIDDEN,
        top=TOP,
        dropout=DROPOUT,
        seed=seed,
        metrics={},
        snapshot_version=snapshot_version,
        as_of=as_of,
    )


def _with(
    model: GnnModel, members: tuple[Mapping[str, npt.NDArray[np.float32]], ...], metrics: Mapping[str, Any]
) -> GnnModel:
    from dataclasses import replace

    return replace(model, members=members, metrics=metrics)


def _choose_epochs(
    model: GnnModel,
    features: npt.NDArray[np.float32],
    numbers: Long,
    labels: npt.NDArray[np.integer],
    days: Int,
    seed: int,
    steps: _Steps,
) -> tuple[int, dict[str, Any]]:
    """Return how many epochs did best on the latest rows, and how well."""
    order = np.argsort(days, kind="stable")
    split = days[order[int(len(order) * (1 - VALIDATION))]]
    early, late = np.flatnonzero(days < split), np.flatnonzero(days >= split)
    if min(_classes(labels[early]), _classes(labels[late])) < 2:
        return EPOCHS // 2, {}
    losses: list[float] = []
    aucs: list[float] = []

    def judge(network: "MetapathNetwork") -> bool:
        logits = logits_of(network, features[late], numbers[late])
        truth = labels[late]
        losses.append(float(np.mean(np.logaddexp(0, np.where(truth == 1, -logits, logits)))))
        aucs.append(_auc(truth, logits))
        best = int(np.argmin(losses))
        return len(losses) - best > PATIENCE

    train(model.shape(), features, numbers, labels, early, seed, EPOCHS, step=steps.step, stop=judge)
    best = int(np.argmin(losses))
    return max(best + 1, FEWEST_EPOCHS), {
        "validation_rows": len(late),
        "validation_auc": aucs[best],
        "validation_log_loss": losses[best],
    }


def _classes(labels: npt.NDArray[np.integer]) -> int:
    return len(np.unique(labels))


def train(
    shape: "Shape",
    features: npt.NDArray[np.float32],
    numbers: Long,
    labels: npt.NDArray[np.integer],
    rows: Long,
    seed: int,
    epochs: int,
    *,
    step: Callable[[], None] = lambda: None,
    stop: "Callable[[MetapathNetwork], bool] | None" = None,
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the running mean of the weights after training on some rows.

    Args:
        shape: the size of the network.
        features: [n, features] standardised, of all rows.
        numbers: [n, categories] numbers of their values.
        labels: [n] 1 infraction, 0 clean.
        rows: those to train on.
        seed: one seed, one network.
        epochs: how many times it sees each row.
        step: called after each epoch.
        stop: called after each epoch with the running mean, ready to predict; ends the training by returning true.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    from gnn.network import MetapathNetwork

    with repeatable(seed):
        place = device()
        network, running = (MetapathNetwork(shape).to(place) for _ in range(2))
        # As if one more of each kind had been seen, so that a fold without infractions has a start too.
        rate = float((labels[rows].sum() + 1) / (len(rows) + 2))
        with torch.no_grad():
            last = network.out[-1]
            assert isinstance(last, torch.nn.Linear)
            last.bias.fill_(float(np.log(rate / (1 - rate))))
        running.load_state_dict(network.state_dict())
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
        x, c = torch.from_numpy(features[rows]).to(place), torch.from_numpy(numbers[rows]).to(place)
        y = torch.from_numpy(labels[rows].astype(np.float32)).to(place)
        done = 0
        for _ in range(epochs):
            network.train()
            for batch in torch.randperm(len(rows)).to(place).split(BATCH):  # type: ignore[no-untyped-call]
                optimizer.zero_grad(set_to_none=True)
                binary_cross_entropy_with_logits(network(x[batch], c[batch]), y[batch]).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                done += 1
                # A short memory at first, so that the mean is not held back by where the weights began.
                memory = min(SMOOTHING, done / (done + 10))
                with torch.no_grad():
                    for kept, fresh in zip(running.parameters(), network.parameters(), strict=True):
                        kept.lerp_(fresh, 1 - memory)
            step()
            if stop is not None and stop(running.eval()):
                break
        return {name: array.detach().cpu().numpy().copy() for name, array in running.state_dict().items()}


def logits_of(network: "MetapathNetwork", features: npt.NDArray[np.float32], numbers: Long) -> Real:
    """Return the logit of each row, [n]."""
    import torch

    found = []
    with torch.no_grad():
        for start in range(0, len(features), 4096):
            x = torch.from_numpy(features[start : start + 4096]).to(device())
            c = torch.from_numpy(numbers[start : start + 4096]).to(device())
            found.append(network(x, c).double().cpu().numpy())
    return np.concatenate(found)


def _auc(labels: npt.NDArray[np.integer], scores: Real) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))
