"""From what somebody wrote to the things it may mean."""

import sqlite3

from graph.records import Ref
from graph.schema import NODES
from graph.store.sqlite.codes import naming
from graph.store.things import meanings

# Where a thing of a type is named by exactly its key: table and column.
_NAMED = {
    "Shipment": (("declaration", "shipment"), ("inspection", "shipment")),
    "Inspection": (("inspection", "inspection"),),
    "ListEntry": (("listing", "entry"),),
    "Route": (("way", "route"),),
    "Container": (("held", "container"),),
    "TransportDocument": (("declaration", "document"),),
    "Trader": (("ownership", "owned"), ("ownership", "owner")),
    "Address": (("description", "address_key"),),
    "Contact": (("description", "email_key"), ("description", "phone_key")),
    "Commodity": (("declaration", "commodity"),),
    "Place": (("declaration", "origin"), ("stop", "place")),
}


def exists(connection: sqlite3.Connection, ref: Ref) -> bool:
    """Say whether a live row names the thing."""
    for table, column in _NAMED.get(ref.type, ()):
        condition, parameters = naming(ref, column)
        if connection.execute(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1", parameters).fetchone():
            return True
    return bool(connection.execute("SELECT 1 FROM description WHERE type = ? AND key = ? LIMIT 1", ref).fetchone())


def resolve(connection: sqlite3.Connection, text: str, limit: int) -> list[Ref]:
    """Return the things that a text may mean, by type and key."""
    prefixes = [name for (name,) in connection.execute("SELECT name FROM source")]
    found: set[Ref] = set()
    for kind, name in meanings(text):
        if name:
            keys = [name, *(f"{prefix}/{name}" for prefix in prefixes)]
            candidates = [Ref(node.name, key) for node in NODES if kind in (None, node.name) for key in keys]
            found.update(ref for ref in candidates if exists(connection, ref))
            if kind in (None, "ListEntry"):
                # Lists are not sources; there are few entries.
                entries = connection.execute(
                    "SELECT entry FROM listing WHERE instr(entry, '/') AND substr(entry, instr(entry, '/') + 1) = ?",
                    (name,),
                )
                found.update(Ref("ListEntry", entry) for (entry,) in entries)
    return sorted(found)[:limit]
