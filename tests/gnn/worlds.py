"""Networks for the tests of the graph neural network, and trainings on them."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gnn.tokens import Tokens
from graph.columns import date_undated, known_before
from graph.snapshot import UNDATED, Int, Long, Snapshot, labels
from graph.statements import Statements
from graph.store.reference import ReferenceStore
from graph.whole import read
from ingest.load import load
from ingest.synthetic.simulation import simulate


class Labelled(NamedTuple):
    """Shipments with an outcome: rows of the first versions, their days and labels."""

    rows: Long
    days: Int
    labels: Long


def synthetic(folder: Path, shipments: int = 1500, seed: int = 3) -> Statements:
    """Return the statements of a synthetic world, as a store gives them back, with their days derived."""
    simulate(folder, shipments=shipments, seed=seed)
    with ReferenceStore() as store:
        load(store, folder, mapping="native")
        return date_undated(read(store))


def first_rows(snapshot: Snapshot) -> tuple[Long, Int]:
    """Return the first versions and the days of their acceptance."""
    rows = snapshot.declarations.first
    return rows, snapshot.declarations.accepted_on[rows]


def labelled(snapshot: Snapshot) -> Labelled:
    rows, days = first_rows(snapshot)
    label = labels(snapshot, snapshot.declarations.shipment[rows], np.full(len(rows), UNDATED))
    return Labelled(rows[label >= 0], days[label >= 0], label[label >= 0].astype(np.int64))


def same_bits(one: npt.NDArray[np.generic], other: npt.NDArray[np.generic]) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def named(tokens: Tokens) -> dict[tuple[str, str], npt.NDArray[np.float32]]:
    """Return the columns of features by token and name."""
    names = [(token, name) for token, listed in tokens.features.items() for name in listed]
    return {name: np.ascontiguousarray(tokens.values[:, at]) for at, name in enumerate(names)}


def categories(tokens: Tokens) -> dict[str, list[str | None]]:
    """Return the text that each row declares, by category."""
    return {
        name: [None if code < 0 else category.texts[code] for code in category.codes]
        for name, category in tokens.categories.items()
    }


def before(statements: Statements, day: int) -> Statements:
    """Return what was known before a day."""
    return known_before(statements, pa.scalar(day, pa.int32()).cast(pa.date32()).as_py())


def without_outcomes_of(statements: Statements, shipments: list[str]) -> Statements:
    """Return the statements without the inspections of some shipments."""
    kept = pc.invert(pc.is_in(statements.inspection["shipment"], pa.array(shipments)))
    return replace(statements, inspection=statements.inspection.filter(kept))


def artificial(n: int = 400, seed: int = 0) -> tuple[Tokens, Long, Int]:
    """Return tokens of two metapaths and a category, of which the first feature and the category tell the label."""
    from gnn.tokens import Category

    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 5)).astype(np.float32)
    values[:, 4] = 7.0
    codes = rng.integers(-1, 3, n).astype(np.int32)
    logit = 2.0 * values[:, 0] + 1.5 * (codes == 1) - 1.0
    label = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    keys = np.array([f"s/D{at}" for at in range(n)], dtype=object)
    features = {"declared": ("a", "b"), "shipment>importer>shipments": ("c", "d", "same")}
    tokens = Tokens(keys, features, values, {"origin": Category(codes, ("CN", "DE", "FR"))})
    return tokens, label, np.arange(n, dtype=np.int32)
