"""The honest economy: traders of heavy-tailed size, their suppliers, brokers and routes.

Members of the hidden schemes trade through the same functions, so that what they declare is drawn like everybody's.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.synthetic.facts import AIR, HOME, POST, RAIL, ROAD, SEA, Facts
from ingest.synthetic.fleet import COURIER
from ingest.synthetic.parties import OWN, UNKNOWN
from ingest.synthetic.period import DAYS, NEVER
from ingest.synthetic.world import World

# Of consignments from the continent and from further away: sea, rail, road, air, post.
_MODES = (SEA, RAIL, ROAD, AIR, POST)
_NEAR = {
    "chilled": (0.10, 0.00, 0.85, 0.05, 0.00),
    "bulk": (0.45, 0.10, 0.45, 0.00, 0.00),
    "general": (0.12, 0.08, 0.72, 0.07, 0.01),
    "parcel": (0.10, 0.02, 0.55, 0.20, 0.13),
    "air": (0.00, 0.00, 0.42, 0.53, 0.05),
}
_FAR = {
    "chilled": (0.75, 0.00, 0.00, 0.25, 0.00),
    "bulk": (1.00, 0.00, 0.00, 0.00, 0.00),
    "general": (0.80, 0.04, 0.00, 0.14, 0.02),
    "parcel": (0.56, 0.02, 0.00, 0.24, 0.18),
    "air": (0.16, 0.00, 0.00, 0.74, 0.10),
}
# The usual net mass of a goods item in kilograms, by the same modes.
_MASS = {
    "chilled": (17000, 12000, 7000, 850, 5),
    "bulk": (21000, 20000, 14000, 600, 10),
    "general": (5200, 6500, 2200, 150, 3),
    "parcel": (3000, 3200, 800, 35, 1.2),
    "air": (1200, 900, 320, 45, 1.5),
}
# Countries whose exporters often sell what others made.
_ENTREPOTS = {"HK": 0.8, "SG": 0.6, "AE": 0.6, "NL": 0.3, "BE": 0.15, "CH": 0.1}
_COURIERS = 5
_PROCEDURES = 5
"""How many customs procedures are told apart; `shipments.PROCEDURES` writes them out."""


def small_rates(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Return shipments per week of young, small importers: honest ones and shells alike."""
    return np.asarray(rng.lognormal(np.log(0.28), 0.8, count))


def _pick_weighted(
    rng: np.random.Generator, weight: NDArray[np.float64], group: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each wanted group pick one of its rows by weight."""
    if not len(wanted):
        return np.empty(0, dtype=np.int64)
    order = np.argsort(group, kind="stable")
    upto = np.cumsum(weight[order])
    last = np.searchsorted(group[order], np.arange(group.max() + 1), side="right")
    totals = np.concatenate([[0.0], upto])[np.concatenate([[0], last])]
    low, high = totals[wanted], totals[wanted + 1]
    at = np.searchsorted(upto, low + rng.random(len(wanted)) * (high - low), side="right")
    return np.asarray(order[np.minimum(at, last[wanted] - 1)])


def absent(rng: np.random.Generator, count: int, share: float) -> NDArray[np.int64]:
    """Return references to a party's own contact, of which a share is never stated."""
    return np.where(rng.random(count) < share, UNKNOWN, OWN)


def add_exporters(
    rng: np.random.Generator, world: World, sector: NDArray[np.int64], **values: ArrayLike
) -> NDArray[np.int64]:
    """Add exporters of the given sectors, each in a country that sells such goods."""
    country = np.zeros(len(sector), dtype=np.int64)
    for number, entry in enumerate(world.facts.sectors):
        rows = np.flatnonzero(sector == number)
        country[rows] = rng.choice(entry.countries, len(rows), p=entry.country_weights)
    count = len(sector)
    columns: dict[str, ArrayLike] = {
        "country": country,
        "sector": sector,
        "phone_of": absent(rng, count, 0.35),
        "email_of": absent(rng, count, 0.3),
        "address_of": absent(rng, count, 0.08),
        "spelling": rng.choice(3, count, p=[0.7, 0.2, 0.1]),
        "weight": rng.lognormal(0, 1.4, count),
        "identified": rng.random(count) > 0.04,
    }
    return world.exporters.append(count, **(columns | values))


def add_importers(
    rng: np.random.Generator, world: World, sector: NDArray[np.int64], **values: ArrayLike
) -> NDArray[np.int64]:
    """Add importers with a broker each; without further values they are small and have always been there."""
    count = len(sector)
    born = np.broadcast_to(np.asarray(values.get("born", -NEVER)), count)
    age = np.minimum(rng.lognormal(np.log(60), 1.0, count), 700) + 3
    columns: dict[str, ArrayLike] = {
        "country": world.facts.country(HOME),
        "sector": sector,
        "phone_of": absent(rng, count, 0.12),
        "email_of": absent(rng, count, 0.22),
        "spelling": rng.choice(3, count, p=[0.7, 0.2, 0.1]),
        "broker": pick_brokers(rng, world, count),
        "office_taste": rng.random(count),
        "careless": rng.gamma(0.5, 2.0, count),
        # A young firm was entered in the register some time before its first trade, an old one years ago.
        "registered": np.where(born > -NEVER, born - age, -rng.integers(200, 9_000, count)),
    }
    return world.importers.append(count, **(columns | values))


def pick_brokers(rng: np.random.Generator, world: World, count: int) -> NDArray[np.int64]:
    """Draw customs brokers by their size."""
    upto = np.cumsum(world.forwarders.weight)
    return np.asarray(np.searchsorted(upto, rng.random(count) * upto[-1], side="right"))


def pick_exporters(rng: np.random.Generator, world: World, sector: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draw for each sector an exporter by its size."""
    return _pick_weighted(rng, world.exporters.weight, world.exporters.sector.astype(np.int64), sector)


def draw_sectors(rng: np.random.Generator, facts: Facts, count: int) -> NDArray[np.int64]:
    """Draw sectors by their share of trade."""
    weight = np.array([sector.weight for sector in facts.sectors])
    return rng.choice(len(weight), count, p=weight / weight.sum())


def _draw_modes(
    rng: np.random.Generator, facts: Facts, sector: NDArray[np.int64], country: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the positions in `_MODES` of the modes of transport, as the goods and the country allow."""
    shares = np.empty((2, len(facts.sectors), len(_MODES)))
    for number, entry in enumerate(facts.sectors):
        shares[:, number] = _FAR[entry.density], _NEAR[entry.density]
    road = np.array([entry.road for entry in facts.countries])
    allowed = np.ones((len(facts.countries), len(_MODES)))
    for column, possible in (
        (0, np.isin(np.arange(len(facts.countries)), facts.ports.serves[facts.ports.mode == SEA])),
        (1, np.array([entry.rail for entry in facts.countries])),
        (2, road),
        (3, np.isin(np.arange(len(facts.countries)), facts.ports.serves[facts.ports.mode == AIR])),
    ):
        allowed[:, column] = possible
    weight = shares[road[country].astype(np.int64), sector] * allowed[country]
    # Goods that no allowed mode usually carries go as the country can: by air, by sea, at worst by post.
    weight += np.array([1e-6, 0, 1e-7, 1e-6, 1e-9]) * allowed[country]
    upto = np.cumsum(weight, axis=1)
    return np.asarray((rng.random((len(sector), 1)) * upto[:, -1:] >= upto).sum(axis=1))


def draw_lanes(
    rng: np.random.Generator,
    world: World,
    importer: NDArray[np.int64],
    exporter: NDArray[np.int64],
    **values: ArrayLike,
) -> NDArray[np.int64]:
    """Add lanes between importers and exporters: goods, route, office, carrier and declarant are drawn here.

    Args:
        rng: The source of randomness.
        world: The world; parties must be in it.
        importer: The importer of each lane.
        exporter: The exporter of each lane.
        **values: Columns of `Lanes` that are fixed by the caller.

    Returns:
        The row numbers of the new lanes.
    """
    facts, count = world.facts, len(importer)
    sector = world.exporters.sector[exporter].astype(np.int64)
    country = world.exporters.country[exporter].astype(np.int64)
    goods = facts.commodities
    # Some goods of a sector are traded far more than others; which, is the same in every world.
    popularity = np.exp(0.9 * np.sin(np.arange(len(goods.hs6)) * 2.4))
    commodity = _pick_weighted(rng, popularity, goods.sector, sector)

    origin = country.copy()
    entrepot = np.array([_ENTREPOTS.get(entry.code, 0.03) for entry in facts.countries])
    resold = np.flatnonzero(rng.random(count) < entrepot[country])
    for number in np.unique(sector[resold]):
        rows = resold[sector[resold] == number]
        entry = facts.sectors[number]
        origin[rows] = rng.choice(entry.countries, len(rows), p=entry.country_weights)
    # What an entrepot's trader sells mostly leaves from where it was made.
    leaves = np.where((origin != country) & (rng.random(count) < 0.6), origin, country)

    at = _draw_modes(rng, facts, sector, leaves)
    mode = np.array(_MODES)[at]
    masses = np.array([_MASS[entry.density] for entry in facts.sectors])
    mass = masses[sector, at] * rng.lognormal(0, 0.7, count)

    taste = np.where(rng.random(count) < 0.7, world.importers.office_taste[importer], rng.random(count))
    columns: dict[str, ArrayLike] = {
        "importer": importer,
        "exporter": exporter,
        "commodity": commodity,
        "origin": origin,
        "departure_country": leaves,
        "departure": draw_departures(rng, facts, leaves, mode),
        "hub": draw_hubs(rng, facts, leaves, mode),
        "mode": mode,
        "office": _offices(facts, mode, taste),
        "procedure": np.where(rng.random(count) < 0.86, 0, rng.integers(1, _PROCEDURES, count)),
        "mass": mass,
        "price": rng.normal(0, 0.28, count),
        "preferential": np.array([entry.preference for entry in facts.countries])[origin] & (rng.random(count) < 0.8),
    }
    columns |= _carriage(rng, world, mode, mass, leaves, world.importers.broker[importer].astype(np.int64))
    return world.lanes.append(count, **(columns | values))


def draw_departures(
    rng: np.random.Generator, facts: Facts, country: NDArray[np.int64], mode: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the port or airport of departure, -1 where goods leave by road, rail or post."""
    ports = facts.ports
    departure = np.full(len(country), -1)
    for kind in (SEA, AIR):
        rows = np.flatnonzero(mode == kind)
        fit = np.flatnonzero(ports.mode == kind)
        departure[rows] = fit[_pick_weighted(rng, ports.weight[fit], ports.serves[fit], country[rows])]
    return departure


def draw_hubs(
    rng: np.random.Generator, facts: Facts, country: NDArray[np.int64], mode: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the place in which ocean cargo changes ships, -1 where it comes directly."""
    hub = np.full(len(country), -1)
    changes = (mode == SEA) & (rng.random(len(country)) < 0.38)
    for region, places in enumerate(facts.hubs):
        rows = np.flatnonzero(changes & (facts.region_of[country] == region))
        if len(places):
            hub[rows] = rng.choice(places, len(rows))
    return hub


def _offices(facts: Facts, mode: NDArray[np.int64], taste: NDArray[np.float64]) -> NDArray[np.int64]:
    office = np.zeros(len(mode), dtype=np.int64)
    for kind in _MODES:
        rows = np.flatnonzero(mode == kind)
        open_offices = np.flatnonzero(facts.offices.mode == kind)
        upto = np.cumsum(facts.offices.weight[open_offices])
        office[rows] = open_offices[np.searchsorted(upto, taste[rows] * upto[-1], side="right")]
    return office


def _carriage(
    rng: np.random.Generator,
    world: World,
    mode: NDArray[np.int64],
    mass: NDArray[np.float64],
    leaves: NDArray[np.int64],
    broker: NDArray[np.int64],
) -> dict[str, ArrayLike]:
    """Choose carrier, service and declarant: couriers and the post clear what they carry, brokers the rest."""
    facts, fleet, count = world.facts, world.fleet, len(mode)
    carrier = np.zeros(count, dtype=np.int64)
    service = np.full(count, -1)
    express = ((mode == AIR) & (mass < 60) & (rng.random(count) < 0.7)) | ((mode == POST) & (rng.random(count) < 0.35))
    kind = np.where(express & (mode == AIR), COURIER, mode)
    for number in (RAIL, ROAD, AIR, POST, COURIER):
        rows = np.flatnonzero(kind == number)
        fit = fleet.carriers_of(number)
        weight = 1 / (np.arange(len(fit)) + 2.0)
        carrier[rows] = rng.choice(fit, len(rows), p=weight / weight.sum())
    rows = np.flatnonzero(mode == SEA)
    if len(rows):
        line_weight = fleet.serves.T * (1 / (np.arange(fleet.serves.shape[0]) + 3.0))
        upto = np.cumsum(line_weight, axis=1)[facts.region_of[leaves[rows]]]
        carrier[rows] = (rng.random((len(rows), 1)) * upto[:, -1:] >= upto).sum(axis=1)
        service[rows] = carrier[rows] * len(facts.regions) + facts.region_of[leaves[rows]]
    declarant = np.where(rng.random(count) < 0.92, broker, pick_brokers(rng, world, count))
    declarant = np.where(kind == COURIER, 1 + carrier - fleet.carriers_of(COURIER)[0], declarant)
    declarant = np.where(mode == POST, np.where(express, 1 + rng.integers(0, _COURIERS, count), 0), declarant)
    # A few importers lodge their declarations themselves.
    declarant = np.where((broker % 23 == 11) & (rng.random(count) < 0.5) & (declarant == broker), -1, declarant)
    return {"carrier": carrier, "service": service, "declarant": declarant}


def build_parties(rng: np.random.Generator, world: World) -> None:
    """Fill a new world with forwarders, exporters and honest importers, in proportion to its shipments."""
    facts, shipments = world.facts, world.shipments
    clearing = 1 + _COURIERS
    brokers = 14 + round(0.45 * np.sqrt(shipments))
    # The post and the couriers come first; nobody chooses them as a broker, so their weight is nought.
    size = np.concatenate([np.zeros(clearing), 1 / (np.arange(brokers) + 3.0) ** 0.95])
    world.forwarders.append(
        clearing + brokers,
        country=facts.country(HOME),
        weight=size,
        registered=-rng.integers(700, 12_000, clearing + brokers),
    )
    sectors = draw_sectors(rng, facts, round(0.045 * shipments))
    # Every sector has a choice of suppliers, however small the world.
    add_exporters(rng, world, np.concatenate([np.repeat(np.arange(len(facts.sectors)), 6), sectors]))

    count = round(0.07 * shipments) + 30
    established = rng.random(count) < 0.67
    rate = np.where(established, rng.lognormal(0, 1.5, count), small_rates(rng, count))
    born = np.where(established, -NEVER, rng.integers(-30, DAYS - 15, count))
    lasts = np.where(rng.random(count) < 0.5, rng.integers(60, 400, count), NEVER)
    ended = np.where(
        established,
        np.where(rng.random(count) < 0.2, rng.integers(20, DAYS, count), NEVER),
        np.minimum(born + lasts, NEVER),
    )
    large = established & (rate > 6)
    add_importers(
        rng,
        world,
        draw_sectors(rng, facts, count),
        rate=rate,
        born=born,
        ended=ended,
        established=established,
        # Large houses are neither saints nor rogues; about half of them are trusted traders.
        careless=np.where(large, rng.uniform(0.4, 1.3, count), rng.gamma(0.5, 2.0, count)),
        aeo=np.where(large & (rng.random(count) < 0.5), rng.integers(1, 4, count), 0),
    )


def build_lanes(rng: np.random.Generator, world: World, volume: float) -> None:
    """Give all importers that are there their suppliers, one or two for most, so that the shipments sum to `volume`."""
    importers = world.importers
    count = len(importers)
    big = importers.established & (importers.rate > 12)
    suppliers = rng.choice(np.arange(1, 6), count, p=[0.5, 0.26, 0.12, 0.08, 0.04])
    suppliers = np.where(big, 3 + rng.poisson(4, count), suppliers)
    importer = np.repeat(np.arange(count), suppliers)
    lanes = len(importer)
    sector = importers.sector[importer].astype(np.int64)
    # Big houses also buy outside their own line of business.
    elsewhere = big[importer] & (rng.random(lanes) < 0.4)
    sector = np.where(elsewhere, draw_sectors(rng, world.facts, lanes), sector)
    exporter = pick_exporters(rng, world, sector)
    # The members of a group buy, half of the time, from the supplier of another member.
    grouped = np.flatnonzero((importers.group[importer] >= 0) & (rng.random(lanes) < 0.5))
    first_of: dict[tuple[int, int], np.int64] = {}
    for row in grouped:
        key = int(importers.group[importer[row]]), int(sector[row])
        exporter[row] = first_of.setdefault(key, exporter[row])

    share = rng.lognormal(0, 0.8, lanes)
    share /= np.bincount(importer, share, count)[importer]
    born, ended = importers.born[importer].astype(np.int64), importers.ended[importer].astype(np.int64)
    start = np.where(importers.established[importer] & (rng.random(lanes) < 0.15), rng.integers(0, 400, lanes), born)
    end = np.where(rng.random(lanes) < 0.08, rng.integers(60, DAYS, lanes), ended)
    draw_lanes(
        rng,
        world,
        importer,
        exporter,
        rate=share * importers.rate[importer],
        start=start,
        end=np.minimum(end, ended),
    )
    # What the newcomers do not ship, the established do; nobody ships more than a fortieth of all.
    lanes_now = world.lanes
    rows = np.arange(len(lanes_now))
    old = importers.established[lanes_now.importer]
    expected = lanes_now.expected()
    left = volume - expected[rows[~old]].sum()
    scale = np.where(old, max(left, 0.3 * volume) / expected[old].sum(), 1.0)
    lanes_now.rate = np.minimum(lanes_now.rate * scale, world.shipments / 40 / 65)
    lanes_now.rate *= volume / lanes_now.expected().sum()
