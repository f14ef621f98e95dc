"""Scoring of all that arrives, each shipment with what was known before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from graph.snapshot import Int, Long, Real, Snapshot
from targeting import TargetingError
from targeting.inputs import (
    capped_days,
    chunks,
    read,
    shipment_keys,
)
from targeting.model import Model, components, digests, on_top
from targeting.network import Network, network


@dataclass(frozen=True)
class Scores:
    """What scoring says of n rows.

    Attributes:
        rows: [n] rows of the declarations.
        days: [n] the day of each, before which everything used was known.
        score: [n] calibrated probability, NaN where the shipment's own outcome was in the training.
        declared, profile, linked, gnn: [n] the components.
        reasons: [n] the strongest reasons of each row, strongest first; none where there is no score or none was asked.
    """

    rows: Long
    days: Int
    score: Real
    declared: Real
    profile: Real
    linked: Real
    gnn: Real
    reasons: Sequence[tuple[str, ...]]


def network_of(
    model: Model, snapshot: Snapshot, as_of: int, *, progress: Callable[[str], None] = lambda _: None
) -> Network:
    """Return the network as a model reads it: divided as it was in its training, with the weights learnt there.

    Args:
        model: from `train`.
        snapshot: the network.
        as_of: the last cutoff; days since 1970-01-01.
        progress: is told what is being done.

    Raises:
        TargetingError: nothing was declared.
    """
    return network(
        snapshot,
        as_of,
        seed=model.seed,
        resolution=model.resolution,
        parameters=model.linked,
        progress=progress,
    )


def score(
    model: Model,
    here: Network,
    rows: Long,
    *,
    reasons: int = 3,
    progress: Callable[[str], None] = lambda _: None,
) -> Scores:
    """Score shipments, each with what was known before its acceptance or the network's as-of day.

    Args:
        model: from `train`.
        here: the network as the model reads it (`network_of`); its last cutoff is the as-of day.
        rows: [n] rows of the declarations, normally first versions.
        reasons: how many reasons to give at most.
        progress: is told what is being done.

    Raises:
        TargetingError: the model was trained on something that the data does not have.
    """
    from gnn.runtime import repeatable, side_by_side

    snapshot = here.snapshot
    days = capped_days(snapshot, rows, int(here.cutoffs[-1]))
    columns = {name: np.zeros(len(rows)) for name in ("score", "declared", "profile", "linked", "gnn")}
    why: list[tuple[str, ...]] = [()] * len(rows)
    trained = np.isin(digests(shipment_keys(snapshot, rows).to_numpy(zero_copy_only=False)), model.trained)

    def piece(at: Long) -> int:
        unknown = np.flatnonzero(~trained[at])
        said, found = _score(model, here, rows[at], days[at], unknown, reasons)
        for name, values in said.items():
            columns[name][at] = values
        for place, texts in zip(at[unknown].tolist(), found, strict=True):
            why[place] = texts
        return len(at)

    # Torch's random state is that of all threads: what each puts back may be another's, and is put back once more here.
    with repeatable(model.seed):
        done = 0
        for size in side_by_side(piece, chunks(days, here.cutoffs)):
            done += size
            progress(f"scored {done:,} of {len(rows):,} shipments")
    columns["score"][trained] = np.nan
    return Scores(rows, days, reasons=why, **columns)


def _score(
    model: Model, here: Network, rows: Long, days: Int, asked: Long, reasons: int
) -> tuple[dict[str, Real], list[tuple[str, ...]]]:
    """Return the columns of rows, and the reasons of some of them by their places."""
    from gnn.model import predict
    from targeting.reasons import explain

    inputs = read(here, model.vocabulary, model.plan, rows, days)
    try:
        gnn = predict(model.gnn, inputs.tokens)
    except ValueError as error:
        raise TargetingError(str(error)) from None
    said = components(model, inputs, gnn)
    top = on_top(said, inputs.network)
    columns = {
        "score": model.calibration.probabilities(model.score.logits(top)),
        **{name: 1.0 / (1.0 + np.exp(-said[name])) for name in ("declared", "profile")},
        "linked": inputs.linked,
        "gnn": gnn,
    }
    if not reasons or not len(asked):
        return columns, [()] * len(asked)
    return columns, explain(model, here, inputs, top, gnn, asked, reasons)
