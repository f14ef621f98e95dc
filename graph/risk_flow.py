"""How risk flows: what of the evidence reaches whom (see `graph/linked_risk.py`)."""

from typing import NamedTuple

import numpy as np

from graph.evidence import PARTIES, Parameters, left_of, shared_hops, together, ways
from graph.snapshot import Flag, Long, Real, Snapshot
from graph.sparse import Matrix, inner
from graph.ties import SHARED, Numbering, matching


def _held(codes: Long, asked: Long) -> Flag:
    """Return whether each code asked for is among the sorted codes."""
    if not len(codes):
        return np.zeros(len(asked), dtype=np.bool_)
    return np.asarray(codes[np.minimum(np.searchsorted(codes, asked), len(codes) - 1)] == asked)


def difference(whole: Real, part: Real) -> Real:
    """Return whole - part; what is left of a difference of equal sums is rounding, not risk, and becomes 0."""
    rest = whole - part
    return np.where(rest < 1e-12 * whole, 0.0, rest)


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
        shared_by: [t] by how many each is shared, 0 where nobody has it any more.
    """

    def __init__(self, snapshot: Snapshot, day: int, parameters: Parameters, shares: Snapshot | None = None) -> None:
        """Spread the evidence (see `graph.linked_risk.linked_risk`)."""
        whole = snapshot if shares is None else shares
        self.parties = parties = Numbering(whole, day, PARTIES)
        self.things = things = Numbering(whole, day, tuple(SHARED))
        count = len(parties)
        found = ways(whole, day, parties, things, parameters)
        self._infractions = found.sources
        if shares is not None:
            found = left_of(found, ways(snapshot, day, parties, things, parameters))
        self.sources, self.given = found.sources, found.given
        given, size = found.given, found.given.size
        self.shared_by: Long = np.zeros(len(things), dtype=np.int64)
        self.shared_by[given.thing] = size
        shared = shared_hops(given, things, parameters)
        self.hops = hops = together([shared, found.direct])
        self._hop = Matrix(hops.to, hops.start, hops.weight, (count, count))
        self._reverse = Matrix(hops.start, hops.to, hops.weight, (count, count))
        # What would go over one address or contact twice, by way of each of the others who gave it.
        gave = np.bincount(given.thing, minlength=len(things)).astype(np.float64)
        between = gave[shared.via] - 2
        self._twice = Matrix(shared.to, shared.start, shared.weight**2 * between, (count, count))
        carries = size <= parameters.shared_by_most
        self._mean = mean = np.where(carries, parameters.shared / size, 0.0)
        self.gave = Matrix(given.thing, given.party, mean, (len(things), count))
        self._kept = np.where(carries & (size > 1), parameters.shared**2 / np.maximum(size - 1, 1), 0.0)
        back = self._kept * (gave[given.thing] - 1) * mean
        self._gave_twice = Matrix(given.thing, given.party, back, (len(things), count))
        self._involve(count)
        self._spread(count)

    def _involve(self, count: int) -> None:
        """Note which parties an infraction's shipment has, by shipment and by party.

        What is left out of the shares counts here, too: without a link nobody has more than with it.
        """
        sources = self.sources
        self._width = max(count, 1)
        self._involved = np.unique(self._infractions.shipment * self._width + self._infractions.party)
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
        inside = (inner(hop, fellow, self._reverse, origin) - self._between(at, fellow, origin)) * weight
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

    def _between(self, at: Long, to: Long, origin: Long, matrix: Matrix | None = None) -> Real:
        """Return what goes from origin to `to` by way of another party of the source's shipment."""
        again, fellow = self._fellows(at)
        values = (matrix or self._hop).at(to[again], fellow) * self._hop.at(fellow, origin[again])
        return np.bincount(again, values, minlength=len(at)).astype(np.float64)

    def reaching_party(self, to: Long, source: Long) -> Real:
        """Return the part of a source's weight that reaches a party, over all paths."""
        origin = self.sources.party[source]
        two = inner(self._hop, to, self._reverse, origin) - self._between(source, to, origin)
        two -= self._twice.at(to, origin)
        at, place = matching(self._triples.source, source)
        shared = self.is_given(self._triples.thing[place], to[at])
        two += np.bincount(at, np.where(shared, self._triples.kept[place] ** 2, 0.0), minlength=len(to))
        apart = ~self.involves(self.sources.shipment[source], to)
        return np.where(to == origin, 1.0, np.where(apart, self._hop.at(to, origin) + two, 0.0))

    def reaching_thing(self, to: Long, source: Long) -> Real:
        """Return the part of a source's weight that reaches an address or contact, over all paths."""
        origin = self.sources.party[source]
        part = self.gave.at(to, origin) + inner(self.gave, to, self._reverse, origin)
        part -= self._between(source, to, origin, self.gave) + self._gave_twice.at(to, origin)
        at, place = matching(self._triples.source, source)
        same = self._triples.thing[place] == to[at]
        spared = np.where(same, self._triples.kept[place] * self._mean_of(self._triples.thing[place]), 0.0)
        return part + np.bincount(at, spared, minlength=len(to))
