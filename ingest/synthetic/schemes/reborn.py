"""Reborn importers: one who was caught stops, and weeks later a new firm trades with the same sellers and broker.

The new firm has another number and name, but the address, the telephone or the e-mail of the old one. The rebirth
happens in the course of the simulation, when an infraction of the old firm has become known.
"""

import numpy as np

from ingest.synthetic.economy import add_importers, draw_lanes, draw_sectors, pick_exporters, small_rates
from ingest.synthetic.parties import OWN
from ingest.synthetic.period import LAST_QUARTER, NEVER, weeks_between
from ingest.synthetic.world import REBORN, Role, World

_USUAL_VOLUME = 28.0
GUILT = 0.65


def plan(rng: np.random.Generator, world: World, volume: float) -> None:
    """Add chains of importers of whom each is the successor of the one before.

    Args:
        rng: The source of randomness.
        world: The world; rings, importers, lanes and roles are added.
        volume: The shipments of all chains together, if each is caught about when it is planned.
    """
    count = max(1, round(volume / _USUAL_VOLUME))
    # About a third are caught only in the last quarter, and have traded for a few weeks by then.
    hidden = rng.permutation(np.arange(count) < round(count / 3))
    start = np.where(
        hidden,
        rng.integers(LAST_QUARTER - 49, LAST_QUARTER - 20, count),
        rng.integers(-150, LAST_QUARTER - 170, count),
    )
    caught = np.where(
        hidden,
        rng.integers(LAST_QUARTER - 12, LAST_QUARTER + 12, count),
        np.clip(start + rng.integers(50, 170, count), 20, LAST_QUARTER - 110),
    )
    rings = world.rings.open(REBORN, count, hidden=hidden)
    lives = rng.choice([2, 3], count, p=[0.7, 0.3])

    sector = draw_sectors(rng, world.facts, count)
    importers = world.importers
    first = add_importers(
        rng,
        world,
        sector,
        born=start,
        ring=rings,
        address_of=OWN,
        phone_of=OWN,
        email_of=OWN,
        winds_up=True,
        caught_on=caught,
    )
    sellers = rng.integers(1, 3, count)
    buyer = np.repeat(np.arange(count), sellers)
    lanes = draw_lanes(
        rng,
        world,
        first[buyer],
        pick_exporters(rng, world, sector[buyer]),
        # Who is to be caught in time has to show himself often enough.
        rate=(np.clip(small_rates(rng, count), 0.3, 1.2) / sellers)[buyer],
        start=start[buyer],
        pattern=REBORN,
        ring=rings[buyer],
        guilt=GUILT,
    )
    # The planned share of each life, to bring all of them to the volume; chance will move it somewhat.
    planned = world.lanes.rate[lanes] * weeks_between(
        start[buyer].astype(np.int32), np.full(len(lanes), NEVER, np.int32)
    )
    world.lanes.rate[lanes] *= volume / planned.sum()

    living, identity = first, np.arange(count)
    everyone, theirs = [first], [rings]
    for life in (2, 3):
        going_on = lives[identity] >= life
        old, identity = living[going_on], identity[going_on]
        if not len(old):
            break
        way = rng.random(len(old))
        new = importers.copy_rows(
            old,
            born=NEVER,
            caught_on=NEVER,
            address_of=np.where(way < 0.5, old, OWN),
            phone_of=np.where((way >= 0.4) & (way < 0.8), old, OWN),
            email_of=np.where(way >= 0.72, old, OWN),
            spelling=rng.choice(3, len(old), p=[0.6, 0.2, 0.2]),
            office_taste=rng.random(len(old)),
        )
        importers.successor[old] = new
        next_of = np.full(len(importers), -1)
        next_of[old] = new
        rows = np.flatnonzero(next_of[world.lanes.importer] >= 0)
        world.lanes.copy_rows(
            rows, importer=next_of[world.lanes.importer[rows]], start=NEVER, end=NEVER, guilt=GUILT + 0.1
        )
        living = new
        everyone.append(new)
        theirs.append(rings[identity])
    world.roles.append(Role("trader", np.concatenate(everyone), "reborn_importer", np.concatenate(theirs)))
