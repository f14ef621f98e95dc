"""Training: what the score is learnt from, and how far each of its parts can be trusted."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from graph.snapshot import Flag, Long, Real, Snapshot, last_outcome
from targeting import TargetingError
from targeting import declared as declared_data
from targeting import profiles as profile_rates
from targeting.boosting import FOLDS, fit, most_telling
from targeting.calibration import calibrate, of_mean
from targeting.days import day_number, day_text, last_day
from targeting.inputs import (
    Around,
    Inputs,
    capped_days,
    profile_block,
    read_beside,
    shipment_keys,
    training_rows,
    waiting_rows,
)
from targeting.link_weights import learn as learn_weights
from targeting.metrics import auc
from targeting.model import Model, _log_odds, components, digests, on_top
from targeting.network import network

if TYPE_CHECKING:
    from gnn.model import GnnModel
    from gnn.tokens import Tokens

Found = TypeVar("Found")

READ_ON_TOP = 0.8
"""Part of the features that each tree of the score may read: more than of the others, since the components say most and
are few among them."""

WAITING, FEWEST_WAITING = 3_000, 200
"""Shipments without an outcome on which it is seen how much less the components scatter together than each alone: so
many at most, and at least."""


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
    from gnn.runtime import quiet_import
    from gnn.train import fit as fit_gnn
    from gnn.train import fold_of

    as_of = last_day(snapshot) if until is None else day_number(until)
    rows, days, labels = training_rows(snapshot, as_of)
    here = network(snapshot, as_of, seed=seed, progress=progress)
    keys = shipment_keys(snapshot, rows).to_numpy(zero_copy_only=False)
    fold = fold_of(keys, FOLDS)
    # What the network says is read of the training rows and of the waiting at once, since most of it goes by cutoffs.
    waiting = _waiting(snapshot, as_of)
    asked = np.concatenate([rows, waiting])
    on = np.concatenate([days, capped_days(snapshot, waiting, as_of)])
    learnt, rest = np.split(np.arange(len(asked)), [len(rows)])

    ended = Event()

    def heard(part: float) -> None:
        if ended.is_set():
            raise TargetingError("The training was given up.")
        progress(f"graph neural network {part:.0%}")

    def from_network() -> "tuple[Tokens, GnnModel, Real]":
        found = tokens(snapshot, asked, on, as_of, ground=here.ground, progress=lambda part: heard(part / 2))
        learning = partial(fit_gnn, snapshot_version=snapshot.version, as_of=day_text(as_of))
        return found, *learning(
            found.take(learnt), labels, days, seed, FOLDS, progress=lambda part: heard((1 + part) / 2)
        )

    quiet_import()
    with ThreadPoolExecutor(1) as beside:
        try:
            progress("learning from the network around them")
            apart = beside.submit(from_network)
            vocabulary = declared_data.learn(snapshot, rows)
            progress(f"learning from what {len(rows):,} examined shipments declared")
            declared, own = fit(declared_data.declared(snapshot, rows, vocabulary), labels, days, fold, seed)
            plan, rates = profile_rates.learn(snapshot, rows, days, progress)
            progress(f"learning from {len(plan.profiles):,} profiles")
            telling, rounds = most_telling(profile_block(plan, rates), labels, days, seed)
            plan, rates = plan.take(telling), rates[:, telling]
            profile, rated = fit(profile_block(plan, rates), labels, days, fold, seed, rounds=rounds)
            del rates
            found, gnn, connected = _result(apart)
        finally:
            # Whatever ends this early, be it somebody's Ctrl-C, does not wait for all that goes on beside.
            ended.set()
    progress("learning how to weigh them")
    said = {"declared": own, "profile": rated, "gnn": _log_odds(connected)}
    roles = here.roles(asked, on)
    parameters = learn_weights(roles[learnt], labels, days, snapshot.declarations.keys["importer"][rows])
    linked = roles @ np.array(parameters.roles)
    block = here.features(asked, on, linked)
    score, total = fit(on_top(said, block.take(learnt)), labels, days, fold, seed, read=READ_ON_TOP)
    random, tip = _selected(snapshot, rows, as_of)
    metrics = {
        "rows": float(len(rows)),
        "infractions": float(labels.sum()),
        "random_rows": float(random.sum()),
        "random_infractions": float(labels[random].sum()),
        **{f"auc_{name}": auc(labels, value) for name, value in said.items()},
        "auc_linked": auc(labels, linked[learnt]),
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
        calibrate(total, labels, random, tip),
        np.sort(digests(keys)),
        metrics,
    )
    if len(waiting) < FEWEST_WAITING:
        return model
    progress("learning how much surer all are together")
    around = Around(block, linked, found).take(rest)
    inputs = read_beside(here, vocabulary, plan, waiting, on[rest], around)
    return replace(model, calibration=of_mean(model.calibration, *_alone_and_together(model, inputs)))


def _result(apart: "Future[Found]") -> Found:
    try:
        return apart.result()
    except ValueError as error:
        raise TargetingError(str(error)) from None


def _waiting(snapshot: Snapshot, as_of: int) -> Long:
    """Return some of the shipments that wait on a day; which of them goes by their keys, not by their order."""
    rows = waiting_rows(snapshot, as_of)
    lot = digests(shipment_keys(snapshot, rows).to_numpy(zero_copy_only=False))
    return np.sort(rows[np.argsort(lot, kind="stable")[:WAITING]])


def _alone_and_together(model: Model, inputs: Inputs) -> tuple[Real, Real]:
    """Return what the score says with one member of each component and of itself, [members, n], and with all, [n]."""
    from gnn.model import predict

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


def _selected(snapshot: Snapshot, rows: Long, as_of: int) -> tuple[Flag, Flag]:
    """Return whether a random selection, and a tip, was behind the outcome of each row as known before a day, [n].

    Each row has one: they are those of `training_rows`.
    """
    outcomes, shipments = snapshot.outcomes, snapshot.declarations.shipment[rows]
    at = last_outcome(snapshot, shipments, np.full(len(rows), as_of, dtype=np.int32))
    return outcomes.random[at], outcomes.tip[at]
