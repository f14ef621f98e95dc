"""The negative control: parties dealt out at random must tell as little as one and the same for all, or nobody.

In the shuffled data each role's parties (importers, exporters, declarants, carriers, each with address, contacts and
number) are dealt out anew over the shipments, among those that state the same country and status of that role, so that
what a row declares stays as it is. In the data without parties nobody is named. Between them stands the data in which
one party takes the place of all in a role: it links no shipment more than another, but its earlier shipments count up
from day to day, and so tell how much was known by then, as dealt-out parties do, too. A score that reads out of
shuffled links what is not in them would lose against these.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.quality.figures import Figure
from benchmarks.quality.invented import FIRST, LAST, SHIPMENTS, invented
from graph.build import from_statements
from graph.columns import date_undated, description_rows
from graph.snapshot import UNDATED, Long, Real, Snapshot, labels
from graph.statements import Statements
from graph.store.sqlite import SqliteStore
from graph.whole import read
from ingest.load import load
from targeting.days import day_number
from targeting.scoring import network_of, score
from targeting.training import train
from targeting.truth import read_truth

SEED = 6101
REPEATS, DRAWN = 3, 400
"""Trainings, each with another seed and other parties dealt out, and resamples."""

ROLES = ("importer", "exporter", "declarant", "carrier")
SAME = ("country", "aeo")
"""What the rows among which a role's parties are dealt out have in common."""

Labels = Callable[[Snapshot, Long], npt.NDArray[np.integer]]


def measure(data: Path, folder: Path, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Compare `ARMS` on KCS and on a world."""
    found = {}
    first, last = date(2021, 1, 1), date(2021, 3, 31)
    with SqliteStore(folder / "kcs.db") as store:
        for file in ("train.csv", "valid.csv"):
            load(store, data / "kcs" / file, mapping="kcs")
        found["KCS"] = compared(date_undated(read(store)), first, last, outcomes, seed, _named(say, "KCS"))
    with invented(folder, SEED, say) as (files, store):

        def true(here: Snapshot, rows: Long) -> npt.NDArray[np.integer]:
            return read_truth(files, here, rows, day_number(FIRST)).infraction.astype(np.int64)

        found["world"] = compared(date_undated(read(store)), FIRST, LAST, true, seed, _named(say, "world"))
    return {"seed": seed, "world": SEED, "shipments": SHIPMENTS, "data": found}


def _named(say: Callable[[str], None], name: str) -> Callable[[str], None]:
    return lambda text: say(f"{name}: {text}")


def outcomes(here: Snapshot, rows: Long) -> npt.NDArray[np.integer]:
    """Return the outcome of each row by all that is known, -1 where there is none."""
    return labels(here, here.declarations.shipment[rows], np.full(len(rows), UNDATED, dtype=np.int32))


def compared(
    statements: Statements, first: date, last: date, label_of: Labels, seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return how well the score does on each of `ARMS`, and by how much the first is better, with intervals.

    Args:
        statements: the data, with their days.
        first: the day before which all that is used must have been known.
        last: the last day of the shipments that are scored.
        label_of: gives the label of rows, -1 for those that have none.
        seed: of training, shuffling and resampling.
        say: is told what is being done.
    """
    said: dict[str, list[Real]] = {name: [] for name in ARMS}
    for repeat in range(seed, seed + REPEATS):
        shuffled = from_statements(dealt_out(statements, repeat))
        for name, arm in ARMS.items():
            say(f"repeat {repeat - seed + 1} of {REPEATS}, {name}")
            here = arm(shuffled)
            rows = here.declarations.first
            accepted = here.declarations.accepted_on[rows]
            rows = rows[(accepted >= day_number(first)) & (accepted <= day_number(last))]
            label = label_of(here, rows)
            rows, label = rows[label >= 0], label[label >= 0]
            model = train(here, first, seed=repeat)
            around = network_of(model, here, day_number(first))
            said[name].append(score(model, around, rows, reasons=0).score)
    return {"shipments": len(label), **differences({name: np.stack(said[name]) for name in ARMS}, label, seed)}


def differences(said: Mapping[str, Real], label: npt.NDArray[np.integer], seed: int) -> dict[str, dict[str, Figure]]:
    """Return by measure the mean of each score over its repeats, and of the first less each other ("less ...").

    Intervals are of resamples of both shipments and repeats, since another seed trains another model.

    Args:
        said: [repeats, n] scores each.
        label: [n] outcomes.
        seed: of the resamples.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    rng = np.random.default_rng(seed)
    repeats, count = next(iter(said.values())).shape
    # A resample repeats some of the trainings and some of the shipments.
    which = [np.arange(repeats), *rng.integers(0, repeats, (DRAWN, repeats))]
    at = [np.arange(count), *rng.integers(0, count, (DRAWN, count))]
    found = {}
    for name, of in (("auc", roc_auc_score), ("average_precision", average_precision_score)):
        values = np.array(
            [
                [np.mean([of(label[rows], one[repeat, rows]) for repeat in some]) for one in said.values()]
                for some, rows in zip(which, at, strict=True)
            ]
        )
        columns = dict(zip(said, values.T, strict=True))
        first, *others = said
        columns |= {f"less {other}": columns[first] - columns[other] for other in others}
        found[name] = {
            column: Figure(float(every[0]), *(float(end) for end in np.quantile(every[1:], (0.025, 0.975))))
            for column, every in columns.items()
        }
    return found


def dealt_out(statements: Statements, seed: int) -> Statements:
    """Return the statements with each role's parties dealt out anew among rows that state the same of them."""
    rng = np.random.default_rng(seed)
    declaration, described = statements.declaration, statements.description
    stated = [*map(str, zip(*(described[name].to_pylist() for name in SAME), strict=True)), "nobody"]
    kinds = np.unique(stated, return_inverse=True)[1]
    for role in ROLES:
        alike = kinds[description_rows(statements, declaration[role])]
        rows = np.empty_like(alike)
        rows[np.argsort(alike, kind="stable")] = np.lexsort((rng.random(len(alike)), alike))
        place = declaration.column_names.index(role)
        declaration = declaration.set_column(place, role, declaration[role].take(pa.array(rows)))
    return replace(statements, declaration=declaration)


def same_party(here: Snapshot) -> Snapshot:
    """Return the network with one party in place of all that are named in a role, none of them in two roles."""
    return _naming(here, {"importer": 0, "exporter": 1, "declarant": 0, "carrier": 0})


def without_parties(here: Snapshot) -> Snapshot:
    """Return the network with nobody named in its declarations; what these declare besides stays."""
    return _naming(here, {})


def _naming(here: Snapshot, party: Mapping[str, int]) -> Snapshot:
    """Return the network with one party, by its number, in place of those in a role, and none of their contacts."""
    declarations = here.declarations
    keys = {
        name: np.where(column >= 0, party.get(name, -1), -1).astype(column.dtype)
        if name.partition("_")[0] in ROLES
        else column
        for name, column in declarations.keys.items()
    }
    return replace(here, declarations=replace(declarations, keys=keys))


ARMS: Mapping[str, Callable[[Snapshot], Snapshot]] = {
    "parties dealt out": lambda dealt: dealt,
    "one party for all": same_party,
    "no parties": without_parties,
}
"""What is compared, each made from a network whose parties are dealt out."""
