"""Results for the store: communities, linked risk, scores and reasons, as one immutable set."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.build import snapshot
from graph.chronicle import lives
from graph.cutoffs import grid, last_cutoff
from graph.described import describe
from graph.evidence import PARAMETERS, ROLES, Parameters
from graph.linked_risk import LinkedRisk, Path, Paths, linked_risk
from graph.records import Ref
from graph.snapshot import NEVER, Flag, Int, Real, Snapshot, labels
from graph.store.base import GraphStore
from graph.store.results import COMMUNITY_RESULT, ENTITY_RESULT, SHIPMENT_RESULT, PublishedSet
from graph.track_record import track_records
from targeting import TargetingError
from targeting.fragility import Fragility, fragilities
from targeting.inputs import shipment_keys
from targeting.model import Model, Scores, day_number, score
from targeting.network import Network, network

RED, YELLOW = 0.05, 0.10
"""Parts of the latest shipments that the lanes are cut at: the highest 5 %, then the next 10 %."""

LANE_DAYS = 90
LONE_AFTER_DAYS = 60
PATHS_KEPT = 500
"""Entities whose paths are stored with the set, those of the highest linked risk; others' are found when asked."""

SHIPMENT_PATHS_KEPT = 10_000
"""Waiting shipments whose paths are stored with the set, those of the highest score."""

PATHS_SHOWN = 10
EVENTS_SHOWN = 24

WEIGHTS = "linked_risk"
"""What a set's heading calls the weights of linked risk."""

_BATCH = 50_000
_ENTITIES = ("Trader", "Forwarder")


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
    here = network(whole, day, seed=model.seed, resolution=model.resolution, parameters=model.linked, progress=progress)
    found = score(model, here, whole.declarations.first, progress=progress)
    thresholds = lane_thresholds(found.score, whole.declarations.accepted_on[found.rows])
    about = {
        **_about(here, model.seed, as_of),
        "calibrated_on": model.calibration.arm,
        "trained_before": str(np.datetime64(model.as_of, "D")),
        WEIGHTS: _json(dict(zip(ROLES, model.linked.roles, strict=True))),
    }
    progress("taking the linked risk of shipments apart")
    shipments = list(_shipments(model, here, found, thresholds))
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


def lane_thresholds(scores: Real, accepted_on: Int) -> dict[str, float]:
    """Return the lowest score of the red and of the yellow lane, from the shipments of the last `LANE_DAYS` days."""
    recent = scores[(accepted_on > int(accepted_on.max(initial=0)) - LANE_DAYS) & ~np.isnan(scores)]
    if not len(recent):
        recent = scores[~np.isnan(scores)]
    if not len(recent):
        return {"red": 1.0, "yellow": 1.0}
    falling = np.sort(recent)[::-1]

    def lowest(part: float) -> float:
        # Rounded, since 15 % of 100 must not come out as a little more than 15.
        return float(falling[max(int(np.ceil(round(part * len(falling), 6))), 1) - 1])

    return {"red": lowest(RED), "yellow": lowest(RED + YELLOW)}


def lanes_of(scores: Real, thresholds: Mapping[str, float]) -> list[str | None]:
    """Return the lane of each score, None where there is no score."""
    lanes = np.where(scores >= thresholds["red"], "red", np.where(scores >= thresholds["yellow"], "yellow", "green"))
    return [None if blank else str(lane) for lane, blank in zip(lanes, np.isnan(scores), strict=True)]


def _shipments(model: Model, here: Network, found: Scores, thresholds: dict[str, float]) -> Iterator[pa.RecordBatch]:
    declarations = here.snapshot.declarations
    keys = shipment_keys(here.snapshot, found.rows)
    shipments = declarations.shipment[found.rows]
    known = labels(here.snapshot, shipments, np.full(len(shipments), NEVER, dtype=np.int32)) >= 0
    decided: Flag = known | np.isnan(found.score)
    communities = here.community_of(found.rows, found.days)
    lanes = lanes_of(found.score, thresholds)
    paths = _shipment_paths(model, here, found, decided, lanes, thresholds)
    for start in range(0, len(keys), _BATCH):
        part = slice(start, start + _BATCH)
        names = keys[part].to_pylist()
        yield pa.record_batch(
            {
                "shipment": keys[part],
                "source": pa.array([key.partition("/")[0] for key in names], pa.string()),
                "accepted_on": pa.array(declarations.accepted_on[found.rows[part]]).cast(pa.date32()),
                "score": pa.array(found.score[part], from_pandas=True),
                **{name: pa.array(getattr(found, name)[part]) for name in ("declared", "profile", "linked", "gnn")},
                "lane": pa.array(lanes[part], pa.string()),
                "community": pa.array(communities[part], pa.string()),
                "decided": pa.array(decided[part]),
                "reasons": pa.array([_json(list(why)) for why in found.reasons[part]], pa.string()),
                "paths": pa.array(paths[part], pa.string()),
            },
            schema=SHIPMENT_RESULT,
        )


def _shipment_paths(
    model: Model,
    here: Network,
    found: Scores,
    decided: Flag,
    lanes: list[str | None],
    thresholds: dict[str, float],
) -> list[str | None]:
    """Return the paths of the waiting shipments with the highest scores, as known at the cutoff of each.

    With them stands what holds the shipment in its lane.
    """
    paths: list[str | None] = [None] * len(found.rows)
    waiting = np.flatnonzero(~decided & (found.linked > 0))
    kept = np.sort(waiting[np.argsort(-found.score[waiting], kind="stable")[:SHIPMENT_PATHS_KEPT]])
    rows, days = found.rows[kept], found.days[kept]
    fragile = fragilities(model, here, rows, days, [lanes[at] for at in kept], thresholds)
    cutoff = last_cutoff(here.cutoffs, days)
    for position in np.unique(cutoff):
        risk = here.risk(int(position))
        for place in np.flatnonzero(cutoff == position).tolist():
            at = int(kept[place])
            told = paths_as_data(risk.paths(int(rows[place]), PATHS_SHOWN), float(found.linked[at]))
            held = fragile[place]
            paths[at] = _json(told if held is None else {**told, "fragility": _fragility_as_data(held)})
    return paths


def _fragility_as_data(found: Fragility) -> dict[str, Any]:
    links = None
    if found.links is not None:
        links = [{"start": str(link.start), "link": link.type, "end": str(link.end)} for link in found.links]
    return {"lane": found.lane, "links": links, "smallest": found.smallest}


def _communities(here: Network, shipments: list[pa.RecordBatch], scored: bool) -> pa.RecordBatch:
    communities, risk = here.communities[-1], here.risk(len(here.cutoffs) - 1)
    number = np.concatenate([communities.number[kind] for kind in _ENTITIES])
    inside = number >= 0
    at, size = number[inside], np.maximum(communities.size, 1)
    linked, stability = (
        np.concatenate([values[kind] for kind in _ENTITIES])[inside] for values in (risk.entity, communities.stability)
    )
    highest = np.zeros(len(communities))
    np.maximum.at(highest, at, linked)
    waiting: Counter[str] = Counter()
    for batch in shipments:
        open_ones = batch.filter(pc.invert(batch["decided"]))["community"]
        waiting.update(name for name in open_ones.to_pylist() if name is not None)
    told = describe(here.snapshot, communities)
    for one, mean in zip(told, (np.bincount(at, linked, minlength=len(communities)) / size).tolist(), strict=True):
        one["linked_mean"] = mean
    history = lives(here.events)
    for name, one in zip(communities.ids, told, strict=True):
        one["history"] = [
            {
                **{key: value for key, value in asdict(event).items() if key != "community"},
                "day": str(np.datetime64(event.day, "D")),
            }
            for event in history[name][-EVENTS_SHOWN:]
        ]
    return pa.record_batch(
        {
            "community": pa.array(communities.ids, pa.string()),
            "members": pa.array(communities.size),
            "linked": pa.array(highest),
            "stability": pa.array(np.bincount(at, stability, minlength=len(communities)) / size),
            "undecided": pa.array([waiting[name] if scored else None for name in communities.ids], pa.int64()),
            "described": pa.array([_json(one) for one in told], pa.string()),
        },
        schema=COMMUNITY_RESULT,
    )


def _entities(here: Network) -> Iterator[pa.RecordBatch]:
    communities, risk = here.communities[-1], here.risk(len(here.cutoffs) - 1)
    linked = {kind: risk.entity[kind] for kind in _ENTITIES}
    ranked = np.sort(np.concatenate(list(linked.values())))[::-1]
    bar = float(ranked[PATHS_KEPT]) if len(ranked) > PATHS_KEPT else 0.0
    records = track_records(here.snapshot, communities.day)
    for kind in _ENTITIES:
        keys = here.snapshot.things[kind].keys
        number, values, record = communities.number[kind], linked[kind], records[kind]
        for start in range(0, len(keys), _BATCH):
            part = slice(start, start + _BATCH)
            names = keys[part].to_pylist()
            paths = [
                _json(paths_as_data(risk.paths(Ref(kind, key), PATHS_SHOWN), value)) if value > bar else None
                for key, value in zip(names, values[part].tolist(), strict=True)
            ]
            yield pa.record_batch(
                {
                    "type": pa.array([kind] * len(names), pa.string()),
                    "key": keys[part],
                    "community": pa.array(
                        [communities.ids[at] if at >= 0 else None for at in number[part]], pa.string()
                    ),
                    "stability": pa.array(communities.stability[kind][part]),
                    "linked": pa.array(values[part]),
                    "shipments": pa.array(record.shipments[part]),
                    "inspected": pa.array(record.inspected[part]),
                    "infractions": pa.array(record.infractions[part]),
                    "clean_on": pa.array(record.clean_on[part], mask=record.clean_on[part] == NEVER).cast(pa.date32()),
                    "paths": pa.array(paths, pa.string()),
                },
                schema=ENTITY_RESULT,
            )


def paths_as_data(found: Paths, value: float) -> dict[str, Any]:
    """Return paths as plain data: `value` is the sum of the paths' values and the `remainder` of those left out."""
    return {
        "value": value,
        "paths": [path_as_data(path) for path in found.paths],
        "remainder": found.remainder,
        "left_out": found.left_out,
    }


def path_as_data(path: Path) -> dict[str, Any]:
    """Return a path as plain data."""
    return {
        "value": path.value,
        "source": str(path.source),
        "steps": [{"thing": str(s.ref), "link": s.link, "shared_by": s.shared_by} for s in path.steps],
    }


def paths_now(store: GraphStore, ref: Ref, as_of: date, limit: int = PATHS_SHOWN) -> dict[str, Any] | None:
    """Return the linked risk of a shipment, trader or forwarder taken apart, as known before a day.

    A shipment's risk is that of its first version, with what was known before its acceptance or `as_of` and the
    weights of the published set. None where the thing was not known then.
    """
    with store.reading() as view:
        published, whole = view.published(), snapshot(view)
    parameters = weights_of(published)
    return paths_of(whole, ref, as_of, lambda day: linked_risk(whole, day, parameters), limit)


def weights_of(published: PublishedSet | None) -> Parameters:
    """Return the parameters of the linked risk in a set."""
    told = None if published is None else published.about.get(WEIGHTS)
    return PARAMETERS if told is None else PARAMETERS.weighed([json.loads(told)[role] for role in ROLES])


def paths_of(
    whole: Snapshot, ref: Ref, as_of: date, risk_at: Callable[[int], LinkedRisk], limit: int = PATHS_SHOWN
) -> dict[str, Any] | None:
    """Return what `paths_now` does, from a network that has been read.

    Args:
        whole: the network.
        ref: a shipment, trader or forwarder.
        as_of: the day before which all that is used was known.
        risk_at: gives the linked risk of the network at a cutoff, in days since 1970-01-01.
        limit: the most paths to list.
    """
    kind = whole.things.get(ref.type)
    number = kind.keys.index(ref.key).as_py() if kind is not None else -1
    if number < 0:
        return None
    day = day_number(as_of)
    if ref.type != "Shipment":
        risk = risk_at(day)
        if ref.type not in risk.entity or whole.things[ref.type].first_on[number] >= day:
            return None
        return paths_as_data(risk.paths(ref, limit), float(risk.entity[ref.type][number]))
    declarations = whole.declarations
    rows = declarations.first[declarations.shipment[declarations.first] == number]
    if not len(rows):
        return None
    cutoffs = grid(declarations.accepted_on, max(day, int(declarations.accepted_on.min())))
    mine = np.minimum(declarations.accepted_on[rows], np.int32(day)).astype(np.int32)
    at = int(last_cutoff(cutoffs, mine)[0])
    if at < 0:
        return {"value": 0.0, "paths": [], "remainder": 0.0, "left_out": 0}
    risk = risk_at(int(cutoffs[at]))
    return paths_as_data(risk.paths(int(rows[0]), limit), float(risk.of_rows(rows)[0]))


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
    entities = list(_entities(here))
    progress("describing communities")
    communities = _communities(here, shipments, bool(model))
    progress("publishing")
    store.publish(heading, {"shipment": shipments, "entity": entities, "community": [communities]})
    return heading


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
