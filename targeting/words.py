"""Reasons in words that name the links."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from graph import membership
from graph.cutoffs import last_cutoff
from graph.linked_risk import Path
from graph.snapshot import Long, Real
from graph.structure import DESCRIPTIONS
from targeting.declared import categories, numbers
from targeting.groups import LEADS, SHARED, Group, fields_of
from targeting.inputs import Inputs
from targeting.network import Network
from targeting.profiles import Combination

if TYPE_CHECKING:
    from targeting.model import Model

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

_FIELDS = {
    "commodity_2": "commodity",
    "commodity_4": "commodity",
    "commodity_6": "commodity",
    "origin": "origin",
    "departure": "from",
    "departure_country": "from",
    "destination_country": "to",
    "net_mass_kg": "net mass (kg)",
    "gross_mass_kg": "gross mass (kg)",
    "mass_per_package": "mass per package (kg)",
    "mass_per_unit": "mass per unit (kg)",
    "net_part_of_gross": "net by gross mass",
    "customs_value": "value",
    "duty_part_of_value": "duty by value",
    "importer_aeo": "importer's trusted-trader status",
    "exporter_aeo": "exporter's trusted-trader status",
    "departed_elsewhere": "departed from another country than the origin",
    "containers": "number of containers",
}

LONGEST = 60
"""Characters of a value that are shown."""

_EARLIER = 5
"""Earlier shipments of a commodity that a comparison needs."""


def shortened(text: str) -> str:
    """Return a value as it is shown: at most `LONGEST` characters."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _number(amount: float) -> str:
    """Return four digits of a small number and all before the point of a large one."""
    return f"{amount:,.0f}" if abs(amount) >= 1000 else f"{amount:.4g}"


def _counted(count: float, one: str, many: str) -> str:
    return f"{count:,.0f} {one if count == 1 else many}"


def _examined(infractions: float, inspected: float) -> str:
    if not inspected:
        return "none of their shipments examined before"
    return f"{infractions:,.0f} of {inspected:,.0f} examined shipments were infractions"


class Words:
    """Says reasons of rows; places are positions within the inputs."""

    def __init__(self, model: "Model", here: Network, inputs: Inputs, gnn: Real) -> None:
        self._model, self._here, self._inputs, self._gnn = model, here, inputs, gnn
        self._snapshot, self._behind = here.snapshot, here.behind
        self._column = {name: at for at, name in enumerate(inputs.network.names)}

    def say(self, group: Group, places: Long, best: Long) -> list[str]:
        """Return the reason of each place.

        Args:
            group: what the reason is about.
            places: [m] positions within the inputs.
            best: [m] the feature that leads the group, by its number in its own model.
        """
        sayers: Mapping[str, Callable[[str, Long, Long], Sequence[str]]] = {
            "declared": self._declared,
            "profile": self._profile,
            "linked": self._linked,
            "gnn": self._network_model,
            "network": self._structure,
        }
        said = sayers[group.component](group.about, places, best)
        # A list of reasons is divided by semicolons, so there is none inside a reason.
        return [text[:1].lower() + text[1:].replace(";", ",") for text in said]

    # --- facts -------------------------------------------------------------------------------------------------------

    def _figure(self, name: str, place: int) -> float:
        return float(self._inputs.network.values[place, self._column[name]])

    def _key(self, column: str, place: int) -> str:
        declarations = self._snapshot.declarations
        node = int(declarations.keys[column][self._inputs.rows[place]])
        if node < 0:
            return ""
        return shortened(self._snapshot.things[declarations.key_types[column]].keys[node].as_py())

    def _party(self, role: str, place: int) -> str:
        return f"{role} {self._key(role, place)}"

    # --- structure and communities -----------------------------------------------------------------------------------

    def _structure(self, about: str, places: Long, best: Long) -> list[str]:
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
        since = f"known for {_counted(age, 'day', 'days')}" if age else "never seen before"
        earlier = _counted(self._figure("importer_shipments", place), "earlier shipment", "earlier shipments")
        return f"{self._party('importer', place)} {since}, {earlier}"

    def _exporter(self, place: int) -> str:
        others = self._figure("exporter_importers", place)
        if not others:
            return f"{self._party('exporter', place)} not known to sell to anybody else"
        young = self._figure("exporter_young_importers", place)
        found = _examined(
            self._figure("exporter_mates_infractions", place), self._figure("exporter_mates_inspected", place)
        )
        count = _counted(others, "other importer", "other importers")
        return f"{self._party('exporter', place)} sells to {count}, {young:,.0f} of them new, {found}"

    def _declarant(self, place: int) -> str:
        count = _counted(self._figure("declarant_importers", place), "other importer", "other importers")
        young = self._figure("declarant_young_importers", place)
        return f"{self._party('declarant', place)} serves {count}, {young:,.0f} of them new"

    def _exporter_and_declarant(self, place: int) -> str:
        count = _counted(self._figure("exporter_declarant_importers", place), "other importer", "other importers")
        found = _examined(
            self._figure("exporter_declarant_mates_infractions", place),
            self._figure("exporter_declarant_mates_inspected", place),
        )
        return f"{self._party('exporter', place)} with {self._party('declarant', place)} serve {count}, {found}"

    def _together(self, other: str, place: int) -> str:
        count = self._figure(f"importer_{other}_shipments", place)
        with_whom = f"{self._party('importer', place)} with {self._party(other, place)}"
        return f"{with_whom}: {_counted(count, 'earlier shipment', 'earlier shipments')} together"

    def _owners(self, place: int) -> str:
        owners = _counted(self._figure("importer_owners", place), "known owner", "known owners")
        owned = _counted(self._figure("importer_subsidiaries", place), "trader of its own", "traders of its own")
        return f"{self._party('importer', place)} has {owners} and {owned}"

    def _shared(self, kind: str, place: int) -> str:
        others = self._figure(f"{kind}_traders", place)
        what = f"{SHARED[kind]} {self._key(f'importer_{kind}', place)}"
        if not others:
            return f"no other trader gives the {what} of {self._party('importer', place)}"
        count = _counted(others, "other trader", "other traders")
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

    # --- linked risk and graph neural network ------------------------------------------------------------------------

    def _linked(self, about: str, places: Long, best: Long) -> list[str]:
        cutoff = last_cutoff(self._here.cutoffs, self._inputs.days[places])
        said = [""] * len(places)
        for position in np.unique(cutoff[cutoff >= 0]):
            mine = np.flatnonzero(cutoff == position)
            paths = self._here.risk(int(position)).strongest(self._inputs.rows[places[mine]])
            for at, path in zip(mine, paths, strict=True):
                said[at] = f"linked risk {self._figure('linked_risk', int(places[at])):.3g}"
                if path is not None:
                    said[at] += f", the strongest path from the infraction {_path(path)}"
        return [text or "no linked risk is known yet" for text in said]

    def _network_model(self, about: str, places: Long, best: Long) -> list[str]:
        from gnn.explain import contributions, phrase

        moved = contributions(self._model.gnn, self._inputs.tokens.take(places))
        names = list(moved)
        strongest = np.argmax(np.stack([moved[name] for name in names], axis=1), axis=1)
        said = []
        for place, at in zip(places, strongest, strict=True):
            said.append(f"graph neural network {self._gnn[place]:.2f}, mostly for {phrase(names[int(at)])}")
        return said

    # --- profiles ----------------------------------------------------------------------------------------------------

    def _profile(self, about: str, places: Long, best: Long) -> list[str]:
        found = self._inputs.profiles
        said = []
        for place, at in zip(places, best, strict=True):
            fields = fields_of(self._inputs.profile.names[int(at)])
            inspected, infractions = int(found.inspected[place, at]), int(found.infractions[place, at])
            count = (
                f"{infractions:,} of {inspected:,} examined were infractions" if inspected else "none examined before"
            )
            said.append(f"{self._combination(fields, int(place))}: {count}")
        return said

    def _combination(self, fields: Combination, place: int) -> str:
        leads = {lead: number for number, lead in enumerate(LEADS)}
        order = sorted(fields, key=lambda field: (leads.get(field.split("_")[0], len(leads)), field))
        return ", ".join(f"{field_name(field)} {self._value(field, place)}" for field in order)

    def _value(self, field: str, place: int) -> str:
        amount = float(self._numbers[field][place]) if field in self._numbers else np.nan
        if not np.isnan(amount):
            if amount <= 0:
                return "0"
            power = 2.0 ** (int(np.frexp(amount)[1]) - 1)
            return f"{_number(power)} to {_number(2 * power)}"
        return self._category_value(field, place)

    @cached_property
    def _numbers(self) -> dict[str, Real]:
        return numbers(self._snapshot, self._inputs.rows)

    @cached_property
    def _categories(self) -> dict[str, tuple[Long, list[str]]]:
        return categories(self._snapshot, self._inputs.rows)

    def _category_value(self, field: str, place: int) -> str:
        if field in self._categories:
            codes, texts = self._categories[field]
            return shortened(texts[int(codes[place])]) if codes[place] >= 0 else "not declared"
        held = field in self._snapshot.declarations.keys
        return (self._key(field, place) if held else "") or "not declared"

    # --- declared data -----------------------------------------------------------------------------------------------

    def _declared(self, about: str, places: Long, best: Long) -> list[str]:
        block = self._inputs.declared
        said = []
        for place, at in zip(places, best, strict=True):
            name, place = block.names[int(at)], int(place)
            if name in self._numbers and not block.categorical[int(at)]:
                said.append(f"{field_name(name)} {self._amount(name, place)}")
            elif name == "departed_elsewhere":
                differs = block.values[place, at]
                if np.isnan(differs):
                    said.append("country of departure or of origin not declared")
                else:
                    said.append(field_name(name) if differs else "departed from the country of origin")
            elif name == "containers":
                said.append(_counted(float(block.values[place, at]), "container", "containers"))
            else:
                said.append(f"{field_name(name)} {self._category_value(name, place)}")
        return said

    def _amount(self, name: str, place: int) -> str:
        amount = float(self._numbers[name][place])
        if np.isnan(amount):
            return "not declared"
        earlier = self._earlier(name, place)
        text = _number(amount)
        if len(earlier) < _EARLIER:
            return text
        above = float((earlier < amount).mean())
        if above <= 0.2:
            return f"{text}, low for its commodity"
        return f"{text}, high for its commodity" if above >= 0.8 else f"{text}, usual for its commodity"

    def _earlier(self, name: str, place: int) -> Real:
        """Return the numbers of shipments of the same commodity declared before the row's day."""
        rows, starts, known = self._by_commodity
        node = int(self._snapshot.declarations.keys["commodity"][self._inputs.rows[place]])
        if not 0 <= node < len(starts) - 1:
            return np.empty(0)
        start, stop = starts[node], starts[node + 1]
        stop = start + np.searchsorted(known[start:stop], self._inputs.days[place])
        values = self._all_numbers[name][rows[start:stop]]
        return values[~np.isnan(values)]

    @cached_property
    def _all_numbers(self) -> dict[str, Real]:
        return numbers(self._behind, np.arange(len(self._behind.declarations)))

    @cached_property
    def _by_commodity(self) -> tuple[Long, Long, Long]:
        """Return the first versions sorted by commodity and day, where each commodity starts, and their days."""
        declarations = self._behind.declarations
        commodity = declarations.keys["commodity"].astype(np.int64)
        first = declarations.first[commodity[declarations.first] >= 0]
        order = first[np.lexsort((declarations.known_on[first], commodity[first]))]
        starts = np.searchsorted(commodity[order], np.arange(len(self._behind.things["Commodity"]) + 1))
        return order, starts, declarations.known_on[order].astype(np.int64)


def field_name(field: str) -> str:
    """Return what a field is called in a reason."""
    return _FIELDS.get(field) or field.removeprefix("extra.").replace("_", " ")


def _path(path: Path) -> str:
    steps = [f"{step.ref.type.lower()} {shortened(step.ref.key)}" for step in path.steps[:-1]]
    return " > ".join([shortened(path.source.key), *steps])
