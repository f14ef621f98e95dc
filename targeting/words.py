"""Reasons in words that name the links."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from graph.cutoffs import last_cutoff
from graph.linked_risk import Path
from graph.snapshot import Long, Real
from targeting.declared import categories, number, numbers
from targeting.facts import Facts, counted, shortened
from targeting.groups import LEADS, Group, fields_of
from targeting.inputs import Inputs
from targeting.network import Network
from targeting.profiles import Combination
from targeting.structure_words import StructureWords

if TYPE_CHECKING:
    from targeting.model import Model

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

_EARLIER = 5
"""Earlier shipments of a commodity that a comparison needs."""


def _number(amount: float) -> str:
    """Return four digits of a small number and all before the point of a large one."""
    return f"{amount:,.0f}" if abs(amount) >= 1000 else f"{amount:.4g}"


class Words:
    """Says reasons of rows; places are positions within the inputs."""

    def __init__(self, model: "Model", here: Network, inputs: Inputs, gnn: Real) -> None:
        self._model, self._here, self._inputs, self._gnn = model, here, inputs, gnn
        self._snapshot, self._behind = here.snapshot, here.behind
        self._facts = Facts(self._snapshot, inputs)
        self._structure_words = StructureWords(self._facts)

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
            "network": lambda about, places, best: self._structure_words.say(about, places),
        }
        said = sayers[group.component](group.about, places, best)
        # A list of reasons is divided by semicolons, so there is none inside a reason.
        return [text[:1].lower() + text[1:].replace(";", ",") for text in said]

    # --- linked risk and graph neural network ------------------------------------------------------------------------

    def _linked(self, about: str, places: Long, best: Long) -> list[str]:
        cutoff = last_cutoff(self._here.cutoffs, self._inputs.days[places])
        said = [""] * len(places)
        for position in np.unique(cutoff[cutoff >= 0]):
            mine = np.flatnonzero(cutoff == position)
            paths = self._here.risk(int(position)).strongest(self._inputs.rows[places[mine]])
            for at, path in zip(mine, paths, strict=True):
                said[at] = f"linked risk {self._facts.figure('linked_risk', int(places[at])):.3g}"
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
        return (self._facts.key(field, place) if held else "") or "not declared"

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
                said.append(counted(float(block.values[place, at]), "container", "containers"))
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
        rows, starts, known = self._here.ground.once("shipments by commodity", self._by_commodity)
        node = int(self._snapshot.declarations.keys["commodity"][self._inputs.rows[place]])
        if not 0 <= node < len(starts) - 1:
            return np.empty(0)
        start, stop = starts[node], starts[node + 1]
        stop = start + np.searchsorted(known[start:stop], self._inputs.days[place])
        every = self._here.ground.once(f"numbers by commodity: {name}", lambda: number(self._behind, name, rows))
        values = every[start:stop]
        return values[~np.isnan(values)]

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
