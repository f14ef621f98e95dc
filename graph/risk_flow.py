"""How risk flows: the evidence, the hops between parties, and what reaches whom (see `graph/linked_risk.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from graph.snapshot import Flag, Long, Real, Snapshot
from graph.ties import SHARED, Members, Numbering, counting, matching, members, owners, pairs, runs, sharing

PARTIES = ("Trader", "Forwarder", "Vessel")
ROLES = {
    "importer": ("Trader", "IMPORTED_BY"),
    "exporter": ("Trader", "EXPORTED_BY"),
    "declarant": ("Forwarder", "DECLARED_BY"),
    "vessel": ("Vessel", "ABOARD"),
}
LINKS = ("IMPORTED_BY", "EXPORTED_BY", "DECLARED_BY", "ABOARD", "AT_ADDRESS", "HAS_CONTACT", "OWNED_BY")


@dataclass(frozen=True)
class Parameters:
    """What the flow of risk depends on.

    Attributes:
        half_life_days: age at which an infraction counts half.
        strength: m, inspections that a party is credited with before its first.
        shared: d for an address or contact, per link.
        owned: d for ownership.
        trades: d between an importer and its exporters and declarants.
        shared_by_most: an address or contact of more parties than this carries nothing; its part would be smaller
            than that of one link in a hundred.
        importer, exporter, declarant, vessel: what of a party's risk reaches its shipment.
    """

    half_life_days: float = 365.0
    strength: float = 1.0
    shared: float = 0.9
    owned: float = 0.7
    trades: float = 0.5
    shared_by_most: int = 100
    importer: float = 1.0
    exporter: float = 0.7
    declarant: float = 0.3
    vessel: float = 0.5


PARAMETERS = Parameters()


class Sources(NamedTuple):
    """One row per infraction and party, sorted by party: where the evidence enters, and how much of it.

    `link` is the position in `LINKS`; `shared_by` the inspections or clients that the weight was divided by.
    """

    party: Long
    shipment: Long
    weight: Real
    link: Long
    shared_by: Long


class Hops(NamedTuple):
    """One row per way from one party to another, sorted by the one reached.

    `via` is the number of the address or contact, -1 where the link is direct; `weight` is what is kept of the risk,
    `shared_by` what it was divided by, `link` the position in `LINKS`.
    """

    to: Long
    start: Long
    via: Long
    weight: Real
    link: Long
    shared_by: Long


class _Matrix:
    """A sparse matrix with sorted rows, whose single entries can be looked up in bulk."""

    def __init__(self, rows: Long, columns: Long, values: Real, shape: tuple[int, int]) -> None:
        held = sp.csr_array(sp.coo_array((values, (rows, columns)), shape=shape))
        held.sort_indices()
        self._held, self._width = held, max(shape[1], 1)
        self.start: Long = held.indptr.astype(np.int64)
        self.column: Long = held.indices.astype(np.int64)
        self.value: Real = held.data
        self._code = np.repeat(np.arange(shape[0]), np.diff(self.start)) * self._width + self.column

    def times(self, vector: Real) -> Real:
        return np.asarray(self._held @ vector, dtype=np.float64)

    def at(self, rows: Long, columns: Long) -> Real:
        """Return the entries (rows[i], columns[i])."""
        if not len(self._code):
            return np.zeros(len(rows))
        asked = rows * self._width + columns
        place = np.minimum(np.searchsorted(self._code, asked), len(self._code) - 1)
        return np.where(self._code[place] == asked, self.value[place], 0.0)


def _inner(left: _Matrix, rows: Long, right: _Matrix, others: Long) -> Real:
    """Return the inner products of left[rows[i]] and right[others[i]]; of each two the shorter row is gone through."""
    totals = np.zeros(len(rows))
    sizes = [matrix.start[at + 1] - matrix.start[at] for matrix, at in ((left, rows), (right, others))]
    shorter = sizes[0] <= sizes[1]
    for mine, (here, at), (there, facing) in (
        (np.flatnonzero(shorter), (left, rows), (right, others)),
        (np.flatnonzero(~shorter), (right, others), (left, rows)),
    ):
        of, place = runs(here.start[at[mine]], here.start[at[mine] + 1] - here.start[at[mine]])
        products = here.value[place] * there.at(facing[mine][of], here.column[place])
        totals[mine] = np.bincount(of, products, minlength=len(mine))
    return totals


def _held(codes: Long, asked: Long) -> Flag:
    """Return whether each code asked for is among the sorted codes."""
    if not len(codes):
        return np.zeros(len(asked), dtype=np.bool_)
    return np.asarray(codes[np.minimum(np.searchsorted(codes, asked), len(codes) - 1)] == asked)


def taken(values: Real, at: Long) -> Real:
    """Return values by position, 0 where the position is none (-1)."""
    return np.where(at < 0, 0.0, values[np.maximum(at, 0)]) if len(values) else np.zeros(len(at))


def difference(whole: Real, part: Real) -> Real:
    """Return whole - part; what is left of a difference of equal sums is rounding, not risk, and becomes 0."""
    rest = whole - part
    return np.where(rest < 1e-12 * whole, 0.0, rest)


def row_parties(snapshot: Snapshot, parties: Numbering, rows: Long) -> dict[str, Long]:
    """Return the numbers of the parties of versions of declarations, by role."""
    keys = snapshot.declarations.keys
    return {role: parties.of(node, keys[role][rows]) for role, (node, _) in ROLES.items()}


def _evidence(
    snapshot: Snapshot, day: int, parties: int, rows: Long, roles: Mapping[str, Long], parameters: Parameters
) -> Sources:
    outcomes = snapshot.outcomes
    known = np.flatnonzero(outcomes.known_on < day)
    label = known[np.flatnonzero(np.diff(outcomes.shipment[known], append=-1))]
    at, place = matching(snapshot.declarations.shipment[rows], outcomes.shipment[label])
    label = label[at]
    infraction = outcomes.infraction[label]
    age = day - outcomes.known_on[label].astype(np.float64)
    counted = np.exp2(-age / parameters.half_life_days)
    parts = []
    for role, party in roles.items():
        inspected = np.bincount(party[place][party[place] >= 0], minlength=parties)
        clients = np.zeros(parties, dtype=np.int64)
        if role != "importer":
            clients = np.bincount(pairs(party, roles["importer"], parties)[0], minlength=parties)
        divisor = np.maximum(inspected, clients)
        hit = np.flatnonzero(infraction & (party[place] >= 0))
        where = party[place][hit]
        weight = counted[hit] / (divisor[where] + parameters.strength)
        shipment = outcomes.shipment[label[hit]].astype(np.int64)
        parts.append((where, shipment, weight, np.full(len(hit), LINKS.index(ROLES[role][1])), divisor[where]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[3], columns[1], columns[0]))
    return Sources(*(column[order] for column in columns))


def _shared_hops(given: Members, things: Numbering, parameters: Parameters) -> Hops:
    """Pair everybody with everybody else who gave the same address or contact."""
    left, right = sharing(given, parameters.shared_by_most)
    others = given.size[left] - 1
    link = np.array([LINKS.index(name) for name in SHARED.values()])[things.kinds[given.thing[left]]]
    return Hops(given.party[left], given.party[right], given.thing[left], parameters.shared**2 / others, link, others)


def _direct_hops(left: Long, right: Long, parties: int, kept: float, link: str) -> list[Hops]:
    """Hop both ways between the ends of distinct links; what arrives is divided by the links of the one reached."""
    left, right = pairs(left, right, parties)
    different = left != right
    left, right = left[different], right[different]
    hops = []
    for to, start in ((left, right), (right, left)):
        shared_by = np.bincount(to, minlength=parties)[to]
        none, by = np.full(len(to), -1), np.full(len(to), LINKS.index(link))
        hops.append(Hops(to, start, none, kept / shared_by, by, shared_by))
    return hops


class _Triples(NamedTuple):
    """Where two parties of one source's shipment gave the same address or contact, sorted by source.

    `kept` is what a hop over it keeps.
    """

    source: Long
    thing: Long
    kept: Real


class Flow:
    """What was known before a day, and how the evidence spreads over it.

    Attributes:
        parties, things: the numbering of parties, and of addresses and contacts.
        sources, hops, given: evidence, ways, and who gave what.
        evidence: [p] what entered at each party.
        risk: [p] all that reaches each party.
        thing_risk: [t] all that reaches each address or contact.
    """

    def __init__(self, snapshot: Snapshot, day: int, parameters: Parameters) -> None:
        self.parties = parties = Numbering(snapshot, day, PARTIES)
        self.things = things = Numbering(snapshot, day, tuple(SHARED))
        rows, count = counting(snapshot, day), len(parties)
        roles = row_parties(snapshot, parties, rows)
        self.sources = _evidence(snapshot, day, count, rows, roles, parameters)
        self.given = given = members(snapshot, day, PARTIES, parties, things)
        shared = _shared_hops(given, things, parameters)
        parts = [shared, *_direct_hops(*owners(snapshot, day, parties), count, parameters.owned, "OWNED_BY")]
        for role in ("exporter", "declarant"):
            parts += _direct_hops(roles["importer"], roles[role], count, parameters.trades, ROLES[role][1])
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        order = np.lexsort((columns[1], columns[2], columns[4], columns[0]))
        self.hops = hops = Hops(*(column[order] for column in columns))
        self._hop = _Matrix(hops.to, hops.start, hops.weight, (count, count))
        self._reverse = _Matrix(hops.start, hops.to, hops.weight, (count, count))
        # What would go over one address or contact twice, by way of each of the others who gave it.
        self._twice = _Matrix(shared.to, shared.start, shared.weight**2 * (shared.shared_by - 1), (count, count))
        carries = given.size <= parameters.shared_by_most
        self._mean = mean = np.where(carries, parameters.shared / given.size, 0.0)
        self.gave = _Matrix(given.thing, given.party, mean, (len(things), count))
        back = np.where(given.size > 1, parameters.shared**2, 0.0) * mean
        self._gave_twice = _Matrix(given.thing, given.party, back, (len(things), count))
        self._kept = np.where(carries & (given.size > 1), parameters.shared**2 / np.maximum(given.size - 1, 1), 0.0)
        self._involve(count)
        self._spread(count)

    def _involve(self, count: int) -> None:
        """Note which parties an infraction's shipment has, by shipment and by party."""
        sources = self.sources
        self._width = max(count, 1)
        self._involved = np.unique(sources.shipment * self._width + sources.party)
        self._by_shipment = np.argsort(sources.shipment, kind="stable")
        self._by_party = np.argsort(self._involved % self._width, kind="stable")
        given = self.given
        self._given = given.thing * self._width + given.party
        by_party = np.argsort(given.party, kind="stable")
        source, fellow = self._fellows(np.arange(len(sources.party)))
        other = fellow != sources.party[source]
        source, fellow = source[other], fellow[other]
        at, place = matching(given.party[by_party], sources.party[source])
        thing, kept = given.thing[by_party[place]], self._kept[by_party[place]]
        both = self.is_given(thing, fellow[at]) & (kept > 0)
        self._triples = _Triples(source[at[both]], thing[both], kept[both])

    def _fellows(self, sources: Long) -> tuple[Long, Long]:
        """Return (position in `sources`, party) for every party of each source's shipment."""
        shipment = self._involved // self._width
        at, place = matching(shipment, self.sources.shipment[sources])
        return at, self._involved[place] % self._width

    def is_given(self, things: Long, parties: Long) -> Flag:
        """Return whether the party gave the address or contact."""
        return _held(self._given, things * self._width + parties)

    def involves(self, shipments: Long, parties: Long) -> Flag:
        """Return whether each infraction's shipment names the party."""
        return _held(self._involved, shipments * self._width + parties) & (parties >= 0)

    def of_shipments(self, shipments: Long) -> tuple[Long, Long]:
        """Return (position in `shipments`, source) for every source of each shipment."""
        at, place = matching(self.sources.shipment[self._by_shipment], shipments)
        return at, self._by_shipment[place]

    def of_party(self, parties: Long) -> tuple[Long, Long]:
        """Return (position in `parties`, source) for every source of each shipment that names the party."""
        involved = self._involved[self._by_party]
        at, place = matching(involved % self._width, parties)
        shipments = involved[place] // self._width
        again, source = self.of_shipments(shipments)
        return at[again], source

    def _spread(self, count: int) -> None:
        sources, hop = self.sources, self._hop
        everything = np.arange(len(sources.party))
        at, fellow = self._fellows(everything)
        origin, weight = sources.party[at], sources.weight[at]
        self.evidence: Real = np.bincount(sources.party, sources.weight, minlength=count).astype(np.float64)

        def total(where: Long, values: Real, size: int) -> Real:
            return np.bincount(where, values, minlength=size).astype(np.float64)

        # Nothing goes on to, or by way of, another party of the shipment: it has its part of the evidence already.
        one_hop = difference(hop.times(self.evidence), total(fellow, hop.at(fellow, origin) * weight, count))
        inside = (_inner(hop, fellow, self._reverse, origin) - self._between(at, fellow, origin)) * weight
        triples = self._triples
        missed, member = matching(self.given.thing, triples.thing)
        to, source = self.given.party[member], triples.source[missed]
        outside = ~self.involves(sources.shipment[source], to)
        spared = triples.kept[missed] ** 2 * sources.weight[source]
        twice = self._twice.times(self.evidence) - total(fellow, self._twice.at(fellow, origin) * weight, count)
        twice = twice - total(to[outside], spared[outside], count)
        two_hops = difference(hop.times(one_hop), total(fellow, inside, count) + twice)
        self.risk = self.evidence + one_hop + two_hops
        back = self._gave_twice.times(self.evidence)
        spared = triples.kept * self._mean_of(triples.thing) * sources.weight[triples.source]
        back = back - total(triples.thing, spared, len(self.things))
        self.thing_risk = difference(self.gave.times(self.evidence + one_hop), back)

    def _mean_of(self, things: Long) -> Real:
        """Return what each of those who gave an address or contact contributes to it."""
        return self._mean[np.searchsorted(self.given.thing, things)] if len(things) else np.zeros(0)

    def _between(self, at: Long, to: Long, origin: Long, matrix: _Matrix | None = None) -> Real:
        """Return what goes from origin to `to` by way of another party of the source's shipment."""
        again, fellow = self._fellows(at)
        values = (matrix or self._hop).at(to[again], fellow) * self._hop.at(fellow, origin[again])
        return np.bincount(again, values, minlength=len(at)).astype(np.float64)

    def reaching_party(self, to: Long, source: Long) -> Real:
        """Return the part of a source's weight that reaches a party, over all paths."""
        origin = self.sources.party[source]
        two = _inner(self._hop, to, self._reverse, origin) - self._between(source, to, origin)
        two -= self._twice.at(to, origin)
        at, place = matching(self._triples.source, source)
        shared = self.is_given(self._triples.thing[place], to[at])
        two += np.bincount(at, np.where(shared, self._triples.kept[place] ** 2, 0.0), minlength=len(to))
        apart = ~self.involves(self.sources.shipment[source], to)
        return np.where(to == origin, 1.0, np.where(apart, self._hop.at(to, origin) + two, 0.0))

    def reaching_thing(self, to: Long, source: Long) -> Real:
        """Return the part of a source's weight that reaches an address or contact, over all paths."""
        origin = self.sources.party[source]
        part = self.gave.at(to, origin) + _inner(self.gave, to, self._reverse, origin)
        part -= self._between(source, to, origin, self.gave) + self._gave_twice.at(to, origin)
        at, place = matching(self._triples.source, source)
        same = self._triples.thing[place] == to[at]
        spared = np.where(same, self._triples.kept[place] * self._mean_of(self._triples.thing[place]), 0.0)
        return part + np.bincount(at, spared, minlength=len(to))
