"""What risk flows from, and over what: the evidence and the hops between parties (see `graph/linked_risk.py`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from graph.snapshot import Flag, Long, Real, Snapshot
from graph.ties import SHARED, Members, Numbering, counting, matching, members, owners, pairs, same, sharing

PARTIES = ("Trader", "Forwarder", "Vessel")
ROLES = {
    "importer": ("Trader", "IMPORTED_BY"),
    "exporter": ("Trader", "EXPORTED_BY"),
    "declarant": ("Forwarder", "DECLARED_BY"),
    "vessel": ("Vessel", "ABOARD"),
}
LINKS = ("IMPORTED_BY", "EXPORTED_BY", "DECLARED_BY", "ABOARD", "AT_ADDRESS", "HAS_CONTACT", "OWNED_BY", "SAME_AS")


@dataclass(frozen=True)
class Parameters:
    """What the flow of risk depends on.

    Attributes:
        half_life_days: age at which an infraction counts half.
        strength: m, inspections that a party is credited with before its first.
        shared: d for an address or contact, per link.
        owned: d for ownership.
        same: d between two entries taken for the same thing; not divided, since all of them are one.
        trades: d between an importer and its exporters and declarants.
        shared_by_most: an address or contact of more parties than this carries nothing; its part would be smaller
            than that of one link in a hundred.
        importer, exporter, declarant, vessel: what of a party's risk reaches its shipment; models learn these
            (`targeting.link_weights`).
    """

    half_life_days: float = 365.0
    strength: float = 1.0
    shared: float = 0.9
    owned: float = 0.7
    same: float = 0.9
    trades: float = 0.5
    shared_by_most: int = 100
    importer: float = 1.0
    exporter: float = 0.7
    declarant: float = 0.3
    vessel: float = 0.5

    @property
    def roles(self) -> tuple[float, ...]:
        """Return the weights of the roles, in the order of `ROLES`."""
        return self.importer, self.exporter, self.declarant, self.vessel

    def weighed(self, roles: Sequence[float]) -> "Parameters":
        """Return the parameters with other weights of the roles, in the order of `ROLES`."""
        importer, exporter, declarant, vessel = roles
        return replace(self, importer=importer, exporter=exporter, declarant=declarant, vessel=vessel)


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
    `shared_by` what it was divided by, `link` the position in `LINKS`; `back` is 1 where the link leads from the one
    reached, 0 where it leads to it: two traders may each be the other's supplier.
    """

    to: Long
    start: Long
    via: Long
    weight: Real
    link: Long
    shared_by: Long
    back: Long


def row_parties(snapshot: Snapshot, parties: Numbering, rows: Long) -> dict[str, Long]:
    """Return the numbers of the parties of versions of declarations, by role."""
    keys = snapshot.declarations.keys
    return {role: parties.of(node, keys[role][rows]) for role, (node, _) in ROLES.items()}


def evidence(
    snapshot: Snapshot, day: int, parties: int, rows: Long, roles: Mapping[str, Long], parameters: Parameters
) -> Sources:
    """Return where the infractions known before a day enter: at which of so many parties, and with what weight."""
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


class Ways(NamedTuple):
    """All that risk flows from and over: evidence, who gave what, and the hops that need no address or contact."""

    sources: Sources
    given: Members
    direct: Hops


def ways(snapshot: Snapshot, day: int, parties: Numbering, things: Numbering, parameters: Parameters) -> Ways:
    """Return what was known before a day, each with what it is divided by."""
    rows, count = counting(snapshot, day), len(parties)
    roles = row_parties(snapshot, parties, rows)
    hops = [*_direct_hops(*owners(snapshot, day, parties), count, parameters.owned, "OWNED_BY")]
    for role in ("exporter", "declarant"):
        hops += _direct_hops(*pairs(roles["importer"], roles[role], count), count, parameters.trades, ROLES[role][1])
    hops += _direct_hops(*same(snapshot, day, PARTIES, parties), count, parameters.same, "SAME_AS", divided=False)
    return Ways(
        evidence(snapshot, day, count, rows, roles, parameters),
        members(snapshot, day, PARTIES, parties, things),
        together(hops),
    )


def left_of(whole: Ways, rest: Ways) -> Ways:
    """Return those of the ways that the rest still has, each divided by what it was divided by in the whole."""
    sources, given, direct = (
        np.isin(_coded(*of_whole), _coded(*of_rest))
        for of_whole, of_rest in (
            tuple((part.sources.party, part.sources.shipment, part.sources.link) for part in (whole, rest)),
            tuple((part.given.thing, part.given.party) for part in (whole, rest)),
            tuple(
                (part.direct.to * 2 + part.direct.back, part.direct.start, part.direct.link) for part in (whole, rest)
            ),
        )
    )
    return Ways(
        Sources(*_picked(whole.sources, sources)),
        Members(*_picked(whole.given, given)),
        Hops(*_picked(whole.direct, direct)),
    )


def _picked(columns: Iterable[Any], rows: Flag) -> list[Any]:
    return [column[rows] for column in columns]


def _coded(first: Long, second: Long, third: Long | None = None) -> Long:
    """Return one code for each two or three numbers below 2^29 (the first below 2^30), the third one of `LINKS`."""
    code = first << 29 | second
    return code if third is None else code * len(LINKS) + third


def shared_hops(given: Members, things: Numbering, parameters: Parameters) -> Hops:
    """Pair everybody with everybody else who gave the same address or contact."""
    left, right = sharing(given, parameters.shared_by_most)
    others = given.size[left] - 1
    link = np.array([LINKS.index(name) for name in SHARED.values()])[things.kinds[given.thing[left]]]
    kept, both = parameters.shared**2 / others, np.zeros(len(left), dtype=np.int64)
    return Hops(given.party[left], given.party[right], given.thing[left], kept, link, others, both)


def _direct_hops(left: Long, right: Long, parties: int, kept: float, link: str, *, divided: bool = True) -> list[Hops]:
    """Hop both ways between the ends of distinct links; what arrives is divided by the links of the one reached."""
    different = left != right
    left, right = left[different], right[different]
    hops = []
    for back, to, start in ((1, left, right), (0, right, left)):
        shared_by = np.bincount(to, minlength=parties)[to] if divided else np.ones(len(to), dtype=np.int64)
        none, by = np.full(len(to), -1), np.full(len(to), LINKS.index(link))
        hops.append(Hops(to, start, none, kept / shared_by, by, shared_by, np.full(len(to), back)))
    return hops


def together(parts: Sequence[Hops]) -> Hops:
    """Return all hops in their order."""
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[1], columns[2], columns[4], columns[0]))
    return Hops(*(column[order] for column in columns))
