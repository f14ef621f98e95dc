"""Published results: what a set holds, how its rows are ordered, and what narrows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypedDict

import pyarrow as pa

from graph.store.errors import NotInSetError


@dataclass(frozen=True)
class PublishedSet:
    """The heading of one immutable set of results.

    `store_version` and `as_of` name the snapshot, `model` the model (empty where only the network was analysed),
    `thresholds` holds the lanes' lower bounds (`red`, `yellow`), `about` whatever else explains the set.
    """

    id: str
    store_version: int
    as_of: date
    model: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)


# Results of a published set. `paths`, `reasons` and `described` are JSON texts (see targeting/); `score` is null where
# the shipment's own outcome was in the training. `linked` of a community is the highest of its members.
SHIPMENT_RESULT = pa.schema(
    [
        ("shipment", pa.string()),
        ("source", pa.string()),
        ("accepted_on", pa.date32()),
        ("score", pa.float64()),
        ("declared", pa.float64()),
        ("profile", pa.float64()),
        ("linked", pa.float64()),
        ("gnn", pa.float64()),
        ("lane", pa.string()),
        ("community", pa.string()),
        ("decided", pa.bool_()),
        ("reasons", pa.string()),
        ("paths", pa.string()),
    ]
)
ENTITY_RESULT = pa.schema(
    [
        ("type", pa.string()),
        ("key", pa.string()),
        ("community", pa.string()),
        ("stability", pa.float64()),
        ("linked", pa.float64()),
        ("shipments", pa.int64()),
        ("inspected", pa.int64()),
        ("infractions", pa.int64()),
        ("clean_on", pa.date32()),
        ("paths", pa.string()),
    ]
)
COMMUNITY_RESULT = pa.schema(
    [
        ("community", pa.string()),
        ("members", pa.int64()),
        ("linked", pa.float64()),
        ("stability", pa.float64()),
        ("undecided", pa.int64()),
        ("described", pa.string()),
    ]
)
RESULTS: Mapping[str, pa.Schema] = {
    "shipment": SHIPMENT_RESULT,
    "entity": ENTITY_RESULT,
    "community": COMMUNITY_RESULT,
}


class ResultOrder(NamedTuple):
    """How the rows of a table of results are ordered: by a falling value, blanks last, then by the key of the row."""

    falling: str
    key: tuple[str, ...]


RESULT_ORDER: Mapping[str, ResultOrder] = {
    "shipment": ResultOrder("score", ("shipment",)),
    "entity": ResultOrder("linked", ("type", "key")),
    "community": ResultOrder("linked", ("community",)),
}


class Picked(TypedDict, total=False):
    """What narrows results; what is left out, or None, narrows nothing.

    `accepted_from` and `accepted_to` (both included) bound the day of acceptance, `keys` picks by the last part of the
    row's key, `community` by the community's id, `lane` by the lane; `undecided` leaves out shipments whose outcome is
    known.
    """

    accepted_from: date | None
    accepted_to: date | None
    keys: Sequence[str] | None
    community: str | None
    lane: str | None
    undecided: bool


# The column that each way of narrowing results reads.
_NARROWED = {
    "accepted_from": "accepted_on",
    "accepted_to": "accepted_on",
    "community": "community",
    "lane": "lane",
    "undecided": "decided",
}


def check_results(tables: Iterable[str], picked: Picked | None = None) -> None:
    """Raise ValueError where a table of results is not one, or has nothing to be narrowed by as it is to be."""
    for table in tables:
        if table not in RESULTS:
            raise ValueError(f"no results are kept in {table!r}")
        for name, value in (picked or {}).items():
            column = _NARROWED.get(name)
            if value not in (None, False) and column is not None and column not in RESULTS[table].names:
                raise ValueError(f"results in {table!r} have no {column}, so {name} cannot narrow them")


def not_in_set(after: Sequence[str]) -> NotInSetError:
    """Return the error for a row to go on from that is not in the published set."""
    return NotInSetError(f"There is no {'/'.join(after)!r} in the published set to go on from; begin again.")
