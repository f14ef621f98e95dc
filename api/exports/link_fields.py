"""What was said of links themselves: the share and days of an ownership, the order of a place of transit.

A store's answers on one thing hold no fields of links, so the statements that can say such a thing are read, and only
where there is such a link.
"""

from collections.abc import Collection, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from api.exports.portion import Edge
from graph.fold import fold
from graph.records import LinkRef, Record, Ref, canonical, ownership_records
from graph.store.base import GraphStore


def link_fields(view: GraphStore, links: Mapping[LinkRef, Edge]) -> dict[LinkRef, Mapping[str, str]]:
    """Return the fields shown of each of these links that has any, folded from what all sources said."""
    owned = {link for link in links if link.type == "OWNED_BY"}
    via = {link for link in links if link.type == "VIA"}
    records: list[Record] = []
    if owned:
        records += _ownerships(view, owned, links)
    if via:
        records += _transits(view, via)
    folded = fold(records).links
    return {link: folded[link].shown() for link in sorted(owned | via) if link in folded}


def _ownerships(view: GraphStore, owned: Collection[LinkRef], links: Mapping[LinkRef, Edge]) -> Iterator[Record]:
    traders = pa.array(sorted({link.start.key for link in owned}), pa.string())
    for batch in view.scan("ownership"):
        for row in batch.filter(pc.is_in(batch["owned"], value_set=traders)).to_pylist():
            link = LinkRef(Ref("Trader", row["owned"]), "OWNED_BY", Ref("Trader", row["owner"]))
            if link in owned:
                # A row without a day is as old as its link: a row that has one names both ends, so none is older.
                yield from ownership_records(row, row["known_on"] or links[link].first_on)


def _transits(view: GraphStore, via: Collection[LinkRef]) -> list[Record]:
    """Return one record for each order that was declared, of the last day on which it was."""
    routes = pa.array(sorted({link.start.key for link in via}), pa.string())
    last: dict[tuple[LinkRef, str, str], Record] = {}
    for batch in view.scan("declaration", columns=["source", "known_on", "route", "transit_places"]):
        for row in batch.filter(pc.is_in(batch["route"], value_set=routes)).to_pylist():
            for order, place in enumerate(row["transit_places"] or (), start=1):
                link = LinkRef(Ref("Route", row["route"]), "VIA", Ref("Place", place))
                said = (link, canonical(order), row["source"])
                held = last.get(said)
                if held is None or (held.known_on is not None and row["known_on"] > held.known_on):
                    last[said] = Record(link, {"order": said[1]}, row["source"], row["known_on"])
    return [last[said] for said in sorted(last)]
