"""The view of the community that most should be looked at first."""

from datetime import UTC, datetime
from pathlib import Path

from api.exports.asking import of_community
from api.exports.formats.html import write
from api.exports.portion import Heading
from api.exports.selection import things
from graph.store.base import GraphStore

# Of each member, the newest of each link that binds it to others; of all shipments, those with the highest score.
_BINDING = ("AT_ADDRESS", "HAS_CONTACT", "OWNED_BY", "LISTED_AS")
_EACH = 10
_SHIPMENTS = 200
_MEMBERS = 200


def worst_community(view: GraphStore) -> str | None:
    """Return the community whose member has the highest linked risk in the published set, None where none has one."""
    ranked = [
        (-row["linked"], row["community"])
        for batch in view.results("entity")
        for row in batch.select(["linked", "community"]).to_pylist()
        if row["linked"] is not None and row["community"] is not None
    ]
    return min(ranked)[1] if ranked else None


def write_worst(store: GraphStore, folder: Path) -> Path | None:
    """Write the HTML view of the worst community into a folder and return the file, None where there is no community.

    It shows the members, what binds them to others (addresses, contacts, owners, list entries) and the shipments of the
    community with the highest scores.
    """
    with store.reading() as view:
        published = view.published()
        community = worst_community(view)
        if published is None or community is None:
            return None
        found = of_community(view, community)
        members = [ref for ref in found if ref.type not in ("Shipment", "Inspection")][:_MEMBERS]
        shipments = [ref for ref in found if ref.type == "Shipment"]
        bound = [row.end for row in view.neighbours(members, links=_BINDING, limit=_EACH).rows]
        portion, _ = things(view, [*members, *bound, *shipments[:_SHIPMENTS]])
        version = view.version()
    shown = min(len(shipments), _SHIPMENTS)
    query = (
        f"community {community}: its members, their addresses, contacts, owners and list entries, and {shown:,} of its "
        f"{len(shipments):,} shipments, highest score first"
    )
    heading = Heading(
        "The community with the highest linked risk",
        query,
        published.id,
        published.as_of,
        version,
        datetime.now(UTC),
        "TLP:CLEAR",
        "An invented world. Intelligence, not evidence: scores propose, officers decide.",
    )
    with portion:
        [path] = write(portion, folder, heading)
    return path
