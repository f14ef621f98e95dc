"""What was found before where two things came together, exact by day: commodity and origin, office and mode, ...

A pair of things is a node of its own here (a meta-structure rather than a metapath: Huang et al., "Meta Structure",
KDD 2016), since a path over the one thing and a path over the other cannot tell how they go together. Which pairs
there are follows from the columns by one rule, the same for every source.
"""

import numpy as np
import numpy.typing as npt

from graph.ground import Ground
from graph.rates import combine, shrunk
from graph.snapshot import Int, Long, Real, Snapshot

STRENGTH = 4.0
PLAIN_RATE = 0.05
PLAIN_STRENGTH = 20.0

KEY_COLUMNS = ("commodity", "origin", "departure", "office")
POWER = "power_of_two_of_"  # begins the names of numbers, since an extra attribute may hold both texts and numbers
TOKEN = "with>"  # begins the names of the tokens


def columns(snapshot: Snapshot, rows: Long) -> dict[str, Long]:
    """Return an integer code of each row for each column that goes into combinations, -1 where blank, [n].

    Codes of goods and places, declared texts, and the declared numbers in powers of two.
    """
    declarations = snapshot.declarations
    found: dict[str, Long] = {name: declarations.keys[name][rows].astype(np.int64) for name in KEY_COLUMNS}
    commodities = snapshot.things["Commodity"].keys.to_pylist()
    # Numbered as they come, so that further commodities behind them change no number.
    headings = {text: number for number, text in enumerate(dict.fromkeys(key[:4] for key in commodities))}
    heading = np.array([*(headings[key[:4]] for key in commodities), -1], dtype=np.int64)
    found["heading"] = heading[found["commodity"]]
    for name, text in sorted(declarations.texts.items()):
        found[name] = text.indices.fill_null(-1).to_numpy(zero_copy_only=False)[rows].astype(np.int64)
    numbers = {name: column[rows] for name, column in sorted(declarations.numbers.items()) if name != "gross_mass_kg"}
    value, mass = numbers["customs_value"], numbers["net_mass_kg"]
    numbers["value_per_kg"] = np.where(mass > 0, value / np.where(mass > 0, mass, 1.0), np.nan)
    for name, number in numbers.items():
        found[POWER + name] = powers_of_two(number)
    return found


def powers_of_two(number: Real) -> Long:
    """Return the power of two at or below each number, counted from 2**-1000; 0 for zero and less, -1 for blanks."""
    exponent = np.frexp(np.where(number > 0, number, 1.0))[1] + 1000
    power = np.where(number > 0, exponent, 0).astype(np.int64)
    return np.where(np.isnan(number), -1, power)


def pairs(names: list[str]) -> list[tuple[str, str]]:
    """Return the pairs of columns that are counted, each once, the first column being the token it belongs to."""
    found = [(one, other) for at, one in enumerate(names) for other in names[at + 1 :]]
    nested = {("commodity", "heading"), ("heading", "commodity")}
    return [pair for pair in found if pair not in nested]


def combination_tokens(
    snapshot: Snapshot, rows: Long, days: Int, ground: Ground | None = None
) -> tuple[dict[str, tuple[str, ...]], npt.NDArray[np.float32]]:
    """Return names of the features of each column's token, and the features, [n, all features].

    A column's token holds the log odds of an infraction, less the overall ones, and the logarithm of how often it was
    inspected, for the row's value of the column by itself and with its value of each later column. The odds of a pair
    are shrunk towards what both values say by themselves. `ground` is what is counted, where it is kept.
    """
    ground = ground or Ground(snapshot)
    shipments = snapshot.declarations.shipment[rows]
    codes = ground.beside_events("columns of combinations", columns, snapshot, rows)
    # The overall rate is that of the one key that all have, so that a row's own outcome stays out of it as well.
    overall = ground.counts(np.zeros(len(ground.outcomes.rows) + len(rows), dtype=np.int64), shipments, days)
    base = _logit(shrunk(*overall, PLAIN_RATE, PLAIN_STRENGTH))
    names = list(codes)
    features: dict[str, list[str]] = {TOKEN + name: [] for name in names}
    values: dict[str, list[npt.NDArray[np.float32]]] = {TOKEN + name: [] for name in names}
    alone: dict[str, Real] = {}

    def put(token: str, name: str, code: Long, parent: Real) -> Real:
        inspected, infractions = ground.counts(code, shipments, days)
        odds = _logit(shrunk(inspected, infractions, 1.0 / (1.0 + np.exp(-parent)), STRENGTH))
        features[token] += [f"{name}_log_odds", f"{name}_log_inspected"]
        values[token] += [(odds - base).astype(np.float32), np.log1p(inspected).astype(np.float32)]
        return odds - base

    for name in names:
        alone[name] = put(TOKEN + name, name, codes[name], base)
    for one, other in pairs(names):
        put(TOKEN + one, other, combine(codes[one], codes[other]), base + alone[one] + alone[other])
    every = [np.stack(listed, axis=1) for listed in values.values()]
    return {token: tuple(listed) for token, listed in features.items()}, np.concatenate(every, axis=1)


def _logit(rate: Real) -> Real:
    return np.log(rate / (1.0 - rate))
