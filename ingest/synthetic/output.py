"""The files of a synthetic world, written as it goes, in the native format and its truth files."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.synthetic import lettering
from ingest.synthetic.consignments import Consignments, container_text, document_text
from ingest.synthetic.facts import HOME
from ingest.synthetic.infractions import KINDS, Truth
from ingest.synthetic.inspection import REASONS, Outcomes
from ingest.synthetic.parties import PartyText
from ingest.synthetic.period import DAYS, Week, dates, month_ends
from ingest.synthetic.world import PATTERNS, World

_PARTY = ("id", "name", "address", "country", "email", "phone", "tax_id")
OUTCOME_COLUMNS = ("selected_by", "inspected_on", "outcome_known_on", "outcome", "infraction_type", "revenue_recovered")
DECLARATION_COLUMNS = (
    *("declaration_id", "line_no", "accepted_on", "amended_on", "office", "procedure", "transport_mode"),
    *("transport_document", "container_ids", "vessel_imo", "vessel_name", "voyage"),
    *(f"importer_{name}" for name in _PARTY),
    "importer_aeo",
    *(f"exporter_{name}" for name in _PARTY),
    *(f"declarant_{name}" for name in _PARTY),
    *("carrier_id", "carrier_name", "carrier_country"),
    *("origin_country", "departure_country", "destination_country"),
    *("departure_place", "arrival_place", "transit_places"),
    *("hs_code", "goods_description", "quantity", "quantity_unit", "net_mass_kg", "gross_mass_kg", "packages"),
    *("customs_value", "currency", "duty_rate", "duty_amount"),
    *OUTCOME_COLUMNS,
)
OUTCOMES_COLUMNS = ("declaration_id", "line_no", *OUTCOME_COLUMNS)
ENTITY_COLUMNS = (
    *("entity_type", "entity_id", "name", "address", "country", "email", "phone", "tax_id"),
    *("registered_on", "aeo", "known_on"),
)
OWNERSHIP_COLUMNS = ("owner_id", "owned_id", "share", "valid_from", "valid_to", "known_on")
TRUTH_COLUMNS = ("shipment_id", "infraction", "pattern", "ring_id")
TRUTH_ENTITY_COLUMNS = ("entity_type", "entity_id", "role", "ring_id", "innocent_lookalike")

_PROCEDURES = ("4000", "4071", "4200", "5100", "7100")
_AEO = (None, "AEOC", "AEOS", "AEOF")
_AMENDED_SHARE = 0.01
_LATEST_AMENDMENT = 20


class CsvFile:
    """A CSV file that grows by columns of fields; it counts its rows."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._file: BinaryIO = path.open("wb")
        self._file.write((",".join(columns) + "\n").encode())
        self.rows = 0

    def write(self, fields: dict[str, pa.Array]) -> None:
        """Write rows; fields must be there for every column, and be quoted where they have to be."""
        self.write_lines(self.lines(fields))

    def lines(self, fields: dict[str, pa.Array]) -> pa.Array:
        """Return rows as lines, for writing later."""
        return lettering.csv_lines([fields[name] for name in self._columns])

    def write_lines(self, lines: pa.Array) -> None:
        """Write lines."""
        self._file.write("".join(lines.to_pylist()).encode())
        self.rows += len(lines)

    def close(self) -> None:
        """Close the file; what is written is then on its way to the disk."""
        self._file.close()


@dataclass(frozen=True)
class Texts:
    """The texts of all parties, made once."""

    importers: PartyText
    exporters: PartyText
    forwarders: PartyText


class Writer:
    """Writes the shipments of one week after the other, and the registers at the end."""

    def __init__(self, folder: Path, rng: np.random.Generator, world: World, texts: Texts) -> None:
        self._rng = rng
        self._world = world
        self._texts = texts
        self.declarations = CsvFile(folder / "declarations.csv", DECLARATION_COLUMNS)
        self.outcomes = CsvFile(folder / "outcomes.csv", OUTCOMES_COLUMNS)
        self.entities = CsvFile(folder / "entities.csv", ENTITY_COLUMNS)
        self.ownership = CsvFile(folder / "ownership.csv", OWNERSHIP_COLUMNS)
        self.truth = CsvFile(folder / "truth.csv", TRUTH_COLUMNS)
        self.truth_entities = CsvFile(folder / "truth_entities.csv", TRUTH_ENTITY_COLUMNS)
        self._ring_ids = pa.array(world.rings.ids(), pa.string())
        self._late: list[tuple[NDArray[np.int64], pa.Array]] = []
        self._amended: list[tuple[NDArray[np.int64], pa.Array]] = []
        self.amendments = 0
        self.outcomes_at_once = 0

    def close(self) -> None:
        """Close all files."""
        for file in (
            self.declarations,
            self.outcomes,
            self.entities,
            self.ownership,
            self.truth,
            self.truth_entities,
        ):
            file.close()

    def write_week(self, week: Week, items: Consignments, truth: Truth, outcomes: Outcomes) -> None:
        """Write a week's declarations and their truth, and what became known or was amended in it."""
        count = len(items)
        fields = self._declared(week, items)
        at_once = outcomes.where(outcomes.known <= month_ends(items.day[outcomes.row]))
        at_once = at_once.where(at_once.known < DAYS)
        later = outcomes.where((outcomes.known > month_ends(items.day[outcomes.row])) & (outcomes.known < DAYS))
        value = fields.pop("_value")
        place = np.full(count, -1)
        place[at_once.row] = np.arange(len(at_once.row))
        pick = pa.array(place, mask=place < 0)
        results = {name: column.take(pick) for name, column in self._results(at_once, value).items()}
        self.outcomes_at_once += len(at_once.row)
        self.declarations.write({**fields, **results, "amended_on": pa.nulls(count, pa.string())})
        self._amend(items, fields, value)
        _release(self._amended, week.stop, self.declarations)

        if len(later.row):
            named = {name: fields[name].take(pa.array(later.row)) for name in ("declaration_id", "line_no")}
            self._late.append((later.known, self.outcomes.lines(named | self._results(later, value))))
        _release(self._late, week.stop, self.outcomes)
        self.truth.write(
            {
                "shipment_id": pc.binary_join_element_wise(fields["declaration_id"], fields["line_no"], "/"),
                "infraction": lettering.number_text(truth.infraction.astype(np.int64)),
                "pattern": pa.array(PATTERNS).take(pa.array(truth.pattern)),
                "ring_id": self._ring_ids.take(pa.array(truth.ring, mask=truth.ring < 0)),
            }
        )

    def _declared(self, week: Week, items: Consignments) -> dict[str, pa.Array]:
        """Return the fields of the declarations without outcomes; `_value` is the customs value in pence."""
        rng, world, texts, count = self._rng, self._world, self._texts, len(items)
        facts, fleet, lanes, goods = world.facts, world.fleet, world.lanes, world.facts.commodities
        lane = items.lane
        carrier = pa.array(lanes.carrier[lane])
        at_sea = pa.array(items.vessel, mask=items.vessel < 0)
        codes = pa.array([country.code for country in facts.countries])
        origin = lanes.origin[lane].astype(np.int64)
        seller_country = world.exporters.country[lanes.exporter[lane]]
        level = np.array([country.price_factor for country in facts.countries])[seller_country]
        per_kg = goods.value_per_kg[items.commodity] * level * np.exp(items.price)
        value = np.maximum(np.rint(items.mass * per_kg * 100), 1).astype(np.int64)
        duty = np.where(lanes.preferential[lane], 0.0, goods.duty_rate[items.commodity])
        units = np.maximum(np.rint(items.mass / goods.kg_per_unit[items.commodity] * rng.uniform(0.95, 1.05, count)), 1)
        by_mass = np.array([unit == "KGM" for unit in goods.units])[items.commodity]
        gross = np.rint(items.mass * rng.uniform(1.02, 1.16, count) * 100).astype(np.int64)
        year = np.where(items.day < 365, 23, 24)
        places, from_port = pa.array(facts.places), lanes.departure[lane] >= 0
        departure_place = places.take(pa.array(lanes.departure[lane], mask=~from_port))
        voyage = fleet.voyage_base[np.maximum(items.vessel, 0)] + week.number

        def sometimes(text: pa.Array, missing: float) -> pa.Array:
            return pc.if_else(pa.array(rng.random(count) >= missing), text, pa.scalar(None, pa.string()))

        fields = {
            "declaration_id": lettering.join(
                lettering.number_text(year), HOME, lettering.number_text(items.declaration + 1, 9)
            ),
            "line_no": lettering.number_text(items.item),
            "accepted_on": lettering.date_text(dates(items.day)),
            "office": pa.array(facts.offices.codes).take(pa.array(items.office)),
            "procedure": pa.array(_PROCEDURES).take(pa.array(lanes.procedure[lane])),
            "transport_mode": lettering.number_text(lanes.mode[lane].astype(np.int64)),
            "transport_document": document_text(world, items),
            "container_ids": container_text(rng, world, week, items),
            "vessel_imo": fleet.imo.take(at_sea),
            "vessel_name": fleet.vessel_names.take(at_sea),
            "voyage": pc.if_else(
                pa.array(items.vessel >= 0),
                lettering.join(lettering.number_text(voyage), "W"),
                pa.scalar(None, pa.string()),
            ),
            **_party_fields("importer", texts.importers, pa.array(items.importer)),
            "importer_aeo": pa.array(_AEO, pa.string()).take(pa.array(world.importers.aeo[items.importer])),
            **_party_fields("exporter", texts.exporters, pa.array(lanes.exporter[lane])),
            **_party_fields("declarant", texts.forwarders, pa.array(items.declarant, mask=items.declarant < 0)),
            "carrier_id": fleet.ids.take(carrier),
            "carrier_name": fleet.names.take(carrier),
            "carrier_country": fleet.countries.take(carrier),
            "origin_country": codes.take(pa.array(origin)),
            "departure_country": pc.if_else(
                pa.array(from_port),
                pc.utf8_slice_codeunits(departure_place, 0, 2),
                codes.take(pa.array(lanes.departure_country[lane])),
            ),
            "destination_country": pa.repeat(pa.scalar(HOME), count),
            "departure_place": departure_place,
            "arrival_place": pa.array(facts.offices.arrival_places).take(pa.array(items.office)),
            "transit_places": places.take(pa.array(lanes.hub[lane], mask=lanes.hub[lane] < 0)),
            "hs_code": pa.array(goods.hs6).take(pa.array(items.commodity)),
            "goods_description": sometimes(pa.array(goods.descriptions).take(pa.array(items.commodity)), 0.03),
            "quantity": pc.if_else(
                pa.array(by_mass),
                lettering.decimal_text(np.rint(items.mass * 100).astype(np.int64)),
                lettering.number_text(units.astype(np.int64)),
            ),
            "quantity_unit": pa.array(goods.units).take(pa.array(items.commodity)),
            "net_mass_kg": lettering.decimal_text(np.rint(items.mass * 100).astype(np.int64)),
            "gross_mass_kg": sometimes(lettering.decimal_text(gross), 0.04),
            "packages": sometimes(
                lettering.number_text(np.maximum(items.mass / rng.uniform(5, 30, count), 1).astype(np.int64)), 0.03
            ),
            "customs_value": lettering.decimal_text(value),
            "currency": pa.repeat(pa.scalar("GBP"), count),
            "duty_rate": lettering.decimal_text(np.rint(duty * 100).astype(np.int64)),
            "duty_amount": lettering.decimal_text(np.rint(value * duty / 100).astype(np.int64)),
            "_value": value,
        }
        for name in ("importer_email", "importer_phone"):
            fields[name] = sometimes(fields[name], 0.06)
        return fields

    def _results(self, outcomes: Outcomes, value: NDArray[np.int64]) -> dict[str, pa.Array]:
        rng, count = self._rng, len(outcomes.row)
        share = rng.uniform(0.03, 0.4, count) * ~np.isin(outcomes.kind, (KINDS.index("contraband"),))
        recovered = np.rint(value[outcomes.row] * share).astype(np.int64)
        return {
            "selected_by": pa.array(REASONS).take(pa.array(outcomes.reason)),
            "inspected_on": lettering.date_text(dates(outcomes.inspected)),
            "outcome_known_on": lettering.date_text(dates(outcomes.known)),
            "outcome": pa.array(["clean", "infraction"]).take(pa.array(outcomes.found.astype(np.int64))),
            "infraction_type": pa.array(KINDS).take(pa.array(outcomes.kind, mask=~outcomes.found)),
            "revenue_recovered": pc.if_else(
                pa.array(outcomes.found), lettering.decimal_text(recovered), pa.scalar(None, pa.string())
            ),
        }

    def _amend(self, items: Consignments, fields: dict[str, pa.Array], value: NDArray[np.int64]) -> None:
        """Keep second versions of a few declarations until the day on which they are lodged."""
        rng = self._rng
        rows = np.flatnonzero(rng.random(len(items)) < _AMENDED_SHARE)
        day = items.day[rows] + rng.integers(1, _LATEST_AMENDMENT + 1, len(rows))
        rows, day = rows[day < DAYS], day[day < DAYS]
        if not len(rows):
            return
        again = {name: column.take(pa.array(rows)) for name, column in fields.items()}
        amended = np.maximum(np.rint(value[rows] * rng.lognormal(0.01, 0.06, len(rows))), 1).astype(np.int64)
        rate = pc.cast(again["duty_rate"], pa.float64()).to_numpy()
        again |= {
            "amended_on": lettering.date_text(dates(day)),
            "customs_value": lettering.decimal_text(amended),
            "duty_amount": lettering.decimal_text(np.rint(amended * rate / 100).astype(np.int64)),
            **{name: pa.nulls(len(rows), pa.string()) for name in OUTCOME_COLUMNS},
        }
        self.amendments += len(rows)
        self._amended.append((day, self.declarations.lines(again)))

    def write_registers(
        self,
        appeared: NDArray[np.bool_],
        sold: NDArray[np.bool_],
        owners: dict[str, NDArray[np.float64]],
        guilty: NDArray[np.bool_],
    ) -> None:
        """Write the register of entities, of ownership, and the truth about entities.

        Args:
            appeared: Which importers ever traded or at least exist; a rebirth that did not come to pass does not.
            sold: Which exporters ever sold anything.
            owners: Ownership as columns: owner, owned, share, since.
            guilty: Which importers had an infraction in truth.
        """
        world, texts, fleet = self._world, self._texts, self._world.fleet
        self._register("trader", texts.importers, np.flatnonzero(appeared), world.importers.registered)
        self._register("forwarder", texts.forwarders, np.arange(len(world.forwarders)), world.forwarders.registered)
        for kind, ids, names, countries in (
            ("carrier", fleet.ids, fleet.names, fleet.countries),
            ("vessel", fleet.imo, fleet.vessel_names, fleet.vessel_flags),
        ):
            blank = pa.nulls(len(ids), pa.string())
            fields = dict.fromkeys(ENTITY_COLUMNS, blank)
            fields |= {"entity_type": pa.repeat(pa.scalar(kind), len(ids)), "entity_id": ids, "name": names}
            self.entities.write(fields | {"country": countries})

        owner, owned = owners["owner"].astype(np.int64), owners["owned"].astype(np.int64)
        since = owners["since"].astype(np.int64)
        blank = pa.nulls(len(owner), pa.string())
        self.ownership.write(
            {
                "owner_id": texts.importers.ids.take(pa.array(owner)),
                "owned_id": texts.importers.ids.take(pa.array(owned)),
                "share": lettering.decimal_text(np.rint(owners["share"] * 100).astype(np.int64)),
                "valid_from": lettering.date_text(dates(since)),
                "valid_to": blank,
                "known_on": lettering.date_text(dates(since + 20)),
            }
        )
        self._write_roles(appeared, sold & world.exporters.identified, guilty)

    def _register(self, kind: str, text: PartyText, rows: NDArray[np.int64], registered: NDArray[np.int32]) -> None:
        pick = pa.array(rows)
        blank = pa.nulls(len(rows), pa.string())
        aeo = self._world.importers.aeo[rows] if kind == "trader" else np.zeros(len(rows), dtype=np.int8)
        names = text.names.take(pick)
        # The register writes some names in capitals.
        names = pc.if_else(pa.array(rows % 4 == 1), pc.utf8_upper(names), names)
        self.entities.write(
            {
                "entity_type": pa.repeat(pa.scalar(kind), len(rows)),
                "entity_id": text.ids.take(pick),
                "name": names,
                "address": text.registered.take(pick),
                "country": text.countries.take(pick),
                "email": text.emails.take(pick),
                "phone": text.phones.take(pick),
                "tax_id": text.tax_ids.take(pick),
                "registered_on": lettering.date_text(dates(registered[rows].astype(np.int64))),
                "aeo": pa.array(_AEO, pa.string()).take(pa.array(aeo)),
                "known_on": blank,
            }
        )

    def _write_roles(self, appeared: NDArray[np.bool_], named: NDArray[np.bool_], guilty: NDArray[np.bool_]) -> None:
        ids = {
            "trader": self._texts.importers.ids,
            "exporter": self._texts.exporters.ids,
            "forwarder": self._texts.forwarders.ids,
            "vessel": self._world.fleet.imo,
        }
        for role in self._world.roles:
            real = np.ones(len(role.rows), dtype=bool)
            if role.entity_type == "trader":
                real = appeared[role.rows]
            elif role.entity_type == "exporter":
                real = named[role.rows]
            rows = role.rows[real]
            rings = np.full(len(rows), -1) if role.rings is None else role.rings[real]
            clean = ~guilty[rows] if role.entity_type == "trader" else np.ones(len(rows), dtype=bool)
            kind = "trader" if role.entity_type == "exporter" else role.entity_type
            self.truth_entities.write(
                {
                    "entity_type": pa.repeat(pa.scalar(kind), len(rows)),
                    "entity_id": ids[role.entity_type].take(pa.array(rows)),
                    "role": pa.repeat(pa.scalar(role.name), len(rows)),
                    "ring_id": self._ring_ids.take(pa.array(rings, mask=rings < 0)),
                    "innocent_lookalike": lettering.number_text((clean & role.lookalike).astype(np.int64)),
                }
            )


def _party_fields(role: str, text: PartyText, rows: pa.Array) -> dict[str, pa.Array]:
    columns = (text.ids, text.names, text.addresses, text.countries, text.emails, text.phones, text.tax_ids)
    return {f"{role}_{name}": column.take(rows) for name, column in zip(_PARTY, columns, strict=True)}


def _release(waiting: list[tuple[NDArray[np.int64], pa.Array]], before: int, file: CsvFile) -> None:
    """Write the lines whose day has come, by day."""
    if not waiting:
        return
    day = np.concatenate([days for days, _ in waiting])
    lines = pa.concat_arrays([text for _, text in waiting])
    due = np.flatnonzero(day < before)
    due = due[np.argsort(day[due], kind="stable")]
    if len(due):
        file.write_lines(lines.take(pa.array(due)))
    rest = np.flatnonzero(day >= before)
    waiting[:] = [(day[rest], lines.take(pa.array(rest)))] if len(rest) else []
