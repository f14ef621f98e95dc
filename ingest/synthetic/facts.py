"""The small tables of facts that the synthetic world is made from: countries, ports, offices, commodities, sectors."""

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

SEA, RAIL, ROAD, AIR, POST = 1, 2, 3, 4, 5
HOME = "GB"

# Hubs in which ocean cargo changes ships, by the region in which the voyage starts.
_HUBS = {
    "asia_east": ("SGSIN", "MYTPP", "LKCMB"),
    "asia_south": ("SGSIN", "LKCMB", "AEJEA"),
    "oceania": ("SGSIN", "MYPKG"),
    "gulf": ("EGPSD", "MAPTM"),
    "latam": ("ESALG", "NLRTM", "PABLB"),
    "n_america": ("BEANR", "NLRTM"),
    "africa_west": ("MAPTM", "ESALG"),
    "africa_east": ("AEJEA", "EGPSD"),
    "africa_south": ("ESALG", "BEANR"),
    "africa_north": ("ESALG", "ITGOA"),
    "mediterranean": ("GRPIR", "ESVLC"),
    "europe": ("NLRTM", "DEHAM"),
}


@dataclass(frozen=True)
class Country:
    """A country with what is needed to invent firms in it; `road` and `rail` say whether goods can come that way."""

    code: str
    region: str
    price_factor: float
    preference: bool
    phones: tuple[str, ...]
    forms: tuple[str, ...]
    stems: tuple[str, ...]
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    road: bool
    rail: bool


@dataclass(frozen=True)
class Sector:
    """A line of business: its share of trade, how it travels, its season and the countries it buys from."""

    name: str
    weight: float
    density: str
    season_peak: float
    season_depth: float
    countries: NDArray[np.int64]
    country_weights: NDArray[np.float64]
    commodities: NDArray[np.int64]
    nouns: tuple[str, ...]


@dataclass(frozen=True)
class Commodities:
    """The Harmonized System codes that are traded, as columns."""

    hs6: tuple[str, ...]
    descriptions: tuple[str, ...]
    units: tuple[str, ...]
    sector: NDArray[np.int64]
    value_per_kg: NDArray[np.float64]
    duty_rate: NDArray[np.float64]
    kg_per_unit: NDArray[np.float64]


@dataclass(frozen=True)
class Offices:
    """Customs offices by the mode of transport they clear, as columns; one office may clear two."""

    codes: tuple[str, ...]
    arrival_places: tuple[str, ...]
    mode: NDArray[np.int64]
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Ports:
    """Sea ports and airports, as columns; `serves` is the country whose goods leave there."""

    locodes: tuple[str, ...]
    mode: NDArray[np.int64]
    weight: NDArray[np.float64]
    serves: NDArray[np.int64]


@dataclass(frozen=True)
class Facts:
    """All tables, with numbers in the place of names wherever one table speaks of another.

    `places` are the UN/LOCODEs of the ports, in their order, and of further hubs; `hubs` are, by region, numbers of
    places.
    """

    countries: tuple[Country, ...]
    sectors: tuple[Sector, ...]
    commodities: Commodities
    ports: Ports
    offices: Offices
    regions: tuple[str, ...]
    region_of: NDArray[np.int64]
    places: tuple[str, ...]
    hubs: tuple[NDArray[np.int64], ...]

    def country(self, code: str) -> int:
        """Return the number of the country with this ISO 3166 code."""
        return next(number for number, country in enumerate(self.countries) if country.code == code)

    def sector(self, name: str) -> int:
        """Return the number of the sector with this name."""
        return next(number for number, sector in enumerate(self.sectors) if sector.name == name)


def plain(text: str) -> str:
    """Return the text as it would stand in a domain name: letters without marks and digits only."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in ascii_text.lower() if letter.isalnum())


def _rows(name: str) -> list[dict[str, str]]:
    text = files("ingest.synthetic").joinpath("tables", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _floats(rows: Sequence[dict[str, str]], column: str) -> NDArray[np.float64]:
    return np.array([float(row[column]) for row in rows])


@cache
def words(name: str) -> tuple[str, ...]:
    """Return one of the lists of words from which names are made."""
    return tuple(next(row["words"] for row in _rows("words.csv") if row["list"] == name).split(";"))


@cache
def load_facts() -> Facts:
    """Read the tables that are shipped with the package."""
    countries = tuple(
        Country(
            code=row["code"],
            region=row["region"],
            price_factor=float(row["price_factor"]),
            preference=row["preference"] == "1",
            phones=tuple(row["phones"].split(";")),
            forms=tuple(row["forms"].split(";")),
            stems=tuple(row["stems"].split(";")),
            cities=tuple(row["cities"].split(";")),
            streets=tuple(row["streets"].split(";")),
            road="road" in row["land"],
            rail="rail" in row["land"],
        )
        for row in _rows("countries.csv")
    )
    number_of = {country.code: number for number, country in enumerate(countries)}
    goods = _rows("commodities.csv")
    sector_rows = _rows("sectors.csv")
    sector_number = {row["sector"]: number for number, row in enumerate(sector_rows)}
    goods_sector = np.array([sector_number[row["sector"]] for row in goods])
    sectors = []
    for number, row in enumerate(sector_rows):
        partners = [part.split(":") for part in row["countries"].split(";")]
        weights = np.array([float(weight) for _, weight in partners])
        sectors.append(
            Sector(
                name=row["sector"],
                weight=float(row["weight"]),
                density=row["density"],
                season_peak=float(row["season_peak"]),
                season_depth=float(row["season_depth"]),
                countries=np.array([number_of[code] for code, _ in partners]),
                country_weights=weights / weights.sum(),
                commodities=np.flatnonzero(goods_sector == number),
                nouns=tuple(row["nouns"].split(";")),
            )
        )
    # A port that serves only as a hub or as a place of arrival starts no lane.
    ports = [row for row in _rows("ports.csv") if float(row["weight"]) > 0]
    offices = _rows("offices.csv")
    regions = tuple(sorted({country.region for country in countries}))
    hub_codes = [_HUBS.get(region, ()) for region in regions]
    locodes = [row["locode"] for row in ports]
    further = sorted({code for codes in hub_codes for code in codes} - set(locodes))
    places = (*locodes, *further)
    return Facts(
        countries=countries,
        sectors=tuple(sectors),
        commodities=Commodities(
            hs6=tuple(row["hs6"] for row in goods),
            descriptions=tuple(row["description"] for row in goods),
            units=tuple(row["unit"] for row in goods),
            sector=goods_sector,
            value_per_kg=_floats(goods, "value_per_kg"),
            duty_rate=_floats(goods, "duty_rate"),
            kg_per_unit=_floats(goods, "kg_per_unit"),
        ),
        ports=Ports(
            locodes=tuple(locodes),
            mode=np.array([int(row["mode"]) for row in ports]),
            weight=_floats(ports, "weight"),
            serves=np.array([number_of[row["serves"] or row["locode"][:2]] for row in ports]),
        ),
        offices=Offices(
            codes=tuple(row["code"] for row in offices),
            arrival_places=tuple(row["arrival_place"] for row in offices),
            mode=np.array([int(row["mode"]) for row in offices]),
            weight=_floats(offices, "weight"),
        ),
        regions=regions,
        region_of=np.array([regions.index(country.region) for country in countries]),
        places=places,
        hubs=tuple(np.array([places.index(code) for code in codes], dtype=np.int64) for codes in hub_codes),
    )
