"""Declarations as they arrive, as plain data: what the command prints and the service answers."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph.store.batches import Quarantined
    from targeting.arrivals import Arrival


def arrival_as_data(row: int, arrival: "Arrival", rows: "tuple[int, ...]") -> dict[str, Any]:
    """Return what is said of one declaration.

    Args:
        row: the number of its row.
        arrival: what is said.
        rows: the numbers of all rows scored together.
    """
    from targeting.paths import path_as_data

    return {
        "row": row,
        "shipment": f"shipment:{arrival.shipment}",
        "accepted_on": arrival.accepted_on,
        "as_of": arrival.as_of,
        "score": arrival.score,
        "lane": arrival.lane,
        **{name: getattr(arrival, name) for name in ("declared", "profile", "linked", "gnn")},
        "reasons": list(arrival.reasons),
        "path": None if arrival.path is None else path_as_data(arrival.path),
        "community": arrival.community,
        "parties": {role: str(ref) for role, ref in arrival.parties.items()},
        "unknown": list(arrival.unknown),
        "in_store": arrival.in_store,
        "repeats": None if arrival.repeats is None else rows[arrival.repeats],
    }


def refused_as_data(refused: "Quarantined") -> dict[str, Any]:
    """Return a row that was refused."""
    return {"row": refused.row, "rule": refused.rule, "column": refused.column, "value": refused.value}
