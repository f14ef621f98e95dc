"""Carriers, vessels and services: who carries what from where, on which ship."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.synthetic import lettering
from ingest.synthetic.facts import AIR, HOME, POST, RAIL, ROAD, SEA, Facts, words
from ingest.synthetic.identifiers import imo_numbers, unique_numbers

COURIER = 6
"""A kind of carrier beside the modes of transport: express parcels by air."""

_FLAGS = ("PA", "LR", "MH", "HK", "SG", "MT", "GB", "DK", "PT", "CY")


@dataclass(frozen=True)
class Fleet:
    """Carriers and vessels as columns.

    A service is what one line runs from one region: `service = line * regions + region`; its vessels are
    `vessel_count[service]` rows from `vessel_first[service]` on, and take turns week by week.
    """

    names: pa.Array
    countries: pa.Array
    ids: pa.Array
    kind: NDArray[np.int64]
    owner_code: NDArray[np.uint8]
    prefix: NDArray[np.int64]
    serves: NDArray[np.bool_]
    vessel_first: NDArray[np.int64]
    vessel_count: NDArray[np.int64]
    vessel_line: NDArray[np.int64]
    imo: pa.Array
    vessel_names: pa.Array
    vessel_flags: pa.Array
    voyage_base: NDArray[np.int64]

    def carriers_of(self, kind: int) -> NDArray[np.int64]:
        """Return the numbers of the carriers of one kind: a mode of transport, or couriers."""
        return np.flatnonzero(self.kind == kind)


def _two_words(rng: np.random.Generator, first: str, second: str, most: int) -> tuple[str, ...]:
    """Return different names of two words, as many as asked for or as there are."""
    left, right = words(first), words(second)
    pairs = rng.permutation(len(left) * len(right))[:most]
    return tuple(f"{left[pair // len(right)]} {right[pair % len(right)]}" for pair in pairs)


def build_fleet(rng: np.random.Generator, facts: Facts, shipments: int) -> Fleet:
    """Make carriers and vessels; hauliers and ships per service grow with the world.

    Args:
        rng: The source of randomness.
        facts: The tables of facts.
        shipments: The size of the world.

    Returns:
        The fleet.
    """
    lines = len(words("shipping_line"))
    by_kind = (
        (SEA, words("shipping_line")),
        (AIR, words("airline")),
        (COURIER, words("courier")),
        (RAIL, words("railway")),
        (POST, words("post")),
        (ROAD, _two_words(rng, "haulier_stem", "haulier_noun", 12 + shipments // 5_000)),
    )
    names = [name for _, group in by_kind for name in group]
    kind = np.array([mode for mode, group in by_kind for _ in group])
    count = len(names)
    seats = ("DK", "CH", "DE", "FR", "CN", "KR", "TW", "SG", "JP", "NL")
    road_seats = ("PL", "NL", "DE", "IE", "FR", "ES", "TR", HOME)
    countries = [
        (road_seats if mode == ROAD else seats)[rng.integers(len(road_seats) if mode == ROAD else len(seats))]
        for mode in kind
    ]
    regions = len(facts.regions)
    # The largest three lines go everywhere; the others serve about half of the regions.
    serves = rng.random((lines, regions)) < 0.5
    serves[:3] = True
    per_service = min(2 + int(np.log10(shipments / 1_000) * 1.5), 6)
    vessel_count = np.where(serves.ravel(), per_service + rng.integers(0, 2, lines * regions), 0)
    vessels = int(vessel_count.sum())
    owner_code = rng.integers(ord("A"), ord("Z") + 1, (count, 3)).astype(np.uint8)
    return Fleet(
        names=lettering.quoted(pa.array(names)),
        countries=pa.array(countries),
        ids=lettering.join("C", lettering.number_text(unique_numbers(rng, count, 1_000, 100_000), 5)),
        kind=kind,
        owner_code=owner_code,
        prefix=unique_numbers(rng, count, 101, 999),
        serves=serves,
        vessel_first=np.cumsum(vessel_count) - vessel_count,
        vessel_count=vessel_count,
        vessel_line=np.repeat(np.arange(lines * regions) // regions, vessel_count),
        imo=lettering.number_text(imo_numbers(unique_numbers(rng, vessels, 910_000, 999_000))),
        vessel_names=pa.array(_two_words(rng, "ship_first", "ship_second", vessels)),
        vessel_flags=pa.array([_FLAGS[number] for number in rng.integers(0, len(_FLAGS), vessels)]),
        voyage_base=rng.integers(100, 500, vessels),
    )
