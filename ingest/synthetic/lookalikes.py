"""Innocent structures that look like rings: business centres, accountants, holdings, family firms, successor firms.

They share addresses, telephones, e-mails, brokers and sellers for good reasons. Holdings, families and successors
commit no infraction; tenants and accountants' clients are ordinary firms, among whom some do.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.synthetic.parties import OWN, Importers
from ingest.synthetic.period import DAYS, NEVER
from ingest.synthetic.world import Role, World


@dataclass
class Ownership:
    """Who owns whom among the importers, as columns."""

    owner: list[int] = field(default_factory=list)
    owned: list[int] = field(default_factory=list)
    share: list[float] = field(default_factory=list)
    since: list[int] = field(default_factory=list)


def _groups(
    rng: np.random.Generator, candidates: NDArray[np.int64], count: int, low: int, high: int
) -> list[NDArray[np.int64]]:
    """Cut shuffled candidates into at most `count` groups of `low` to `high` members."""
    shuffled = rng.permutation(candidates)
    sizes = rng.integers(low, high + 1, count)
    stops = np.cumsum(sizes)
    return [shuffled[stop - size : stop] for size, stop in zip(sizes, stops, strict=True) if stop <= len(shuffled)]


def _share_premises(
    rng: np.random.Generator, world: World, candidates: NDArray[np.int64], share: float, usual: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Move a share of the candidates to premises of unequal size; return who, where, and the premises."""
    movers = rng.permutation(candidates)[: max(6, round(share * len(candidates)))]
    premises = world.open_premises(max(1, round(len(movers) / usual)))
    weight = rng.lognormal(0, 0.5, len(premises))
    return movers, rng.choice(premises, len(movers), p=weight / weight.sum()), premises


def add_lookalikes(rng: np.random.Generator, world: World) -> Ownership:
    """Arrange innocent look-alikes among the honest importers, before they are given their lanes.

    Args:
        rng: The source of randomness.
        world: The world; its importers are changed.

    Returns:
        The ownership links of the holdings.
    """
    importers = world.importers
    count = len(importers)
    small = np.flatnonzero(~importers.established | (importers.rate < 6))

    tenants, centre, world.centres = _share_premises(rng, world, small, 0.09, 250)
    importers.address_of[tenants] = centre
    world.roles.append(Role("trader", tenants, "business_centre_tenant", lookalike=True))

    clients, accountant, _ = _share_premises(rng, world, small, 0.07, 9)
    way = rng.choice(3, len(clients), p=[0.4, 0.4, 0.2])
    importers.email_of[clients[way != 1]] = accountant[way != 1]
    importers.phone_of[clients[way != 0]] = accountant[way != 0]
    world.roles.append(Role("trader", clients, "accountant_client", lookalike=True))

    taken = np.zeros(count, dtype=bool)
    taken[np.concatenate([tenants, clients])] = True
    _add_neighbours(rng, world, small[~taken[small]], taken)

    agents_clients, agent, _ = _share_premises(rng, world, small, 0.07, 120)
    importers.registered_at[agents_clients] = agent

    ownership = Ownership()
    _add_holdings(rng, world, np.flatnonzero(importers.established & ~taken), ownership)
    taken[importers.group >= 0] = True
    young = np.flatnonzero(~importers.established & ~taken)
    old = np.flatnonzero(importers.established & ~taken & (importers.rate < 6))
    wanted = max(1, round(0.0048 * count))
    _add_families(rng, importers, _groups(rng, young, wanted, 3, 6), world)
    _add_families(rng, importers, _groups(rng, old, wanted, 3, 6), world)
    return ownership


def _add_neighbours(
    rng: np.random.Generator, world: World, candidates: NDArray[np.int64], taken: NDArray[np.bool_]
) -> None:
    """Small firms under one roof or on one switchboard by mere chance: shared yards, offices over a shop, landlords."""
    importers = world.importers
    groups = _groups(rng, candidates, max(1, round(0.045 * len(candidates))), 2, 5)
    for members in groups:
        place = world.open_premises(1)[0]
        importers.address_of[members] = place
        if rng.random() < 0.35:
            importers.phone_of[members[: 1 + rng.integers(len(members))]] = place
        taken[members] = True
    if groups:
        world.roles.append(Role("trader", np.concatenate(groups), "shared_office", lookalike=True))


def _add_holdings(rng: np.random.Generator, world: World, candidates: NDArray[np.int64], ownership: Ownership) -> None:
    """Holding groups: a parent and its firms, declared in the ownership register, mostly under one roof."""
    importers = world.importers
    groups = _groups(rng, candidates, max(1, round(0.004 * len(importers))), 4, 9)
    for number, members in enumerate(groups):
        parent, firms = members[0], members[1:]
        importers.group[members] = number
        importers.clean[members] = True
        importers.address_of[firms] = np.where(rng.random(len(firms)) < 0.85, parent, OWN)
        importers.phone_of[firms] = np.where(rng.random(len(firms)) < 0.7, parent, importers.phone_of[firms])
        importers.email_of[firms] = np.where(rng.random(len(firms)) < 0.5, parent, importers.email_of[firms])
        importers.phone_of[parent] = importers.email_of[parent] = OWN
        importers.broker[firms] = importers.broker[parent]
        same_trade = firms[rng.random(len(firms)) < 0.5]
        importers.sector[same_trade] = importers.sector[parent]
        importers.rate[members] = np.maximum(importers.rate[members], 0.5)
        for place, firm in enumerate(firms):
            # Some belong to the parent through another firm of the group.
            owner = firms[rng.integers(place)] if place and rng.random() < 0.25 else parent
            ownership.owner.append(int(owner))
            ownership.owned.append(int(firm))
            ownership.share.append(float(rng.choice([1.0, 0.75, 0.51, 0.6])))
            ownership.since.append(int(rng.integers(-5_000, 200)))
    if groups:
        world.roles.append(Role("trader", np.concatenate(groups), "holding_member", lookalike=True))


def _add_families(
    rng: np.random.Generator, importers: Importers, groups: list[NDArray[np.int64]], world: World
) -> None:
    """Family firms: three to six companies of relatives at one address with one broker, some on one telephone."""
    first = int(importers.group.max()) + 1
    for number, members in enumerate(groups, start=first):
        head, others = members[0], members[1:]
        importers.group[members] = number
        importers.clean[members] = True
        importers.address_of[others] = np.where(rng.random(len(others)) < 0.8, head, OWN)
        importers.phone_of[others] = np.where(rng.random(len(others)) < 0.45, head, importers.phone_of[others])
        importers.email_of[others] = np.where(rng.random(len(others)) < 0.25, head, importers.email_of[others])
        importers.phone_of[head] = importers.email_of[head] = OWN
        importers.broker[others] = importers.broker[head]
        importers.sector[others] = importers.sector[head]
        if importers.born[head] > -NEVER:
            # A family sets its firms up one after the other.
            shift = importers.born[head] + rng.integers(0, 120, len(others)) - importers.born[others]
            importers.born[others] += shift
            importers.registered[others] += shift
            importers.ended[others] = np.minimum(importers.ended[others].astype(np.int64) + shift, NEVER)
    if groups:
        world.roles.append(Role("trader", np.concatenate(groups), "family_firm", lookalike=True))


def add_successors(rng: np.random.Generator, world: World) -> None:
    """Innocent successors: a firm changes its legal form and goes on under a new number, from the same address."""
    importers, lanes = world.importers, world.lanes
    plain = np.flatnonzero((importers.group < 0) & importers.established & (importers.ended == NEVER))
    busy = np.bincount(lanes.importer, lanes.expected(), len(importers))
    plain = plain[(busy[plain] > 1.5) & (busy[plain] < 60)]
    old = rng.permutation(plain)[: max(1, round(0.004 * len(importers)))]
    if not len(old):
        return
    changed = rng.integers(40, DAYS - 40, len(old))
    start = changed + rng.integers(0, 40, len(old))
    way = rng.random(len(old))
    new = importers.copy_rows(
        old,
        born=start,
        registered=changed - rng.integers(5, 60, len(old)),
        address_of=np.where(way < 0.75, old, OWN),
        phone_of=np.where((way > 0.4) & (importers.phone_of[old] == OWN), old, OWN),
        email_of=np.where((way > 0.6) & (importers.email_of[old] == OWN), old, OWN),
        registered_at=OWN,
        clean=True,
    )
    importers.ended[old] = changed
    importers.clean[old] = True
    next_of = np.full(len(importers), -1)
    next_of[old] = new
    rows = np.flatnonzero(next_of[lanes.importer] >= 0)
    ends, starts = np.zeros(len(importers), dtype=np.int32), np.zeros(len(importers), dtype=np.int32)
    ends[old], starts[old] = changed, start
    buyer = lanes.importer[rows]
    lanes.copy_rows(rows, importer=next_of[buyer], start=starts[buyer], end=NEVER)
    lanes.end[rows] = np.minimum(lanes.end[rows], ends[buyer])
    world.roles.append(Role("trader", np.concatenate([old, new]), "successor_firm", lookalike=True))


def add_large_brokers(world: World) -> None:
    """Name the brokers with the most clients, unless they take part in a scheme."""
    lanes = world.lanes
    served = lanes.declarant >= 0
    volume = np.bincount(lanes.declarant[served], lanes.expected()[served], len(world.forwarders))
    guilty = [broker for broker, _ in world.collusion]
    largest = np.argsort(-volume, kind="stable")[:6]
    large = np.setdiff1d(largest[volume[largest] > 0.02 * volume.sum()], guilty)
    world.roles.append(Role("forwarder", large, "large_broker", lookalike=True))
