"""Features that say the same thing to a reader: the groups that a reason stands for."""

from typing import NamedTuple

from targeting.profiles import Combination


class Group(NamedTuple):
    """Features that say the same thing to a reader: of which component, and about what."""

    component: str
    about: str


SHARED = {"address": "address", "email": "e-mail address", "phone": "telephone number"}
"""What an importer shares with others, and its name."""

# What a figure of the structure is about, by the longest beginning of its name.
_SUBJECTS = {
    "importer_address_age": "address",
    **{f"{kind}_": kind for kind in SHARED},
    "exporter_declarant_": "exporter and declarant",
    "importer_exporter_": "importer and exporter",
    "importer_share_of_exporter": "importer and exporter",
    "exporter_share_of_importer": "importer and exporter",
    "importer_declarant_": "importer and declarant",
    "importer_share_of_declarant": "importer and declarant",
    "declarant_share_of_importer": "importer and declarant",
    "importer_owners": "owners",
    "importer_subsidiaries": "owners",
    "importer_": "importer",
    "exporter_": "exporter",
    "declarant_": "declarant",
    "community_": "community",
}

LEADS = (
    "importer",
    "exporter",
    "declarant",
    "carrier",
    "vessel",
    "commodity",
    "origin",
    "departure",
    "route",
    "office",
)
"""What leads a combination of fields, the first that is in it."""


def of_network(feature: str) -> Group:
    """Return the group of a feature of the network, or of the graph neural network itself."""
    if feature in ("gnn", "linked_risk"):
        return Group(feature.removesuffix("_risk"), "")
    beginnings = [beginning for beginning in _SUBJECTS if feature.startswith(beginning)]
    return Group("network", _SUBJECTS[max(beginnings, key=len)] if beginnings else feature)


def of_declared(feature: str) -> Group:
    """Return the group of a declared feature: the levels of the commodity are one, everything else its own."""
    return Group("declared", "commodity" if feature.startswith("commodity") else feature)


def of_profile(feature: str) -> Group:
    """Return the group of a profile: what leads the combination."""
    fields = fields_of(feature)
    for lead in LEADS:
        if any(field.startswith(lead) for field in fields):
            return Group("profile", lead)
    return Group("profile", fields[0])


def fields_of(feature: str) -> Combination:
    """Return the fields that a profile combines."""
    return tuple(feature.removeprefix("profile:").split(" x "))
