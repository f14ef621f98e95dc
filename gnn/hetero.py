"""The as-of graph: torch-geometric's `HeteroData` of the network as it was known before a day.

Everything numeric in it is a whole number held in float64. Sums of whole numbers below 2**53 are exact in every order,
so what is aggregated over the graph is the same to the last bit on any number of threads, on processor or graphics
card, and whatever else was loaded later.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gnn.runtime import quiet_import
from graph.ground import Ground
from graph.snapshot import NEVER, Snapshot, labels

if TYPE_CHECKING:
    import torch
    from torch_geometric.data import HeteroData

Long = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]

LOG_UNIT = 4096.0  # logarithms to base 2 are kept in units of 1/4096
RECENT_DAYS = 90
NEW_DAYS = 180

# What is summed over shipments, in this order.
FACTS = (
    "shipments",
    "recent",
    "inspected",
    "infractions",
    "value",
    "valued",
    "mass",
    "weighed",
    "price",
    "priced",
)

SHARED_RELATIONS = ("AT_ADDRESS", "HAS_CONTACT")


def log_units(values: Real) -> Real:
    """Return log2 of the positive values in whole units of 1/4096, NaN elsewhere."""
    positive = np.where(values > 0, values, 1.0)
    return np.where(values > 0, np.rint(np.log2(positive) * LOG_UNIT), np.nan)


def declared_logs(snapshot: Snapshot) -> dict[str, Real]:
    """Return value, mass and price per kilogram of every version as `log_units`, NaN where not declared."""
    numbers = snapshot.declarations.numbers
    value = log_units(numbers["customs_value"])
    mass = log_units(numbers["net_mass_kg"])
    gross = log_units(numbers["gross_mass_kg"])
    mass = np.where(np.isnan(mass), gross, mass)
    return {"value": value, "mass": mass, "price": value - mass}


def first_acceptance(snapshot: Snapshot) -> npt.NDArray[np.int32]:
    """Return for each version the day of acceptance that its shipment's first version states."""
    declarations = snapshot.declarations
    first = declarations.first
    versions = np.diff(first, append=len(declarations))
    return np.repeat(declarations.accepted_on[first], versions)


def first_accepted(snapshot: Snapshot, rows: Long, ground: Ground) -> npt.NDArray[np.int32]:
    """Return the day of acceptance that the first version of each row's shipment states, [n].

    For rows beside the network (`graph.beside`), the earlier of their own day and that of a shipment known under their
    key.
    """
    if ground.snapshot is snapshot:
        return first_acceptance(snapshot)[rows]

    def by_shipment() -> npt.NDArray[np.int32]:
        behind = ground.snapshot.declarations
        days = np.full(len(ground.snapshot.things["Shipment"]) + 1, NEVER, dtype=np.int32)
        days[behind.shipment[behind.first]] = behind.accepted_on[behind.first]
        return days

    known = ground.once("first acceptance", by_shipment)
    shipments = snapshot.declarations.shipment[rows]
    return np.minimum(known[np.minimum(shipments, len(known) - 1)], snapshot.declarations.accepted_on[rows])


def known_rows(snapshot: Snapshot, cutoff: int) -> Long:
    """Return the versions that counted on the cutoff, of shipments accepted before it.

    The second condition keeps a shipment's own row and outcome out of what is aggregated for it, even where a source
    dates its record before its acceptance.
    """
    declarations = snapshot.declarations
    known = (declarations.known_on < cutoff) & (declarations.until >= cutoff) & (first_acceptance(snapshot) < cutoff)
    return np.flatnonzero(known)


def as_known(snapshot: Snapshot, cutoff: int, logs: Mapping[str, Real]) -> "HeteroData":
    """Return the network as known before the cutoff, a count of days since 1970-01-01.

    `Shipment` nodes are the versions that counted, with `x` [n, len(FACTS)]; all other nodes keep the snapshot's
    numbers, those not known yet having no links. Edge types are `(Shipment, column, type)` for every key column,
    `(party, relation, shared)` for addresses, contacts and owners, and the distinct pairs `BUYS_FROM`, `SELLS_TO` and
    `DECLARES_THROUGH` that the shipments make between their parties. `logs` are the `declared_logs`.
    """
    quiet_import()
    import torch
    from torch_geometric.data import HeteroData

    declarations = snapshot.declarations
    rows = known_rows(snapshot, cutoff)
    data = HeteroData()
    data["Shipment"].x = torch.from_numpy(_facts(snapshot, rows, cutoff, logs))
    for name, things in snapshot.things.items():
        if name != "Shipment":
            data[name].num_nodes = len(things)
    first_on = snapshot.things["Trader"].first_on
    data["Trader"].age = torch.from_numpy(np.where(first_on < cutoff, cutoff - first_on.astype(np.int64), -1))
    for column, end in declarations.key_types.items():
        keys = declarations.keys[column][rows]
        named = np.flatnonzero(keys >= 0)
        data["Shipment", column, end].edge_index = _edges(named, keys[named])
    for (start, link, end), adjacency in snapshot.links.items():
        if start == "Trader" and link in SHARED_RELATIONS:
            known = adjacency.first_on < cutoff
            data[start, link, end].edge_index = _edges(adjacency.starts[known], adjacency.indices[known])
    owned = snapshot.ownership
    held = (owned.since < cutoff) & (cutoff <= owned.until)
    data["Trader", "OWNED_BY", "Trader"].edge_index = _edges(owned.owned[held], owned.owner[held])
    importer, exporter, declarant = (declarations.keys[name][rows] for name in ("importer", "exporter", "declarant"))
    traders, forwarders = len(snapshot.things["Trader"]), len(snapshot.things["Forwarder"])
    bought = _pairs(importer, exporter, traders)
    data["Trader", "BUYS_FROM", "Trader"].edge_index = bought
    data["Trader", "SELLS_TO", "Trader"].edge_index = bought.flip(0)
    data["Trader", "DECLARES_THROUGH", "Forwarder"].edge_index = _pairs(importer, declarant, forwarders)
    return data


def _facts(snapshot: Snapshot, rows: Long, cutoff: int, logs: Mapping[str, Real]) -> Real:
    declarations = snapshot.declarations
    shipments = declarations.shipment[rows]
    label = labels(snapshot, shipments, np.full(len(rows), cutoff, dtype=np.int32))
    facts = np.zeros((len(rows), len(FACTS)))
    facts[:, 0] = 1
    facts[:, 1] = declarations.accepted_on[rows] >= cutoff - RECENT_DAYS
    facts[:, 2] = label >= 0
    facts[:, 3] = label == 1
    for place, name in ((4, "value"), (6, "mass"), (8, "price")):
        stated = logs[name][rows]
        facts[:, place] = np.nan_to_num(stated)
        facts[:, place + 1] = ~np.isnan(stated)
    return facts


def _edges(starts: npt.NDArray[np.integer], ends: npt.NDArray[np.integer]) -> "torch.Tensor":
    import torch

    return torch.from_numpy(np.stack((starts, ends)).astype(np.int64))


def _pairs(starts: npt.NDArray[np.int32], ends: npt.NDArray[np.int32], n_ends: int) -> "torch.Tensor":
    both = (starts >= 0) & (ends >= 0)
    packed = np.unique(starts[both].astype(np.int64) * max(n_ends, 1) + ends[both])
    return _edges(packed // max(n_ends, 1), packed % max(n_ends, 1))


def last_cutoffs(days: npt.NDArray[np.int32], as_of: int) -> npt.NDArray[np.int32]:
    """Return for each day the last cutoff on or before it: the as-of day, else the first day of the month."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
    return np.where(days >= as_of, np.int32(as_of), months)
