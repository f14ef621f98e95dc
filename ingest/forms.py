"""The fields that a mapping may fill, and the form that the values of each must have.

A table of facts: mappings are checked against it, rows are checked by it, and the fields carry the names of the columns
of the `native` format, which so needs no translation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Form:
    """What a value must look like.

    Attributes:
        rule: what is said of a value that does not.
        holds: `text`, `date`, `number`, `codes` (split by `;`), `texts` (split by `;`) or `extra` (text or number).
        pattern: regular expression (RE2) that the whole text must match; for `codes` each of them.
        least, most: bounds of a number, or of a date's year, both included.
    """

    rule: str
    holds: Literal["text", "date", "number", "codes", "texts", "extra"] = "text"
    pattern: str | None = None
    least: float | None = None
    most: float | None = None


def _one_of(*values: str) -> Form:
    return Form("one of " + ", ".join(values), pattern="|".join(values))


TEXT = Form("text")
IDENTIFIER = Form("text")
DATE = Form("date that exists, as year-month-day", "date")
# A mistyped year would carry the whole network to the day after it.
DAY = Form("date that exists, from 1970 to 2099, as year-month-day", "date", least=1970, most=2099)
NUMBER = Form("finite number", "number")
AMOUNT = Form("finite number, not negative", "number", least=0)
SHARE = Form("number from 0 to 1", "number", least=0, most=1)
TEXTS = Form("texts split by ;", "texts")
COUNTRY = Form("ISO 3166 alpha-2 code (two capital letters)", pattern="[A-Z]{2}")
CURRENCY = Form("ISO 4217 code (three capital letters)", pattern="[A-Z]{3}")
LOCODE = Form("UN/LOCODE (five capital letters and digits)", pattern="[A-Z]{2}[A-Z0-9]{3}")
LOCODES = Form("UN/LOCODEs split by ;", "codes", LOCODE.pattern)
HS_CODE = Form("HS code of 6 to 10 digits", pattern="[0-9]{6,10}")
TRANSPORT_MODE = Form("UN/ECE Recommendation 19 code (one digit)", pattern="[0-9]")
CONTAINERS = Form("ISO 6346 numbers (four capital letters, seven digits) split by ;", "codes", "[A-Z]{4}[0-9]{7}")
IMO = Form("IMO number of 7 digits", pattern="[0-9]{7}")
AEO = _one_of("AEOC", "AEOS", "AEOF")
SELECTED_BY = _one_of("random", "rule", "score", "tip")
OUTCOME = _one_of("clean", "infraction")
INFRACTION = _one_of(
    "undervaluation",
    "misclassification",
    "origin",
    "quantity",
    "contraband",
    "counterfeit",
    "prohibited",
    "other",
)
ENTITY_TYPE = _one_of("trader", "forwarder", "carrier", "vessel")
# An attribute that the source heads `extra.` itself: a number where its text is that of a plain decimal number.
EXTRA = Form("text", "extra")

PARTY_ROLES = ("importer", "exporter", "declarant", "carrier")
PARTY: Mapping[str, Form] = {
    "id": IDENTIFIER,
    "name": TEXT,
    "address": TEXT,
    "country": COUNTRY,
    "email": TEXT,
    "phone": TEXT,
    "tax_id": TEXT,
    "aeo": AEO,
}

_FOUND: Mapping[str, Form] = {
    "selected_by": SELECTED_BY,
    "inspected_on": DAY,
    "outcome_known_on": DAY,
    "outcome": OUTCOME,
    "infraction_type": INFRACTION,
    "revenue_recovered": AMOUNT,
    "severity": TEXT,
}

_DECLARED: Mapping[str, Form] = {
    "shipment_id": IDENTIFIER,
    "accepted_on": DAY,
    "amended_on": DAY,
    "office": IDENTIFIER,
    "procedure": TEXT,
    "transport_mode": TRANSPORT_MODE,
    "transport_document": IDENTIFIER,
    "container_ids": CONTAINERS,
    "vessel_imo": IMO,
    "vessel_name": TEXT,
    "voyage": TEXT,
    **{f"{role}_{part}": form for role in PARTY_ROLES for part, form in PARTY.items()},
    "origin_country": COUNTRY,
    "departure_country": COUNTRY,
    "destination_country": COUNTRY,
    "departure_place": LOCODE,
    "arrival_place": LOCODE,
    "transit_places": LOCODES,
    "hs_code": HS_CODE,
    "goods_description": TEXT,
    "quantity": AMOUNT,
    "quantity_unit": TEXT,
    "net_mass_kg": AMOUNT,
    "gross_mass_kg": AMOUNT,
    "packages": AMOUNT,
    "customs_value": AMOUNT,
    "currency": CURRENCY,
    "duty_rate": AMOUNT,
    "duty_amount": AMOUNT,
}

_ENTITY: Mapping[str, Form] = {
    "entity_type": ENTITY_TYPE,
    "entity_id": IDENTIFIER,
    **{part: form for part, form in PARTY.items() if part != "id"},
    "registered_on": DATE,
    "known_on": DATE,
}

_OWNERSHIP: Mapping[str, Form] = {
    "owner_id": IDENTIFIER,
    "owned_id": IDENTIFIER,
    "share": SHARE,
    "valid_from": DATE,
    "valid_to": DATE,
    "known_on": DATE,
}

_LISTING: Mapping[str, Form] = {
    "list_id": Form("text without /", pattern="[^/]*"),
    "entry_id": IDENTIFIER,
    "name": TEXT,
    "aliases": TEXTS,
    "country": COUNTRY,
    "identifiers": TEXTS,
    "owner": TEXT,
    "legal_basis": TEXT,
    "listed_on": DATE,
    "expires_on": DATE,
}


@dataclass(frozen=True)
class Kind:
    """A kind of file: the fields that its rows may fill, those that every row must, and whether it may have extras."""

    name: str
    fields: Mapping[str, Form]
    always: tuple[str, ...]
    extras: bool = False


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("declarations", {**_DECLARED, **_FOUND}, ("shipment_id", "accepted_on"), extras=True),
        Kind("outcomes", {"shipment_id": IDENTIFIER, **_FOUND}, ("shipment_id",)),
        Kind("entities", _ENTITY, ("entity_type", "entity_id")),
        Kind("ownership", _OWNERSHIP, ("owner_id", "owned_id")),
        Kind("listings", _LISTING, ("list_id", "entry_id")),
    )
}
