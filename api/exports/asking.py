"""What can be asked for, each question answered by the things that it is about."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graph.records import Ref
from graph.schema import NODE
from graph.store.base import GraphStore, PublishedSet, StoreError

_ROUND_A_PARTY = ("AT_ADDRESS", "HAS_CONTACT", "OWNED_BY")
_ROUND_A_SHIPMENT = 1_000


def of_community(view: GraphStore, community: str) -> list[Ref]:
    """Return the members of a community of the published set and the shipments that are counted to it.

    Raises:
        StoreError: nothing was published, or the set has no such community.
    """
    published = _published(view)
    found = [
        Ref(row["type"], row["key"])
        for batch in view.results("entity")
        for row in batch.select(["type", "key", "community"]).to_pylist()
        if row["community"] == community
    ]
    found += [
        Ref("Shipment", row["shipment"])
        for batch in view.results("shipment")
        for row in batch.select(["shipment", "community"]).to_pylist()
        if row["community"] == community
    ]
    if not found:
        raise StoreError(
            f"The published set {published.id} has no community {community!r}; `tidewaiter show` names that of a thing."
        )
    return found


def around(view: GraphStore, starts: Iterable[Ref], limit: int) -> list[Ref]:
    """Return things and, of each link type and direction, the `limit` newest that each of them is linked with."""
    starts = list(starts)
    return [*starts, *(row.end for row in view.neighbours(starts, limit=limit).rows)]


def behind(view: GraphStore, shipment: Ref) -> list[Ref]:
    """Return a shipment with what its score rests on.

    That is what its declaration names, the addresses, contacts and owners of its parties, what was found in it, and
    everything on the paths that carry linked risk to it.

    Raises:
        StoreError: it is no shipment.
    """
    if shipment.type != "Shipment":
        raise StoreError(f"{shipment} is no shipment, and only a shipment has a score: export the thing itself.")
    named = [row.end for row in view.neighbours([shipment], limit=_ROUND_A_SHIPMENT).rows]
    close = view.neighbours(
        [ref for ref in named if ref.type in ("Trader", "Forwarder", "Carrier", "Vessel")],
        links=_ROUND_A_PARTY,
        limit=_ROUND_A_SHIPMENT,
    )
    shared = [row.end for row in close.rows if row.direction == "out"]
    return [shipment, *named, *shared, *_on_risk_paths(view, shipment)]


def _on_risk_paths(view: GraphStore, shipment: Ref) -> Iterator[Ref]:
    published = view.published()
    if published is None:
        return
    rows = [row for batch in view.results("shipment", keys=[shipment.key]) for row in batch.to_pylist()]
    for row in rows:
        if row.get("paths"):
            yield from path_things(json.loads(row["paths"]))
        elif row["linked"]:
            from targeting.publish import paths_now

            yield from path_things(paths_now(view, shipment, published.as_of) or {})


def path_things(told: Mapping[str, Any]) -> Iterator[Ref]:
    """Yield what lies on paths of linked risk as `targeting.publish.paths_as_data` writes them."""
    for path in told.get("paths", ()):
        for text in (path["source"], *(step["thing"] for step in path["steps"])):
            ref = as_ref(text)
            if ref is not None:
                yield ref


_TYPES = {name.lower(): name for name in NODE}


def as_ref(text: str) -> Ref | None:
    """Read the written form of a complete reference, `trader:kr/Q12`; None where it is none."""
    kind, colon, key = text.partition(":")
    return Ref(_TYPES[kind], key) if colon and kind in _TYPES else None


def _published(view: GraphStore) -> PublishedSet:
    published = view.published()
    if published is None:
        raise StoreError("No results have been published, so there are no communities: run `tidewaiter analyse`.")
    return published
