"""The metapaths: which ways through the network a shipment looks, written once as a table.

A metapath begins at the shipment being scored, on what its own row declares, and ends at other shipments that were
known before. Two kinds suffice. A *history* goes over one thing and back (`shipment > exporter > shipments`). A
*circle* goes over one party and something it shares (`shipment > importer > address > traders > shipments`), and
its walk may go on over a second shared thing.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class History:
    """Other shipments over one thing that the row names: `shipment > column > shipments`.

    Attributes:
        column: column of the declarations' keys.
        words: what officers call it, in at most 60 characters.
        shared: whether it tells something by how many importers it has.
    """

    column: str
    words: str
    shared: bool = False

    @property
    def name(self) -> str:
        """Return the name of the metapath and of its token."""
        return f"shipment>{self.column}>shipments"


@dataclass(frozen=True)
class Circle:
    """Shipments of other parties that share something: `shipment > member > hub > members > shipments`.

    Attributes:
        member: column of the party at which the walk begins.
        relation: relation from the party to what it shares, a name of the as-of graph (gnn/hetero.py).
        hub: node type of what is shared.
        declared: columns by which the row itself names a shared thing, so that a party never seen before is linked.
        words: what officers call it, in at most 60 characters.
        beyond: relation of a second step, from the parties found to those that share something else with them.
    """

    member: str
    relation: str
    hub: str
    declared: tuple[str, ...]
    words: str
    beyond: str = ""

    @property
    def name(self) -> str:
        """Return the name of the metapath and of its token."""
        second = f">{self.beyond}" if self.beyond else ""
        return f"shipment>{self.member}>{self.relation}{second}>shipments"


HISTORIES = (
    History("importer", "the importer's own past"),
    History("exporter", "other shipments of the exporter", shared=True),
    History("declarant", "other shipments of the declarant", shared=True),
    History("carrier", "other shipments of the carrier"),
    History("vessel", "other shipments aboard the vessel", shared=True),
    History("route", "other shipments on the route"),
    History("commodity", "other shipments of the commodity"),
    History("origin", "other shipments of this origin"),
    History("office", "other shipments at the office"),
    History("departure", "other shipments from the place of departure"),
    History("document", "other items of the transport document", shared=True),
    History("importer_address", "other shipments with the importer's address", shared=True),
    History("importer_email", "other shipments with the importer's e-mail address", shared=True),
    History("importer_phone", "other shipments with the importer's telephone number", shared=True),
    History("exporter_address", "other shipments with the exporter's address", shared=True),
    History("exporter_email", "other shipments with the exporter's e-mail address", shared=True),
    History("exporter_phone", "other shipments with the exporter's telephone number", shared=True),
)

_CONTACTS = ("importer_email", "importer_phone")

CIRCLES = (
    Circle("importer", "AT_ADDRESS", "Address", ("importer_address",), "traders at the importer's address"),
    Circle("importer", "HAS_CONTACT", "Contact", _CONTACTS, "traders with the importer's e-mail or telephone number"),
    Circle("importer", "OWNED_BY", "Trader", (), "traders with the importer's owner"),
    Circle("importer", "BUYS_FROM", "Trader", ("exporter",), "other importers buying from the importer's suppliers"),
    Circle("importer", "DECLARES_THROUGH", "Forwarder", ("declarant",), "other clients of the importer's declarants"),
    Circle("exporter", "AT_ADDRESS", "Address", ("exporter_address",), "traders at the exporter's address"),
    Circle(
        "exporter",
        "HAS_CONTACT",
        "Contact",
        ("exporter_email", "exporter_phone"),
        "traders with the exporter's e-mail or telephone number",
    ),
    Circle("exporter", "SELLS_TO", "Trader", ("importer",), "other exporters selling to the exporter's customers"),
    Circle(
        "importer",
        "AT_ADDRESS",
        "Address",
        ("importer_address",),
        "suppliers shared with traders at the importer's address",
        beyond="BUYS_FROM",
    ),
    Circle(
        "importer",
        "HAS_CONTACT",
        "Contact",
        _CONTACTS,
        "neighbours of traders with the importer's e-mail or phone",
        beyond="AT_ADDRESS",
    ),
    Circle(
        "importer",
        "AT_ADDRESS",
        "Address",
        ("importer_address",),
        "contacts shared with traders at the importer's address",
        beyond="HAS_CONTACT",
    ),
    Circle(
        "importer",
        "BUYS_FROM",
        "Trader",
        ("exporter",),
        "neighbours of those buying from the importer's suppliers",
        beyond="AT_ADDRESS",
    ),
)

DECLARED = "declared"
