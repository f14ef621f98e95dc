"""What arrives in a week: declarations drawn from the lanes, with goods, prices, ships, containers and documents."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.synthetic import lettering
from ingest.synthetic.facts import AIR, RAIL, ROAD, SEA
from ingest.synthetic.fleet import COURIER
from ingest.synthetic.identifiers import air_waybills, containers, digits_of
from ingest.synthetic.period import Week
from ingest.synthetic.world import World

_LINES_PER_DECLARATION = (0.86, 0.08, 0.03, 0.02, 0.01)
_MOST_CONTAINERS = 3


@dataclass
class Consignments:
    """The goods items of one week, one per row, in the order of acceptance.

    `price` is the deviation of the price per kilogram from what is usual for goods and country, as a logarithm.
    `declaration` counts the declarations from the start of the world; `item` is the line number. `first` is the row of
    the declaration's first item.
    """

    declaration: NDArray[np.int64]
    item: NDArray[np.int64]
    first: NDArray[np.int64]
    day: NDArray[np.int64]
    lane: NDArray[np.int64]
    importer: NDArray[np.int64]
    commodity: NDArray[np.int64]
    declarant: NDArray[np.int64]
    office: NDArray[np.int64]
    mass: NDArray[np.float64]
    price: NDArray[np.float64]
    vessel: NDArray[np.int64]
    boxes: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of goods items."""
        return len(self.lane)


def draw_week(rng: np.random.Generator, world: World, week: Week, declarations_before: int) -> Consignments:
    """Draw the goods items that are declared in one week.

    Args:
        rng: The source of randomness.
        world: The world; only lanes open at the start of the week take part.
        week: The week.
        declarations_before: How many declarations there have been until now.

    Returns:
        Exactly as many goods items as the week has shipments.
    """
    lanes, facts = world.lanes, world.facts
    total = int(week.shipments.sum())
    weight = lanes.rate * ((lanes.start <= week.start) & (lanes.end > week.start)) * _season(world, week)
    upto = np.cumsum(weight)
    chosen = np.searchsorted(upto, rng.random(total) * upto[-1], side="right")
    items = rng.choice(np.arange(1, len(_LINES_PER_DECLARATION) + 1), total, p=_LINES_PER_DECLARATION)
    number = np.repeat(np.arange(total), items)[:total]
    first = np.searchsorted(number, number)
    lane = chosen[number]
    day = week.start + np.repeat(np.arange(len(week.shipments)), week.shipments)[first]

    # Further items are other goods of the same sector.
    goods = facts.commodities
    commodity = lanes.commodity[lane].astype(np.int64)
    other = np.flatnonzero((first != np.arange(total)) & (rng.random(total) < 0.6))
    for sector in np.unique(goods.sector[commodity[other]]):
        rows = other[goods.sector[commodity[other]] == sector]
        commodity[rows] = rng.choice(facts.sectors[sector].commodities, len(rows))

    importer = lanes.importer[lane].astype(np.int64)
    size = np.clip((world.importers.rate[importer] + 0.3) ** 0.12, 0.8, 1.6)
    mass = lanes.mass[lane] * size * rng.lognormal(0, 0.45, total)
    mass = np.round(np.clip(mass, 0.05, 78_000), 2)
    return Consignments(
        declaration=declarations_before + number,
        item=np.arange(total) - first + 1,
        first=first,
        day=day,
        lane=lane,
        importer=importer,
        commodity=commodity,
        declarant=lanes.declarant[lane].astype(np.int64),
        office=_offices(rng, world, lane, first),
        mass=mass,
        price=lanes.price[lane] + rng.normal(0, 0.2, total),
        vessel=_vessels(world, week, lane),
        boxes=_boxes(world, lane, mass, first),
    )


def _season(world: World, week: Week) -> NDArray[np.float64]:
    sectors = world.facts.sectors
    peak = np.array([sector.season_peak for sector in sectors])
    depth = np.array([sector.season_depth for sector in sectors])
    factor = 1 + depth * np.cos(2 * np.pi * (week.number - peak) / 52)
    return np.asarray(factor[world.facts.commodities.sector[world.lanes.commodity]])


def _offices(
    rng: np.random.Generator, world: World, lane: NDArray[np.int64], first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the office of each item: the lane's, or now and then another of the same mode."""
    offices = world.facts.offices
    office = world.lanes.office[lane].astype(np.int64)
    mode = world.lanes.mode[lane]
    for kind in (SEA, ROAD, AIR):
        rows = np.flatnonzero((mode == kind) & (rng.random(len(lane)) < 0.05))
        fit = np.flatnonzero(offices.mode == kind)
        office[rows] = rng.choice(fit, len(rows), p=offices.weight[fit] / offices.weight[fit].sum())
    return office[first]


def _vessels(world: World, week: Week, lane: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ship of each item, -1 where it comes otherwise: a service's ships take turns."""
    service = world.lanes.service[lane].astype(np.int64)
    turn = (week.number + world.lanes.departure[lane]) % np.maximum(world.fleet.vessel_count[service], 1)
    return np.where(service >= 0, world.fleet.vessel_first[service] + turn, -1)


def _boxes(
    world: World, lane: NDArray[np.int64], mass: NDArray[np.float64], first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how many containers each declaration fills; nought is a part of a shared one, -1 none at all."""
    whole = np.bincount(first, mass, len(lane))[first]
    count = np.clip(np.ceil(whole / 22_000).astype(np.int64), 1, _MOST_CONTAINERS)
    count = np.where(whole < 2_500, 0, count)
    return np.where((world.lanes.mode[lane] == SEA) & (whole < 66_000), count, -1)


def container_text(rng: np.random.Generator, world: World, week: Week, items: Consignments) -> pa.Array:
    """Return the container numbers of each item, several joined by semicolons.

    A line's containers come back after some weeks. Small consignments on one ship from one port share a container.
    """
    lanes, count = world.lanes, len(items)
    carrier = lanes.carrier[items.lane].astype(np.int64)
    pool = int(np.clip(world.shipments // 60, 60, 900_000))
    own = rng.integers(0, pool, (count, _MOST_CONTAINERS))[items.first]
    slot = rng.integers(0, 2, count)[items.first]
    mixed = items.vessel * 1_000_003 + week.number * 10_007 + lanes.departure[items.lane] * 101 + slot
    own[:, 0] = np.where(items.boxes == 0, mixed % pool, own[:, 0])
    rows = np.full((count, 12 * _MOST_CONTAINERS - 1), ord(";"), dtype=np.uint8)
    for place in range(_MOST_CONTAINERS):
        serial = (own[:, place] * 7_919 + carrier * 104_729) % 1_000_000
        rows[:, 12 * place : 12 * place + 11] = containers(world.fleet.owner_code[carrier], serial)
    wanted = np.maximum(items.boxes, 1)
    return lettering.fixed_width(rows, np.where(items.boxes < 0, 0, 12 * wanted - 1))


def document_text(world: World, items: Consignments) -> pa.Array:
    """Return the number of each item's transport document, in the form usual for its carrier."""
    lanes, fleet = world.lanes, world.fleet
    carrier = lanes.carrier[items.lane].astype(np.int64)
    kind = fleet.kind[carrier]
    # The numbers run through their range in an order of their own, so that they tell nothing of the date.
    serial = (items.declaration * 7_368_787 + 1_234_567) % 10**9
    short = serial % 10**7
    rows = np.full((len(items), 13), ord("0"), dtype=np.uint8)
    lengths = np.full(len(items), 13)
    rows[:, :3] = fleet.owner_code[carrier]
    rows[:, 3] = ord("L")
    rows[:, 4:13] = digits_of(serial, 9) + ord("0")
    for mode, letters in ((ROAD, b"CMR"), (RAIL, b"CIM"), (COURIER, b"EXP")):
        rows[kind == mode, :3] = np.frombuffer(letters, dtype=np.uint8)
        rows[kind == mode, 3] = ord("-")
    by_air = np.flatnonzero(kind == AIR)
    rows[by_air, :12] = air_waybills(fleet.prefix[carrier[by_air]], short[by_air])
    lengths[by_air] = 12
    return lettering.fixed_width(rows, lengths)
