"""Two fixed baselines, so that every claim about the score has the same yardstick. They are not to be improved.

`base_declared` is LightGBM on all declared columns of the row, without identifiers of parties. `base_tabular` has
beside them what one gets without a graph: as-of infraction rates and counts of every party, commodity, origin, office
and route and of all pairs of these, numbers in powers of two among them. Both have the score's own tuning,
with larger trees where there are many rows.
"""

from collections.abc import Callable
from itertools import combinations

import numpy as np

from graph.rates import combine, counts, declaration_events, outcome_events, overall, shrunk, volumes
from graph.snapshot import Int, Long, Real, Snapshot
from targeting import declared as declared_data
from targeting.boosting import FOLDS, LEAVES, fit
from targeting.calibration import logit
from targeting.features import Block, beside, quantities
from targeting.inputs import capped_days, shipment_keys, training_rows
from targeting.profiles import PRIOR, PRIOR_STRENGTH, fields

FIELDS = ("importer", "exporter", "declarant", "carrier", "vessel", "commodity_6", "origin", "office", "route")
BINNED = ("net_mass_kg", "customs_value", "price_per_kg")

STRENGTH = 2.0
"""Inspections' worth of the rate of all shipments that a rate is drawn with."""

NAMES = ("base_declared", "base_tabular")

MANY_ROWS, MANY_LEAVES = 20_000, 31
"""From so many rows on, larger trees make the better baseline, and a yardstick must not be short."""


def tabular(snapshot: Snapshot, rows: Long, days: Int) -> Block:
    """Return rates and counts of `FIELDS` and `BINNED` and of all pairs of them, as known before each row's day."""
    codes = fields(snapshot, np.arange(len(snapshot.declarations)))
    outcomes, declarations = outcome_events(snapshot), declaration_events(snapshot.declarations)
    rate = overall(outcomes, days, PRIOR, PRIOR_STRENGTH)
    keys = [*((name,) for name in (*FIELDS, *BINNED)), *combinations((*FIELDS, *BINNED), 2)]
    names, columns = [], []
    for key in keys:
        combined = combine(*(codes[name] for name in key))
        inspected, infractions = counts(outcomes, combined, rows, days)
        name = " x ".join(key)
        names += [f"rate of {name}", f"inspections of {name}", f"shipments of {name}"]
        columns += [
            logit(shrunk(inspected, infractions, rate, STRENGTH)),
            inspected.astype(np.float64),
            volumes(declarations, combined, rows, days).astype(np.float64),
        ]
    return quantities(names, columns, len(rows))


def scores(
    snapshot: Snapshot, as_of: int, rows: Long, seed: int, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Real]:
    """Train both baselines on what was known before a day, and return what they say of rows.

    Returns:
        By name, [n] probabilities among the inspected.

    Raises:
        TargetingError: there are no outcomes to learn from, or only of one kind.
    """
    from gnn.train import fold_of

    trained, days, labels = training_rows(snapshot, as_of)
    fold = fold_of(shipment_keys(snapshot, trained).to_numpy(zero_copy_only=False), FOLDS)
    vocabulary = declared_data.learn(snapshot, trained)
    declared = {
        name: declared_data.declared(snapshot, at, vocabulary) for name, at in (("train", trained), ("test", rows))
    }
    leaves = MANY_LEAVES if len(trained) >= MANY_ROWS else LEAVES
    found = {}
    for name in NAMES:
        progress(f"baseline {name}")
        blocks = declared
        if name == "base_tabular":
            blocks = {
                "train": beside(declared["train"], tabular(snapshot, trained, days)),
                "test": beside(declared["test"], tabular(snapshot, rows, capped_days(snapshot, rows, as_of))),
            }
        ensemble, _ = fit(blocks["train"], labels, days, fold, seed, leaves)
        found[name] = 1.0 / (1.0 + np.exp(-ensemble.logits(blocks["test"])))
    return found
