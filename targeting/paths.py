"""Linked risk taken apart, as plain data: what a published set holds, and what is found again."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np

from graph.build import snapshot
from graph.cutoffs import grid, last_cutoff
from graph.evidence import PARAMETERS, ROLES, Parameters
from graph.linked_risk import LinkedRisk, Path, Paths, linked_risk
from graph.records import Ref
from graph.snapshot import Snapshot
from graph.store.base import GraphStore
from graph.store.results import PublishedSet
from targeting.days import day_number
from targeting.fragility import Fragility

PATHS_SHOWN = 10
WEIGHTS = "linked_risk"
"""What a set's heading calls the weights of linked risk."""


def fragility_as_data(found: Fragility) -> dict[str, Any]:
    """Return what holds a shipment in its lane as plain data; `links` is None where no link does."""
    links = None
    if found.links is not None:
        links = [{"start": str(link.start), "link": link.type, "end": str(link.end)} for link in found.links]
    return {"lane": found.lane, "links": links, "smallest": found.smallest}


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


def as_json(value: Any) -> str:
    """Return plain data as the JSON text that a set holds."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
