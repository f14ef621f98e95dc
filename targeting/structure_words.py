"""Reasons from the structure of the network and from communities, in words."""

from collections.abc import Callable, Sequence
from functools import partial

from graph import membership
from graph.snapshot import Long
from graph.structure import DESCRIPTIONS
from targeting.facts import Facts, counted
from targeting.groups import SHARED

# The columns without which there is nothing to say about a subject.
_NEEDED = {
    **dict.fromkeys(("importer", "owners", "community"), ("importer",)),
    "exporter": ("exporter",),
    "declarant": ("declarant",),
    "exporter and declarant": ("exporter", "declarant"),
    "importer and exporter": ("importer", "exporter"),
    "importer and declarant": ("importer", "declarant"),
    **{kind: ("importer", f"importer_{kind}") for kind in SHARED},
}


def _examined(infractions: float, inspected: float) -> str:
    if not inspected:
        return "none of their shipments examined before"
    return f"{infractions:,.0f} of {inspected:,.0f} examined shipments were infractions"


class StructureWords:
    """Says what is around the parties of rows; places are positions within the inputs."""

    def __init__(self, facts: Facts) -> None:
        self._figure, self._key, self._party = facts.figure, facts.key, facts.party

    def say(self, about: str, places: Long) -> list[str]:
        """Return the reason of each place about a subject of `targeting.groups`, or a figure that has none."""
        said = {
            "importer": self._importer,
            "exporter": self._exporter,
            "declarant": self._declarant,
            "owners": self._owners,
            "exporter and declarant": self._exporter_and_declarant,
            "community": self._community,
        }
        if about in SHARED:
            say: Callable[[int], str] = partial(self._shared, about)
        elif about in ("importer and exporter", "importer and declarant"):
            say = partial(self._together, about.rsplit(" ", 1)[1])
        else:
            say = said.get(about, partial(self._plain, about))
        needed = _NEEDED.get(about, ())
        return [self._missing(needed, int(place)) or say(int(place)) for place in places]

    def _missing(self, needed: Sequence[str], place: int) -> str:
        for column in needed:
            if not self._key(column, place):
                role, _, kind = column.partition("_")
                return f"no {SHARED[kind]} of the {role} declared" if kind else f"no {role} declared"
        return ""

    def _plain(self, about: str, place: int) -> str:
        return f"{self._described(about)}: {self._figure(about, place):.3g}"

    @staticmethod
    def _described(name: str) -> str:
        return {**DESCRIPTIONS, **membership.DESCRIPTIONS}.get(name, name)

    def _importer(self, place: int) -> str:
        age = self._figure("importer_age_days", place)
        since = f"known for {counted(age, 'day', 'days')}" if age else "never seen before"
        earlier = counted(self._figure("importer_shipments", place), "earlier shipment", "earlier shipments")
        return f"{self._party('importer', place)} {since}, {earlier}"

    def _exporter(self, place: int) -> str:
        others = self._figure("exporter_importers", place)
        if not others:
            return f"{self._party('exporter', place)} not known to sell to anybody else"
        young = self._figure("exporter_young_importers", place)
        found = _examined(
            self._figure("exporter_mates_infractions", place),
            self._figure("exporter_mates_inspected", place),
        )
        count = counted(others, "other importer", "other importers")
        return f"{self._party('exporter', place)} sells to {count}, {young:,.0f} of them new, {found}"

    def _declarant(self, place: int) -> str:
        count = counted(self._figure("declarant_importers", place), "other importer", "other importers")
        young = self._figure("declarant_young_importers", place)
        return f"{self._party('declarant', place)} serves {count}, {young:,.0f} of them new"

    def _exporter_and_declarant(self, place: int) -> str:
        count = counted(self._figure("exporter_declarant_importers", place), "other importer", "other importers")
        found = _examined(
            self._figure("exporter_declarant_mates_infractions", place),
            self._figure("exporter_declarant_mates_inspected", place),
        )
        return f"{self._party('exporter', place)} with {self._party('declarant', place)} serve {count}, {found}"

    def _together(self, other: str, place: int) -> str:
        count = self._figure(f"importer_{other}_shipments", place)
        with_whom = f"{self._party('importer', place)} with {self._party(other, place)}"
        return f"{with_whom}: {counted(count, 'earlier shipment', 'earlier shipments')} together"

    def _owners(self, place: int) -> str:
        owners = counted(self._figure("importer_owners", place), "known owner", "known owners")
        owned = counted(self._figure("importer_subsidiaries", place), "trader of its own", "traders of its own")
        return f"{self._party('importer', place)} has {owners} and {owned}"

    def _shared(self, kind: str, place: int) -> str:
        others = self._figure(f"{kind}_traders", place)
        what = f"{SHARED[kind]} {self._key(f'importer_{kind}', place)}"
        if not others:
            return f"no other trader gives the {what} of {self._party('importer', place)}"
        count = counted(others, "other trader", "other traders")
        young = self._figure(f"{kind}_young_traders", place)
        found = _examined(
            self._figure(f"{kind}_mates_infractions", place), self._figure(f"{kind}_mates_inspected", place)
        )
        return f"{self._party('importer', place)} shares the {what} with {count}, {young:,.0f} of them new, {found}"

    def _community(self, place: int) -> str:
        size = self._figure("community_size", place)
        if not size:
            return f"{self._party('importer', place)} belongs to no community"
        found = _examined(self._figure("community_infractions", place), self._figure("community_inspected", place))
        young = self._figure("community_young_share", place)
        around = f"community of {size:,.0f} around {self._party('importer', place)}"
        return f"{around}, {young:.0%} of them new, {found}"
