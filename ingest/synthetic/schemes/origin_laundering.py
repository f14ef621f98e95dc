"""Origin laundering: goods of one country come through a third, and are declared as made there.

A network of exporters in the third country, held together by a common contact, takes over customers of honest
exporters of the same trade.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ingest.synthetic.economy import add_exporters, draw_departures, draw_hubs
from ingest.synthetic.facts import SEA
from ingest.synthetic.parties import OWN, UNKNOWN
from ingest.synthetic.schemes.recruits import Recruits
from ingest.synthetic.world import ORIGIN_LAUNDERING, Role, World

_USUAL_VOLUME = 110.0
GUILT = 0.65
# Trades with additional duties on one country of origin, and where such goods are passed on.
_TRADES = ("steel", "metals", "bicycles", "stone", "tools", "furniture", "apparel", "footwear", "rubber", "electrical")
_THIRD = ("VN", "MY", "TH", "TR", "TW", "KH", "IN", "ID")


def plan(rng: np.random.Generator, world: World, recruits: Recruits, volume: float) -> None:
    """Add networks of laundering exporters.

    Args:
        rng: The source of randomness.
        world: The world; rings, exporters and roles are added, lanes changed.
        recruits: The ordinary lanes that the networks take over.
        volume: The shipments of all networks together.
    """
    facts, lanes = world.facts, world.lanes
    true_origin = facts.country("CN")
    trades = np.array([facts.sector(name) for name in _TRADES])
    sells = {
        int(sector): [code for code in _THIRD if facts.country(code) in facts.sectors[sector].countries]
        for sector in trades
    }
    markets = [market for market in recruits.markets(trades) if market[1] == true_origin and sells[market[0]]]
    count = max(1, round(volume / _USUAL_VOLUME))
    taken: list[tuple[int, int, NDArray[np.int64]]] = []
    for at in range(count):
        sector = markets[at % len(markets)][0]
        third = facts.country(sells[sector][rng.integers(len(sells[sector]))])
        # Half of the customers used to buy in the third country anyway.
        rows = np.concatenate(
            [recruits.take(sector, source, volume / count / 2, 20) for source in (third, true_origin)]
        )
        if len(rows):
            taken.append((sector, third, rows))
    rings = world.rings.open(ORIGIN_LAUNDERING, len(taken))
    sizes = rng.integers(2, 5, len(taken))
    everyone = add_exporters(
        rng,
        world,
        np.repeat([sector for sector, _, _ in taken], sizes),
        country=np.repeat([third for _, third, _ in taken], sizes),
        weight=0.0,
        identified=True,
    )
    exporters = world.exporters
    for ring, network, (_, third, rows) in zip(rings, np.split(everyone, np.cumsum(sizes)[:-1]), taken, strict=True):
        for earlier, member in pairwise(network):
            shared = (exporters.address_of, exporters.phone_of, exporters.email_of)[rng.integers(3)]
            shared[member] = earlier
            if shared[earlier] == UNKNOWN:
                shared[earlier] = OWN
        lanes.exporter[rows] = rng.choice(network, len(rows))
        lanes.origin[rows] = third
        lanes.preferential[rows] = facts.countries[third].preference
        lanes.pattern[rows], lanes.ring[rows], lanes.guilt[rows] = ORIGIN_LAUNDERING, ring, GUILT
        _reroute(rng, world, rows, third, true_origin)
    world.roles.append(Role("exporter", everyone, "laundering_exporter", np.repeat(rings, sizes)))


def _reroute(rng: np.random.Generator, world: World, rows: NDArray[np.int64], third: int, true_origin: int) -> None:
    """Let the goods leave from the third country, or by sea from where they were made with a stop on the way."""
    facts, lanes = world.facts, world.lanes
    through = rng.random(len(rows)) < 0.3
    leaves = np.where(through, true_origin, third)
    mode = np.full(len(rows), SEA)
    lanes.mode[rows] = SEA
    lanes.departure[rows], lanes.departure_country[rows] = draw_departures(rng, facts, leaves, mode), leaves
    stops = np.flatnonzero((facts.ports.serves == third) & (facts.ports.mode == SEA))
    lanes.hub[rows] = np.where(through, rng.choice(stops, len(rows)), draw_hubs(rng, facts, leaves, mode))
    region = facts.region_of[leaves]
    line = lanes.service[rows] // len(facts.regions)
    # Who had not come by sea until now goes with the largest line, which serves every region.
    line = np.where((lanes.service[rows] < 0) | ~world.fleet.serves[line, region], 0, line)
    lanes.carrier[rows] = line
    lanes.service[rows] = line * len(facts.regions) + region
    inland = np.flatnonzero(facts.offices.mode[lanes.office[rows]] != SEA)
    seaports = np.flatnonzero(facts.offices.mode == SEA)
    weight = facts.offices.weight[seaports]
    lanes.office[rows[inland]] = rng.choice(seaports, len(inland), p=weight / weight.sum())
    lanes.mass[rows] = np.where(lanes.mass[rows] < 300, rng.lognormal(np.log(4000), 0.7, len(rows)), lanes.mass[rows])
