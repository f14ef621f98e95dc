"""The schema of the network, written once.

Everything that has to know which types, fields and links there are derives it from this table of facts: the stores'
tables and indexes, the column checks on ingest, the allow-list of identifiers that may appear in a query text, the
features and `docs/schema.md`.
"""

from dataclasses import dataclass
from enum import StrEnum

SCHEMA_VERSION = 1


class Kind(StrEnum):
    """What a field holds; `SET` is a list without order, `SEQUENCE` a list whose order counts."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    SET = "set"
    SEQUENCE = "sequence"


class Fold(StrEnum):
    """How the records of a thing become one: the latest version as a whole, or every value with its days."""

    VERSIONED = "versioned"
    ACCUMULATED = "accumulated"


class Scope(StrEnum):
    """Who keeps the numbering: one source (`kr/Q12`), or everybody (`847130`)."""

    SOURCE = "source"
    SHARED = "shared"


@dataclass(frozen=True)
class Field:
    """One fact that a record may state of a thing or link."""

    name: str
    kind: Kind
    about: str


@dataclass(frozen=True)
class NodeType:
    """A kind of thing."""

    name: str
    fold: Fold
    scope: Scope
    key: str
    about: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class LinkType:
    """A kind of link, from the specific to the general; `ends` lists the types it may join."""

    name: str
    ends: tuple[tuple[str, str], ...]
    about: str
    fields: tuple[Field, ...] = ()


def _text(name: str, about: str) -> Field:
    return Field(name, Kind.TEXT, about)


def _number(name: str, about: str) -> Field:
    return Field(name, Kind.NUMBER, about)


def _date(name: str, about: str) -> Field:
    return Field(name, Kind.DATE, about)


PARTY_FIELDS = (
    _text("name", "name as declared"),
    _text("country", "ISO 3166 alpha-2"),
    _text("tax_id", "tax identifier"),
    _text("aeo", "trusted-trader status: AEOC, AEOS or AEOF"),
    _date("registered_on", "day of registration"),
)

SHIPMENT_FIELDS = (
    _date("accepted_on", "day of acceptance"),
    _text("procedure", "customs procedure"),
    _text("transport_mode", "UN/ECE Recommendation 19"),
    _text("voyage", "voyage number"),
    _text("departure_country", "ISO 3166 alpha-2"),
    _text("destination_country", "ISO 3166 alpha-2"),
    _text("departure_place", "UN/LOCODE"),
    _text("arrival_place", "UN/LOCODE"),
    _text("goods_description", "description of the goods as declared"),
    _number("quantity", "in `quantity_unit`"),
    _text("quantity_unit", "UN/ECE Recommendation 20"),
    _number("net_mass_kg", "kilograms"),
    _number("gross_mass_kg", "kilograms"),
    _number("packages", "number of packages"),
    _number("customs_value", "in `currency`"),
    _text("currency", "ISO 4217"),
    _number("duty_rate", "per cent"),
    _number("duty_amount", "in `currency`"),
    _text("extra", "the source's further attributes, a JSON object of text and numbers with sorted names"),
)

NODES = (
    NodeType(
        "Trader",
        Fold.ACCUMULATED,
        Scope.SOURCE,
        "source/id",
        "importer, exporter or consignee: an organisation",
        PARTY_FIELDS,
    ),
    NodeType(
        "Carrier",
        Fold.ACCUMULATED,
        Scope.SOURCE,
        "source/id",
        "shipping line, airline, courier or haulier",
        PARTY_FIELDS,
    ),
    NodeType(
        "Forwarder",
        Fold.ACCUMULATED,
        Scope.SOURCE,
        "source/id",
        "freight forwarder, customs broker or declarant",
        PARTY_FIELDS,
    ),
    NodeType(
        "Route",
        Fold.ACCUMULATED,
        Scope.SOURCE,
        "source/route_id",
        "transport mode, departure place (else country), transit places in order, customs office",
    ),
    NodeType("Shipment", Fold.VERSIONED, Scope.SOURCE, "source/shipment_id", "a declared goods item", SHIPMENT_FIELDS),
    NodeType(
        "Inspection",
        Fold.VERSIONED,
        Scope.SOURCE,
        "source/shipment_id/inspected_on",
        "what was examined, why it was selected, what was found",
        (
            _date("inspected_on", "day of the examination"),
            _text("selected_by", "random, rule, score or tip"),
            _text("outcome", "clean or infraction; blank says nothing"),
            _text("infraction_type", "what kind of infraction was found"),
            _number("revenue_recovered", "in the shipment's currency"),
            _text("severity", "the source's own grading of what was found"),
        ),
    ),
    NodeType(
        "Commodity",
        Fold.ACCUMULATED,
        Scope.SHARED,
        "hs_code",
        "Harmonized System code of 2, 4 or 6 digits, or a national code below",
    ),
    NodeType(
        "Place",
        Fold.ACCUMULATED,
        Scope.SHARED,
        "place_code",
        "country (ISO 3166), port (UN/LOCODE) or customs office (source/code)",
    ),
    NodeType(
        "Address",
        Fold.ACCUMULATED,
        Scope.SHARED,
        "normalised address|country",
        "a postal address that parties may share",
        (_text("address", "as declared"),),
    ),
    NodeType(
        "Contact",
        Fold.ACCUMULATED,
        Scope.SHARED,
        "normalised e-mail address or telephone number",
        "a contact that parties may share",
        (_text("contact", "as declared"),),
    ),
    NodeType("Vessel", Fold.ACCUMULATED, Scope.SHARED, "IMO number", "a ship", PARTY_FIELDS),
    NodeType("Container", Fold.ACCUMULATED, Scope.SHARED, "ISO 6346 number", "a freight container"),
    NodeType("TransportDocument", Fold.ACCUMULATED, Scope.SOURCE, "source/number", "bill of lading or air waybill"),
    NodeType(
        "ListEntry",
        Fold.VERSIONED,
        Scope.SHARED,
        "list/entry",
        "an entry of a sanctions list or watch list",
        (
            _text("name", "name on the list"),
            Field("aliases", Kind.SET, "other names"),
            _text("country", "ISO 3166 alpha-2"),
            Field("identifiers", Kind.SET, "identifiers of the listed party"),
            _text("owner", "who keeps the list"),
            _text("legal_basis", "legal act behind the entry"),
            _date("listed_on", "day of the listing"),
            _date("expires_on", "day on which the entry ends"),
        ),
    ),
)

_PARTIES = ("Trader", "Forwarder", "Carrier", "Vessel")

LINKS = (
    LinkType("IMPORTED_BY", (("Shipment", "Trader"),), "importer or consignee of the shipment"),
    LinkType("EXPORTED_BY", (("Shipment", "Trader"),), "exporter or seller of the shipment"),
    LinkType("DECLARED_BY", (("Shipment", "Forwarder"),), "who lodged the declaration"),
    LinkType("CARRIED_BY", (("Shipment", "Carrier"),), "who carried the goods"),
    LinkType("MOVED_ON", (("Shipment", "Route"),), "the way the goods took"),
    LinkType("OF_COMMODITY", (("Shipment", "Commodity"),), "classification of the goods"),
    LinkType("ORIGINATES_IN", (("Shipment", "Place"),), "declared country of origin"),
    LinkType("ABOARD", (("Shipment", "Vessel"),), "the ship that brought the goods"),
    LinkType("IN_CONTAINER", (("Shipment", "Container"),), "a container that held the goods"),
    LinkType("UNDER_DOCUMENT", (("Shipment", "TransportDocument"),), "transport document of the goods"),
    LinkType("FOUND_IN", (("Inspection", "Shipment"),), "the shipment that was examined"),
    LinkType("AT_ADDRESS", tuple((p, "Address") for p in _PARTIES), "an address that the party gave"),
    LinkType("HAS_CONTACT", tuple((p, "Contact") for p in _PARTIES), "a contact that the party gave"),
    LinkType(
        "OWNED_BY",
        (("Trader", "Trader"),),
        "the owner of the trader",
        (
            _number("share", "0 to 1"),
            _date("valid_from", "first day of the ownership"),
            _date("valid_to", "last day of the ownership"),
        ),
    ),
    LinkType("DEPARTS_FROM", (("Route", "Place"),), "where the route begins"),
    LinkType("VIA", (("Route", "Place"),), "a place of transit", (_number("order", "position on the route, from 1"),)),
    LinkType("ARRIVES_AT", (("Route", "Place"),), "where goods on the route were unloaded"),
    LinkType("CLEARED_AT", (("Route", "Place"),), "the customs office of the route"),
    LinkType("PART_OF", (("Commodity", "Commodity"), ("Place", "Place")), "the wider commodity or place"),
    LinkType("SAME_AS", tuple((p, p) for p in _PARTIES), "two entries taken for the same thing"),
    LinkType("LISTED_AS", tuple((p, "ListEntry") for p in _PARTIES), "the party stands on a list"),
)

NODE = {node.name: node for node in NODES}
LINK = {link.name: link for link in LINKS}


@dataclass(frozen=True)
class Role:
    """A thing that a declaration names by a column of its own; `described` ones are rows of the descriptions."""

    column: str
    node: str
    link: str
    described: bool


ROLES = (
    Role("importer", "Trader", "IMPORTED_BY", described=True),
    Role("exporter", "Trader", "EXPORTED_BY", described=True),
    Role("declarant", "Forwarder", "DECLARED_BY", described=True),
    Role("carrier", "Carrier", "CARRIED_BY", described=True),
    Role("vessel", "Vessel", "ABOARD", described=True),
    Role("route", "Route", "MOVED_ON", described=False),
    Role("commodity", "Commodity", "OF_COMMODITY", described=False),
    Role("origin", "Place", "ORIGINATES_IN", described=False),
    Role("document", "TransportDocument", "UNDER_DOCUMENT", described=False),
)
