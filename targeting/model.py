"""The score: training on every outcome known before a day, and scoring of all that arrives.

Three models stand side by side: one of the row's declared data alone, one of the profiles alone, and the graph neural
network. A fourth takes what they say, together with linked risk, the structure of the network and the communities, and
is the score. What the first three say of a training row comes from the one of their members that did not see it
(stacking: Wolpert, Neural Networks 5, 1992), so that the fourth learns how far each can be trusted.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from graph.evidence import Parameters
from graph.snapshot import Flag, Int, Long, Real, Snapshot
from targeting import TargetingError
from targeting import declared as declared_data
from targeting import profiles as profile_rates
from targeting.boosting import FOLDS, Ensemble, fit
from targeting.calibration import Calibration, calibrate, logit, of_mean
from targeting.features import Block, beside, quantities
from targeting.inputs import (
    Inputs,
    capped_days,
    chunks,
    profile_block,
    read,
    shipment_keys,
    training_rows,
    waiting_rows,
)
from targeting.link_weights import learn as learn_weights
from targeting.metrics import auc
from targeting.network import Network, network
from targeting.profiles import Plan

if TYPE_CHECKING:
    from gnn.model import GnnModel

COMPONENTS = ("declared", "profile", "gnn")
"""The features of the score that are models themselves, in log odds."""

READ_ON_TOP = 0.8
"""Part of the features that each tree of the score may read: more than of the others, since the components say most and
are few among them."""

WAITING, FEWEST_WAITING = 3_000, 200
"""Shipments without an outcome on which it is seen how much less the components scatter together than each alone: so
many at most, and at least."""

Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Model:
    """Everything that scoring needs, frozen at training.

    Attributes:
        as_of: the day before which everything learnt was known; days since 1970-01-01.
        seed: seed of the training.
        snapshot_version: version of the snapshot trained on.
        vocabulary, plan: which declared features and profiles there are.
        resolution: of the communities.
        linked: parameters of linked risk.
        declared, profile, gnn: the component models.
        score: the model on top.
        calibration: from its log odds to the probability.
        trained: digests of the shipments whose outcome was in the training, sorted.
        metrics: what was measured in training, out of fold.
    """

    as_of: int
    seed: int
    snapshot_version: int
    vocabulary: declared_data.Vocabulary
    plan: Plan
    resolution: float
    linked: Parameters
    declared: Ensemble
    profile: Ensemble
    gnn: "GnnModel"
    score: Ensemble
    calibration: Calibration
    trained: Digests
    metrics: Mapping[str, float]


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


def last_day(snapshot: Snapshot) -> int:
    """Return the day from which on everything in the snapshot may be used."""
    declarations, outcomes = snapshot.declarations, snapshot.outcomes
    latest = max(int(declarations.accepted_on.max(initial=-1)), int(outcomes.known_on.max(initial=-1)))
    return latest + 1


def train(
    snapshot: Snapshot, until: date | None = None, *, seed: int, progress: Callable[[str], None] = lambda _: None
) -> Model:
    """Learn from every shipment whose outcome was known before a day.

    Each is described as it was on the day of its acceptance, by its first version.

    Args:
        snapshot: the network.
        until: only what was known before it is used; by default everything.
        seed: one seed, one model.
        progress: is told what is being done.

    Raises:
        TargetingError: there are too few outcomes, or only of one kind.
    """
    from gnn.features import tokens
    from gnn.train import fit as fit_gnn
    from gnn.train import fold_of

    as_of = last_day(snapshot) if until is None else day_number(until)
    rows, days, labels = training_rows(snapshot, as_of)
    here = network(snapshot, as_of, seed=seed, progress=progress)
    keys = shipment_keys(snapshot, rows).to_numpy(zero_copy_only=False)
    fold = fold_of(keys, FOLDS)
    vocabulary = declared_data.learn(snapshot, rows)
    progress(f"learning from what {len(rows):,} examined shipments declared")
    declared, own = fit(declared_data.declared(snapshot, rows, vocabulary), labels, days, fold, seed)
    plan, rates = profile_rates.learn(snapshot, rows, days, progress)
    progress(f"learning from {len(plan.profiles):,} profiles")
    profile, rated = fit(profile_block(plan, rates), labels, days, fold, seed)
    del rates
    progress("learning from the network around them")
    try:
        found = tokens(snapshot, rows, days, as_of)
        gnn, connected = fit_gnn(
            found,
            labels,
            days,
            seed,
            FOLDS,
            snapshot_version=snapshot.version,
            as_of=day_text(as_of),
            progress=lambda part: progress(f"graph neural network {part:.0%}"),
        )
    except ValueError as error:
        raise TargetingError(str(error)) from None
    progress("learning how to weigh them")
    said = {"declared": own, "profile": rated, "gnn": _log_odds(connected)}
    roles = here.roles(rows, days)
    parameters = learn_weights(roles, labels, days, snapshot.declarations.keys["importer"][rows])
    here = replace(here, parameters=parameters, _risk=None)
    linked = roles @ np.array(parameters.roles)
    block = here.features(rows, days, linked)
    score, total = fit(on_top(said, block), labels, days, fold, seed, read=READ_ON_TOP)
    random = _random(snapshot, rows, as_of)
    metrics = {
        "rows": float(len(rows)),
        "infractions": float(labels.sum()),
        "random_rows": float(random.sum()),
        "random_infractions": float(labels[random].sum()),
        **{f"auc_{name}": auc(labels, value) for name, value in said.items()},
        "auc_linked": auc(labels, linked),
        "auc_score": auc(labels, total),
    }
    model = Model(
        as_of,
        seed,
        snapshot.version,
        vocabulary,
        plan,
        here.resolution,
        parameters,
        declared,
        profile,
        gnn,
        score,
        calibrate(total, labels, random),
        np.sort(digests(keys)),
        metrics,
    )
    waiting = _waiting(snapshot, as_of)
    if len(waiting) < FEWEST_WAITING:
        return model
    progress("learning how much surer all are together")
    return replace(model, calibration=of_mean(model.calibration, *_alone_and_together(model, here, waiting)))


def _waiting(snapshot: Snapshot, as_of: int) -> Long:
    """Return some of the shipments that wait on a day; which of them goes by their keys, not by their order."""
    rows = waiting_rows(snapshot, as_of)
    lot = digests(shipment_keys(snapshot, rows).to_numpy(zero_copy_only=False))
    return np.sort(rows[np.argsort(lot, kind="stable")[:WAITING]])


def _alone_and_together(model: Model, here: Network, rows: Long) -> tuple[Real, Real]:
    """Return what the score says with one member of each component and of itself, [members, n], and with all, [n]."""
    from gnn.model import predict

    inputs = read(here, model.vocabulary, model.plan, rows, capped_days(here.snapshot, rows, int(here.cutoffs[-1])))

    def said(part: Model) -> Real:
        top = on_top(components(part, inputs, predict(part.gnn, inputs.tokens)), inputs.network)
        return part.score.logits(top)

    alone = [
        said(
            replace(
                model,
                declared=model.declared.take(member),
                profile=model.profile.take(member),
                gnn=replace(model.gnn, members=model.gnn.members[member : member + 1]),
                score=model.score.take(member),
            )
        )
        for member in range(FOLDS)
    ]
    return np.stack(alone), said(model)


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
        here: the network at the model's resolution; its last cutoff is the as-of day.
        rows: [n] rows of the declarations, normally first versions.
        reasons: how many reasons to give at most.
        progress: is told what is being done.

    Raises:
        TargetingError: the model was trained on something that the data does not have.
    """
    from gnn.model import predict
    from targeting.reasons import explain

    snapshot = here.snapshot
    days = capped_days(snapshot, rows, int(here.cutoffs[-1]))
    columns = {name: np.zeros(len(rows)) for name in ("score", "declared", "profile", "linked", "gnn")}
    why: list[tuple[str, ...]] = [()] * len(rows)
    trained = np.isin(digests(shipment_keys(snapshot, rows).to_numpy(zero_copy_only=False)), model.trained)
    for at in chunks(days, progress):
        inputs = read(here, model.vocabulary, model.plan, rows[at], days[at])
        try:
            gnn = predict(model.gnn, inputs.tokens)
        except ValueError as error:
            raise TargetingError(str(error)) from None
        said = components(model, inputs, gnn)
        top = on_top(said, inputs.network)
        columns["score"][at] = model.calibration.probabilities(model.score.logits(top))
        for name in ("declared", "profile"):
            columns[name][at] = 1.0 / (1.0 + np.exp(-said[name]))
        columns["gnn"][at] = gnn
        columns["linked"][at] = inputs.linked
        unknown = np.flatnonzero(~trained[at])
        if reasons and len(unknown):
            progress(f"reasons for {len(unknown):,} shipments")
            for place, found in zip(unknown, explain(model, here, inputs, top, gnn, unknown, reasons), strict=True):
                why[int(at[place])] = found
    columns["score"][trained] = np.nan
    return Scores(rows, days, reasons=why, **columns)


def components(model: Model, inputs: Inputs, gnn: Real) -> dict[str, Real]:
    """Return what each of `COMPONENTS` says of the rows, in log odds."""
    return {
        "declared": model.declared.logits(inputs.declared),
        "profile": model.profile.logits(inputs.profile),
        "gnn": _log_odds(gnn),
    }


def _log_odds(probability: Real) -> Real:
    return logit(np.clip(probability, 1e-6, 1.0 - 1e-6))


def on_top(said: Mapping[str, Real], block: Block) -> Block:
    """Return what the score reads: what the components say of rows, beside the features of the network."""
    own = quantities(COMPONENTS, [said[name] for name in COMPONENTS], len(block.values))
    return beside(own, block)


def _random(snapshot: Snapshot, rows: Long, as_of: int) -> Flag:
    """Return whether a random selection was behind the outcome of each row as known before a day."""
    outcomes = snapshot.outcomes
    known = np.flatnonzero(outcomes.known_on < as_of)
    random = np.zeros(len(snapshot.things["Shipment"]), dtype=bool)
    # Later change points come later, and the last one written stands.
    random[outcomes.shipment[known]] = outcomes.random[known]
    return random[snapshot.declarations.shipment[rows]]


def digests(keys: npt.NDArray[np.object_]) -> Digests:
    """Return a stable 64-bit digest of each key."""
    found = (hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.array([int.from_bytes(digest, "big") for digest in found], dtype=np.uint64)


def day_number(day: date) -> int:
    """Return a day as the number of days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def day_text(day: int) -> str:
    """Return a number of days since 1970-01-01 as an ISO date."""
    return str(np.datetime64(int(day), "D"))
