"""The rows of a published set: shipments, communities and entities."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.chronicle import lives
from graph.cutoffs import last_cutoff
from graph.described import describe
from graph.records import Ref
from graph.snapshot import NEVER, Flag, labels
from graph.store.results import COMMUNITY_RESULT, ENTITY_RESULT, SHIPMENT_RESULT
from graph.track_record import track_records
from targeting.fragility import fragilities
from targeting.inputs import shipment_keys
from targeting.lanes import lanes_of
from targeting.model import Model
from targeting.network import Network
from targeting.paths import PATHS_SHOWN, as_json, fragility_as_data, paths_as_data
from targeting.scoring import Scores

PATHS_KEPT = 500
"""Entities whose paths are stored with the set, those of the highest linked risk; others' are found when asked."""

SHIPMENT_PATHS_KEPT = 10_000
"""Waiting shipments whose paths are stored with the set, those of the highest score."""

EVENTS_SHOWN = 24

_BATCH = 50_000
_ENTITIES = ("Trader", "Forwarder")


def shipment_rows(model: Model, here: Network, found: Scores, thresholds: dict[str, float]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of shipments: scores, lanes, reasons, and the paths of those that wait with the highest scores."""
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
                "reasons": pa.array([as_json(list(why)) for why in found.reasons[part]], pa.string()),
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
            paths[at] = as_json(told if held is None else {**told, "fragility": fragility_as_data(held)})
    return paths


def community_rows(here: Network, shipments: list[pa.RecordBatch], scored: bool) -> pa.RecordBatch:
    """Return the rows of communities, each described; `scored` says whether the shipments' rows tell what waits."""
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
            "described": pa.array([as_json(one) for one in told], pa.string()),
        },
        schema=COMMUNITY_RESULT,
    )


def entity_rows(here: Network) -> Iterator[pa.RecordBatch]:
    """Yield the rows of traders and forwarders: community, linked risk with its greatest paths, track record."""
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
                as_json(paths_as_data(risk.paths(Ref(kind, key), PATHS_SHOWN), value)) if value > bar else None
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
