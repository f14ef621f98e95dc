"""What was said of the ownerships that a trader's links show: the share, and from when to when."""

from collections.abc import Mapping, Sequence

import pyarrow.compute as pc

from graph.fold import fold
from graph.records import LinkRef, Record, Ref, ownership_records
from graph.store.base import GraphStore, Neighbour


def ownership_fields(view: GraphStore, ref: Ref, rows: Sequence[Neighbour]) -> dict[Neighbour, Mapping[str, str]]:
    """Return the fields shown of each ownership among the links of a trader, folded from what all sources said.

    A store's answers on one thing hold no fields of links, so the rows of ownership are read, which are few beside the
    declarations, and only where there is such a link.
    """
    links = {row: _link(row) for row in rows if row.link == "OWNED_BY"}
    if not links:
        return {}
    # A row without a day is as old as its link: a row that has one names both ends, so none is older.
    first_on = {link: row.first_on for row, link in links.items()}
    records: list[Record] = []
    for batch in view.scan("ownership"):
        about = pc.or_(pc.equal(batch["owned"], ref.key), pc.equal(batch["owner"], ref.key))
        for row in batch.filter(about).to_pylist():
            link = LinkRef(Ref("Trader", row["owned"]), "OWNED_BY", Ref("Trader", row["owner"]))
            if link in first_on:
                records.extend(ownership_records(row, row["known_on"] or first_on[link]))
    folded = fold(records).links
    return {row: folded[link].shown() for row, link in links.items()}


def _link(row: Neighbour) -> LinkRef:
    """Return the link of which this is one side."""
    owned, owner = (row.start, row.end) if row.direction == "out" else (row.end, row.start)
    return LinkRef(owned, row.link, owner)
