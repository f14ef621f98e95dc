"""What a store is to be told of its network: communities, linked risk, scores and reasons, as one immutable set."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from graph.build import snapshot
from graph.evidence import ROLES
from graph.snapshot import Snapshot
from graph.store.base import GraphStore
from graph.store.results import PublishedSet
from targeting import TargetingError
from targeting.days import day_number
from targeting.lanes import lane_thresholds
from targeting.model import Model
from targeting.network import Network, network
from targeting.paths import WEIGHTS, as_json
from targeting.results import community_rows, entity_rows, shipment_rows
from targeting.scoring import network_of, score

LONE_AFTER_DAYS = 60


def lone_latest(network_snapshot: Snapshot) -> str:
    """Return what is odd about the latest acceptance where it lies long after the one before it, else nothing.

    A mistyped year would take the as-of day, and with it all that fades with age, to where nothing else is.
    """
    days = np.unique(network_snapshot.declarations.accepted_on)
    if len(days) < 2 or days[-1] - days[-2] <= LONE_AFTER_DAYS:
        return ""
    latest, before = (str(day) for day in days[[-1, -2]].astype("datetime64[D]"))
    return f"The latest acceptance, {latest}, lies long after the one before it, {before}"


def default_as_of(network_snapshot: Snapshot) -> int:
    """Return the day after the latest acceptance, in days since 1970-01-01."""
    accepted = network_snapshot.declarations.accepted_on
    if not len(accepted):
        raise TargetingError("The store holds no declaration; load some with `tidewaiter ingest` first.")
    return int(accepted.max()) + 1


def analyse(
    store: GraphStore, as_of: date | None = None, *, seed: int, progress: Callable[[str], None] = lambda _: None
) -> PublishedSet:
    """Find the communities and the linked risk as known before a day, and publish them.

    Args:
        store: where the network is and the set goes.
        as_of: the day; by default the one after the latest acceptance.
        seed: of the community detection.
        progress: is told what is being done.

    Raises:
        TargetingError: there is nothing to analyse.
    """
    progress("reading the network")
    whole = snapshot(store)
    day = default_as_of(whole) if as_of is None else day_number(as_of)
    here = network(whole, day, seed=seed, progress=progress)
    progress("linked risk")
    return _publish(store, here, "", {}, _about(here, seed, as_of), [], progress)


def score_store(
    store: GraphStore,
    model: Model,
    model_id: str,
    as_of: date | None = None,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> PublishedSet:
    """Score every shipment and publish the set: communities, linked risk, scores and reasons.

    Args:
        store: where the network is and the set goes.
        model: what to score with, and its id.
        model_id: the model's id in the registry.
        as_of: shipments accepted on or after this day are scored with what was known before it; by default the day
            after the latest acceptance.
        progress: is told what is being done.

    Raises:
        TargetingError: there is nothing to score, or the model does not fit the data.
    """
    progress("reading the network")
    whole = snapshot(store)
    day = default_as_of(whole) if as_of is None else day_number(as_of)
    here = network_of(model, whole, day, progress=progress)
    found = score(model, here, whole.declarations.first, progress=progress)
    thresholds = lane_thresholds(found.score, whole.declarations.accepted_on[found.rows])
    about = {
        **_about(here, model.seed, as_of),
        "calibrated_on": model.calibration.arm,
        "trained_before": str(np.datetime64(model.as_of, "D")),
        WEIGHTS: as_json(dict(zip(ROLES, model.linked.roles, strict=True))),
    }
    progress("taking the linked risk of shipments apart")
    shipments = list(shipment_rows(model, here, found, thresholds))
    return _publish(store, here, model_id, thresholds, about, shipments, progress)


def _about(here: Network, seed: int, as_of: date | None) -> dict[str, str]:
    """Return what explains a set; an as-of day that nobody chose may be doubtful."""
    about = {"resolution": repr(here.resolution), "communities": str(len(here.communities[-1])), "seed": str(seed)}
    about |= _changes(here)
    if as_of is None and (odd := lone_latest(here.snapshot)):
        about["odd"] = odd
    return about


def _changes(here: Network) -> dict[str, str]:
    """Return how many communities were born, grew and so on `since` the last cutoff but one, in words."""
    if len(here.cutoffs) < 2:
        return {}
    counted = Counter(event.event for event in here.events if event.day == int(here.cutoffs[-1]))
    told = ", ".join(f"{number:,} {event}" for event, number in sorted(counted.items()))
    return {"since": str(np.datetime64(int(here.cutoffs[-2]), "D")), "changes": told or "nothing has changed"}


def _publish(
    store: GraphStore,
    here: Network,
    model: str,
    thresholds: dict[str, float],
    about: dict[str, str],
    shipments: list[pa.RecordBatch],
    progress: Callable[[str], None],
) -> PublishedSet:
    as_of = date(1970, 1, 1) + timedelta(days=int(here.cutoffs[-1]))
    named = json.dumps([here.snapshot.version, as_of.isoformat(), model, thresholds, about], sort_keys=True)
    heading = PublishedSet(
        hashlib.sha256(named.encode()).hexdigest()[:12], here.snapshot.version, as_of, model, thresholds, about
    )
    progress("taking linked risk apart")
    entities = list(entity_rows(here))
    progress("describing communities")
    communities = community_rows(here, shipments, bool(model))
    progress("publishing")
    store.publish(heading, {"shipment": shipments, "entity": entities, "community": [communities]})
    return heading
