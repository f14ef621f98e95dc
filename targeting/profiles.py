"""Profiles: as-of infraction rates of what officers think in, from single fields to combinations of three.

One rule makes them for every source. A *field* is any column of the declarations: a party, a place, a commodity or a
heading above it, a text, or a number in powers of two. There are profiles of every field, of every pair of fields, and
of every pair together with the commodity. Which of them a model keeps is measured in its training: those that are known
often enough and tell more than a part of themselves, and of these, those by which trees tell infractions apart.

The feature is the rate less that of all shipments inspected before the day, and blank where nothing like the shipment
was. Rates are not drawn towards those of their parts: the trees see the parts beside them, and where outcomes follow
from rare combinations, a single earlier one tells much (docs/quality.md has the figures).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from graph.ground import Ground
from graph.rates import Counts, combine, shrunk
from graph.snapshot import Int, Long, Real, Snapshot
from targeting.declared import COMMODITY_LEVELS, numbers

PRIOR, PRIOR_STRENGTH = 0.1, 20.0
"""What the rate of all shipments is drawn towards, so that the first days of a source have one."""

SUPPORT = 0.02
"""Part of the training rows that must have an earlier inspection in a profile for it to be kept."""

_GIVEN = ("Address", "Contact", "TransportDocument")
_WITH = "commodity_6"
_POWERS = 1 << 12  # more than there are powers of two

Combination = tuple[str, ...]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """The profiles that a model keeps, each the sorted names of its fields."""

    profiles: tuple[Combination, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the features."""
        return tuple("profile:" + " x ".join(profile) for profile in self.profiles)

    def take(self, places: Long) -> "Plan":
        """Return the plan with some of its profiles only."""
        return Plan(tuple(self.profiles[at] for at in places.tolist()))


def fields(snapshot: Snapshot, rows: Long) -> dict[str, Long]:
    """Return the code of each row in every field, -1 where blank, [n].

    Codes mean the same only in snapshots that stand beside each other (`graph.beside`).
    """
    declarations = snapshot.declarations
    found: dict[str, Long] = {name: column[rows].astype(np.int64) for name, column in declarations.keys.items()}
    texts = snapshot.things["Commodity"].keys.to_pylist()
    for digits in COMMODITY_LEVELS:
        # Numbered as they come, so that further commodities behind them change no number.
        numbered: dict[str, int] = {}
        level = np.array([numbered.setdefault(text[:digits], len(numbered)) for text in texts], dtype=np.int64)
        found[f"commodity_{digits}"] = np.append(level, -1)[found["commodity"]]
    for name, column in sorted(declarations.texts.items()):
        found[name] = pc.fill_null(column.indices, -1).to_numpy()[rows].astype(np.int64)
    for name, amounts in numbers(snapshot, rows).items():
        power = powers_of_two(amounts)
        if name in found:
            # An extra attribute may hold a text in one row and a number in another.
            power = np.where(found[name] >= 0, found[name] + _POWERS, power)
        found[name] = power
    return found


def powers_of_two(amounts: Real) -> Long:
    """Return 0 for nothing (or less) and one number per power of two above it; -1 where blank."""
    _, exponent = np.frexp(amounts)
    return np.where(np.isnan(amounts), -1, np.where(amounts > 0, exponent.astype(np.int64) + 1100, 0))


@dataclass(frozen=True)
class Profiles:
    """Profiles of n rows, a column each.

    Attributes:
        rates: [n, profiles] the features, NaN where there was no earlier inspection.
        inspected, infractions: [n, profiles] earlier inspections with the same values, and infractions among them.
    """

    rates: Matrix
    inspected: npt.NDArray[np.int32]
    infractions: npt.NDArray[np.int32]


def learn(
    snapshot: Snapshot, rows: Long, days: Int, progress: Callable[[str], None] = lambda _: None
) -> tuple[Plan, Matrix]:
    """Return the profiles worth keeping, and the features of the training rows.

    A profile is dropped where too few of the training rows have an earlier inspection in it, or where its counts are
    everywhere those of a part of it (the heading above a commodity adds nothing to it).
    """
    counter = _Counter(snapshot, rows, days)
    varied = [name for name, codes in counter.of_rows.items() if len(np.unique(codes)) > 1]
    if not _subdivided(snapshot, rows):
        varied = [name for name in varied if name != "commodity"]
    candidates = _candidates(snapshot, varied)
    fewest = max(SUPPORT * len(rows), 1)
    inspected: dict[Combination, Long] = {}
    rates: dict[Combination, Matrix] = {}
    for done, profile in enumerate(candidates):
        parts = _parts(profile)
        if any(part not in rates for part in parts):
            continue
        counted, feature = counter.profile(profile)
        # A single field is compared with the other single fields: a country may come by itself and as a place.
        alike = parts or [other for other in inspected if len(other) == 1]
        told = any(np.array_equal(counted.inspected, inspected[part]) for part in alike)
        if np.count_nonzero(counted.inspected) >= fewest and not told:
            rates[profile] = feature
            if len(profile) < 3:
                inspected[profile] = counted.inspected
        if done % 50 == 0:
            progress(f"profiles {done + 1:,} of {len(candidates):,}")
    features = np.empty((len(rows), len(rates)), dtype=np.float32)
    for at, feature in enumerate(rates.values()):
        features[:, at] = feature
    return Plan(tuple(rates)), features


def profiles(snapshot: Snapshot, rows: Long, days: Int, plan: Plan, ground: Ground | None = None) -> Profiles:
    """Return the profiles of a plan for rows, with what was known before each row's day.

    Args:
        snapshot: the network, or one beside it that has the rows (`graph.beside`); a field that it does not have is
            blank.
        rows: [n] versions of declarations.
        days: [n] the day of each.
        plan: the profiles.
        ground: what is counted, where it is kept from call to call; by default that of the snapshot.
    """
    counter = _Counter(snapshot, rows, days, ground)
    # Each profile is written in one go, and the trees want the rates row by row.
    shape = len(plan.profiles), len(rows)
    rates = np.empty(shape, dtype=np.float32)
    inspected, infractions = (np.empty(shape, dtype=np.int32) for _ in range(2))
    for at, profile in enumerate(plan.profiles):
        (inspected[at], infractions[at]), rates[at] = counter.profile(profile)
    return Profiles(np.ascontiguousarray(rates.T), inspected.T, infractions.T)


class _Counter:
    """Counts outcomes by combination, for fixed rows and days."""

    def __init__(self, snapshot: Snapshot, rows: Long, days: Int, ground: Ground | None = None) -> None:
        self.ground = ground or Ground(snapshot)
        self.shipments, self.days = snapshot.declarations.shipment[rows], days
        self.codes = self.ground.beside_events("fields of profiles", fields, snapshot, rows)
        size = len(self.ground.outcomes.rows)
        self.of_rows = {name: codes[size:] for name, codes in self.codes.items()}
        self.blank = np.full(size + len(rows), -1, dtype=np.int64)
        # The rate of all is that of one key which all have, so that a row's own outcome stays out of it as well.
        every = self.ground.counts(np.zeros(size + len(rows), dtype=np.int64), self.shipments, days)
        self.base = shrunk(*every, PRIOR, PRIOR_STRENGTH)

    def profile(self, profile: Combination) -> tuple[Counts, Matrix]:
        """Return the counts of a profile, and its feature."""
        codes = combine(*(self.codes.get(name, self.blank) for name in profile))
        counted = self.ground.counts(codes, self.shipments, self.days)
        rate = np.full(len(self.base), np.nan)
        np.divide(counted.infractions, counted.inspected, out=rate, where=counted.inspected > 0)
        return counted, (rate - self.base).astype(np.float32)


def _subdivided(snapshot: Snapshot, rows: Long) -> bool:
    """Return whether any of the rows has a commodity below the lowest level that all sources share."""
    named = np.unique(snapshot.declarations.keys["commodity"][rows])
    texts = snapshot.things["Commodity"].keys.take(named[named >= 0]).to_pylist()
    return any(len(text) > COMMODITY_LEVELS[-1] for text in texts)


def _candidates(snapshot: Snapshot, named: list[str]) -> list[Combination]:
    """Return all profiles that may be made of the fields, parts before wholes."""
    types = snapshot.declarations.key_types
    # What a party or its carrier gave (an address, a document's number) is its own for the most part, so that a
    # combination tells no more than it does by itself.
    combined = sorted(name for name in named if types.get(name) not in _GIVEN)
    pairs = list(combinations(combined, 2))
    triples: list[Combination] = []
    if _WITH in combined:
        others = [name for name in combined if not name.startswith("commodity")]
        triples = [tuple(sorted((_WITH, *pair))) for pair in combinations(others, 2)]
    return [*((name,) for name in sorted(named)), *pairs, *triples]


def _parts(profile: Combination) -> list[Combination]:
    return list(combinations(profile, len(profile) - 1)) if len(profile) > 1 else []
