"""Structure: how a shipment's parties stand in the network, counted exactly by day.

Shell companies look ordinary one by one; what gives them away is what they share: an address, a telephone number, a
seller, a forwarder, and that all of them are new. Every figure here is a count over one key (or a ratio of two), so it
is exact by day. What reaches further is left to communities and linked risk.

A link or tie counts from the first day on which a record says it. Of `other` traders the shipment's own importer is
left out; outcomes and volumes leave the shipment itself out as well.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from graph.ground import Ground, Ties, joined, paired
from graph.rates import Events, sums
from graph.snapshot import NEVER, Int, Long, Real, Snapshot

YOUNG_DAYS = 180
"""A trader is young on a day if it became known fewer than, or just, so many days before."""

_SHARED = {"address": "address", "email": "e-mail address", "phone": "telephone number"}

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "importer_age_days": "days since the importer became known, 0 if new",
        "exporter_age_days": "days since the exporter became known, 0 if new",
        "declarant_age_days": "days since the declarant became known, 0 if new",
        "importer_address_age_days": "days since the importer's address became known, 0 if new",
        "importer_shipments": "earlier shipments of the importer",
        "exporter_shipments": "earlier shipments of the exporter",
        "declarant_shipments": "earlier shipments of the declarant",
        "importer_exporter_shipments": "earlier shipments of this importer from this exporter",
        "importer_declarant_shipments": "earlier shipments of this importer through this declarant",
        "exporter_declarant_shipments": "earlier shipments of this exporter through this declarant",
        "importer_exporters": "exporters that the importer has bought from",
        "importer_declarants": "declarants that the importer has used",
        "importer_commodities": "commodities that the importer has brought in",
        "importer_origins": "origins of the importer's goods so far",
        "importer_addresses": "addresses that the importer has given",
        "importer_contacts": "e-mail addresses and telephone numbers that the importer has given",
        "importer_owners": "known owners of the importer",
        "importer_subsidiaries": "traders that the importer is known to own",
        "exporter_importers": "other importers that the exporter has sold to",
        "exporter_young_importers": "young traders among the exporter's other importers",
        "exporter_declarant_importers": "other importers of this exporter that have used this declarant",
        "declarant_importers": "other importers that the declarant has served",
        "declarant_young_importers": "young traders among the declarant's other importers",
        "importer_share_of_declarant": "the importer's part of the declarant's earlier shipments",
        "importer_share_of_exporter": "the importer's part of the exporter's earlier shipments",
        "exporter_share_of_importer": "the exporter's part of the importer's earlier shipments",
        "declarant_share_of_importer": "the declarant's part of the importer's earlier shipments",
        "exporter_young_share": "part of the exporter's other importers that are young",
        "exporter_mates_inspected": "inspected shipments of the exporter to other importers",
        "exporter_mates_infractions": "infractions in shipments of the exporter to other importers",
        "exporter_declarant_mates_inspected": "inspected shipments of other importers with this exporter and declarant",
        "exporter_declarant_mates_infractions": "infractions of other importers with this exporter and declarant",
    }
    | {
        f"{kind}_{name}": about.format(thing)
        for kind, thing in _SHARED.items()
        for name, about in {
            "traders": "other traders with the importer's {}",
            "young_traders": "young traders among those with the importer's {}",
            "same_declarant": "other traders with the importer's {} that have used the same declarant",
            "same_exporter": "other traders with the importer's {} that have bought from the same exporter",
            "young_share": "part of the other traders with the importer's {} that are young",
            "same_declarant_share": "part of the other traders with the importer's {} that used the same declarant",
            "mates_inspected": "inspected shipments of other traders with the importer's {}",
            "mates_infractions": "infractions in shipments of other traders with the importer's {}",
        }.items()
    }
)
"""What each figure of `structure` is, in words."""


def _age(first_on: Int, nodes: Int | Long, days: Int) -> Real:
    """Return the days since each node became known; 0 where it is none or not known yet."""
    if not len(first_on):
        return np.zeros(len(nodes))
    since = days.astype(np.int64) - first_on[nodes]
    return np.where((nodes < 0) | (since < 0), 0, since).astype(np.float64)


def _part(of: Real, whole: Real) -> Real:
    return np.divide(of, whole, out=np.zeros(len(of)), where=whole > 0)


def _matured(first_on: Int, days: Int) -> Int:
    """Return the day from which on a tie's trader is no longer young; NEVER stays never."""
    old = np.where(first_on == NEVER, np.int64(NEVER), first_on.astype(np.int64) + YOUNG_DAYS)
    return np.minimum(np.maximum(days, old), NEVER).astype(np.int32)


class _Structure:
    """What the figures have in common: who the parties of the rows are, and what they are counted from."""

    def __init__(self, snapshot: Snapshot, rows: Long, days: Int, ground: Ground) -> None:
        self.ground, self.rows, self.days = ground, rows, days
        declarations = snapshot.declarations
        self.keys = {name: column[rows].astype(np.int64) for name, column in declarations.keys.items()}
        self.shipments = declarations.shipment[rows]
        self.trader_first = snapshot.things["Trader"].first_on
        self.importer, self.exporter, self.declarant = (
            self.keys[role] for role in ("importer", "exporter", "declarant")
        )
        self.figures: dict[str, Real] = {}

    def put(self, name: str, value: Long | Real) -> None:
        self.figures[name] = value.astype(np.float64)

    def ties(self, name: str, ties: Ties, asked: Long) -> Long:
        """Count the ties of what is asked for (a)."""
        return self.ground.distinct(name, lambda: (ties.a, ties.first_on), asked, self.days)

    def others(self, name: str, ties: Ties, asked: Long) -> None:
        """Count the traders (a) tied to what is asked for (b), and the young ones, without the row's importer."""
        own = ties.since(self.importer, asked)
        first, distinct = self.ground.snapshot.things["Trader"].first_on, self.ground.distinct
        every = distinct(name, lambda: (ties.b, ties.first_on), asked, self.days) - (own < self.days)
        matured = distinct(
            name + " matured", lambda: (ties.b, _matured(first[ties.a], ties.first_on)), asked, self.days
        )
        if len(self.trader_first):
            matured -= _matured(self.trader_first[self.importer], own) < self.days
        self.put(name.format(""), every)
        self.put(name.format("young_"), every - matured)

    def of_other_traders(self, name: str, events: Callable[[], tuple[Long, Events]], asked: Long) -> None:
        """Count the outcomes with the key asked for, without the shipments of the row's importer.

        `events` gives the key of every event, and the events.
        """
        keys, met = self.ground.once(name, events)
        declared = self.ground.snapshot.declarations.keys["importer"]
        width = int(declared.max(initial=0)) + 2
        importer = declared[met.rows].astype(np.int64)
        pair = paired(keys, importer, width)
        every, own = (
            sums(met, of, of_asked, self.shipments, self.days, self.ground.tally(f"{name} {what}", met, of))
            for what, of, of_asked in (
                ("all", keys, asked),
                ("own", pair, paired(asked, self.importer, width)),
            )
        )
        for what, total, part in zip(("inspected", "infractions"), every, own, strict=True):
            self.put(f"{name}_{what}", total - part)


def _given(structure: _Structure, kind: str, ties: Ties) -> Long:
    """Return the importer's address or contact: as the row declares it, else the last one known before the day."""
    declared = structure.keys[f"importer_{kind}"]
    if not len(ties.a):
        return declared
    a, b, code = structure.ground.once(f"given {kind}", lambda: _by_first_day(ties))
    at = np.searchsorted(code, structure.importer << 32 | structure.days.astype(np.int64), side="left") - 1
    known = (at >= 0) & (a[np.maximum(at, 0)] == structure.importer)
    return np.where((declared < 0) & known, b[np.maximum(at, 0)], declared)


def _pair(keys: Long, days: Int) -> tuple[Long, Int]:
    return keys, days


def _by_first_day(ties: Ties) -> tuple[Long, Long, Long]:
    """Return a, b and the code of (a, first day) in their order.

    Of the ties before a day the one with the latest first day comes last; of several the one with the greatest number.
    """
    order = np.lexsort((ties.b, ties.first_on, ties.a))
    a, b, first = ties.a[order], ties.b[order], ties.first_on[order]
    return a, b, a << 32 | first.astype(np.int64)


def _shared(structure: _Structure, kind: str, partners: Mapping[str, Ties]) -> None:
    """Count who else has the importer's address or contact, and what came of their shipments."""
    ground = structure.ground
    ties = ground.given(kind)
    asked = _given(structure, kind, ties)
    structure.others(f"{kind}_{{}}traders", ties, asked)
    for role, tie in partners.items():
        width, partner = tie.width, structure.keys[role]

        def together(tie: Ties = tie) -> tuple[Long, Int]:
            at, with_whom = joined(ties.a, tie)
            return ties.b[at] * tie.width + tie.b[with_whom], np.maximum(ties.first_on[at], tie.first_on[with_whom])

        count = ground.distinct(f"{kind} same {role}", together, paired(asked, partner, width), structure.days)
        own = np.maximum(ties.since(structure.importer, asked), tie.since(structure.importer, partner))
        structure.put(f"{kind}_same_{role}", count - (own < structure.days))
    figures = structure.figures
    others = figures[f"{kind}_traders"]
    figures[f"{kind}_young_share"] = _part(figures[f"{kind}_young_traders"], others)
    figures[f"{kind}_same_declarant_share"] = _part(figures[f"{kind}_same_declarant"], others)

    def met() -> tuple[Long, Events]:
        events = ground.outcomes
        at, given = joined(ground.snapshot.declarations.keys["importer"][events.rows].astype(np.int64), ties)
        found = Events(
            events.rows[at],
            np.maximum(events.days[at], ties.first_on[given]),
            tuple(change[at] for change in events.changes),
            events.shipment[at],
            events.of_version,
        )
        return ties.b[given], found

    structure.of_other_traders(f"{kind}_mates", met, asked)


def structure(snapshot: Snapshot, rows: Long, days: Int, ground: Ground | None = None) -> dict[str, Real]:
    """Return the figures of `DESCRIPTIONS`, [n] each, with what was known before each row's day.

    Args:
        snapshot: the network, or one beside it that has the rows (`graph.beside`).
        rows: [n] versions of declarations whose own keys are asked for.
        days: [n] the day of each.
        ground: what is counted, where it is kept from call to call; by default that of the snapshot.
    """
    here = _Structure(snapshot, rows, days, ground or Ground(snapshot))
    ground, keys, days = here.ground, here.keys, here.days
    importer, exporter, declarant = here.importer, here.exporter, here.declarant
    things = snapshot.things
    for name, node, column in (
        ("importer", "Trader", "importer"),
        ("exporter", "Trader", "exporter"),
        ("declarant", "Forwarder", "declarant"),
        ("importer_address", "Address", "importer_address"),
    ):
        here.put(f"{name}_age_days", _age(things[node].first_on, keys[column], days))

    for names in (
        ("importer",),
        ("exporter",),
        ("declarant",),
        ("importer", "exporter"),
        ("importer", "declarant"),
        ("exporter", "declarant"),
    ):
        name = "_".join([*names, "shipments"])
        of, asked = ground.codes(*names), ground.asked(keys, *names)
        held = ground.tally(name, ground.declared, of[ground.declared.rows])
        here.put(name, sums(ground.declared, of[ground.declared.rows], asked, here.shipments, days, held)[0])
    figures = here.figures
    for one, other in (
        ("importer", "declarant"),
        ("importer", "exporter"),
        ("exporter", "importer"),
        ("declarant", "importer"),
    ):
        together = figures["_".join(["importer", other if one == "importer" else one, "shipments"])]
        here.put(f"{one}_share_of_{other}", _part(together, figures[f"{other}_shipments"]))

    partners = {role: ground.partners(role) for role in ("exporter", "declarant")}
    for name, tie in (
        ("importer_exporters", partners["exporter"]),
        ("importer_declarants", partners["declarant"]),
        ("importer_commodities", ground.partners("commodity")),
        ("importer_origins", ground.partners("origin")),
        ("importer_addresses", ground.given("address")),
        ("importer_contacts", ground.given("contact")),
    ):
        here.put(name, here.ties(name, tie, importer))
    held_by = ground.snapshot.ownership
    for name, side in (("owners", held_by.owned), ("subsidiaries", held_by.owner)):
        ends = side.astype(np.int64)
        begun, ended = (
            ground.distinct(f"{name} {what}", partial(_pair, ends, day), importer, days)
            for what, day in (("since", held_by.since), ("until", held_by.until))
        )
        here.put(f"importer_{name}", begun - ended)

    here.others("exporter_{}importers", partners["exporter"], exporter)
    here.others("declarant_{}importers", partners["declarant"], declarant)
    here.put("exporter_young_share", _part(figures["exporter_young_importers"], figures["exporter_importers"]))
    pair, asked = ground.codes("exporter", "declarant"), ground.asked(keys, "exporter", "declarant")
    both = ground.partners("exporter", "declarant")
    alike = ground.distinct("exporter_declarant", lambda: (both.b, both.first_on), asked, days)
    here.put("exporter_declarant_importers", alike - (both.since(importer, asked) < days))

    outcomes = ground.outcomes
    here.of_other_traders("exporter_mates", lambda: (ground.codes("exporter")[outcomes.rows], outcomes), exporter)
    here.of_other_traders("exporter_declarant_mates", lambda: (pair[outcomes.rows], outcomes), asked)
    for kind in _SHARED:
        _shared(here, kind, partners)
    return {name: figures[name] for name in DESCRIPTIONS}
