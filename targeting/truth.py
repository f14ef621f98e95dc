"""The truth of a synthetic world, which nothing but evaluation reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from graph.snapshot import Flag, Long, Snapshot, labels
from targeting import TargetingError
from targeting.inputs import shipment_keys
from targeting.metrics import Ranking, top

RING_PATTERNS = ("shell_ring", "reborn")
"""Patterns in which several parties stand together, which their links alone give away."""

SHARE = 0.05

_COLUMNS = {
    "truth.csv": ("shipment_id", "infraction", "pattern", "ring_id"),
    "truth_entities.csv": ("entity_type", "entity_id", "role", "ring_id", "innocent_lookalike"),
}


@dataclass(frozen=True)
class Truth:
    """What is true of n rows, inspected or not.

    Attributes:
        infraction: [n] whether the shipment breaks the law.
        pattern: [n] the pattern that it belongs to, empty for none.
        ring: [n] the ring that it belongs to, empty for none.
        lookalike: [n] the role of its importer where that is innocent and looks like a guilty party, else empty.
        never_inspected: rings of which no shipment's outcome was known before the as-of day.
    """

    infraction: Flag
    pattern: npt.NDArray[np.str_]
    ring: npt.NDArray[np.str_]
    lookalike: npt.NDArray[np.str_]
    never_inspected: frozenset[str]


def read_truth(folder: Path, snapshot: Snapshot, rows: Long, as_of: int) -> Truth:
    """Read the truth files of a synthetic world for rows.

    Raises:
        TargetingError: a file is missing or lacks a column, or does not know a shipment.
    """
    of_shipment, of_entity = (_read(folder / name) for name in _COLUMNS)
    declarations = snapshot.declarations
    all_rows = declarations.first
    at = pc.index_in(_bare(shipment_keys(snapshot, all_rows)), value_set=of_shipment["shipment_id"].combine_chunks())
    ring_of_all = _taken(of_shipment["ring_id"], at)
    wanted = np.searchsorted(all_rows, rows)
    if at.take(pa.array(wanted)).null_count:
        raise TargetingError(
            f"The truth in {folder} does not know all shipments of the store; give the folder they came from."
        )
    here = at.take(pa.array(wanted))
    label = labels(snapshot, declarations.shipment[all_rows], np.full(len(all_rows), as_of, dtype=np.int32))
    rings = {str(ring) for ring in np.unique(ring_of_all)} - {""}
    known = {str(ring) for ring in np.unique(ring_of_all[label >= 0])}
    return Truth(
        _taken(of_shipment["infraction"], here) == "1",
        _taken(of_shipment["pattern"], here),
        _taken(of_shipment["ring_id"], here),
        _lookalikes(of_entity, snapshot, rows),
        frozenset(rings - known),
    )


def _read(path: Path) -> pa.Table:
    columns = _COLUMNS[path.name]
    try:
        table = csv.read_csv(
            path,
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), include_columns=list(columns)
            ),
        )
    except FileNotFoundError:
        raise TargetingError(
            f"There is no {path}; give the folder of a synthetic world, with its truth files."
        ) from None
    except (pa.ArrowInvalid, KeyError) as error:
        raise TargetingError(f"{path} is not a truth file of a synthetic world: {error}") from None
    return table


def _bare(keys: pa.Array) -> pa.Array:
    """Return keys without their source."""
    return pc.replace_substring_regex(keys, pattern="^[^/]*/", replacement="")


def _taken(column: pa.ChunkedArray, at: pa.Array) -> npt.NDArray[np.str_]:
    return np.asarray(pc.fill_null(column.combine_chunks().take(at), "").to_pylist(), dtype=str)


def _lookalikes(of_entity: pa.Table, snapshot: Snapshot, rows: Long) -> npt.NDArray[np.str_]:
    innocent = of_entity.filter(
        pc.and_(pc.equal(of_entity["innocent_lookalike"], "1"), pc.equal(of_entity["entity_type"], "trader"))
    )
    role = dict(zip(innocent["entity_id"].to_pylist(), innocent["role"].to_pylist(), strict=True))
    of_node = [role.get(key, "") for key in _bare(snapshot.things["Trader"].keys).to_pylist()]
    return np.asarray([*of_node, ""], dtype=str)[snapshot.declarations.keys["importer"][rows]]


def by_pattern(truth: Truth, ranking: Ranking) -> dict[str, Any]:
    """Return how much of what is known to be true stands in the highest-scored 5 %."""
    chosen = np.zeros(len(truth.infraction), dtype=bool)
    chosen[top(ranking, SHARE)] = True
    guilty = truth.infraction
    ring = guilty & np.isin(truth.pattern, RING_PATTERNS)
    unseen = ring & np.isin(truth.ring, list(truth.never_inspected))
    innocent = ~guilty & (truth.lookalike != "")
    roles = np.unique(truth.lookalike[innocent])
    return {
        "recall_by_pattern": {
            str(pattern): _part(chosen, guilty & (truth.pattern == pattern))
            for pattern in np.unique(truth.pattern[guilty & (truth.pattern != "")])
        },
        "ring_recall": _part(chosen, ring),
        "ring_recall_never_inspected": _part(chosen, unseen),
        "innocent_lookalikes_chosen": _part(chosen, innocent),
        "innocent_lookalikes_chosen_by_role": {
            str(role): _part(chosen, innocent & (truth.lookalike == role)) for role in roles
        },
        "innocent_lookalikes_part_of_chosen": float((innocent & chosen).sum() / chosen.sum()),
    }


def _part(chosen: Flag, of: Flag) -> Mapping[str, float | int | None]:
    count = int(of.sum())
    return {"shipments": count, "chosen": int((chosen & of).sum()), "part": _ratio(chosen, of, count)}


def _ratio(chosen: Flag, of: Flag, count: int) -> float | None:
    return float((chosen & of).sum() / count) if count else None
