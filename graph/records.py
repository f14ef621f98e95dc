"""Records: what a source said of one thing or one link, derived from its statements.

This is the definition, row by row and in plain Python. `graph/columns.py` derives the same for whole tables; a property
test holds the two together. Field values are in their canonical text form, so that equality, order and hash of values
need no further rule.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from graph.schema import LINK, NODE, ROLES, Field, Kind
from graph.statements import Statements


class Ref(NamedTuple):
    """A thing by its type and key; written `trader:kr/Q12`."""

    type: str
    key: str

    def __str__(self) -> str:
        """Return the form that commands and addresses accept."""
        return f"{self.type.lower()}:{self.key}"

    @classmethod
    def read(cls, text: str) -> "Ref":
        """Return the thing that a text of this form names. Raises ValueError where it is of another form."""
        kind, colon, key = text.partition(":")
        named = {name.lower(): name for name in NODE}
        if not colon or kind not in named:
            raise ValueError(f"{text!r} does not name a thing by type and key")
        return cls(named[kind], key)


@dataclass(frozen=True)
class Record:
    """What one source said on one day. `subject` is a thing, or a link as (from, link type, to).

    `fields` is None where the thing was only named by what was said of another. `known_on` is None where no dated
    record names the thing.
    """

    subject: "Ref | LinkRef"
    fields: Mapping[str, str] | None
    source: str
    known_on: date | None


class LinkRef(NamedTuple):
    """A link by its ends and type."""

    start: Ref
    type: str
    end: Ref


def canonical(value: Any) -> str:
    """Return the one text form of a value: ISO dates, shortest round-trip floats, minus zero as zero.

    A list comes as JSON in the order given; the caller sorts a set.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return json.dumps(list(value), ensure_ascii=False, separators=(",", ":"))
    return repr(float(value) + 0.0)


def stated(row: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, str]:
    """Return the canonical values of the fields that the row fills."""
    values = {}
    for field in fields:
        value = row.get(field.name)
        if value is None or value == []:
            continue
        values[field.name] = canonical(sorted(set(value)) if field.kind is Kind.SET else value)
    return values


def wider_commodities(code: str) -> list[str]:
    """Return the Harmonized System codes that the code stands under, the nearest first."""
    return [code[:digits] for digits in (6, 4, 2) if len(code) > digits]


def wider_place(key: str) -> str | None:
    """Return the country of a UN/LOCODE; None for a country or a customs office."""
    return key[:2] if len(key) == 5 and "/" not in key else None


def description_records(row: Mapping[str, Any], source: str, known_on: date | None) -> Iterator[Record]:
    """Yield what a description says of its party or vessel, its address and its contacts."""
    party = Ref(row["type"], row["key"])
    yield Record(party, stated(row, NODE[party.type].fields), source, known_on)
    for declared, key, node, link in (
        ("address", "address_key", "Address", "AT_ADDRESS"),
        ("email", "email_key", "Contact", "HAS_CONTACT"),
        ("phone", "phone_key", "Contact", "HAS_CONTACT"),
    ):
        if row[key] is not None:
            there = Ref(node, row[key])
            yield Record(there, {NODE[node].fields[0].name: row[declared]}, source, known_on)
            yield Record(LinkRef(party, link, there), {}, source, known_on)


def _named_codes(node: str, key: str, source: str, known_on: date | None) -> Iterator[Record]:
    """Yield the thing itself and everything above it that its code alone implies."""
    here = Ref(node, key)
    yield Record(here, None, source, known_on)
    above = wider_commodities(key) if node == "Commodity" else [wider_place(key)] if node == "Place" else []
    for wider in above:
        if wider is not None:
            there = Ref(node, wider)
            yield Record(there, None, source, known_on)
            yield Record(LinkRef(here, "PART_OF", there), {}, source, known_on)
            here = there


def declaration_records(row: Mapping[str, Any], descriptions: Mapping[int, Mapping[str, Any]]) -> Iterator[Record]:
    """Yield what one declared goods item says: the shipment's version, all that it names, and their links.

    The shipment's single roles are fields of its version, named by the role; links come from them in the fold, since
    versions of one day are merged field by field.
    """
    source, known_on = row["source"], row["known_on"]
    shipment = Ref("Shipment", row["shipment"])
    version = stated(row, NODE["Shipment"].fields)
    for role in ROLES:
        named = row[role.column]
        if named is None:
            continue
        if role.described:
            description = descriptions[named]
            version[role.column] = description["key"]
            yield from description_records(description, source, known_on)
        else:
            version[role.column] = named
            yield from _named_codes(role.node, named, source, known_on)
    yield Record(shipment, version, source, known_on)
    for container in row["containers"] or ():
        there = Ref("Container", container)
        yield Record(there, None, source, known_on)
        yield Record(LinkRef(shipment, "IN_CONTAINER", there), {}, source, known_on)
    if row["route"] is not None:
        yield from _route_records(row, Ref("Route", row["route"]))


def _route_records(row: Mapping[str, Any], route: Ref) -> Iterator[Record]:
    source, known_on = row["source"], row["known_on"]
    stops: list[tuple[str, str | None, dict[str, str]]] = [
        ("DEPARTS_FROM", row["departure_place"] or row["departure_country"], {}),
        ("ARRIVES_AT", row["arrival_place"], {}),
        ("CLEARED_AT", row["office"], {}),
    ]
    for order, transit in enumerate(row["transit_places"] or (), start=1):
        stops.append(("VIA", transit, {"order": canonical(order)}))
    for link, place, fields in stops:
        if place is not None:
            yield from _named_codes("Place", place, source, known_on)
            yield Record(LinkRef(route, link, Ref("Place", place)), fields, source, known_on)


def inspection_records(row: Mapping[str, Any]) -> Iterator[Record]:
    """Yield the version of the inspection, the shipment that it names, and the link between them."""
    source, known_on = row["source"], row["known_on"]
    inspection, shipment = Ref("Inspection", row["inspection"]), Ref("Shipment", row["shipment"])
    yield Record(inspection, stated(row, NODE["Inspection"].fields), source, known_on)
    yield Record(shipment, None, source, known_on)
    yield Record(LinkRef(inspection, "FOUND_IN", shipment), {}, source, known_on)


def ownership_records(row: Mapping[str, Any], known_on: date | None) -> Iterator[Record]:
    """Yield the two traders and the link from the owned one to its owner."""
    owned, owner = Ref("Trader", row["owned"]), Ref("Trader", row["owner"])
    for trader in (owned, owner):
        yield Record(trader, None, row["source"], known_on)
    link = LinkRef(owned, "OWNED_BY", owner)
    yield Record(link, stated(row, LINK["OWNED_BY"].fields), row["source"], known_on)


def listing_records(row: Mapping[str, Any], known_on: date | None) -> Iterator[Record]:
    """Yield the version of the list entry."""
    yield Record(Ref("ListEntry", row["entry"]), stated(row, NODE["ListEntry"].fields), row["source"], known_on)


def records(statements: Statements) -> list[Record]:
    """Return every record that the statements hold.

    A row without a day takes the first day on which a dated row names its thing (ownership: both its ends); what the
    row says besides (an address, say) takes the row's day.
    """
    descriptions = {row["id"]: row for row in statements.description.to_pylist()}
    found: list[Record] = []
    for row in statements.declaration.to_pylist():
        found.extend(declaration_records(row, descriptions))
    for row in statements.inspection.to_pylist():
        found.extend(inspection_records(row))
    undated: list[tuple[str, dict[str, Any]]] = []
    for shape, table in (
        ("entity", statements.entity),
        ("ownership", statements.ownership),
        ("listing", statements.listing),
    ):
        for row in table.to_pylist():
            if row["known_on"] is None:
                undated.append((shape, row))
            else:
                found.extend(_late(shape, row, row["known_on"], descriptions))
    first_named: dict[Ref, date] = {}
    for record in found:
        if isinstance(record.subject, Ref) and record.known_on is not None:
            first_named[record.subject] = min(first_named.get(record.subject, date.max), record.known_on)
    for shape, row in undated:
        if shape == "entity":
            description = descriptions[row["thing"]]
            named = [first_named.get(Ref(description["type"], description["key"]))]
        elif shape == "ownership":
            named = [first_named.get(Ref("Trader", row[end])) for end in ("owned", "owner")]
        else:
            named = [first_named.get(Ref("ListEntry", row["entry"]))]
        days = [day for day in named if day is not None]
        found.extend(_late(shape, row, max(days) if len(days) == len(named) else None, descriptions))
    return found


def _late(
    shape: str, row: Mapping[str, Any], known_on: date | None, descriptions: Mapping[int, Mapping[str, Any]]
) -> Iterator[Record]:
    if shape == "entity":
        return description_records(descriptions[row["thing"]], row["source"], known_on)
    if shape == "ownership":
        return ownership_records(row, known_on)
    return listing_records(row, known_on)
