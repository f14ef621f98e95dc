"""How the schemes are planned."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.synthetic import economy
from ingest.synthetic.facts import load_facts
from ingest.synthetic.fleet import build_fleet
from ingest.synthetic.schemes import SHARES, plan_schemes
from ingest.synthetic.schemes.recruits import Recruits
from ingest.synthetic.schemes.shell_ring import exposure
from ingest.synthetic.world import NONE, REBORN, SHELL_RING, World


def honest_world(shipments: int, seed: int) -> tuple[np.random.Generator, World]:
    rng = np.random.default_rng(seed)
    world = World(load_facts(), shipments, build_fleet(rng, load_facts(), shipments))
    economy.build_parties(rng, world)
    world.centres = world.open_premises(1)
    economy.build_lanes(rng, world, shipments * (1 - SHARES.shell_ring - SHARES.reborn))
    return rng, world


@given(st.integers(4, 3_000), st.integers(0, 100))
def test_whatever_chance_does_between_a_quarter_and_45_percent_stay_unknown(count: int, seed: int) -> None:
    hidden, tipped = exposure(np.random.default_rng(seed), count)
    assert not (hidden & tipped).any()
    assert hidden.mean() >= 0.25
    assert (~tipped).mean() <= 0.45


def test_a_lane_is_recruited_once() -> None:
    rng, world = honest_world(5_000, 1)
    recruits = Recruits(rng, world)
    taken: list[int] = []
    for sector, country, volume in recruits.markets(np.arange(len(world.facts.sectors))):
        first = recruits.take(sector, country, volume / 2, 50)
        rest = recruits.take(sector, country, np.inf, 10_000)
        assert len(first) >= 1
        taken += [*first.tolist(), *rest.tolist()]
        assert not len(recruits.take(sector, country, 1.0, 1))
    assert len(taken) == len(set(taken)) > 100
    exporters = world.lanes.exporter[taken]
    assert (world.exporters.sector[exporters] >= 0).all()


def test_schemes_leave_the_volume_of_the_world_as_it_was_asked_for() -> None:
    rng, world = honest_world(20_000, 2)
    plan_schemes(rng, world)
    lanes = world.lanes
    assert 0.97 < lanes.expected().sum() / world.shipments < 1.03
    in_rings = lanes.expected()[lanes.pattern == SHELL_RING].sum() / world.shipments
    assert abs(in_rings - SHARES.shell_ring) < 1e-6
    # Every lane of a scheme belongs to a ring of its pattern, and no other lane to any.
    schemed = lanes.pattern != NONE
    assert (world.rings.pattern[lanes.ring[schemed]] == lanes.pattern[schemed]).all()
    assert (lanes.ring[~schemed] == -1).all()
    assert (lanes.guilt[~schemed] == 0).all()
    assert not world.importers.clean[lanes.importer[schemed]].any()


def test_shells_trade_with_their_own_sellers_through_their_own_forwarder() -> None:
    rng, world = honest_world(20_000, 3)
    plan_schemes(rng, world)
    roles = {role.name: role for role in world.roles}
    sellers, shells, forwarder = (roles[name] for name in ("ring_seller", "shell_importer", "ring_forwarder"))
    assert sellers.rings is not None
    assert forwarder.rings is not None
    assert (np.bincount(world.importers.ring[shells.rows])[forwarder.rings] >= 4).all()
    assert (np.bincount(world.importers.ring[shells.rows])[forwarder.rings] <= 12).all()
    of_ring = dict(zip(forwarder.rings.tolist(), forwarder.rows.tolist(), strict=True))
    assert all(world.importers.broker[shell] == of_ring[world.importers.ring[shell]] for shell in shells.rows)
    lanes = np.flatnonzero(world.lanes.pattern == SHELL_RING)
    ring_of_seller = np.full(len(world.exporters), -1)
    ring_of_seller[sellers.rows] = sellers.rings
    own = ring_of_seller[world.lanes.exporter[lanes]] == world.lanes.ring[lanes]
    assert own.mean() > 0.75


def test_the_reborn_wait_for_their_predecessor() -> None:
    rng, world = honest_world(20_000, 4)
    plan_schemes(rng, world)
    heirs = world.importers.successor[world.importers.successor >= 0]
    assert len(heirs) >= 3
    theirs = np.isin(world.lanes.importer, heirs)
    assert theirs.any()
    assert world.lanes.expected()[theirs].sum() == 0
    assert (world.lanes.pattern[theirs] == REBORN).all()
