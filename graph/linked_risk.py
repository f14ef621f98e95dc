"""Linked risk: evidence flows along the links of the network, and every value can be taken apart into its paths.

The evidence is an infraction found in a shipment. It enters the network at the shipment's parties,

    e(p) = sum over infractions s of p:  2^(-age(s) / half-life) / (max(inspected(p), clients(p)) + m),

so one infraction among a hundred inspections is little, and one client of a broker with 4,800 says little of the
broker. From party to party it takes hops:

- over an address or contact that n parties share: d² / (n - 1) for each of the others (d: what is kept per link);
- from a subsidiary to its owner and back: d / (owners, or subsidiaries, of the party reached);
- between an importer and its exporters and declarants: d / (partners of that kind of the party reached).

With H the matrix of hops, the risk of a party is R = e + H e + (H H)° e, where ° leaves out the ways that are no simple
path: those back to the party where the evidence entered (nobody raises the own risk through the neighbours) and those
that use one address or contact twice. So no path has more than four links between the party with the evidence and the
one it reaches. R is linear in the evidence: clearing a shipment (its outcome turns to clean) subtracts exactly what it
had added. Commodities, countries and offices are not links: what they say is a matter of profiles.

This is a truncated Katz series with weights that are divided among those who share a link (Katz, Psychometrika 18,
1953), and with the evidence as its personalisation; the truncation is what lets every path be listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from graph.records import Ref
from graph.snapshot import Long, Real, Snapshot
from graph.ties import SHARED, Members, Numbering, counting, matching, members, owners, pairs, sharing


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
    shared: float = 0.8
    owned: float = 0.7
    trades: float = 0.5
    shared_by_most: int = 100
    importer: float = 1.0
    exporter: float = 0.7
    declarant: float = 0.5
    vessel: float = 0.5


PARAMETERS = Parameters()

_PARTIES = ("Trader", "Forwarder", "Vessel")
_ROLES = {
    "importer": ("Trader", "IMPORTED_BY"),
    "exporter": ("Trader", "EXPORTED_BY"),
    "declarant": ("Forwarder", "DECLARED_BY"),
    "vessel": ("Vessel", "ABOARD"),
}
_GIVEN = {"importer_address": "Address", "importer_email": "Contact", "importer_phone": "Contact"}
_LINKS = ("IMPORTED_BY", "EXPORTED_BY", "DECLARED_BY", "ABOARD", "AT_ADDRESS", "HAS_CONTACT", "OWNED_BY")


class Step(NamedTuple):
    """The next thing on a path, the type of the link that leads to it, and by how many the link's share is divided."""

    ref: Ref
    link: str
    shared_by: int


class Path(NamedTuple):
    """One contribution: what the infraction of `source` adds over `steps`, which end at the one it reaches."""

    value: float
    source: Ref
    steps: tuple[Step, ...]


class Paths(NamedTuple):
    """The greatest contributions to a value, and the sum of those left out; together they are the value."""

    paths: list[Path]
    remainder: float
    left_out: int


class _Sources(NamedTuple):
    """One row per infraction and party, sorted by party: where the evidence enters, and how much of it."""

    party: Long
    shipment: Long
    weight: Real
    link: Long
    shared_by: Long


class _Hops(NamedTuple):
    """One row per way from one party to another, sorted by the one reached.

    `via` is the number of the address or contact, -1 where the link is direct; `weight` is what is kept of the risk,
    `shared_by` what it was divided by, `link` the position in `_LINKS`.
    """

    to: Long
    start: Long
    via: Long
    weight: Real
    link: Long
    shared_by: Long


def _parties(snapshot: Snapshot, numbering: Numbering, rows: Long) -> dict[str, Long]:
    keys = snapshot.declarations.keys
    return {role: numbering.of(node, keys[role][rows]) for role, (node, _) in _ROLES.items()}


def _sources(
    snapshot: Snapshot, day: int, parties: int, rows: Long, roles: Mapping[str, Long], parameters: Parameters
) -> _Sources:
    outcomes = snapshot.outcomes
    known = np.flatnonzero(outcomes.known_on < day)
    label = known[np.flatnonzero(np.diff(outcomes.shipment[known], append=-1))]
    at, place = matching(snapshot.declarations.shipment[rows], outcomes.shipment[label])
    label = label[at]
    infraction = outcomes.infraction[label]
    age = day - outcomes.known_on[label].astype(np.float64)
    counted = np.exp2(-age / parameters.half_life_days)
    parts = []
    for position, (role, party) in enumerate(roles.items()):
        inspected = np.bincount(party[place][party[place] >= 0], minlength=parties)
        clients = np.zeros(parties, dtype=np.int64)
        if role != "importer":
            clients = np.bincount(pairs(party, roles["importer"], parties)[0], minlength=parties)
        divisor = np.maximum(inspected, clients)
        hit = np.flatnonzero(infraction & (party[place] >= 0))
        where = party[place][hit]
        weight = counted[hit] / (divisor[where] + parameters.strength)
        shipment = outcomes.shipment[label[hit]].astype(np.int64)
        parts.append((where, shipment, weight, np.full(len(hit), position), divisor[where]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[3], columns[1], columns[0]))
    return _Sources(*(column[order] for column in columns))


def _shared_hops(given: Members, things: Numbering, parameters: Parameters) -> _Hops:
    """Pair everybody with everybody else who gave the same address or contact."""
    left, right = sharing(given, parameters.shared_by_most)
    others = given.size[left] - 1
    link = np.array([_LINKS.index(name) for name in SHARED.values()])[things.kinds[given.thing[left]]]
    return _Hops(given.party[left], given.party[right], given.thing[left], parameters.shared**2 / others, link, others)


def _direct_hops(left: Long, right: Long, parties: int, kept: float, link: str) -> list[_Hops]:
    """Hop both ways between the ends of distinct links; what arrives is divided by the links of the one reached."""
    left, right = pairs(left, right, parties)
    different = left != right
    left, right = left[different], right[different]
    hops = []
    for to, start in ((left, right), (right, left)):
        shared_by = np.bincount(to, minlength=parties)[to]
        none, by = np.full(len(to), -1), np.full(len(to), _LINKS.index(link))
        hops.append(_Hops(to, start, none, kept / shared_by, by, shared_by))
    return hops


def _hops(
    snapshot: Snapshot, day: int, parties: Numbering, roles: Mapping[str, Long], shared: _Hops, parameters: Parameters
) -> _Hops:
    parts = [shared]
    parts += _direct_hops(*owners(snapshot, day, parties), len(parties), parameters.owned, "OWNED_BY")
    for role in ("exporter", "declarant"):
        parts += _direct_hops(roles["importer"], roles[role], len(parties), parameters.trades, _ROLES[role][1])
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[1], columns[2], columns[4], columns[0]))
    return _Hops(*(column[order] for column in columns))


def _matrix(rows: Long, columns: Long, values: Real, shape: tuple[int, int]) -> "sp.csr_array[np.float64]":
    return sp.csr_array(sp.coo_array((values, (rows, columns)), shape=shape))


def _times(matrix: "sp.csr_array[np.float64]", vector: Real) -> Real:
    return np.asarray(matrix @ vector, dtype=np.float64)


class LinkedRisk:
    """The linked risk of everything known before a day.

    Attributes:
        day: only what was known before it is used.
        entity: by node type (Trader, Forwarder, Vessel, Address, Contact), the risk of every node; 0 where it was not
            known yet. An address or contact has the mean of what reaches it from those who gave it.
    """

    day: int
    entity: Mapping[str, Real]

    def __init__(self, snapshot: Snapshot, day: int, parameters: Parameters = PARAMETERS) -> None:
        self.day, self._snapshot, self._parameters = day, snapshot, parameters
        self._numbering = parties = Numbering(snapshot, day, _PARTIES)
        self._things = things = Numbering(snapshot, day, tuple(SHARED))
        rows = counting(snapshot, day)
        roles = _parties(snapshot, parties, rows)
        count = len(parties)
        self._sources = sources = _sources(snapshot, day, count, rows, roles, parameters)
        self._members = given = members(snapshot, day, _PARTIES, parties, things)
        shared = _shared_hops(given, things, parameters)
        self._hops = hops = _hops(snapshot, day, parties, roles, shared, parameters)
        self._matrix = _matrix(hops.to, hops.start, hops.weight, (count, count))
        self._reverse = sp.csr_array(self._matrix.T)
        again = shared.weight**2 * (shared.shared_by - 1)
        self._again = _matrix(shared.to, shared.start, again, (count, count))
        self._evidence: Real = np.bincount(sources.party, sources.weight, minlength=count).astype(np.float64)
        self._one_hop = _times(self._matrix, self._evidence)
        echo: Real = np.asarray(self._matrix.multiply(self._reverse).sum(axis=1))
        gross = _times(self._matrix, self._one_hop)
        two_hops = _difference(gross, echo * self._evidence + _times(self._again, self._evidence))
        self._risk = self._evidence + self._one_hop + two_hops
        carries = given.size <= parameters.shared_by_most
        mean = np.where(carries, parameters.shared / given.size, 0.0)
        self._gave = _matrix(given.thing, given.party, mean, (len(things), count))
        back = np.where(given.size > 1, parameters.shared**2, 0.0) * mean
        self._gave_again = _matrix(given.thing, given.party, back, (len(things), count))
        reached = _times(self._gave, self._evidence + self._one_hop)
        self._thing_risk = _difference(reached, _times(self._gave_again, self._evidence))
        self.entity = {**parties.spread(self._risk), **things.spread(self._thing_risk)}

    def of_rows(self, rows: Long) -> Real:
        """Return the linked risk of shipments, from their parties, addresses and contacts as the rows declare them.

        What a shipment's own infraction added is left out (the inspection still counts among those of its parties).
        An address or contact that the row is the first to give for its importer counts like a link already known.

        Args:
            rows: [n] versions of declarations.

        Returns:
            [n] risks.
        """
        parameters = self._parameters
        roles, given = self._row_parties(rows)
        risk = np.zeros(len(rows))
        for role, party in roles.items():
            risk += np.where(party >= 0, getattr(parameters, role) * _taken(self._risk, party), 0.0)
        for thing in given.values():
            reach = np.where(thing >= 0, _taken(self._thing_risk, thing), 0.0)
            importer = roles["importer"]
            echoed = np.flatnonzero((thing >= 0) & (importer >= 0) & (_taken(self._evidence, importer) > 0))
            back = _dots(self._gave, thing[echoed], self._reverse, importer[echoed])
            reach[echoed] = _difference(reach[echoed], back * self._evidence[importer[echoed]])
            risk += parameters.shared * parameters.importer * reach
        return _difference(risk, self._own(rows, roles, given))

    def _row_parties(self, rows: Long) -> tuple[dict[str, Long], dict[str, Long]]:
        """Return the numbers of the rows' parties, and of what they are the first to give for their importer."""
        roles = _parties(self._snapshot, self._numbering, rows)
        importer = roles["importer"]
        code = self._members.thing * max(len(self._numbering), 1) + self._members.party
        given: dict[str, Long] = {}
        for column, node in _GIVEN.items():
            thing = self._things.of(node, self._snapshot.declarations.keys[column][rows])
            asked = thing * max(len(self._numbering), 1) + importer
            at = np.minimum(np.searchsorted(code, asked), len(code) - 1)
            known = (importer >= 0) & (code[at] == asked) if len(code) else np.zeros(len(rows), dtype=bool)
            given[column] = np.where(known, -1, thing)
        return roles, given

    def _own(self, rows: Long, roles: Mapping[str, Long], given: Mapping[str, Long]) -> Real:
        """Return what the rows' own infractions have added to their risk."""
        sources, parameters = self._sources, self._parameters
        own = np.zeros(len(rows))
        order = np.argsort(sources.shipment, kind="stable")
        shipments = self._snapshot.declarations.shipment[rows]
        at, place = matching(sources.shipment[order], shipments)
        source = order[place]
        origin = sources.party[source]
        for role, party in roles.items():
            reached = np.flatnonzero(party[at] >= 0)
            value = self._kernel(party[at[reached]], origin[reached]) * sources.weight[source[reached]]
            np.add.at(own, at[reached], getattr(parameters, role) * value)
        for thing in given.values():
            reached = np.flatnonzero((thing[at] >= 0) & (origin != roles["importer"][at]))
            to, start = thing[at[reached]], origin[reached]
            kept = _entries(self._gave, to, start) - _entries(self._gave_again, to, start)
            kept += _dots(self._gave, to, self._reverse, start)
            value = kept * sources.weight[source[reached]] * parameters.shared * parameters.importer
            np.add.at(own, at[reached], value)
        return own

    def _kernel(self, to: Long, start: Long) -> Real:
        """Return what a party has of the evidence of another, over all simple paths."""
        two = _dots(self._matrix, to, self._reverse, start) - _entries(self._again, to, start)
        return np.where(to == start, 1.0, _entries(self._matrix, to, start) + two)

    def paths(self, target: Ref | int, limit: int = 20) -> Paths:
        """Take a risk apart into its paths, the greatest first.

        Args:
            target: a thing of a type in `entity`, or the row of a declaration's version.
            limit: how many paths to return.

        Raises:
            ValueError: if the thing is of another type or not in the snapshot.
        """
        ends = self._ends_of_row(target) if isinstance(target, int) else self._ends_of(target)
        own = int(self._snapshot.declarations.shipment[target]) if isinstance(target, int) else -1
        found = [self._chains(end, own) for end in ends]
        values = np.concatenate([each.value for each in found]) if found else np.empty(0)
        end_of = np.repeat(np.arange(len(found)), [len(each.value) for each in found])
        place = np.concatenate([np.arange(len(each.value)) for each in found]) if found else end_of
        order = np.argsort(-values, kind="stable")
        shown = [
            self._path(ends[end_of[at]], _Chains(*(column[[place[at]]] for column in found[end_of[at]])))
            for at in order[:limit]
        ]
        return Paths(shown, float(values[order[limit:]].sum()), max(len(order) - limit, 0))

    def _ends_of(self, ref: Ref) -> list["_End"]:
        if ref.type not in (*_PARTIES, *SHARED):
            raise ValueError(f"Linked risk is of {', '.join((*_PARTIES, *SHARED))}, not of {ref.type}.")
        node = pc.index(self._snapshot.things[ref.type].keys, pa.scalar(ref.key)).as_py()
        if node < 0:
            raise ValueError(f"{ref} is not in the network; check its key.")
        here = np.array([node])
        if ref.type in _PARTIES:
            party = int(self._numbering.of(ref.type, here)[0])
            return [_End(party, 1.0, party, -1, 2, ())] if party >= 0 else []
        thing = int(self._things.of(ref.type, here)[0])
        return self._ends_at(thing, 1.0, -1, ()) if thing >= 0 else []

    def _ends_at(self, thing: int, weight: float, importer: int, steps: tuple[Step, ...]) -> list["_End"]:
        """Return an end for everybody who gave an address or contact; it carries nothing where too many did."""
        starts, stops = self._gave.indptr[thing : thing + 2]
        mean = self._gave.data[starts:stops]
        link = SHARED[self._things.ref(thing).type]
        leading = Step(self._things.ref(thing), link, 1 if steps else int(stops - starts))
        return [
            _End(int(party), float(kept) * weight, importer, thing, 1, (leading, *steps))
            for party, kept in zip(self._gave.indices[starts:stops], mean, strict=True)
            if kept > 0
        ]

    def _ends_of_row(self, row: int) -> list["_End"]:
        parameters, snapshot = self._parameters, self._snapshot
        roles, given = self._row_parties(np.array([row]))
        declarations = snapshot.declarations
        shipment = Ref("Shipment", snapshot.things["Shipment"].keys[int(declarations.shipment[row])].as_py())
        ends = []
        for role, (_, link) in _ROLES.items():
            party = int(roles[role][0])
            if party >= 0:
                ends.append(_End(party, getattr(parameters, role), party, -1, 2, (Step(shipment, link, 1),)))
        for column, node in _GIVEN.items():
            thing = int(given[column][0])
            if thing >= 0:
                importer = Ref(
                    "Trader", snapshot.things["Trader"].keys[int(declarations.keys["importer"][row])].as_py()
                )
                shared_by = int(np.diff(self._gave.indptr[thing : thing + 2])[0])
                steps = (Step(importer, SHARED[node], shared_by), Step(shipment, "IMPORTED_BY", 1))
                weight = parameters.shared * parameters.importer
                ends += self._ends_at(thing, weight, int(roles["importer"][0]), steps)
        return ends

    def _chains(self, end: "_End", own: int) -> "_Chains":
        """Return every simple path to an end, without the evidence of one's own shipment."""
        sources, hops = self._sources, self._hops
        here = np.array([end.party])
        none = np.full(1, -1)
        last = np.flatnonzero((hops.to == end.party) & ((hops.via != end.thing) | (hops.via < 0)))
        parts = [(here, none, none), (hops.start[last], last, np.full(len(last), -1))]
        if end.hops == 2:
            at, earlier = matching(hops.to, hops.start[last])
            simple = (hops.via[earlier] < 0) | (hops.via[earlier] != hops.via[last[at]])
            at, earlier = at[simple], earlier[simple]
            parts.append((hops.start[earlier], last[at], earlier))
        columns = []
        for hopped, (origin, final, first) in enumerate(parts):
            at, source = matching(sources.party, origin)
            kept = sources.shipment[source] != own
            # For an address that a row gives, the row's importer is the one whose evidence must not come back.
            if hopped or end.thing >= 0:
                kept &= sources.party[source] != end.echo
            at, source = at[kept], source[kept]
            final, first = final[at], first[at]
            value = sources.weight[source] * end.weight
            value = np.where(final >= 0, value * _taken(hops.weight, final), value)
            value = np.where(first >= 0, value * _taken(hops.weight, first), value)
            columns.append((value, source, final, first))
        return _Chains(*(np.concatenate(column) for column in zip(*columns, strict=True)))

    def _path(self, end: "_End", chain: "_Chains") -> Path:
        sources, hops = self._sources, self._hops
        value, source, final, first = (column[0] for column in chain)
        role = _LINKS[sources.link[source]]
        steps = [Step(self._numbering.ref(int(sources.party[source])), role, int(sources.shared_by[source]))]
        for hop in (first, final):
            if hop >= 0:
                link, shared_by = _LINKS[hops.link[hop]], int(hops.shared_by[hop])
                if hops.via[hop] >= 0:
                    steps.append(Step(self._things.ref(int(hops.via[hop])), link, 1))
                steps.append(Step(self._numbering.ref(int(hops.to[hop])), link, shared_by))
        shipment = self._snapshot.things["Shipment"].keys[int(sources.shipment[source])].as_py()
        return Path(float(value), Ref("Shipment", shipment), (*steps, *end.steps))


class _End(NamedTuple):
    """Where paths end: at a party, with what is kept from there on and the steps that follow.

    `echo` is the party whose own evidence must not come back, `thing` the address or contact that follows (-1: none),
    `hops` how many may come before.
    """

    party: int
    weight: float
    echo: int
    thing: int
    hops: int
    steps: tuple[Step, ...]


class _Chains(NamedTuple):
    """Paths as positions in the sources and hops (-1: none): `final` is the last hop, `first` the one before it."""

    value: Real
    source: Long
    final: Long
    first: Long


def _difference(whole: Real, part: Real) -> Real:
    """Return whole - part; what is left of a difference of equal sums is rounding, not risk, and becomes 0."""
    rest = whole - part
    return np.where(rest < 1e-12 * whole, 0.0, rest)


def _taken(values: Real, at: Long) -> Real:
    """Return values by position, 0 where there is none."""
    return np.where(at < 0, 0.0, values[np.maximum(at, 0)]) if len(values) else np.zeros(len(at))


def _entries(matrix: "sp.csr_array[np.float64]", rows: Long, columns: Long) -> Real:
    """Return matrix[rows[i], columns[i]] for every i."""
    width = matrix.shape[1]
    held = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * width + matrix.indices
    if not len(held):
        return np.zeros(len(rows))
    asked = rows * width + columns
    at = np.minimum(np.searchsorted(held, asked), len(held) - 1)
    return np.where(held[at] == asked, matrix.data[at], 0.0)


def _dots(left: "sp.csr_array[np.float64]", rows: Long, right: "sp.csr_array[np.float64]", others: Long) -> Real:
    """Return the inner product of left[rows[i]] and right[others[i]] for every i, in pieces that fit in memory."""
    products = np.zeros(len(rows))
    for start in range(0, len(rows), 1024):
        piece = slice(start, start + 1024)
        products[piece] = left[rows[piece]].multiply(right[others[piece]]).sum(axis=1)
    return products


def linked_risk(snapshot: Snapshot, day: int, parameters: Parameters = PARAMETERS) -> LinkedRisk:
    """Return the linked risk of the network as known before a day.

    Args:
        snapshot: the network.
        day: only what was known before it is used; days since 1970-01-01.
        parameters: what the flow depends on.
    """
    return LinkedRisk(snapshot, day, parameters)
