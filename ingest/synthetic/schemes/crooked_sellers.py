"""Crooked sellers: their customers are ordinary importers, who may not even know.

`undervaluation_seller` invoices less than is paid; `misclassification_seller` names goods of a lower duty.
"""

import numpy as np
from numpy.typing import NDArray

from ingest.synthetic.economy import add_exporters
from ingest.synthetic.schemes.recruits import Recruits
from ingest.synthetic.world import MISCLASSIFICATION, UNDERVALUATION, Role, World

_USUAL_VOLUME = 130.0
_CUSTOMERS = 45
GUILT = 0.6


def _recruit(
    rng: np.random.Generator, world: World, recruits: Recruits, pattern: int, sectors: NDArray[np.int64], volume: float
) -> list[NDArray[np.int64]]:
    """Give crooked sellers ordinary customers; return the lanes of each."""
    count = max(1, round(volume / _USUAL_VOLUME))
    markets = recruits.markets(sectors)[: max(3 * count, 6)]
    weight = np.sqrt([market[2] for market in markets])
    chosen = rng.choice(len(markets), count, p=weight / weight.sum())
    customers = [recruits.take(markets[at][0], markets[at][1], volume / count, _CUSTOMERS) for at in chosen]
    chosen = chosen[[len(rows) > 0 for rows in customers]]
    customers = [rows for rows in customers if len(rows)]
    sellers = add_exporters(
        rng,
        world,
        np.array([markets[at][0] for at in chosen], dtype=np.int64),
        country=np.array([markets[at][1] for at in chosen], dtype=np.int64),
        weight=0.0,
        identified=True,
    )
    rings = world.rings.open(pattern, len(sellers))
    for rows, seller, ring in zip(customers, sellers, rings, strict=True):
        world.lanes.exporter[rows] = seller
        world.lanes.pattern[rows] = pattern
        world.lanes.ring[rows] = ring
        world.lanes.guilt[rows] = GUILT
    name = "undervaluing_seller" if pattern == UNDERVALUATION else "misclassifying_seller"
    world.roles.append(Role("exporter", sellers, name, rings))
    return customers


def plan_undervaluation(rng: np.random.Generator, world: World, recruits: Recruits, volume: float) -> None:
    """Add sellers whose invoices are too low for many importers, by less than the prices of honest lanes differ."""
    sectors = np.arange(len(world.facts.sectors))
    for rows in _recruit(rng, world, recruits, UNDERVALUATION, sectors, volume):
        world.lanes.price[rows] -= rng.uniform(0.15, 0.45) + rng.normal(0, 0.05, len(rows))


def plan_misclassification(rng: np.random.Generator, world: World, recruits: Recruits, volume: float) -> None:
    """Add sellers who name goods by the code of their sector that bears the least duty, at the true goods' price."""
    goods = world.facts.commodities
    spread = np.array([np.ptp(goods.duty_rate[sector.commodities]) for sector in world.facts.sectors])
    for rows in _recruit(rng, world, recruits, MISCLASSIFICATION, np.flatnonzero(spread >= 4), volume):
        sector = world.facts.sectors[goods.sector[world.lanes.commodity[rows[0]]]]
        duty = goods.duty_rate[sector.commodities]
        cheap = sector.commodities[duty <= np.quantile(duty, 0.25)]
        declared = rng.choice(cheap)
        gap = np.log(goods.value_per_kg[world.lanes.commodity[rows]] / goods.value_per_kg[declared])
        world.lanes.price[rows] += np.clip(gap, -0.5, 0.5)
        world.lanes.commodity[rows] = declared
