"""Linked risk: evidence flows along the links of the network, and every value can be taken apart into its paths.

The evidence is an infraction found in a shipment. It enters the network at the shipment's parties,

    e(p) = sum over infractions s of p:  2^(-age(s) / half-life) / (max(inspected(p), clients(p)) + m),

so one infraction among a hundred inspections is little, and one client of a broker with 4,800 says little of the
broker. From party to party it takes hops:

- over an address or contact that n parties share: d² / (n - 1) for each of the others (d: what is kept per link);
- from a subsidiary to its owner and back: d / (owners, or subsidiaries, of the party reached);
- between an importer and its exporters and declarants: d / (partners of that kind of the party reached).

With H the matrix of hops, R = e + H e + (H H) e, taken over simple paths only: nothing goes on to, or by way of,
another party of the infraction's own shipment (which has its part of the evidence already, so that nobody raises the
own risk through the neighbours), nothing comes back to a party, and no address or contact is used twice. A path has at
most four links between the party where the evidence enters and the one it reaches. R is linear in the evidence:
clearing a shipment (its outcome turns to clean) subtracts exactly what it had added. Commodities, countries and offices
are not links: what they say is a matter of profiles.

This is a Katz series cut off after two hops, its weights divided among those who share a link and personalised by the
evidence (Katz, "A new status index derived from sociometric analysis", Psychometrika 18, 1953); the cut is what lets
every path be listed.
"""

import copy
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.evidence import LINKS, PARAMETERS, PARTIES, ROLES, Parameters, row_parties
from graph.records import Ref
from graph.risk_flow import Flow, difference
from graph.snapshot import Long, Real, Snapshot
from graph.strongest import Bounds, Ends, strongest_chains
from graph.ties import SHARED, matching, runs

_CHAINS_HELD = 256
_GIVEN = {"importer_address": "Address", "importer_email": "Contact", "importer_phone": "Contact"}


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


class _End(NamedTuple):
    """Where paths end: at a party, with what is kept from there on and the steps that follow.

    `thing` is the address or contact that follows (-1: none), `hops` how many may come before, `then` the party that
    follows the thing (-1: none), of whose shipments nothing may come.
    """

    party: int
    weight: float
    hops: int
    steps: tuple[Step, ...]
    thing: int = -1
    then: int = -1


class _RowEnds(NamedTuple):
    """Ends of the paths of several rows: whose (position in the rows), those of `_End`, and which column names it."""

    row: Long
    party: Long
    weight: Real
    hops: Long
    thing: Long
    then: Long
    column: Long


class _Chains(NamedTuple):
    """Paths as positions in the sources and hops (-1: none): `final` is the last hop, `first` the one before it."""

    value: Real
    source: Long
    final: Long
    first: Long


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
        self._flow = flow = Flow(snapshot, day, parameters)
        self.entity = {**flow.parties.spread(flow.risk), **flow.things.spread(flow.thing_risk)}
        self._evident = frozenset(flow.sources.shipment.tolist())
        # A broker's thousands of paths are asked for with each of its shipments.
        self._chains_to = lru_cache(maxsize=_CHAINS_HELD)(self._find_chains)
        self._bounds = lru_cache(maxsize=1)(lambda: Bounds(flow))

    def beside(self, snapshot: Snapshot) -> "LinkedRisk":
        """Return the same risk for the declarations of a snapshot beside this one (`graph.beside`)."""
        other = copy.copy(self)
        other._snapshot = snapshot
        return other

    def of_rows(self, rows: Long) -> Real:
        """Return the linked risk of shipments, from their parties, addresses and contacts as the rows declare them.

        What a shipment's own infraction added is left out (the inspection still counts among those of its parties).
        An address or contact that the row is the first to give for its importer counts like a link already known.

        Args:
            rows: [n] versions of declarations.

        Returns:
            [n] risks.
        """
        flow, parameters = self._flow, self._parameters
        roles, given = self._row_ends(rows)
        shipments = self._snapshot.declarations.shipment[rows].astype(np.int64)
        own_at, own = flow.of_shipments(shipments)
        risk, left_out = np.zeros(len(rows)), np.zeros(len(rows))
        for role, party in roles.items():
            kept = getattr(parameters, role)
            risk += kept * _taken(flow.risk, party)
            reached = np.flatnonzero(party[own_at] >= 0)
            at, source = own_at[reached], own[reached]
            value = flow.reaching_party(party[at], source) * flow.sources.weight[source]
            np.add.at(left_out, at, kept * value)
        importer, kept = roles["importer"], parameters.shared * parameters.importer
        for thing in given.values():
            risk += kept * _taken(flow.thing_risk, thing)
            first = np.flatnonzero((thing >= 0) & (importer >= 0))
            at, source = flow.of_party(importer[first])
            others = (thing[own_at] >= 0) & ~flow.involves(shipments[own_at], importer[own_at])
            at, source = np.concatenate([first[at], own_at[others]]), np.concatenate([source, own[others]])
            np.add.at(left_out, at, kept * flow.reaching_thing(thing[at], source) * flow.sources.weight[source])
        return difference(risk, left_out)

    def _row_ends(self, rows: Long) -> tuple[dict[str, Long], dict[str, Long]]:
        """Return the numbers of the rows' parties, and of what they are the first to give for their importer."""
        flow = self._flow
        roles = row_parties(self._snapshot, flow.parties, rows)
        importer = roles["importer"]
        given: dict[str, Long] = {}
        for column, node in _GIVEN.items():
            thing = flow.things.of(node, self._snapshot.declarations.keys[column][rows])
            given[column] = np.where((importer >= 0) & flow.is_given(thing, importer), -1, thing)
        return roles, given

    def paths(self, target: Ref | int, limit: int = 20) -> Paths:
        """Take a risk apart into its paths, the greatest first.

        Args:
            target: a thing of a type in `entity`, or the row of a declaration's version.
            limit: how many paths to return.

        Raises:
            ValueError: if the thing is of another type or not in the snapshot.
        """
        row = None if isinstance(target, Ref) else int(target)
        ends = self._ends_of(target) if isinstance(target, Ref) else self._ends_of_row(int(target))
        own = -1 if row is None else int(self._snapshot.declarations.shipment[row])
        found = [self._chains(end, own) for end in ends]
        if not found:
            return Paths([], 0.0, 0)
        values = np.concatenate([chains.value for chains in found])
        sizes = [len(chains.value) for chains in found]
        of, place = runs(np.zeros(len(found), dtype=np.int64), np.array(sizes))
        order = np.argsort(-values, kind="stable")
        shown = [
            self._path(ends[of[at]], _Chains(*(column[[place[at]]] for column in found[of[at]])))
            for at in order[:limit]
        ]
        return Paths(shown, math.fsum(values[order[limit:]]), max(len(order) - limit, 0))

    def strongest(self, rows: Long) -> list[Path | None]:
        """Return the greatest path of each version of a declaration, the first that `paths` gives; None without any."""
        ends, columns = self._ends_of_rows(rows)
        best = strongest_chains(self._flow, self._bounds(), Ends(ends.party, ends.hops, ends.thing, ends.then))
        value = best.value * ends.weight
        # Of equal ones the first stays.
        order = np.lexsort((np.arange(len(value)), -value, ends.row))
        order = order[np.flatnonzero(np.diff(ends.row[order], prepend=-1))]
        found: list[Path | None] = [None] * len(rows)
        shipments = self._snapshot.declarations.shipment[rows]
        for at in order[value[order] > 0]:
            row = int(ends.row[at])
            if int(shipments[row]) in self._evident:
                continue
            end = self._end(int(rows[row]), columns[int(ends.column[at])], ends, int(at))
            chain = _Chains(value[[at]], *(part[[at]] for part in best[1:]))
            found[row] = self._path(end, chain)
        for row in np.flatnonzero(np.isin(shipments, list(self._evident))).tolist():
            # What a shipment found in infraction adds itself is left out, so the greatest may be another one.
            listed = self.paths(int(rows[row]), 1).paths
            found[row] = listed[0] if listed else None
        return found

    def _ends_of(self, ref: Ref) -> list[_End]:
        if ref.type not in self.entity:
            raise ValueError(f"Linked risk is of {', '.join(self.entity)}, not of {ref.type}.")
        node = pc.index(self._snapshot.things[ref.type].keys, pa.scalar(ref.key)).as_py()
        if node < 0:
            raise ValueError(f"{ref} is not in the network; check its key.")
        numbering = self._flow.parties if ref.type in PARTIES else self._flow.things
        number = int(numbering.of(ref.type, np.array([node]))[0])
        if number < 0:
            return []
        return [_End(number, 1.0, 2, ())] if ref.type in PARTIES else self._ends_at(number)

    def _ends_at(self, thing: int) -> list[_End]:
        """Return an end for everybody who gave an address or contact; it carries nothing where too many did."""
        gave = self._flow.gave
        here = slice(*gave.start[thing : thing + 2])
        ref = self._flow.things.ref(thing)
        leading = Step(ref, SHARED[ref.type], here.stop - here.start)
        return [
            _End(int(party), float(kept), 1, (leading,), thing)
            for party, kept in zip(gave.column[here], gave.value[here], strict=True)
            if kept > 0
        ]

    def _ends_of_rows(self, rows: Long) -> tuple[_RowEnds, tuple[str, ...]]:
        """Return where the paths of declarations end, in the order of roles and of what they are the first to give."""
        parameters, gave = self._parameters, self._flow.gave
        roles, given = self._row_ends(rows)
        parts = []
        for column, role in enumerate(ROLES):
            at = np.flatnonzero(roles[role] >= 0)
            none, two = np.full(len(at), -1), np.full(len(at), 2)
            parts.append(
                (at, roles[role][at], np.full(len(at), getattr(parameters, role)), two, none, none, none + 1 + column)
            )
        for column, name in enumerate(_GIVEN, start=len(ROLES)):
            first = np.flatnonzero(given[name] >= 0)
            thing = given[name][first]
            of, place = runs(gave.start[thing], gave.start[thing + 1] - gave.start[thing])
            of, place = of[gave.value[place] > 0], place[gave.value[place] > 0]
            at, one = first[of], np.ones(len(of), dtype=np.int64)
            weight = gave.value[place] * (parameters.shared * parameters.importer)
            parts.append((at, gave.column[place], weight, one, thing[of], roles["importer"][at], one * column))
        return _RowEnds(*(np.concatenate(part) for part in zip(*parts, strict=True))), (*ROLES, *_GIVEN)

    def _end(self, row: int, column: str, ends: _RowEnds, at: int) -> _End:
        """Return one of the ends of a declaration, with the steps that follow."""
        things, declarations = self._snapshot.things, self._snapshot.declarations
        shipment = Ref("Shipment", things["Shipment"].keys[int(declarations.shipment[row])].as_py())
        party, thing, then = int(ends.party[at]), int(ends.thing[at]), int(ends.then[at])
        if column in ROLES:
            return _End(party, float(ends.weight[at]), 2, (Step(shipment, ROLES[column][1], 1),))
        importer = Ref("Trader", things["Trader"].keys[int(declarations.keys["importer"][row])].as_py())
        link = SHARED[_GIVEN[column]]
        shared_by = int(np.diff(self._flow.gave.start[thing : thing + 2])[0])
        steps = (
            Step(self._flow.things.ref(thing), link, 1),
            Step(importer, link, shared_by),
            Step(shipment, "IMPORTED_BY", 1),
        )
        return _End(party, float(ends.weight[at]), 1, steps, thing, then)

    def _ends_of_row(self, row: int) -> list[_End]:
        ends, columns = self._ends_of_rows(np.array([row]))
        return [self._end(row, columns[int(column)], ends, at) for at, column in enumerate(ends.column)]

    def _chains(self, end: _End, own: int) -> _Chains:
        """Return every simple path to an end, without the evidence of one's own shipment."""
        value, source, final, first = self._chains_to(end.party, end.hops, end.thing, end.then)
        if own in self._evident:
            kept = self._flow.sources.shipment[source] != own
            value, source, final, first = value[kept], source[kept], final[kept], first[kept]
        return _Chains(value * end.weight, source, final, first)

    def _find_chains(self, party: int, most: int, thing: int, then: int) -> _Chains:
        """Return every simple path to a party over at most so many hops, the greatest first.

        `thing` and `then` are those of `_End`.
        """
        flow = self._flow
        sources, hops = flow.sources, flow.hops
        none = np.full(1, -1)
        last = np.arange(*np.searchsorted(hops.to, [party, party + 1]))
        last = last[(hops.via[last] < 0) | (hops.via[last] != thing)]
        parts = [(np.array([party]), none, none), (hops.start[last], last, np.full(len(last), -1))]
        if most == 2:
            at, earlier = matching(hops.to, hops.start[last])
            simple = (hops.via[earlier] < 0) | (hops.via[earlier] != hops.via[last[at]])
            parts.append((hops.start[earlier[simple]], last[at[simple]], earlier[simple]))
        columns = []
        for origin, final, first in parts:
            at, source = matching(sources.party, origin)
            shipment, final, first = sources.shipment[source], final[at], first[at]
            value = sources.weight[source]
            kept = ~flow.involves(shipment, np.full(len(shipment), then))
            for hop in (final, first):
                hopped = np.flatnonzero(hop >= 0)
                value[hopped] *= hops.weight[hop[hopped]]
                kept[hopped] &= ~flow.involves(shipment[hopped], hops.to[hop[hopped]])
            columns.append((value[kept], source[kept], final[kept], first[kept]))
        value, *rest = (np.concatenate(column) for column in zip(*columns, strict=True))
        order = np.argsort(-value, kind="stable")
        return _Chains(value[order], *(column[order] for column in rest))

    def _path(self, end: _End, chain: _Chains) -> Path:
        flow = self._flow
        value, source, final, first = (column[0] for column in chain)
        entered = LINKS[flow.sources.link[source]]
        steps = [Step(flow.parties.ref(int(flow.sources.party[source])), entered, int(flow.sources.shared_by[source]))]
        for hop in (first, final):
            if hop >= 0:
                link, shared_by = LINKS[flow.hops.link[hop]], int(flow.hops.shared_by[hop])
                if flow.hops.via[hop] >= 0:
                    steps.append(Step(flow.things.ref(int(flow.hops.via[hop])), link, 1))
                steps.append(Step(flow.parties.ref(int(flow.hops.to[hop])), link, shared_by))
        shipment = self._snapshot.things["Shipment"].keys[int(flow.sources.shipment[source])].as_py()
        return Path(float(value), Ref("Shipment", shipment), (*steps, *end.steps))


def linked_risk(snapshot: Snapshot, day: int, parameters: Parameters = PARAMETERS) -> LinkedRisk:
    """Return the linked risk of the network as known before a day.

    Args:
        snapshot: the network.
        day: only what was known before it is used; days since 1970-01-01.
        parameters: what the flow depends on.
    """
    return LinkedRisk(snapshot, day, parameters)


def _taken(values: Real, at: Long) -> Real:
    """Return values by position, 0 where the position is none (-1)."""
    return np.where(at < 0, 0.0, values[np.maximum(at, 0)]) if len(values) else np.zeros(len(at))
