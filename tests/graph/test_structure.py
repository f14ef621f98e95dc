from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.snapshot import Snapshot, labels
from graph.structure import DESCRIPTIONS, YOUNG_DAYS, structure
from tests.graph.networks import FIRST, Rows, day_number, matched, shuffled, snapshot, world


class _ByDefinition:
    """What the figures mean, worked out shipment by shipment and link by link for one row and day."""

    def __init__(self, view: Snapshot, row: int, day: int) -> None:
        self.view, self.row, self.day = view, row, day
        self.held = view.declarations
        self.own = {column: int(values[row]) for column, values in self.held.keys.items()}

    def links(self, link: str, end: str) -> set[tuple[int, int]]:
        if link == "OWNED_BY":
            owned = self.view.ownership
            held = (owned.since < self.day) & (self.day <= owned.until)
            return set(zip(owned.owned[held].tolist(), owned.owner[held].tolist(), strict=True))
        adjacency = self.view.links.get(("Trader", link, end))
        if adjacency is None:
            return set()
        known = adjacency.first_on < self.day
        return set(zip(adjacency.starts[known].tolist(), adjacency.indices[known].tolist(), strict=True))

    def ever(self, *columns: str) -> set[tuple[int, ...]]:
        """Return the combinations that any version known before the day named together."""
        rows = np.flatnonzero(self.held.known_on < self.day)
        named = {tuple(int(self.held.keys[column][row]) for column in columns) for row in rows}
        return {combination for combination in named if min(combination) >= 0}

    def young(self, traders: set[int]) -> int:
        first = self.view.things["Trader"].first_on
        return sum(int(first[trader]) >= self.day - YOUNG_DAYS for trader in traders)

    def outcomes(self, traders: set[int], **wanted: int) -> tuple[int, int]:
        """Count inspected shipments of others than the importer, among importers `traders` and with the keys wanted."""
        inspected = infractions = 0
        for row in np.flatnonzero((self.held.known_on < self.day) & (self.day <= self.held.until)):
            importer = int(self.held.keys["importer"][row])
            if (
                importer in traders - {self.own["importer"]}
                and self.held.shipment[row] != self.held.shipment[self.row]
                and all(self.held.keys[column][row] == node for column, node in wanted.items())
            ):
                label = labels(self.view, self.held.shipment[[row]], np.array([self.day], dtype=np.int32))[0]
                inspected += int(label >= 0)
                infractions += int(label == 1)
        return inspected, infractions

    def shared(self, kind: str) -> dict[str, float]:
        link, end = ("AT_ADDRESS", "Address") if kind == "address" else ("HAS_CONTACT", "Contact")
        links = self.links(link, end)
        thing = self.own[f"importer_{kind}"]
        if thing < 0:
            adjacency = self.view.links.get(("Trader", link, end))
            keys = self.view.things[end].keys.to_pylist()
            mine = []
            for trader, node, first in (
                zip(adjacency.starts, adjacency.indices, adjacency.first_on, strict=True) if adjacency else ()
            ):
                fits = kind == "address" or ("@" in keys[node]) == (kind == "email")
                if trader == self.own["importer"] and first < self.day and fits:
                    mine.append((first, node))
            thing = int(max(mine)[1]) if mine else -1
        givers = {trader for trader, node in links if node == thing}
        others = givers - {self.own["importer"]}
        same = {
            role: sum((trader, self.own[role]) in self.ever("importer", role) for trader in others)
            for role in ("declarant", "exporter")
        }
        inspected, infractions = self.outcomes(others)
        return {
            f"{kind}_traders": len(others),
            f"{kind}_young_traders": self.young(others),
            f"{kind}_same_declarant": same["declarant"],
            f"{kind}_same_exporter": same["exporter"],
            f"{kind}_young_share": self.young(others) / len(others) if others else 0,
            f"{kind}_same_declarant_share": same["declarant"] / len(others) if others else 0,
            f"{kind}_mates_inspected": inspected,
            f"{kind}_mates_infractions": infractions,
        }

    def volume(self, *columns: str) -> int:
        rows = np.flatnonzero((self.held.known_on < self.day) & (self.day <= self.held.until))
        return sum(
            self.held.shipment[row] != self.held.shipment[self.row]
            and all(self.own[column] >= 0 and self.held.keys[column][row] == self.own[column] for column in columns)
            for row in rows
        )

    def figures(self) -> dict[str, float]:
        own, found = self.own, dict[str, float]()
        for name, node, column in (
            ("importer", "Trader", "importer"),
            ("exporter", "Trader", "exporter"),
            ("declarant", "Forwarder", "declarant"),
            ("importer_address", "Address", "importer_address"),
        ):
            first = int(self.view.things[node].first_on[own[column]]) if own[column] >= 0 else self.day
            found[f"{name}_age_days"] = max(self.day - first, 0)
        for columns in (
            ["importer"],
            ["exporter"],
            ["declarant"],
            ["importer", "exporter"],
            ["importer", "declarant"],
            ["exporter", "declarant"],
        ):
            found["_".join([*columns, "shipments"])] = self.volume(*columns)
        for one, other, pair in (
            ("importer", "declarant", "importer_declarant"),
            ("importer", "exporter", "importer_exporter"),
            ("exporter", "importer", "importer_exporter"),
            ("declarant", "importer", "importer_declarant"),
        ):
            whole = found[f"{other}_shipments"]
            found[f"{one}_share_of_{other}"] = found[f"{pair}_shipments"] / whole if whole else 0
        importer = own["importer"]
        for name, column in (
            ("exporters", "exporter"),
            ("declarants", "declarant"),
            ("commodities", "commodity"),
            ("origins", "origin"),
        ):
            found[f"importer_{name}"] = sum(one == importer for one, _ in self.ever("importer", column))
        for name, link, end in (
            ("addresses", "AT_ADDRESS", "Address"),
            ("contacts", "HAS_CONTACT", "Contact"),
            ("owners", "OWNED_BY", "Trader"),
        ):
            found[f"importer_{name}"] = sum(one == importer for one, _ in self.links(link, end))
        found["importer_subsidiaries"] = sum(one == importer for _, one in self.links("OWNED_BY", "Trader"))
        for role in ("exporter", "declarant"):
            clients = {one for one, other in self.ever("importer", role) if other == own[role]} - {importer}
            found[f"{role}_importers"], found[f"{role}_young_importers"] = len(clients), self.young(clients)
        others = found["exporter_importers"]
        found["exporter_young_share"] = found["exporter_young_importers"] / others if others else 0
        both = {one for one, *pair in self.ever("importer", "exporter", "declarant") if pair == self.pair()}
        found["exporter_declarant_importers"] = len(both - {importer})
        everyone = set(range(len(self.view.things["Trader"])))
        blank = min(self.pair()) < 0
        mates = {
            "exporter": self.outcomes(everyone, exporter=own["exporter"]),
            "exporter_declarant": (0, 0)
            if blank
            else self.outcomes(everyone, exporter=own["exporter"], declarant=own["declarant"]),
        }
        for name, (inspected, infractions) in mates.items():
            found[f"{name}_mates_inspected"], found[f"{name}_mates_infractions"] = inspected, infractions
        for kind in ("address", "email", "phone"):
            found.update(self.shared(kind))
        return found

    def pair(self) -> list[int]:
        return [self.own["exporter"], self.own["declarant"]]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_the_figures_are_those_of_the_definition_on_any_day(seed: int) -> None:
    view = snapshot(world(seed))
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(view.declarations), size=12)
    days = (day_number(FIRST) + rng.integers(1, 420, size=12)).astype(np.int32)
    found = structure(view, rows, days)
    assert list(found) == list(DESCRIPTIONS)
    for at, (row, day) in enumerate(zip(rows, days, strict=True)):
        expected = _ByDefinition(view, int(row), int(day)).figures()
        assert {name: values[at] for name, values in found.items()} == pytest.approx(expected, abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 300))
def test_what_becomes_known_later_changes_no_figure(seed: int, day: int) -> None:
    until = FIRST + timedelta(days=day)
    answers: list[dict[str, Any]] = []
    early, late = snapshot(world(seed), until), snapshot(shuffled(world(seed), seed))
    for view, rows in zip((early, late), matched(early, late), strict=True):
        days = np.minimum(view.declarations.known_on[rows] + 30, day_number(until)).astype(np.int32)
        answers.append({name: values.tolist() for name, values in structure(view, rows, days).items()})
    assert answers[0] == answers[1]


def test_a_new_importer_stands_out_by_the_company_it_keeps() -> None:
    rows = Rows.new()
    for at in range(4):
        rows.declare(f"s/{at}", at, f"s/T{at}", address="den", phone="+1")
        rows.find(f"s/{at}", 20, "infraction" if at < 2 else "clean")
    rows.declare("s/new", 30, "s/T9", address="den", phone="+2")
    view = rows.snapshot()
    last = np.array([len(view.declarations) - 1])
    found = structure(view, last, np.array([day_number(FIRST) + 30], dtype=np.int32))
    figures = {name: float(values[0]) for name, values in found.items()}
    assert view.things["Shipment"].keys[int(view.declarations.shipment[last[0]])].as_py() == "s/new"
    assert figures["importer_age_days"] == 0
    assert figures["address_traders"] == figures["address_young_traders"] == figures["address_same_declarant"] == 4
    assert (figures["address_mates_inspected"], figures["address_mates_infractions"]) == (4, 2)
    assert figures["phone_traders"] == 0


def test_a_network_without_addresses_or_shipments_has_figures_of_zero() -> None:
    rows = Rows.new()
    rows.declare("s/1", 0, "s/A", declarant=None)
    found = structure(rows.snapshot(), np.array([0]), np.array([day_number(FIRST)], dtype=np.int32))
    assert {float(values[0]) for values in found.values()} == {0.0}
    empty = structure(Rows.new().snapshot(), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32))
    assert all(len(values) == 0 for values in empty.values())
