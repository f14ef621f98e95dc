"""Other patterns, mixed into a synthetic world: schemes that its generator knows nothing of.

Whoever tunes a score on one generator may have learnt the generator. These three share no code with its schemes, and
each has an innocent twin that declares alike:

- *rotating declarants*: an importer undervalues, and lodges each declaration through another of many declarants; its
  twin has three declarants and true prices;
- *free-zone transit*: dutiable goods are sold on by traders in a free zone as made there, to several importers; their
  twins sell from the same zone what is made there;
- *split consignments*: one consignment comes as parcels below the threshold of duty to many consignees, who share few
  pick-up addresses and telephones; the twin is a web shop whose buyers share nothing.

All else of a row is that of an ordinary shipment of the world, taken as a template. Rows, outcomes and truth are added
to the world's files.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

ROTATING, FREE_ZONE, SPLIT = "rotating_declarants", "free_zone_transit", "split_consignment"
KINDS = {ROTATING: "undervaluation", FREE_ZONE: "origin", SPLIT: "undervaluation"}
"""The patterns, and the type of infraction of each."""

SHARE = 0.004
"""Part of a world's shipments that each pattern has, and its innocent twins again."""

FIRST, DAYS = np.datetime64("2023-01-01", "D"), 456
EXAMINED, AT_RANDOM = {True: 0.09, False: 0.05}, 0.2
"""How often the guilty and the innocent are examined, and how many of these by chance."""

DETECTED, LONGEST_DELAY = 0.85, 45
THRESHOLD = 135.0

_OUTCOME = ("selected_by", "inspected_on", "outcome_known_on", "outcome", "infraction_type", "revenue_recovered")
Row = dict[str, str]


@dataclass
class _Mixture:
    """What is added to a world, as it grows."""

    rng: np.random.Generator
    templates: pd.DataFrame
    next_number: int
    rows: list[Row] = field(default_factory=list)
    truth: list[Row] = field(default_factory=list)
    entities: list[Row] = field(default_factory=list)
    parties: int = 0

    def template(self, kept: "pd.Series[bool] | None" = None) -> Row:
        """Return an ordinary shipment, of all or of some."""
        some = self.templates if kept is None else self.templates[kept]
        return dict(some.iloc[int(self.rng.integers(len(some)))])

    def party(self, role: str, like: Row, **other: str) -> Row:
        """Return a new party of a role in the fields of a row, at a street of another's, a few houses on."""
        self.parties += 1
        house, _, street = like[f"{role}_address"].partition(" ")
        number = f"{self.parties:06d}"
        own = {
            "id": f"M{number}",
            "name": f"Trading House {number} Ltd",
            "address": f"{self.rng.integers(1, 400)} {street or house}",
            "country": like[f"{role}_country"],
            "email": f"office@house{number}.example",
            "phone": f"+44 20 7{number}" if like[f"{role}_country"] == "GB" else "",
            "tax_id": "",
        }
        found = {f"{role}_{name}": other.get(name, text) for name, text in own.items()}
        return {**found, "importer_aeo": ""} if role == "importer" else found

    def add(self, row: Row, day: int, guilty: bool, pattern: str, ring: str, *, price: float = 1.0) -> None:
        """Add a shipment: a row with its own number, mass and price, perhaps examined, and its truth."""
        rng = self.rng
        mass = max(float(row["net_mass_kg"] or 100) * rng.lognormal(0, 0.25), 0.1)
        per_kg = float(row["customs_value"]) / max(float(row["net_mass_kg"] or 100), 0.01)
        value = mass * per_kg * rng.lognormal(0, 0.12) * price
        if pattern == SPLIT and guilty:
            value = rng.uniform(0.55, 0.99) * THRESHOLD
        date = FIRST + day
        identity = f"{str(date)[2:4]}GB{self.next_number:09d}"
        self.next_number += 1
        self.rows.append(
            {
                **row,
                "declaration_id": identity,
                "line_no": "1",
                "accepted_on": str(date),
                "amended_on": "",
                "container_ids": "",
                "transport_document": "",
                "net_mass_kg": f"{mass:.2f}",
                "gross_mass_kg": f"{mass * rng.uniform(1.02, 1.16):.2f}",
                "customs_value": f"{value:.2f}",
                "duty_amount": f"{value * float(row['duty_rate'] or 0) / 100:.2f}",
                **self._outcome(date, guilty, KINDS[pattern]),
            }
        )
        self.truth.append(
            {
                "shipment_id": f"{identity}/1",
                "infraction": str(int(guilty)),
                "pattern": pattern if guilty else "",
                "ring_id": ring if guilty else "",
            }
        )

    def _outcome(self, date: np.datetime64, guilty: bool, kind: str) -> Row:
        rng, blank = self.rng, dict.fromkeys(_OUTCOME, "")
        inspected = date + int(rng.integers(0, 4))
        known = inspected + int(rng.integers(2, LONGEST_DELAY))
        if rng.random() >= EXAMINED[guilty] or known >= FIRST + DAYS:
            return blank
        found = guilty and rng.random() < DETECTED
        return blank | {
            "selected_by": "random" if rng.random() < AT_RANDOM else "rule",
            "inspected_on": str(inspected),
            "outcome_known_on": str(known),
            "outcome": "infraction" if found else "clean",
            "infraction_type": kind if found else "",
        }

    def member(self, row: Row, guilty: bool, pattern: str, ring: str) -> None:
        """Note what the importer of a row is in truth."""
        self.entities.append(
            {
                "entity_type": "trader",
                "entity_id": row["importer_id"],
                "role": pattern if guilty else f"{pattern}_twin",
                "ring_id": ring if guilty else "",
                "innocent_lookalike": str(int(not guilty)),
            }
        )


def mix_in(folder: Path, seed: int) -> None:
    """Add the patterns to the files of a world, which must not be loaded yet.

    Args:
        folder: of `declarations.csv`, `truth.csv` and `truth_entities.csv`.
        seed: one seed, one mixture.
    """
    declared, truth, entities = (
        pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        for name in ("declarations.csv", "truth.csv", "truth_entities.csv")
    )
    rows = declared[(declared["amended_on"] == "") & (declared["exporter_id"] != "") & (declared["declarant_id"] != "")]
    ordinary = set(truth.loc[(truth["infraction"] == "0") & (truth["pattern"] == ""), "shipment_id"])
    templates = rows[(rows["declaration_id"] + "/" + rows["line_no"]).isin(ordinary)]
    templates = templates.assign(**dict.fromkeys(_OUTCOME, ""))
    last = int(declared["declaration_id"].str[4:].astype(np.int64).max())
    mixture = _Mixture(np.random.default_rng(seed), templates, last + 1)
    size = round(SHARE * len(truth))
    for pattern, ring in ((ROTATING, _rotating), (FREE_ZONE, _free_zone), (SPLIT, _split)):
        for guilty in (True, False):
            _fill(mixture, ring, pattern, guilty, size)
    for name, whole, added in (
        ("declarations.csv", declared, mixture.rows),
        ("truth.csv", truth, mixture.truth),
        ("truth_entities.csv", entities, mixture.entities),
    ):
        pd.concat([whole, pd.DataFrame(added, columns=whole.columns)]).to_csv(folder / name, index=False)


def _fill(
    mixture: _Mixture, ring: Callable[[_Mixture, bool, str], None], pattern: str, guilty: bool, size: int
) -> None:
    """Add rings of a pattern, or twins, until they have so many shipments."""
    begun, number = len(mixture.rows), 0
    while len(mixture.rows) - begun < size:
        number += 1
        ring(mixture, guilty, f"{''.join(word[0] for word in pattern.split('_')).upper()}{number:05d}")


def _days(rng: np.random.Generator, count: int) -> list[int]:
    """Return the days of shipments of somebody who trades from some day on."""
    begin = int(rng.integers(0, DAYS - 90))
    return sorted(rng.integers(begin, min(begin + 300, DAYS), count).tolist())


def _rotating(mixture: _Mixture, guilty: bool, ring: str) -> None:
    rng = mixture.rng
    like = mixture.template()
    row = like | mixture.party("importer", like)
    mixture.member(row, guilty, ROTATING, ring)
    used = mixture.templates.sample(12 if guilty else 3, random_state=rng)
    lodged = [{name: one[name] for name in like if name.startswith("declarant_")} for one in used.to_dict("records")]
    price = float(rng.uniform(0.35, 0.6)) if guilty else 1.0
    for number, day in enumerate(_days(rng, int(rng.integers(10, 25)))):
        mixture.add(row | lodged[number % len(lodged)], day, guilty, ROTATING, ring, price=price)


def _free_zone(mixture: _Mixture, guilty: bool, ring: str) -> None:
    rng, templates = mixture.rng, mixture.templates
    kept = (templates["transport_mode"] == "1") & (templates["origin_country"] == ("CN" if guilty else "AE"))
    kept = kept if kept.any() else templates["transport_mode"] == "1"
    zone = f"Office {rng.integers(100, 140)}, Free Zone South, Dubai"
    place = {"origin_country": "AE", "departure_country": "AE", "departure_place": "AEJEA", "transit_places": ""}
    sellers = [mixture.party("exporter", mixture.template(kept), address=zone, country="AE") for _ in range(2)]
    for _ in range(5):
        like = mixture.template(kept)
        row = like | mixture.party("importer", like) | place | {"duty_rate": "0.00"}
        mixture.member(row, guilty, FREE_ZONE, ring)
        for day in _days(rng, int(rng.integers(6, 14))):
            mixture.add(row | sellers[int(rng.integers(2))], day, guilty, FREE_ZONE, ring)


def _split(mixture: _Mixture, guilty: bool, ring: str) -> None:
    rng, templates = mixture.rng, mixture.templates
    kept = templates["transport_mode"].isin(("4", "5")) & (templates["net_mass_kg"].astype(float) < 60)
    like = mixture.template(kept)
    shops = [mixture.party("importer", mixture.template(kept)) for _ in range(3)]
    for begin in _days(rng, 4):
        for _ in range(int(rng.integers(10, 20))):
            row = like | mixture.party("importer", mixture.template(kept))
            if guilty:
                shop, phone = (shops[int(at)] for at in rng.integers(0, 3, 2))
                row |= {"importer_address": shop["importer_address"], "importer_phone": phone["importer_phone"]}
            mixture.member(row, guilty, SPLIT, ring)
            mixture.add(row, min(begin + int(rng.integers(0, 3)), DAYS - 1), guilty, SPLIT, ring)
