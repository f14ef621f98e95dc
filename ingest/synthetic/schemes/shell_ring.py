"""Shell rings: four to twelve small importers, one hand behind them.

Each shell shares an address, a telephone or an e-mail with one earlier shell of the ring, so that the ring is a chain
and not a clique; some are held to it by nothing but the sellers and the forwarder. What a shell declares is drawn like
the declarations of any young importer.
"""

import numpy as np
from numpy.typing import NDArray

from ingest.synthetic.economy import (
    absent,
    add_exporters,
    add_importers,
    draw_lanes,
    draw_sectors,
    pick_exporters,
    small_rates,
)
from ingest.synthetic.parties import OWN, UNKNOWN
from ingest.synthetic.period import DAYS, LAST_QUARTER, NEVER
from ingest.synthetic.schemes.recruits import Recruits
from ingest.synthetic.world import SHELL_RING, Role, World

_USUAL_VOLUME = 46.0
"""Shipments of a ring over the whole time."""
_HIDDEN_PACE = 0.6
"""How much less a shell of a hidden ring trades than another, so that rings are not far more in the last quarter."""
GUILT = 0.7


def exposure(rng: np.random.Generator, count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Decide which rings are hidden until the last quarter, and which are given away before; of others, chance decides.

    With the hidden alone a quarter, and with all that are left to chance at most 40 %, the share of rings without an
    outcome before the last quarter lies between, whatever chance does (in worlds of four rings or more).
    """
    hidden = max(-(-count // 4), round(0.32 * count)) if count > 1 else 0
    chance = max(int(0.40 * count) - hidden, 0)
    kind = np.repeat([0, 1, 2], [hidden, chance, count - hidden - chance])
    kind = rng.permutation(kind)
    return kind == 0, kind == 2


def plan(rng: np.random.Generator, world: World, recruits: Recruits, volume: float) -> None:
    """Add shell rings with their importers, sellers and lanes.

    Args:
        rng: The source of randomness.
        world: The world; rings, importers, exporters, lanes and roles are added.
        recruits: Ordinary lanes, some of which go over to the rings' sellers as their honest customers.
        volume: The shipments of all rings together.
    """
    count = max(1, round(volume / _USUAL_VOLUME))
    hidden, tipped = exposure(rng, count)
    start = np.where(
        hidden,
        rng.integers(LAST_QUARTER - 49, LAST_QUARTER + 25, count),
        np.where(
            tipped,
            rng.integers(-200, LAST_QUARTER - 95, count),
            rng.integers(LAST_QUARTER - 170, LAST_QUARTER - 60, count),
        ),
    )
    lasts = rng.integers(280, 560, count)
    tip_on = np.where(tipped, np.clip(start + rng.integers(40, 150, count), 25, LAST_QUARTER - 75), NEVER)
    rings = world.rings.open(SHELL_RING, count, hidden=hidden, tipped=tipped, tip_on=tip_on)

    brokers = np.flatnonzero(world.forwarders.weight > 0)
    # Not the giants, and rather the middling than the smallest.
    fit = brokers[len(brokers) // 12 :]
    weight = np.sqrt(world.forwarders.weight[fit])
    forwarder = rng.choice(fit, count, p=weight / weight.sum())
    again = np.flatnonzero(rng.random(count) < 0.12)
    forwarder[again] = forwarder[np.maximum(again - 1, 0)]
    world.roles.append(Role("forwarder", forwarder, "ring_forwarder", rings))

    sellers = _add_sellers(rng, world, recruits, rings)
    members = _add_members(rng, world, rings, sellers, start, start + lasts, forwarder)
    lanes = _add_lanes(rng, world, members, sellers)
    world.lanes.rate[lanes] *= volume / world.lanes.expected()[lanes].sum()


def _add_sellers(
    rng: np.random.Generator, world: World, recruits: Recruits, rings: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Give each ring two to four sellers in one or two trades, who have honest customers too."""
    exporters = world.exporters
    sizes = rng.integers(2, 5, len(rings))
    trades = draw_sectors(rng, world.facts, 2 * len(rings)).reshape(-1, 2)
    trades[:, 1] = np.where(rng.random(len(rings)) < 0.7, trades[:, 0], trades[:, 1])
    ring_at = np.repeat(np.arange(len(rings)), sizes)
    sector = trades[ring_at, rng.integers(0, 2, len(ring_at))]
    everyone = add_exporters(rng, world, sector, weight=0.0)
    by_ring = np.split(everyone, np.cumsum(sizes)[:-1])
    for sellers in by_ring:
        first = sellers[0]
        if rng.random() < 0.7:
            exporters.country[sellers[exporters.sector[sellers] == exporters.sector[first]]] = exporters.country[first]
        if rng.random() < 0.5:
            shared = (exporters.address_of, exporters.phone_of, exporters.email_of)[rng.integers(3)]
            shared[sellers[1:]], shared[first] = first, OWN
        for seller in sellers:
            if rng.random() < 0.8:
                market = int(exporters.sector[seller]), int(exporters.country[seller])
                world.lanes.exporter[recruits.take(*market, 14.0, int(rng.integers(1, 5)))] = seller
    world.roles.append(Role("exporter", everyone, "ring_seller", rings[ring_at]))
    return by_ring


def _add_members(
    rng: np.random.Generator,
    world: World,
    rings: NDArray[np.int64],
    sellers: list[NDArray[np.int64]],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    forwarder: NDArray[np.int64],
) -> list[NDArray[np.int64]]:
    """Add the shells of all rings, set up one after the other, and link each to an earlier one."""
    importers, hidden = world.importers, world.rings.hidden[rings]
    large = (rng.random(len(rings)) < 0.5) & ~hidden
    sizes = np.where(large, rng.integers(4, 13, len(rings)), rng.integers(4, 8, len(rings)))
    ring_at = np.repeat(np.arange(len(rings)), sizes)
    place = np.arange(len(ring_at)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # Of a ring that is older than the world, or outlives it, only the shells that trade in its time are made.
    start = np.maximum(start, -45)
    spread = np.where(hidden, 45, (np.minimum(end, DAYS - 20) - start) * 0.8)[ring_at]
    born = start[ring_at] + np.where(place == 0, 0, rng.random(len(ring_at)) * spread).astype(np.int64)
    lasts = rng.integers(75, 200, len(ring_at))
    sector = np.concatenate(
        [rng.choice(world.exporters.sector[own], size) for own, size in zip(sellers, sizes, strict=True)]
    ).astype(np.int64)
    members = add_importers(
        rng,
        world,
        sector,
        rate=np.clip(small_rates(rng, len(ring_at)), 0.12, 1.2) * np.where(hidden[ring_at], _HIDDEN_PACE, 1.0),
        born=born,
        ended=np.where(hidden[ring_at], NEVER, np.minimum(born + lasts, end[ring_at])),
        broker=forwarder[ring_at],
        ring=rings[ring_at],
        winds_up=rng.random(len(ring_at)) < 0.5,
        # Who borrows or lends a contact has one: of the others, more have none, so that shells have as many as others.
        phone_of=absent(rng, len(ring_at), 0.22),
        email_of=absent(rng, len(ring_at), 0.36),
    )
    earlier = members - place + (rng.random(len(ring_at)) * place).astype(np.int64)
    way = rng.choice(6, len(ring_at), p=[0.30, 0.22, 0.18, 0.06, 0.08, 0.16])
    way = np.where(place == 0, 5, way)
    for references, rows in (
        (importers.address_of, (way == 0) | (way == 3)),
        (importers.phone_of, (way == 1) | (way == 3)),
        (importers.email_of, way == 2),
    ):
        references[members[rows]] = earlier[rows]
        # Who lends a telephone or an e-mail has one.
        lenders = earlier[rows]
        references[lenders] = np.where(references[lenders] == UNKNOWN, OWN, references[lenders])
    importers.registered_at[members[way == 4]] = earlier[way == 4]
    in_centre = members[(place == 0) & (rng.random(len(ring_at)) < 0.15)]
    importers.address_of[in_centre] = rng.choice(world.centres, len(in_centre))
    world.roles.append(Role("trader", members, "shell_importer", rings[ring_at]))
    return np.split(members, np.cumsum(sizes)[:-1])


def _add_lanes(
    rng: np.random.Generator, world: World, members: list[NDArray[np.int64]], sellers: list[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Let every shell buy from one or two of its ring's sellers, and some, for the look of it, from an honest one."""
    importers, exporters = world.importers, world.exporters
    buyers: list[int] = []
    bought: list[int] = []
    for shells, own in zip(members, sellers, strict=True):
        for shell in shells:
            fit = own[exporters.sector[own] == importers.sector[shell]]
            chosen = rng.permutation(fit)[: 1 + int(rng.random() < 0.45)]
            buyers += [int(shell)] * len(chosen)
            bought += chosen.tolist()
    honest = np.concatenate(members)
    honest = honest[rng.random(len(honest)) < 0.15]
    buyer = np.concatenate([np.array(buyers), honest]).astype(np.int64)
    seller = np.concatenate([np.array(bought), pick_exporters(rng, world, importers.sector[honest].astype(np.int64))])
    return draw_lanes(
        rng,
        world,
        buyer,
        seller.astype(np.int64),
        rate=importers.rate[buyer] / np.bincount(buyer)[buyer],
        start=importers.born[buyer],
        end=importers.ended[buyer],
        pattern=SHELL_RING,
        ring=importers.ring[buyer],
        guilt=GUILT,
    )
