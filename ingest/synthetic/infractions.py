"""What is wrong with a consignment in truth, whether or not anybody ever looks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.synthetic.consignments import Consignments
from ingest.synthetic.facts import AIR, POST
from ingest.synthetic.period import NEVER
from ingest.synthetic.schemes import SHARES
from ingest.synthetic.world import (
    COLLUSION,
    CONTRABAND,
    MISCLASSIFICATION,
    NONE,
    OPPORTUNIST,
    ORIGIN_LAUNDERING,
    PATTERNS,
    REBORN,
    SHELL_RING,
    UNDERVALUATION,
    World,
)

KINDS = (
    "undervaluation",
    "misclassification",
    "origin",
    "quantity",
    "contraband",
    "counterfeit",
    "prohibited",
    "other",
)
"""Types of infraction as the native format names them."""

# By pattern, how often an infraction is of each of the kinds.
_KIND_SHARES = {
    SHELL_RING: (0.40, 0.20, 0.05, 0.15, 0.00, 0.20, 0.00, 0.00),
    REBORN: (0.45, 0.20, 0.05, 0.15, 0.00, 0.15, 0.00, 0.00),
    ORIGIN_LAUNDERING: (0.00, 0.00, 1.00, 0.00, 0.00, 0.00, 0.00, 0.00),
    UNDERVALUATION: (1.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00),
    MISCLASSIFICATION: (0.00, 1.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00),
    COLLUSION: (0.35, 0.10, 0.00, 0.40, 0.00, 0.00, 0.15, 0.00),
    CONTRABAND: (0.00, 0.00, 0.00, 0.00, 1.00, 0.00, 0.00, 0.00),
    OPPORTUNIST: (0.42, 0.25, 0.06, 0.14, 0.00, 0.07, 0.04, 0.02),
}
_YOUNG = 120
"""Days for which an importer counts as new."""
# Of what share of shipments the importer is new; it fixes the level of the opportunists' rate.
_YOUNG_SHARE = 0.12


@dataclass(frozen=True)
class Truth:
    """The truth about consignments, row by row: infraction or not, its kind, its pattern, its ring (-1 for none)."""

    infraction: NDArray[np.bool_]
    kind: NDArray[np.int64]
    pattern: NDArray[np.int64]
    ring: NDArray[np.int64]


class Temptation:
    """How likely an ordinary importer's consignment is an infraction, by goods, origin, importer and mode.

    Some goods, some origins and a few pairs of the two are worse than others. The authorities have a fair idea of it:
    `profile` is the same table seen through a glass.
    """

    def __init__(self, rng: np.random.Generator, world: World) -> None:
        self._world = world
        shape = len(world.facts.commodities.hs6), len(world.facts.countries)
        level = rng.lognormal(0, 0.55, (shape[0], 1)) * rng.lognormal(0, 0.35, (1, shape[1]))
        self._risk = level * np.where(rng.random(shape) < 0.03, 6.0, 1.0)
        self.profile = self._risk * rng.lognormal(0, 0.5, shape)
        lanes = world.lanes
        everywhere = np.arange(len(lanes))
        volume = lanes.expected()
        usual = self._pull(everywhere, lanes.commodity.astype(np.int64)) * (1 + _YOUNG_SHARE)
        self._level = SHARES.opportunist * volume.sum() / (volume * usual).sum()

    def _pull(self, lane: NDArray[np.int64], commodity: NDArray[np.int64]) -> NDArray[np.float64]:
        world = self._world
        importer = world.lanes.importer[lane]
        mode = world.lanes.mode[lane]
        pull = self._risk[commodity, world.lanes.origin[lane]] * world.importers.careless[importer]
        pull *= np.where(mode == POST, 1.6, np.where(mode == AIR, 1.15, 1.0))
        pull *= np.where(world.importers.aeo[importer] > 0, 0.35, 1.0)
        return np.asarray(pull * ((world.lanes.pattern[lane] == NONE) & ~world.importers.clean[importer]))

    def probability(self, items: Consignments) -> NDArray[np.float64]:
        """Return the probability that each item is an opportunist's infraction."""
        born = self._world.importers.born[items.importer].astype(np.int64)
        young = (born > -NEVER) & (items.day - born < _YOUNG)
        return np.asarray(np.minimum(self._pull(items.lane, items.commodity) * (1.0 + young) * self._level, 0.6))


def commit(rng: np.random.Generator, world: World, temptation: Temptation, items: Consignments) -> Truth:
    """Decide which items are infractions; ordinary cheats leave a trace in price and goods code, which is changed here.

    Args:
        rng: The source of randomness.
        world: The world with its schemes.
        temptation: The opportunists' inclination.
        items: The items of a week; `price` and `commodity` are changed for opportunists.

    Returns:
        The truth about the items.
    """
    lanes, count = world.lanes, len(items)
    pattern = lanes.pattern[items.lane].astype(np.int64)
    ring = lanes.ring[items.lane].astype(np.int64)
    # One decision for a declaration, whatever its number of items.
    infraction = (rng.random(count) < lanes.guilt[items.lane])[items.first]

    free = (pattern == NONE) & ~world.importers.clean[items.importer]
    offices = len(world.facts.offices.codes)
    pairs = {broker * offices + office: scheme for (broker, office), scheme in world.collusion.items()}
    for schemes, key, name in (
        (pairs, np.where(items.declarant >= 0, items.declarant * offices + items.office, -1), COLLUSION),
        (world.tainted_vessels, np.where(items.boxes >= 0, items.vessel, -1), CONTRABAND),
    ):
        guilt, scheme_ring = _look_up(schemes, key)
        struck = free & (pattern == NONE) & (rng.random(count) < guilt)[items.first]
        pattern[struck], ring[struck], infraction[struck] = name, scheme_ring[struck], True

    opportune = (pattern == NONE) & (rng.random(count) < temptation.probability(items))
    pattern[opportune], infraction[opportune] = OPPORTUNIST, True

    kind = np.full(count, -1)
    for name in range(1, len(PATTERNS)):
        rows = np.flatnonzero(infraction & (pattern == name))
        kind[rows] = rng.choice(len(KINDS), len(rows), p=_KIND_SHARES[name])
    # A scheme commits the same on all items of a declaration; whoever takes an opportunity takes it item by item.
    kind = np.where(pattern == OPPORTUNIST, kind, np.where(infraction, kind[items.first], -1))

    cheap = opportune & (kind == KINDS.index("undervaluation"))
    items.price[cheap] -= rng.uniform(0.3, 1.0, int(cheap.sum()))
    _misname(rng, world, items, np.flatnonzero(opportune & (kind == KINDS.index("misclassification"))))
    return Truth(infraction=infraction, kind=kind, pattern=pattern, ring=ring)


def _look_up(
    schemes: dict[int, tuple[float, int]], key: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    if not schemes:
        return np.zeros(len(key)), np.full(len(key), -1)
    known = np.array(sorted(schemes))
    guilt = np.array([schemes[name][0] for name in known.tolist()])
    rings = np.array([schemes[name][1] for name in known.tolist()])
    at = np.minimum(np.searchsorted(known, key), len(known) - 1)
    hit = known[at] == key
    return np.where(hit, guilt[at], 0.0), np.where(hit, rings[at], -1)


def _misname(rng: np.random.Generator, world: World, items: Consignments, rows: NDArray[np.int64]) -> None:
    """Declare goods under a code of the same sector that bears no more duty, at about the true goods' price."""
    goods = world.facts.commodities
    for row in rows:
        true = items.commodity[row]
        fellows = world.facts.sectors[goods.sector[true]].commodities
        no_dearer = fellows[(goods.duty_rate[fellows] <= goods.duty_rate[true]) & (fellows != true)]
        if not len(no_dearer):
            continue
        declared = rng.choice(no_dearer)
        items.price[row] += np.clip(np.log(goods.value_per_kg[true] / goods.value_per_kg[declared]), -0.8, 0.8)
        items.commodity[row] = declared
