"""Schemes that lie over other people's trade: collusion at one office, contraband on one vessel line."""

import numpy as np

from ingest.synthetic.world import COLLUSION, CONTRABAND, Role, World

COLLUSION_GUILT = 0.35
CONTRABAND_GUILT = 0.12
_CONTRABAND_REGIONS = ("latam", "africa_west")


def plan_collusion(rng: np.random.Generator, world: World, volume: float) -> None:
    """Choose brokers who have an understanding with somebody at one office.

    Of what they clear there, a share is an infraction, few are examined, and fewer found out; elsewhere they are
    honest.

    Args:
        rng: The source of randomness.
        world: The world; rings and roles are added.
        volume: The shipments that the pairs of broker and office clear together.
    """
    lanes, offices = world.lanes, len(world.facts.offices.codes)
    served = np.flatnonzero(lanes.declarant > 5)
    key = lanes.declarant[served].astype(np.int64) * offices + lanes.office[served]
    cleared = np.bincount(key, lanes.expected()[served])
    count = max(1, round(world.shipments / 40_000))
    wanted = volume / count
    for _ in range(count):
        fit = np.flatnonzero((cleared > 0.5 * wanted) & (cleared < 2 * wanted))
        if not len(fit):
            fit = np.argsort(np.abs(cleared - wanted), kind="stable")[:3]
        pair = int(rng.choice(fit))
        cleared[pair] = 0
        broker, office = divmod(pair, offices)
        ring = world.rings.open(COLLUSION, 1)
        world.collusion[broker, office] = (COLLUSION_GUILT, int(ring[0]))
        world.roles.append(Role("forwarder", np.array([broker]), "colluding_broker", ring))


def plan_contraband(rng: np.random.Generator, world: World, volume: float) -> None:
    """Choose ships of one line on which contraband is put into containers of people who know nothing of it.

    Args:
        rng: The source of randomness.
        world: The world; rings and roles are added.
        volume: The shipments that the ships carry together.
    """
    lanes, fleet, regions = world.lanes, world.fleet, world.facts.regions
    at_sea = np.flatnonzero(lanes.service >= 0)
    carried = np.bincount(lanes.service[at_sea], lanes.expected()[at_sea], len(fleet.vessel_count))
    source = np.isin(np.array(regions)[np.arange(len(carried)) % len(regions)], _CONTRABAND_REGIONS)
    services = np.flatnonzero(source & (carried > 0))
    # Middling services come first: on the largest, a few ships would be too many.
    each = carried[services] / fleet.vessel_count[services]
    services = services[np.argsort(np.abs(each - volume / 2), kind="stable")]
    left = volume
    for service in services:
        if left <= 0:
            break
        ring = world.rings.open(CONTRABAND, 1)
        each_carries = carried[service] / fleet.vessel_count[service]
        ships = int(np.clip(round(left / each_carries), 1, max(fleet.vessel_count[service] // 2, 1)))
        vessels = fleet.vessel_first[service] + rng.permutation(fleet.vessel_count[service])[:ships]
        guilt = min(CONTRABAND_GUILT, CONTRABAND_GUILT * left / (ships * each_carries))
        for vessel in vessels:
            world.tainted_vessels[int(vessel)] = (guilt, int(ring[0]))
        world.roles.append(Role("vessel", vessels, "contraband_vessel", np.repeat(ring, ships)))
        left -= ships * each_carries
