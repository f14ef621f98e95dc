"""The schemes hidden in the synthetic world, planned one after the other over the honest economy."""

from dataclasses import dataclass

import numpy as np

from ingest.synthetic.schemes import crooked_sellers, origin_laundering, overlays, reborn, shell_ring
from ingest.synthetic.schemes.recruits import Recruits
from ingest.synthetic.world import World


@dataclass(frozen=True)
class Shares:
    """The shares of all shipments that each scheme moves; not all of them are infractions."""

    shell_ring: float = 0.024
    reborn: float = 0.013
    origin_laundering: float = 0.0062
    undervaluation: float = 0.0085
    misclassification: float = 0.0065
    collusion: float = 0.007
    contraband: float = 0.012
    opportunist: float = 0.019
    """Of opportunists, the infractions themselves."""


SHARES = Shares()


def plan_schemes(rng: np.random.Generator, world: World) -> None:
    """Plan every scheme but the opportunists, who need no plan.

    Args:
        rng: The source of randomness.
        world: The world with its honest lanes.
    """
    total = world.shipments
    recruits = Recruits(rng, world)
    shell_ring.plan(rng, world, recruits, SHARES.shell_ring * total)
    origin_laundering.plan(rng, world, recruits, SHARES.origin_laundering * total)
    crooked_sellers.plan_undervaluation(rng, world, recruits, SHARES.undervaluation * total)
    crooked_sellers.plan_misclassification(rng, world, recruits, SHARES.misclassification * total)
    reborn.plan(rng, world, SHARES.reborn * total)
    overlays.plan_collusion(rng, world, SHARES.collusion * total)
    overlays.plan_contraband(rng, world, SHARES.contraband * total)
