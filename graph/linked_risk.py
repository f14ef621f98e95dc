"""Linked risk: evidence flows along the links of the network, and every value can be taken apart into its paths.

The evidence is an infraction found in a shipment. It enters the network at the shipment's parties,

    e(p) = sum over infractions s of p:  2^(-age(s) / half-life) / (max(inspected(p), clients(p)) + m),

so one infraction among a hundred inspections is little, and one client of a broker with 4,800 says little of the
broker. From party to party it takes hops:

- over an address or contact that n parties share: d² / (n - 1) for each of the others (d: what is kept per link);
- from a subsidiary to its owner and back: d / (owners, or subsidiaries, of the party reached);
- between two entries that somebody takes for the same thing: d;
- between an importer and its exporters and declarants: d / (partners of that kind of the party reached).

With H the matrix of hops, R = e + H e + (H H) e, taken over simple paths only: nothing goes on to, or by way of,
another party of the infraction's own shipment (which has its part of the evidence already, so that nobody raises the
own risk through the neighbours), nothing comes back to a party, and no address or contact is used twice. A path has at
most four links between the party where the evidence enters and the one it reaches. R is linear in the evidence, and in
the links where those who share them are counted as before: clearing a shipment (its outcome turns to clean), or taking
links away, subtracts exactly the paths that begin or pass there. Commodities, countries and offices are not links: what
they say is a matter of profiles.

This is a Katz series cut off after two hops, its weights divided among those who share a link and personalised by the
evidence (Katz, "A new status index derived from sociometric analysis", Psychometrika 18, 1953); the cut is what lets
every path be listed.
"""

import copy
import math
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from graph.chains import Chains, every_chain
from graph.ends import End, Ends, Step
from graph.evidence import LINKS, PARAMETERS, PARTIES, ROLES, Parameters
from graph.fragile import Binding, fewest, link_of, woven
from graph.records import LinkRef, Ref
from graph.risk_flow import Flow, difference
from graph.snapshot import Long, Real, Snapshot
from graph.strongest import Bounds, strongest_chains
from graph.ties import SHARED, runs

_CHAINS_HELD = 256


class Path(NamedTuple):
    """One contribution: what the infraction of `source` adds over `steps`, which end at the one it reaches."""

    value: float
    source: Ref
    steps: tuple[Step, ...]

    def links(self) -> tuple[LinkRef, ...]:
        """Return the links that it goes over, from the shipment, or from the party to what it shares.

        Between two parties the lower comes first: a hop goes both ways.
        """
        ends = [self.source, *(step.ref for step in self.steps)]
        return tuple(
            LinkRef(*((one, step.link, other) if _leading(one) <= _leading(other) else (other, step.link, one)))
            for one, other, step in zip(ends, ends[1:], self.steps, strict=False)
        )


class Paths(NamedTuple):
    """The greatest contributions to a value, and the sum of those left out; together they are the value."""

    paths: list[Path]
    remainder: float
    left_out: int


class LinkedRisk:
    """The linked risk of everything known before a day.

    Attributes:
        day: only what was known before it is used.
        entity: by node type (Trader, Forwarder, Vessel, Address, Contact), the risk of every node; 0 where it was not
            known yet. An address or contact has the mean of what reaches it from those who gave it.
    """

    day: int
    entity: Mapping[str, Real]

    def __init__(
        self, snapshot: Snapshot, day: int, parameters: Parameters = PARAMETERS, shares: Snapshot | None = None
    ) -> None:
        self.day, self._snapshot, self._parameters = day, snapshot, parameters
        self._flow = flow = Flow(snapshot, day, parameters, shares)
        self._ends = Ends(snapshot, flow, parameters)
        self.entity = {**flow.parties.spread(flow.risk), **flow.things.spread(flow.thing_risk)}
        self._evident = frozenset(flow.sources.shipment.tolist())
        # A broker's thousands of paths are asked for with each of its shipments.
        self._chains_to = lru_cache(maxsize=_CHAINS_HELD)(partial(every_chain, flow))
        self._bounds = lru_cache(maxsize=1)(lambda: Bounds(flow))

    def beside(self, snapshot: Snapshot) -> "LinkedRisk":
        """Return the same risk for the declarations of a snapshot beside this one (`graph.beside`)."""
        other = copy.copy(self)
        other._snapshot, other._ends = snapshot, Ends(snapshot, self._flow, self._parameters)
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
        roles, given = self._ends.named(rows)
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

    def of_roles(self, rows: Long) -> Real:
        """Return the linked risk of shipments by way of each role with weight 1, [n, len(ROLES)]: see `of_rows`."""
        columns = []
        for role in ROLES:
            alone = copy.copy(self)
            alone._parameters = self._parameters.weighed([float(name == role) for name in ROLES])
            columns.append(alone.of_rows(rows))
        return np.stack(columns, axis=1)

    def paths(self, target: Ref | int, limit: int = 20) -> Paths:
        """Take a risk apart into its paths, the greatest first.

        Args:
            target: a thing of a type in `entity`, or the row of a declaration's version.
            limit: how many paths to return.

        Raises:
            ValueError: if the thing is of another type or not in the snapshot.
        """
        row = None if isinstance(target, Ref) else int(target)
        ends = self._ends.of_thing(target) if isinstance(target, Ref) else self._ends.of_row(int(target))
        own = -1 if row is None else int(self._snapshot.declarations.shipment[row])
        found = [self._chains(end, own) for end in ends]
        if not found:
            return Paths([], 0.0, 0)
        values = np.concatenate([chains.value for chains in found])
        sizes = [len(chains.value) for chains in found]
        of, place = runs(np.zeros(len(found), dtype=np.int64), np.array(sizes))
        order = np.argsort(-values, kind="stable")
        shown = [
            self._path(ends[of[at]], Chains(*(column[[place[at]]] for column in found[of[at]]))) for at in order[:limit]
        ]
        return Paths(shown, math.fsum(values[order[limit:]]), max(len(order) - limit, 0))

    def fewest(self, row: int, enough: float) -> Binding:
        """Return the fewest links without which a declaration's linked risk loses at least so much (`graph.fragile`).

        What the declaration itself says (its parties, an address that it is the first to give) is not among them.

        Args:
            row: the version of a declaration.
            enough: what it has to lose, at most its linked risk.
        """
        own = int(self._snapshot.declarations.shipment[row])
        paths = woven(self._flow, [(end, self._chains(end, own)) for end in self._ends.of_row(row)])
        found = fewest(paths, enough)
        links = [link_of(self._snapshot, self._flow, code) for code in found.codes]
        return Binding(links, found.brings, found.smallest)

    def strongest(self, rows: Long) -> list[Path | None]:
        """Return the greatest path of each version of a declaration, the first that `paths` gives; None without any."""
        ends, columns = self._ends.of_rows(rows)
        best = strongest_chains(self._flow, self._bounds(), ends)
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
            end = self._ends.one(int(rows[row]), columns[int(ends.column[at])], ends, int(at))
            chain = Chains(value[[at]], *(part[[at]] for part in best[1:]))
            found[row] = self._path(end, chain)
        for row in np.flatnonzero(np.isin(shipments, list(self._evident))).tolist():
            # What a shipment found in infraction adds itself is left out, so the greatest may be another one.
            listed = self.paths(int(rows[row]), 1).paths
            found[row] = listed[0] if listed else None
        return found

    def _chains(self, end: End, own: int) -> Chains:
        """Return every simple path to an end, without the evidence of one's own shipment."""
        value, source, final, first = self._chains_to(end.party, end.hops, end.thing, end.then)
        if own in self._evident:
            kept = self._flow.sources.shipment[source] != own
            value, source, final, first = value[kept], source[kept], final[kept], first[kept]
        return Chains(value * end.weight, source, final, first)

    def _path(self, end: End, chain: Chains) -> Path:
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


def linked_risk(
    snapshot: Snapshot, day: int, parameters: Parameters = PARAMETERS, shares: Snapshot | None = None
) -> LinkedRisk:
    """Return the linked risk of the network as known before a day.

    Args:
        snapshot: the network.
        day: only what was known before it is used; days since 1970-01-01.
        parameters: what the flow depends on.
        shares: a network with the same things of which `snapshot` is what is left (`graph.supposed`). Every link is
            divided by those who share it there, so that what was taken away is missing by exactly the paths over it.
    """
    return LinkedRisk(snapshot, day, parameters, shares)


def _leading(ref: Ref) -> tuple[int, Ref]:
    """Return what decides which end of a link comes first."""
    return ("Shipment", *PARTIES, *SHARED).index(ref.type), ref


def _taken(values: Real, at: Long) -> Real:
    """Return values by position, 0 where the position is none (-1)."""
    return np.where(at < 0, 0.0, values[np.maximum(at, 0)]) if len(values) else np.zeros(len(at))
