"""What can be asked for, each question answered by the things that it is about."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from api.exports.errors import AskedWronglyError
from graph.paths import PathQuery, paths
from graph.records import Ref
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from graph.store.neighbourhood import Expansion

_ROUND_A_PARTY = ("AT_ADDRESS", "HAS_CONTACT", "OWNED_BY")
_ROUND_A_SHIPMENT = 1_000
_ASKED = 200
"""Things that are asked for their links at once."""
_STOPS = ("DEPARTS_FROM", "VIA", "ARRIVES_AT")


def of_community(view: GraphStore, community: str) -> list[Ref]:
    """Return the members of a community of the published set, its shipments and their findings.

    The set names the shipments that are still to decide; those that were examined are found from the members that
    imported them.

    Raises:
        AskedWronglyError: nothing was published, or the set has no such community.
    """
    published = view.published()
    if published is None:
        raise AskedWronglyError(
            "No results have been published, so there are no communities: run `tidewaiter analyse`."
        )
    found = [
        Ref(row["type"], row["key"])
        for batch in view.results("entity", community=community)
        for row in batch.select(["type", "key"]).to_pylist()
    ]
    found += [
        Ref("Shipment", key)
        for batch in view.results("shipment", community=community)
        for key in batch["shipment"].to_pylist()
    ]
    if not found:
        raise AskedWronglyError(
            f"The published set {published.id} has no community {community!r}; `tidewaiter show` names that of a thing."
        )
    found = [*dict.fromkeys([*found, *_reached(view, found, "Trader", ["IMPORTED_BY"])])]
    return [*found, *_reached(view, found, "Shipment", ["FOUND_IN"])]


def routes(view: GraphStore, refs: Sequence[Ref]) -> list[Ref]:
    """Return the routes that shipments among these things moved on, with the places that these lead through."""
    found = [*dict.fromkeys([*refs, *_reached(view, refs, "Shipment", ["MOVED_ON"])])]
    return [ref for ref in (*found, *_reached(view, found, "Route", _STOPS)) if ref.type in ("Route", "Place")]


def _reached(view: GraphStore, refs: Sequence[Ref], kind: str, links: Sequence[str]) -> Iterator[Ref]:
    """Yield what things of a kind are linked to by some types of links."""
    starts = [ref for ref in refs if ref.type == kind]
    for start in range(0, len(starts), _ASKED):
        asked = starts[start : start + _ASKED]
        counts = view.neighbours(asked, links=links, limit=0).counts
        most = max(counts.values(), default=0)
        yield from (row.end for row in view.neighbours(asked, links=links, limit=most).rows)


def around(view: GraphStore, asked: Expansion) -> list[Ref]:
    """Return things and what an expansion reaches from them. Raises StoreError where it cannot be asked."""
    return [*asked.starts, *(reached.ref for reached in view.expand(asked).things)]


def on_paths(view: GraphStore, asked: PathQuery) -> list[Ref]:
    """Return all things on the paths that are asked for.

    Raises:
        StoreError: they cannot be asked for, or there is none.
    """
    found = paths(view, asked)
    if not found.paths:
        links = "one link" if asked.hops == 1 else f"at most {asked.hops} links"
        raise StoreError(
            f"There is no path of {links} between these things: allow more links, other types, or paths through hubs."
        )
    return [ref for path in found.paths for ref in (path.start, *(step.to for step in path.steps))]


def behind(view: GraphStore, shipment: Ref) -> list[Ref]:
    """Return a shipment with what its score rests on.

    That is what its declaration names, the addresses, contacts and owners of its parties, everything on the paths that
    carry linked risk to it, and what was found in the shipments among these. The published set holds these paths for
    the shipments that wait with the highest scores; for others, those that carry risk to their parties are taken.

    Raises:
        AskedWronglyError: it is no shipment.
    """
    if shipment.type != "Shipment":
        raise AskedWronglyError(f"{shipment} is no shipment, and only a shipment has a score: export the thing itself.")
    named = [row.end for row in view.neighbours([shipment], limit=_ROUND_A_SHIPMENT).rows]
    parties = [ref for ref in named if ref.type in ("Trader", "Forwarder", "Carrier", "Vessel")]
    close = view.neighbours(
        parties,
        links=_ROUND_A_PARTY,
        limit=_ROUND_A_SHIPMENT,
    )
    shared = [row.end for row in close.rows if row.direction == "out"]
    found = [*dict.fromkeys([shipment, *named, *shared, *_on_risk_paths(view, shipment, parties)])]
    return [*found, *_reached(view, found, "Shipment", ["FOUND_IN"])]


def _on_risk_paths(view: GraphStore, shipment: Ref, parties: Collection[Ref]) -> Iterator[Ref]:
    """Yield what lies on the published paths to a shipment, or, where the set holds none of it, to its parties."""
    if view.published() is None:
        return
    rows = [row for batch in view.results("shipment", keys=[shipment.key]) for row in batch.to_pylist()]
    if parties and any(row["linked"] and not row["paths"] for row in rows):
        keys = sorted({ref.key for ref in parties})
        for batch in view.results("entity", keys=keys):
            rows += [row for row in batch.to_pylist() if Ref(row["type"], row["key"]) in parties]
    for row in rows:
        if row["paths"]:
            yield from path_things(json.loads(row["paths"]))


def path_things(told: Mapping[str, Any]) -> Iterator[Ref]:
    """Yield what lies on paths of linked risk as `targeting.paths.paths_as_data` writes them."""
    for path in told.get("paths", ()):
        for text in (path["source"], *(step["thing"] for step in path["steps"])):
            ref = as_ref(text)
            if ref is not None:
                yield ref


def gone(view: GraphStore, text: str) -> Ref | None:
    """Return the thing of a complete reference that the store has no more; None where it knows what the text means."""
    return None if view.resolve(text, limit=1) else as_ref(text)


def as_ref(text: str) -> Ref | None:
    """Read the written form of a complete reference, `trader:kr/Q12`; None where it is none."""
    try:
        return Ref.read(text)
    except ValueError:
        return None
