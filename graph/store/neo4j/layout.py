"""What stands in a Neo4j database: constraints and indexes, and the names of all that is not the network itself.

The network is there as the schema names it: things with their folded fields, links between them. Apart from it stand
the ledger (`Batch`), the statements (`StatementChunk`: a bounded piece of one shape of one load, as Arrow IPC), the
published results, and one `TidewaiterStore` with the versions. None of these is linked to a thing.
"""

import hashlib
from collections.abc import Mapping

from graph.schema import NODES, SCHEMA_VERSION
from graph.search import PARTIES
from graph.store.results import RESULT_ORDER, RESULTS

# Raised with every change of what is below, and of what the network's properties mean; `migrations` takes the step.
LAYOUT = 4
VERSION = SCHEMA_VERSION * 1000 + LAYOUT

STORE, LOCK, BATCH, REMOVED = "TidewaiterStore", "TidewaiterLock", "Batch", "RemovedLoad"
CHUNK, PUBLISHED = "StatementChunk", "PublishedSet"
RESULT: Mapping[str, str] = {name: f"{name.capitalize()}Result" for name in RESULTS}
KEY_OF_RESULT: Mapping[str, str] = {name: order.key[-1] for name, order in RESULT_ORDER.items()}

# What a thing or link has of its own beside its fields: its days, what dated statements say of it with their days, what
# statements without a day say with the days derived for them (both as JSON, where there is more than the days), the
# pieces that name it, and the day of the version that counts.
STATE = ("first_on", "last_on", "_said", "_late", "_chunks", "_day")

KEPT = 3_600
"""Seconds for which a removed load and a replaced set stay, for those who still read an earlier version."""

# An index takes values up to some 8 kB; what is longer is told apart by its digest.
LONGEST_KEY = 1_000

# Label and property of each uniqueness constraint.
UNIQUE = (*((node.name, "key") for node in NODES), (STORE, "id"), (LOCK, "id"), (BATCH, "id"), (CHUNK, "number"))
# Label and properties of each index beside those of the constraints, by its name.
INDEXES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **{f"{node.name}_bare": (node.name, ("_bare",)) for node in NODES},
    "Shipment_day": ("Shipment", ("_day",)),
    f"{CHUNK}_load": (CHUNK, ("load", "shape")),
    **{f"{label}_set": (label, ("set",)) for label in RESULT.values()},
    **{f"{label}_{name}": (label, ("set", name)) for label in RESULT.values() for name in ("_key", "_rank")},
    f"{RESULT['shipment']}_accepted_on": (RESULT["shipment"], ("set", "accepted_on")),
    **{f"{RESULT[name]}_community": (RESULT[name], ("set", "community")) for name in ("shipment", "entity")},
}
SEARCHED = "_search"
"""The property that holds the words under which a thing is found (`graph.search.index_words`), separated by spaces."""
# Labels of each full-text index. Shipments have their own: there are more of them than of all else.
FULL_TEXT: Mapping[str, tuple[str, ...]] = {
    "Tidewaiter_search": (*PARTIES, "Address", "Contact", "ListEntry"),
    "Tidewaiter_goods": ("Shipment",),
}
CONSTRAINTS = (
    *(
        f"CREATE CONSTRAINT {label}_{name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{name} IS UNIQUE"
        for label, name in UNIQUE
    ),
    *(
        f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{label}) ON ({', '.join(f'n.`{item}`' for item in properties)})"
        for name, (label, properties) in INDEXES.items()
    ),
    *(
        f"CREATE FULLTEXT INDEX {name} IF NOT EXISTS FOR (n:{'|'.join(labels)}) ON EACH [n.{SEARCHED}] "
        "OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}}"
        for name, labels in FULL_TEXT.items()
    ),
)
# Every label that is ours.
LABELS = (*(node.name for node in NODES), STORE, LOCK, BATCH, REMOVED, CHUNK, PUBLISHED, *RESULT.values())


def identified(key: str) -> dict[str, str]:
    """Return the properties by which a thing is found."""
    properties = {"key": bounded(key)}
    if properties["key"] != key:
        properties["_whole_key"] = key
    if bare := key.partition("/")[2]:
        properties["_bare"] = bounded(bare)
    return properties


def bounded(key: str) -> str:
    """Return a key as it is indexed: itself, or its beginning and digest where it is too long for an index.

    What was cut is still longer than any key that was not, so that it cannot be taken for one.
    """
    encoded = key.encode()
    if len(encoded) <= LONGEST_KEY:
        return key
    return f"{encoded[:LONGEST_KEY].decode(errors='ignore')}#{hashlib.sha256(encoded).hexdigest()}"
