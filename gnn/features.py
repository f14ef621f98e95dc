"""From a snapshot to the tokens of shipments: what is reached along each metapath, as known before a day.

Aggregation along metapaths is computed once per cutoff for all nodes and then picked up by the shipments' own rows
(Frasca et al. 2020, SIGN; Yu et al. 2020, NARS; Yang et al. 2023, SeHGNN), so that the network itself needs no graph.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gnn.combinations import combination_tokens
from gnn.declared import categories, declared
from gnn.metapaths import CIRCLES, DECLARED, HISTORIES, Circle, History
from gnn.runtime import quiet_import, threads
from gnn.tokens import Tokens
from graph.ground import Ground
from graph.snapshot import NEVER, Snapshot

if TYPE_CHECKING:
    import torch

    from gnn.known import Known

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
    ground: Ground | None = None,
    known: Callable[[int], "Known"] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Tokens:
    """Return what the network reads of shipments.

    Args:
        snapshot: the network, or one beside it that has the rows (`graph.beside`).
        rows: [n] rows of `snapshot.declarations`, normally those of first versions.
        days: [n] for each the day before which a fact must be known to be used; days after the shipment's own
            acceptance count as the day of acceptance.
        as_of: a day at which the network is aggregated as well as on the first of each month.
        ground: what is counted, where it is kept from call to call; by default that of the snapshot.
        known: gives what is aggregated at a cutoff, where that is kept.
        progress: called with the share done, from 0 to 1.

    Returns:
        The tokens, row i for `rows[i]`. A fact known on or after `days[i]` changes no bit of row i, apart from what
        the row itself declares.
    """
    from gnn.hetero import declared_logs, first_accepted, last_cutoffs

    rows = np.asarray(rows, dtype=np.int64)
    ground = ground or Ground(snapshot)
    days = np.minimum(np.asarray(days, dtype=np.int32), first_accepted(snapshot, rows, ground))
    features: dict[str, tuple[str, ...]] = {DECLARED: ()} | {path.name: HISTORY_FEATURES for path in HISTORIES}
    features |= {path.name: CIRCLE_FEATURES for path in CIRCLES}
    names, own = declared(snapshot, rows)
    features[DECLARED] = names
    together, found = combination_tokens(snapshot, rows, days, ground)
    features |= together
    width = sum(len(listed) for listed in features.values())
    values = np.zeros((len(rows), width), dtype=np.float32)
    values[:, : len(names)] = own
    values[:, width - found.shape[1] :] = found
    cutoffs = last_cutoffs(days, as_of)
    logs = declared_logs(snapshot)
    if len(rows):
        quiet_import()
        from gnn.known import Known
    grid = np.unique(cutoffs)
    for done, cutoff in enumerate(grid):
        here = np.flatnonzero(cutoffs == cutoff)
        with threads(1):
            there = known(int(cutoff)) if known else Known(snapshot, int(cutoff), logs)
            blocks = list(_blocks(snapshot, there, rows[here], days[here], logs))
        block = np.concatenate(blocks, axis=1)
        values[here, len(names) : len(names) + block.shape[1]] = block
        del there
        if progress is not None:
            progress((done + 1) / len(grid))
    declarations = snapshot.declarations
    keys = snapshot.things["Shipment"].keys.take(declarations.shipment[rows]).to_numpy(zero_copy_only=False)
    return Tokens(keys, features, values, categories(snapshot, rows))


def _blocks(
    snapshot: Snapshot, known: "Known", rows: Long, days: Int, logs: Mapping[str, Real]
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the features of each metapath in the order of the tables, [n rows, features of the token]."""
    for history in HISTORIES:
        yield _history(snapshot, known, history, rows, days, logs)
    for circle in CIRCLES:
        yield _circle(snapshot, known, circle, rows)


def log_odds(infractions: Real, inspected: Real, rate: float) -> Real:
    """Return the log odds of an infraction, shrunk towards the overall rate, less those of the overall rate."""
    odds = (infractions + PRIOR * rate) / (inspected - infractions + PRIOR * (1 - rate))
    # Without an inspection it is nought to the last bit, as where no row names such a thing at all.
    return np.where(inspected > 0, np.log(odds * ((1 - rate) / rate)), 0.0)


def _history(
    snapshot: Snapshot, known: "Known", path: History, rows: Long, days: Int, logs: Mapping[str, Real]
) -> npt.NDArray[np.float32]:
    declarations = snapshot.declarations
    end = declarations.key_types[path.column]
    keys = declarations.keys[path.column][rows]
    # What stands beside the network has the numbers behind it, and nothing to tell.
    named = (keys >= 0) & (keys < known.size(end))
    at = np.where(named, keys, 0)
    if not named.any():
        return np.zeros((len(rows), len(HISTORY_FEATURES)), dtype=np.float32)
    sums = known.history(path)[at] * named[:, None]
    importers = known.importers(path)[at] * named if path.shared else np.zeros(len(rows))
    first_on = snapshot.things[end].first_on[at]
    age = np.where(named & (first_on < days), days.astype(np.float64) - first_on, 0.0)
    unit = _log_unit()
    columns = [
        named & (first_on < days),
        np.log1p(sums[:, 0]),
        np.log1p(sums[:, 1]),
        np.log1p(sums[:, 2]),
        np.log1p(sums[:, 3]),
        log_odds(sums[:, 3], sums[:, 2], known.rate),
        np.log1p(importers),
        _mean(sums[:, 4], sums[:, 5]) / unit,
    ]
    for place, name in ((4, "value"), (6, "mass"), (8, "price")):
        stated = sums[:, place + 1] > 0
        above = np.where(stated, logs[name][rows] - _mean(sums[:, place], sums[:, place + 1]), 0.0)
        columns.append(np.nan_to_num(above) / unit)
    columns.append(np.log1p(age))
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _circle(snapshot: Snapshot, known: "Known", path: Circle, rows: Long) -> npt.NDArray[np.float32]:
    from gnn.aggregate import NOBODY, SHARE, reach_of_rows

    keys = snapshot.declarations.keys
    reach = reach_of_rows(known.hubs(path), keys[path.member][rows], [keys[column][rows] for column in path.declared])
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
        log_odds(counts[:, 3], counts[:, 2], known.rate),
        log_odds(share[:, 3], share[:, 2], known.rate),
        _mean(total[:, 6], total[:, 0]) / unit,
        _mean(total[:, 7], total[:, 8]) / unit,
    ]
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _mean(total: Real, count: Real) -> Real:
    return np.where(count > 0, total / np.maximum(count, 1.0), 0.0)


def _log_unit() -> float:
    from gnn.hetero import LOG_UNIT

    return LOG_UNIT


def _numpy(tensor: "torch.Tensor") -> Real:
    array: Real = tensor.cpu().numpy()
    return array
