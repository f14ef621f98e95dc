"""What a supposition would change, as plain data for the command line and for a job of the service."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from api.commands.published import as_heading
from api.questions import refs
from graph.records import LinkRef, Ref
from graph.supposed import Supposition

if TYPE_CHECKING:
    from targeting.what_if import WhatIf

LISTED = 1_000
"""Changes that a job lists at most; how many there are is said."""


def supposition(told: Mapping[str, Any]) -> Supposition:
    """Return a supposition from plain data. Raises ValueError where a reference is none."""
    return Supposition(refs(told["clear"]), _links(told["without"]), _links(told["add"]))


def _links(told: Iterable[Mapping[str, str]]) -> list[LinkRef]:
    return [LinkRef(Ref.read(one["start"]), one["link"], Ref.read(one["end"])) for one in told]


def what_if_as_data(found: "WhatIf", most: int | None = None) -> dict[str, Any]:
    """Return what would change; at most so many of the changes, the most telling ones."""
    return {
        "published": as_heading(found.published),
        "from": found.first,
        "to": found.last,
        "waiting": found.waiting,
        "changed": len(found.changes),
        "changes": [
            {
                "shipment": str(one.shipment),
                "accepted_on": one.accepted_on,
                "before": vars(one.before),
                "after": vars(one.after),
            }
            for one in found.changes[:most]
        ],
    }
