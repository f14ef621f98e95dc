"""From a snapshot to the tokens of shipments: what is reached along each metapath, as known before a day.

Aggregation along metapaths is computed once per cutoff for all nodes and then picked up by the shipments' own rows
(Frasca et al. 2020, SIGN; Yu et al. 2020, NARS; Yang et al. 2023, SeHGNN), so that the network itself needs no graph.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gnn.combinations import combination_tokens
from gnn.declared import categories, declared
from gnn.metapaths import CIRCLES, DECLARED, HISTORIES, Circle, History
from gnn.runtime import device, quiet_import, threads
from gnn.tokens import Tokens
from graph.snapshot import NEVER, Snapshot

if TYPE_CHECKING:
    import torch
    from torch_geometric.data import HeteroData

Long = npt.NDArray[np.int64]
Int = npt.NDArray[np.int32]
Real = npt.NDArray[np.float64]

_NO_DAY = int(NEVER)
PRIOR = 4.0  # inspections' worth of the overall rate that every rate is shrunk with

HISTORY_FEATURES = (
    "known",
    "log_shipments",
    "log_recent",
    "log_inspected",
    "log_infractions",
    "log_odds",
    "log_importers",
    "value_mean",
    "value_above_mean",
    "mass_above_mean",
    "price_above_mean",
    "log_age",
)
CIRCLE_FEATURES = (
    "log_shared",
    "log_weight",
    "log_fewest",
    "log_parties",
    "log_shipments",
    "log_inspected",
    "log_infractions",
    "log_offenders",
    "log_new",
    "share_shipments",
    "share_inspected",
    "share_infractions",
    "share_offenders",
    "share_new",
    "log_odds",
    "log_odds_share",
    "log_age_mean",
    "value_mean",
)


def tokens(
    snapshot: Snapshot,
    rows: Long,
    days: Int,
    as_of: int = _NO_DAY,
    *,
    progress: Callable[[float], None] | None = None,
) -> Tokens:
    """Return what the network reads of shipments.

    Args:
        snapshot: the network.
        rows: [n] rows of `snapshot.declarations`, normally those of first versions.
        days: [n] for each the day before which a fact must be known to be used; days after the shipment's own
            acceptance count as the day of acceptance.
        as_of: a day at which the network is aggregated as well as on the first of each month.
        progress: called with the share done, from 0 to 1.

    Returns:
        The tokens, row i for `rows[i]`. A fact known on or after `days[i]` changes no bit of row i, apart from what
        the row itself declares.
    """
    from gnn.hetero import as_known, declared_logs, first_acceptance, last_cutoffs

    rows = np.asarray(rows, dtype=np.int64)
    days = np.minimum(np.asarray(days, dtype=np.int32), first_acceptance(snapshot)[rows])
    features: dict[str, tuple[str, ...]] = {DECLARED: ()} | {path.name: HISTORY_FEATURES for path in HISTORIES}
    features |= {path.name: CIRCLE_FEATURES for path in CIRCLES}
    names, own = declared(snapshot, rows)
    features[DECLARED] = names
    together, found = combination_tokens(snapshot, rows, days)
    features |= together
    width = sum(len(listed) for listed in features.values())
    values = np.zeros((len(rows), width), dtype=np.float32)
    values[:, : len(names)] = own
    values[:, width - found.shape[1] :] = found
    cutoffs = last_cutoffs(days, as_of)
    logs = declared_logs(snapshot)
    if len(rows):
        quiet_import()
    grid = np.unique(cutoffs)
    for done, cutoff in enumerate(grid):
        here = np.flatnonzero(cutoffs == cutoff)
        with threads(1):
            blocks = list(_blocks(snapshot, as_known(snapshot, int(cutoff), logs), rows[here], days[here], logs))
        block = np.concatenate(blocks, axis=1)
        values[here, len(names) : len(names) + block.shape[1]] = block
        if progress is not None:
            progress((done + 1) / len(grid))
    declarations = snapshot.declarations
    keys = snapshot.things["Shipment"].keys.take(declarations.shipment[rows]).to_numpy(zero_copy_only=False)
    return Tokens(keys, features, values, categories(snapshot, rows))


def _blocks(
    snapshot: Snapshot, data: "HeteroData", rows: Long, days: Int, logs: dict[str, Real]
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the features of each metapath in the order of the tables, [n rows, features of the token]."""
    import torch

    from gnn.aggregate import party_facts

    data = data.to(device())
    base = data["Shipment"].x.sum(dim=0)
    rate = float((base[3] + 1) / (base[2] + 20))
    for history in HISTORIES:
        yield _history(snapshot, data, history, rows, days, logs, rate)
    parties = {member: party_facts(data, member) for member in ("importer", "exporter")}
    for circle in CIRCLES:
        yield _circle(snapshot, data, circle, parties[circle.member], rows, rate)
    del data, base
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def log_odds(infractions: Real, inspected: Real, rate: float) -> Real:
    """Return the log odds of an infraction, shrunk towards the overall rate, less those of the overall rate."""
    odds = (infractions + PRIOR * rate) / (inspected - infractions + PRIOR * (1 - rate))
    # Without an inspection it is nought to the last bit, as where no row names such a thing at all.
    return np.where(inspected > 0, np.log(odds * ((1 - rate) / rate)), 0.0)


def _history(
    snapshot: Snapshot,
    data: "HeteroData",
    path: History,
    rows: Long,
    days: Int,
    logs: dict[str, Real],
    rate: float,
) -> npt.NDArray[np.float32]:
    from gnn.aggregate import distinct_importers, history_facts

    declarations = snapshot.declarations
    end = declarations.key_types[path.column]
    keys = declarations.keys[path.column][rows]
    named = keys >= 0
    at = np.maximum(keys, 0)
    if not named.any():
        return np.zeros((len(rows), len(HISTORY_FEATURES)), dtype=np.float32)
    sums = _numpy(history_facts(data, path.column, end))[at] * named[:, None]
    importers = _numpy(distinct_importers(data, path.column, end))[at] * named if path.shared else np.zeros(len(rows))
    first_on = snapshot.things[end].first_on[at]
    age = np.where(named & (first_on < days), days.astype(np.float64) - first_on, 0.0)
    unit = _log_unit()
    columns = [
        named & (first_on < days),
        np.log1p(sums[:, 0]),
        np.log1p(sums[:, 1]),
        np.log1p(sums[:, 2]),
        np.log1p(sums[:, 3]),
        log_odds(sums[:, 3], sums[:, 2], rate),
        np.log1p(importers),
        _mean(sums[:, 4], sums[:, 5]) / unit,
    ]
    for place, name in ((4, "value"), (6, "mass"), (8, "price")):
        known = sums[:, place + 1] > 0
        above = np.where(known, logs[name][rows] - _mean(sums[:, place], sums[:, place + 1]), 0.0)
        columns.append(np.nan_to_num(above) / unit)
    columns.append(np.log1p(age))
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _circle(
    snapshot: Snapshot, data: "HeteroData", path: Circle, facts: "torch.Tensor", rows: Long, rate: float
) -> npt.NDArray[np.float32]:
    from gnn.aggregate import NOBODY, SHARE, reach_of_rows, second_step

    edges = _relation(data, path.relation)
    n_hubs = data[path.hub].num_nodes
    if path.beyond:
        beyond = _relation(data, path.beyond)
        facts = second_step(beyond, facts, data[_HUBS[path.beyond]].num_nodes)
    declarations = snapshot.declarations
    reach = reach_of_rows(
        edges,
        facts,
        n_hubs,
        declarations.keys[path.member][rows],
        [declarations.keys[column][rows] for column in path.declared],
    )
    unit, scale = _log_unit(), 2.0**12 if path.beyond else 1.0
    total = _numpy(reach.total)
    share = _numpy(reach.share) / (SHARE * scale)
    counts = total[:, :6] / scale
    fewest = _numpy(reach.fewest)
    columns = [
        np.log1p(_numpy(reach.hubs)),
        np.log1p(_numpy(reach.weight) / SHARE),
        np.where(fewest < NOBODY, np.log1p(np.minimum(fewest, NOBODY)), 0.0),
        *(np.log1p(counts[:, place]) for place in range(6)),
        *(np.log1p(share[:, place]) for place in range(1, 6)),
        log_odds(counts[:, 3], counts[:, 2], rate),
        log_odds(share[:, 3], share[:, 2], rate),
        _mean(total[:, 6], total[:, 0]) / unit,
        _mean(total[:, 7], total[:, 8]) / unit,
    ]
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


_HUBS = {
    "AT_ADDRESS": "Address",
    "HAS_CONTACT": "Contact",
    "OWNED_BY": "Trader",
    "BUYS_FROM": "Trader",
    "SELLS_TO": "Trader",
    "DECLARES_THROUGH": "Forwarder",
}


def _relation(data: "HeteroData", relation: str) -> "torch.Tensor":
    import torch

    kind = ("Trader", relation, _HUBS[relation])
    if kind in data.edge_types:
        edges: torch.Tensor = data[kind].edge_index
        return edges
    return torch.zeros((2, 0), dtype=torch.int64, device=data["Shipment"].x.device)


def _mean(total: Real, count: Real) -> Real:
    return np.where(count > 0, total / np.maximum(count, 1.0), 0.0)


def _log_unit() -> float:
    from gnn.hetero import LOG_UNIT

    return LOG_UNIT


def _numpy(tensor: "torch.Tensor") -> Real:
    array: Real = tensor.cpu().numpy()
    return array
