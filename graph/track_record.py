"""What is known of each party's own shipments before a day: how many, how many examined, with what outcome."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graph.snapshot import NEVER, Int, Long, Snapshot
from graph.ties import counting, pairs

_ROLES = {"Trader": ("importer", "exporter"), "Forwarder": ("declarant",)}


@dataclass(frozen=True)
class TrackRecord:
    """By node, [n] each: shipments in which it is importer, exporter or declarant, in any version that counts.

    Attributes:
        shipments: how many.
        inspected: of these, those with an outcome.
        infractions: of these, those found in infraction.
        clean_on: the latest day on which a clean outcome became known; NEVER where there is none.
    """

    shipments: Long
    inspected: Long
    infractions: Long
    clean_on: Int


def track_records(snapshot: Snapshot, day: int) -> Mapping[str, TrackRecord]:
    """Return the track record of every trader and forwarder as known before a day, by node type."""
    declarations, outcomes = snapshot.declarations, snapshot.outcomes
    count = len(snapshot.things["Shipment"])
    label = np.full(count, -1, dtype=np.int64)
    known_on = np.full(count, NEVER, dtype=np.int32)
    # Later change points come later, and the last one written stands.
    known = np.flatnonzero(outcomes.known_on < day)
    label[outcomes.shipment[known]] = outcomes.infraction[known]
    known_on[outcomes.shipment[known]] = outcomes.known_on[known]
    rows = counting(snapshot, day)
    found = {}
    for kind, roles in _ROLES.items():
        size = len(snapshot.things[kind])
        party = np.concatenate([declarations.keys[role][rows].astype(np.int64) for role in roles])
        shipment = np.tile(declarations.shipment[rows].astype(np.int64), len(roles))
        party, shipment = pairs(party, shipment, max(count, 1))
        clean = np.flatnonzero(label[shipment] == 0)
        clean_on = np.full(size, -1, dtype=np.int32)
        np.maximum.at(clean_on, party[clean], known_on[shipment[clean]])
        found[kind] = TrackRecord(
            np.bincount(party, minlength=size),
            np.bincount(party[label[shipment] >= 0], minlength=size),
            np.bincount(party[label[shipment] == 1], minlength=size),
            np.where(clean_on < 0, NEVER, clean_on).astype(np.int32),
        )
    return found
