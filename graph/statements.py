"""Statements: what one row of a source said, kept as one row.

A declaration names a dozen things and links. Storing a record for each was too slow, so a declaration is kept as one
row and the records are derived from it (`graph/records.py`). What a row says of a party or vessel it names (name,
address, contacts, ...) is a *description*; equal descriptions are stored once and rows refer to them by number.

All keys here are complete (`kr/Q12`), all empty values are null, and every day is a `date32`. `known_on` is null only
where the source gave no day (entities, ownership, listings): the day is then derived by the fold.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

import pyarrow as pa

_TEXT = pa.string()
_DAY = pa.date32()
_NUMBER = pa.float64()
_LIST = pa.list_(pa.string())
_REF = pa.int64()

# What a row says of one party or vessel. `id` is what the other tables refer to; it means nothing outside its store or
# chunk. `address`, `email` and `phone` are as declared, the `_key` columns normalised (graph/normalise.py).
DESCRIPTION = pa.schema(
    [
        ("id", _REF),
        ("type", _TEXT),
        ("key", _TEXT),
        ("name", _TEXT),
        ("country", _TEXT),
        ("tax_id", _TEXT),
        ("aeo", _TEXT),
        ("registered_on", _DAY),
        ("address", _TEXT),
        ("address_key", _TEXT),
        ("email", _TEXT),
        ("email_key", _TEXT),
        ("phone", _TEXT),
        ("phone_key", _TEXT),
    ]
)

# One version of one declared goods item. `importer`, `exporter`, `declarant`, `carrier` and `vessel` refer to
# descriptions; `route`, `commodity`, `origin`, `office` and `document` are keys.
DECLARATION = pa.schema(
    [
        ("source", _TEXT),
        ("shipment", _TEXT),
        ("known_on", _DAY),
        ("accepted_on", _DAY),
        ("importer", _REF),
        ("exporter", _REF),
        ("declarant", _REF),
        ("carrier", _REF),
        ("vessel", _REF),
        ("route", _TEXT),
        ("commodity", _TEXT),
        ("origin", _TEXT),
        ("office", _TEXT),
        ("document", _TEXT),
        ("containers", _LIST),
        ("transit_places", _LIST),
        ("departure_place", _TEXT),
        ("departure_country", _TEXT),
        ("arrival_place", _TEXT),
        ("destination_country", _TEXT),
        ("transport_mode", _TEXT),
        ("procedure", _TEXT),
        ("voyage", _TEXT),
        ("goods_description", _TEXT),
        ("quantity", _NUMBER),
        ("quantity_unit", _TEXT),
        ("net_mass_kg", _NUMBER),
        ("gross_mass_kg", _NUMBER),
        ("packages", _NUMBER),
        ("customs_value", _NUMBER),
        ("currency", _TEXT),
        ("duty_rate", _NUMBER),
        ("duty_amount", _NUMBER),
        ("extra", _TEXT),
    ]
)

INSPECTION = pa.schema(
    [
        ("source", _TEXT),
        ("inspection", _TEXT),
        ("shipment", _TEXT),
        ("known_on", _DAY),
        ("inspected_on", _DAY),
        ("selected_by", _TEXT),
        ("outcome", _TEXT),
        ("infraction_type", _TEXT),
        ("revenue_recovered", _NUMBER),
        ("severity", _TEXT),
    ]
)

ENTITY = pa.schema([("source", _TEXT), ("thing", _REF), ("known_on", _DAY)])

OWNERSHIP = pa.schema(
    [
        ("source", _TEXT),
        ("owned", _TEXT),
        ("owner", _TEXT),
        ("known_on", _DAY),
        ("share", _NUMBER),
        ("valid_from", _DAY),
        ("valid_to", _DAY),
    ]
)

LISTING = pa.schema(
    [
        ("source", _TEXT),
        ("entry", _TEXT),
        ("known_on", _DAY),
        ("name", _TEXT),
        ("aliases", _LIST),
        ("country", _TEXT),
        ("identifiers", _LIST),
        ("owner", _TEXT),
        ("legal_basis", _TEXT),
        ("listed_on", _DAY),
        ("expires_on", _DAY),
    ]
)

SHAPES: Mapping[str, pa.Schema] = {
    "description": DESCRIPTION,
    "declaration": DECLARATION,
    "inspection": INSPECTION,
    "entity": ENTITY,
    "ownership": OWNERSHIP,
    "listing": LISTING,
}


def _empty(shape: str) -> pa.Table:
    return SHAPES[shape].empty_table()


@dataclass(frozen=True)
class Statements:
    """A table per shape; `declaration` and `entity` refer to `description` by its `id`.

    One chunk of a load and the whole of a store have this same form. Columns of text may be dictionary-encoded.
    """

    description: pa.Table = field(default_factory=lambda: _empty("description"))
    declaration: pa.Table = field(default_factory=lambda: _empty("declaration"))
    inspection: pa.Table = field(default_factory=lambda: _empty("inspection"))
    entity: pa.Table = field(default_factory=lambda: _empty("entity"))
    ownership: pa.Table = field(default_factory=lambda: _empty("ownership"))
    listing: pa.Table = field(default_factory=lambda: _empty("listing"))

    def items(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield the name and table of each shape."""
        for item in fields(self):
            yield item.name, getattr(self, item.name)
