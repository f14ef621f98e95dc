"""Structure: how a shipment's parties stand in the network, counted exactly by day.

Shell companies look ordinary one by one; what gives them away is what they share: an address, a telephone number, a
seller, a forwarder, and that all of them are new. Every figure here is a count over one key (or a ratio of two), so it
is exact by day. What reaches further is left to communities and linked risk.

A link or tie counts from the first day on which a record says it. Of `other` traders the shipment's own importer is
left out; outcomes and volumes leave the shipment itself out as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow.compute as pc

from graph.rates import Events, combine, declaration_events, outcome_events, sums, tally, volumes
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


@dataclass(frozen=True)
class _Ties:
    """Distinct pairs (a, b) with the first day of each, sorted by a, then b; `width` is above every b."""

    a: Long
    b: Long
    first_on: Int
    width: int

    def since(self, a: Long, b: Long) -> Int:
        """Return the first day of each pair asked for, NEVER where there is none."""
        first = np.full(len(a), NEVER, dtype=np.int32)
        if len(self.a):
            code = self.a * self.width + self.b
            asked = np.where((a < 0) | (b < 0) | (b >= self.width), -1, a * self.width + b)
            at = np.minimum(np.searchsorted(code, asked), len(code) - 1)
            found = code[at] == asked
            first[found] = self.first_on[at[found]]
        return first


def _ties(a: Int | Long, b: Int | Long, days: Int) -> _Ties:
    kept = np.flatnonzero((a >= 0) & (b >= 0) & (days < NEVER))
    left, right, when = a[kept].astype(np.int64), b[kept].astype(np.int64), days[kept]
    width = int(right.max(initial=0)) + 1
    code = left * width + right
    order = np.lexsort((when, code))
    first = order[np.flatnonzero(np.diff(code[order], prepend=-1))]
    return _Ties(left[first], right[first], when[first], width)


def _linked(snapshot: Snapshot, start: str, link: str, end: str) -> _Ties:
    adjacency = snapshot.links.get((start, link, end))
    if adjacency is None:
        empty = np.empty(0, dtype=np.int32)
        return _ties(empty, empty, empty)
    return _ties(adjacency.starts, adjacency.indices, adjacency.first_on)


def _joined(left: Long, ties: _Ties) -> tuple[Long, Long]:
    """Return (position in `left`, position in `ties`) of every meeting of left[i] with a tie's a."""
    start = np.searchsorted(ties.a, left, side="left")
    size = np.searchsorted(ties.a, left, side="right") - start
    at = np.repeat(np.arange(len(left)), size)
    return at, np.repeat(start - (np.cumsum(size) - size), size) + np.arange(len(at))


def _distinct(keys: Long, days: Int, asked: Long, before: Int) -> Long:
    return tally(keys, days, [np.ones(len(keys), dtype=np.int64)], asked, before)[0]


def _age(first_on: Int, nodes: Int, days: Int) -> Real:
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
    """What the figures have in common: who the parties of the rows are, and the events of the network."""

    def __init__(self, snapshot: Snapshot, rows: Long, days: Int) -> None:
        self.snapshot, self.rows, self.days = snapshot, rows, days
        declarations = snapshot.declarations
        self.keys = declarations.keys
        self.shipments = declarations.shipment[rows]
        self.outcomes = outcome_events(snapshot)
        self.trader_first = snapshot.things["Trader"].first_on
        self.importer, self.exporter, self.declarant = (
            declarations.keys[role][rows].astype(np.int64) for role in ("importer", "exporter", "declarant")
        )
        self.figures: dict[str, Real] = {}

    def put(self, name: str, value: Long | Real) -> None:
        self.figures[name] = value.astype(np.float64)

    def others(self, name: str, ties: _Ties, asked: Long) -> None:
        """Count the traders (a) tied to what is asked for (b), and the young ones, without the row's importer."""
        own = ties.since(self.importer, asked)
        every = _distinct(ties.b, ties.first_on, asked, self.days) - (own < self.days)
        matured = _distinct(ties.b, _matured(self.trader_first[ties.a], ties.first_on), asked, self.days)
        if len(self.trader_first):
            matured -= _matured(self.trader_first[self.importer], own) < self.days
        self.put(name.format(""), every)
        self.put(name.format("young_"), every - matured)

    def of_other_traders(self, name: str, keys: Long, events: Events, asked: Long) -> None:
        """Count the outcomes with the key asked for, without the shipments of the row's importer."""
        importer = self.keys["importer"][events.rows].astype(np.int64)
        width = int(self.keys["importer"].max(initial=0)) + 2
        every = sums(events, keys, asked, self.shipments, self.days)
        pair = np.where((keys < 0) | (importer < 0), -1, keys * width + importer)
        own_key = np.where((asked < 0) | (self.importer < 0), -1, asked * width + self.importer)
        own = sums(events, pair, own_key, self.shipments, self.days)
        for what, total, part in zip(("inspected", "infractions"), every, own, strict=True):
            self.put(f"{name}_{what}", total - part)


def _given(structure: _Structure, kind: str, ties: _Ties) -> Long:
    """Return the importer's address or contact: as the row declares it, else the last one known before the day."""
    declared = structure.keys[f"importer_{kind}"][structure.rows].astype(np.int64)
    if not len(ties.a):
        return declared
    # Of the ties before the day the one with the latest first day; of several the one with the greatest number.
    order = np.lexsort((ties.b, ties.first_on, ties.a))
    a, b, first = ties.a[order], ties.b[order], ties.first_on[order]
    code = a << 32 | first.astype(np.int64)
    at = np.searchsorted(code, structure.importer << 32 | structure.days.astype(np.int64), side="left") - 1
    known = (at >= 0) & (a[np.maximum(at, 0)] == structure.importer)
    return np.where((declared < 0) & known, b[np.maximum(at, 0)], declared)


def _contacts(snapshot: Snapshot, ties: _Ties, email: bool) -> _Ties:
    """Keep the contacts that are e-mail addresses, or those that are not."""
    if not len(ties.a):
        return ties
    is_email = pc.match_substring(snapshot.things["Contact"].keys, "@").to_numpy(zero_copy_only=False)
    kept = is_email[ties.b] == email
    return _Ties(ties.a[kept], ties.b[kept], ties.first_on[kept], ties.width)


def _shared(structure: _Structure, kind: str, ties: _Ties, partners: Mapping[str, _Ties]) -> None:
    """Count who else has the importer's address or contact, and what came of their shipments."""
    asked = _given(structure, kind, ties)
    structure.others(f"{kind}_{{}}traders", ties, asked)
    for role, tie in partners.items():
        at, with_whom = _joined(ties.a, tie)
        width = tie.width
        together = np.maximum(ties.first_on[at], tie.first_on[with_whom])
        partner = getattr(structure, role)
        key = np.where((asked < 0) | (partner < 0) | (partner >= width), -1, asked * width + partner)
        count = _distinct(ties.b[at] * width + tie.b[with_whom], together, key, structure.days)
        own = np.maximum(ties.since(structure.importer, asked), tie.since(structure.importer, partner))
        structure.put(f"{kind}_same_{role}", count - (own < structure.days))
    figures = structure.figures
    others = figures[f"{kind}_traders"]
    figures[f"{kind}_young_share"] = _part(figures[f"{kind}_young_traders"], others)
    figures[f"{kind}_same_declarant_share"] = _part(figures[f"{kind}_same_declarant"], others)
    events = structure.outcomes
    at, given = _joined(structure.keys["importer"][events.rows].astype(np.int64), ties)
    met = Events(
        events.rows[at],
        np.maximum(events.days[at], ties.first_on[given]),
        tuple(change[at] for change in events.changes),
        events.shipment[at],
        events.of_version,
    )
    structure.of_other_traders(f"{kind}_mates", ties.b[given], met, asked)


def structure(snapshot: Snapshot, rows: Long, days: Int) -> dict[str, Real]:
    """Return the figures of `DESCRIPTIONS`, [n] each, with what was known before each row's day.

    Args:
        snapshot: the network.
        rows: [n] versions of declarations whose own keys are asked for.
        days: [n] the day of each.
    """
    here = _Structure(snapshot, rows, days)
    keys, days = here.keys, here.days
    importer, exporter, declarant = here.importer, here.exporter, here.declarant
    things = snapshot.things
    for name, node, column in (
        ("importer", "Trader", "importer"),
        ("exporter", "Trader", "exporter"),
        ("declarant", "Forwarder", "declarant"),
        ("importer_address", "Address", "importer_address"),
    ):
        here.put(f"{name}_age_days", _age(things[node].first_on, keys[column][rows], days))

    declared = declaration_events(snapshot.declarations)
    for names in (
        ("importer",),
        ("exporter",),
        ("declarant",),
        ("importer", "exporter"),
        ("importer", "declarant"),
        ("exporter", "declarant"),
    ):
        codes = combine(*(keys[name] for name in names))
        here.put("_".join([*names, "shipments"]), volumes(declared, codes, rows, days))
    figures = here.figures
    for one, other in (
        ("importer", "declarant"),
        ("importer", "exporter"),
        ("exporter", "importer"),
        ("declarant", "importer"),
    ):
        together = figures["_".join(["importer", other if one == "importer" else one, "shipments"])]
        here.put(f"{one}_share_of_{other}", _part(together, figures[f"{other}_shipments"]))

    known_on = snapshot.declarations.known_on
    partners = {role: _ties(keys["importer"], keys[role], known_on) for role in ("exporter", "declarant")}
    for name, tie in (
        ("exporters", partners["exporter"]),
        ("declarants", partners["declarant"]),
        ("commodities", _ties(keys["importer"], keys["commodity"], known_on)),
        ("origins", _ties(keys["importer"], keys["origin"], known_on)),
        ("addresses", _linked(snapshot, "Trader", "AT_ADDRESS", "Address")),
        ("contacts", _linked(snapshot, "Trader", "HAS_CONTACT", "Contact")),
    ):
        here.put(f"importer_{name}", _distinct(tie.a, tie.first_on, importer, days))
    held = snapshot.ownership
    for name, side in (("owners", held.owned), ("subsidiaries", held.owner)):
        ends = side.astype(np.int64)
        begun, ended = (_distinct(ends, day, importer, days) for day in (held.since, held.until))
        here.put(f"importer_{name}", begun - ended)

    here.others("exporter_{}importers", partners["exporter"], exporter)
    here.others("declarant_{}importers", partners["declarant"], declarant)
    here.put("exporter_young_share", _part(figures["exporter_young_importers"], figures["exporter_importers"]))
    pair = combine(keys["exporter"], keys["declarant"])
    both = _ties(keys["importer"], pair, known_on)
    alike = _distinct(both.b, both.first_on, pair[rows], days)
    here.put("exporter_declarant_importers", alike - (both.since(importer, pair[rows]) < days))

    here.of_other_traders(
        "exporter_mates", keys["exporter"][here.outcomes.rows].astype(np.int64), here.outcomes, exporter
    )
    here.of_other_traders("exporter_declarant_mates", pair[here.outcomes.rows], here.outcomes, pair[rows])

    contacts = _linked(snapshot, "Trader", "HAS_CONTACT", "Contact")
    _shared(here, "address", _linked(snapshot, "Trader", "AT_ADDRESS", "Address"), partners)
    _shared(here, "email", _contacts(snapshot, contacts, email=True), partners)
    _shared(here, "phone", _contacts(snapshot, contacts, email=False), partners)
    return {name: figures[name] for name in DESCRIPTIONS}
