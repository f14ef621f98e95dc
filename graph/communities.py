"""Communities: parties that are more closely tied to each other than chance would have it.

Traders and forwarders are projected onto one weighted network. Each tie counts by how rare it is, as in Newman's
weighting of co-authorship ("Scientific collaboration networks II", Phys. Rev. E 64, 2001): an address that n parties
share ties each two of them with 1 / (n - 1), an exporter with n importers each of them with 1 / n. The network is then
divided (`graph/partition.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.partition import WeightedTies, divide, meetings
from graph.snapshot import Int, Long, Real, Snapshot
from graph.structure import YOUNG_DAYS
from graph.ties import SHARED, Members, Numbering, counting, members, owners, pairs, sharing

SHARED_BY_MOST = 50
"""An address or contact that more parties gave ties nobody: it is a business centre or a broker's own number."""

_PARTIES = ("Trader", "Forwarder")
_INHERITED = 0.3
_AGAIN = re.compile(r"~\d+$")


@dataclass(frozen=True)
class Communities:
    """The communities of the network as known before a day.

    Attributes:
        day: only what was known before it was used.
        resolution: γ, frozen: pass it on for runs that are to be compared.
        modularity: of the partition, at γ = 1.
        number: by node type (Trader, Forwarder, Address, Contact), the community of every node, -1 for none. An
            address or contact belongs where most of those who gave it do.
        stability: by node type (Trader, Forwarder), 0 to 1: how much of a node's community is the same when ties are
            left out at random (mean Jaccard index of its fellow members); 0 where it has no community.
        size: [c] number of traders and forwarders.
        young: [c] part of the members that became known at most `YOUNG_DAYS` before the day.
        density: [c] part of the pairs of members that share an address or contact.
        ids: [c] a name for each that stays the same from run to run (see `identify`).
        keys: by node type (Trader, Forwarder), the keys that `number` goes by.
    """

    day: int
    resolution: float
    modularity: float
    number: Mapping[str, Int]
    stability: Mapping[str, Real]
    size: Long
    young: Real
    density: Real
    ids: tuple[str, ...]
    keys: Mapping[str, pa.StringArray]

    def __len__(self) -> int:
        """Return how many communities there are."""
        return len(self.size)

    def of_rows(self, snapshot: Snapshot, rows: Long) -> Int:
        """Return the community of each row's importer, [n], -1 for none.

        For an importer that has none yet it is that of the address or contacts which the row gives, else that of the
        exporter. The snapshot must be the one that the communities were found in, or one beside it.
        """
        keys = snapshot.declarations.keys
        community = np.full(len(rows), -1, dtype=np.int32)
        for column, node in (
            ("importer", "Trader"),
            ("importer_address", "Address"),
            ("importer_email", "Contact"),
            ("importer_phone", "Contact"),
            ("exporter", "Trader"),
        ):
            number, named = self.number[node], keys[column][rows]
            if len(number):
                # What stands beside the network (`graph.beside`) has no community yet.
                found = np.where((named < 0) | (named >= len(number)), -1, number[np.minimum(named, len(number) - 1)])
                community = np.where(community < 0, found, community).astype(np.int32)
        return community


def _projection(snapshot: Snapshot, day: int, parties: Numbering, given: Members) -> tuple[WeightedTies, Long]:
    """Return the ties between parties (left < right), sorted, and which of them share an address or contact."""
    width = max(len(parties), 1)
    one, other = sharing(given, SHARED_BY_MOST)
    parts = [(given.party[one], given.party[other], 1.0 / (given.size[one] - 1))]
    below, above = owners(snapshot, day, parties)
    parts.append((below, above, 1.0 / np.bincount(above, minlength=width)[above]))
    keys, rows = snapshot.declarations.keys, counting(snapshot, day)
    importer = parties.of("Trader", keys["importer"][rows])
    for role, node in (("exporter", "Trader"), ("declarant", "Forwarder")):
        partner, client = pairs(parties.of(node, keys[role][rows]), importer, width)
        parts.append((client, partner, 1.0 / np.bincount(partner, minlength=width)[partner]))
    left, right, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    close = np.arange(len(left)) < len(one)
    # A shared thing gives each pair in both orders: keep one of them.
    kept = (left != right) & (~close | (left < right))
    left, right, weight, close = left[kept], right[kept], weight[kept], close[kept]
    code, tie = np.unique(np.minimum(left, right) * width + np.maximum(left, right), return_inverse=True)
    weight = np.bincount(tie, weight, minlength=len(code)).astype(np.float64)
    close_ones = np.flatnonzero(np.bincount(tie, close, minlength=len(code)) > 0)
    return WeightedTies(code // width, code % width, weight), close_ones


def communities(snapshot: Snapshot, day: int, *, seed: int, resolution: float | None = None) -> Communities:
    """Find the communities of the network as known before a day; the same input and seed give the same, bit for bit.

    Args:
        snapshot: the network.
        day: only what was known before it is used; days since 1970-01-01.
        seed: of the order in which nodes are visited and of the ties left out.
        resolution: γ; chosen from `graph.partition.RESOLUTIONS` where not given.
    """
    parties = Numbering(snapshot, day, _PARTIES)
    things = Numbering(snapshot, day, tuple(SHARED))
    given = members(snapshot, day, _PARTIES, parties, things)
    ties, close_ones = _projection(snapshot, day, parties, given)
    number = np.full(len(parties), -1, dtype=np.int64)
    stability = np.zeros(len(parties))
    modularity = 0.0
    tied = np.union1d(ties.left, ties.right)
    if len(tied):
        place = np.zeros(len(parties), dtype=np.int64)
        place[tied] = np.arange(len(tied))
        ties = ties._replace(left=place[ties.left], right=place[ties.right])
        resolution, modularity, whole, firm = divide(len(tied), ties, seed, resolution)
        several = np.bincount(whole) > 1
        number[tied] = np.where(several, np.cumsum(several) - 1, -1)[whole]
        stability[tied] = np.where(several[whole], firm, 0.0)
    count = int(number.max(initial=-1)) + 1
    placed = np.flatnonzero(number >= 0)
    size = np.bincount(number[placed], minlength=count)
    first_on = np.concatenate(
        [snapshot.things[kind].first_on[snapshot.things[kind].first_on < day] for kind in _PARTIES]
    )
    young = np.bincount(number[placed[first_on[placed] >= day - YOUNG_DAYS]], minlength=count)
    left, right = number[tied[ties.left[close_ones]]], number[tied[ties.right[close_ones]]]
    close = np.bincount(left[(left == right) & (left >= 0)], minlength=count)
    first = placed[np.unique(number[placed], return_index=True)[1]]
    return Communities(
        day,
        1.0 if resolution is None else resolution,
        modularity,
        {**_whole(parties, number), **_whole(things, _of_things(given, number, len(things)))},
        parties.spread(stability),
        size,
        young / size,
        close / (size * (size - 1) / 2),
        tuple(str(parties.ref(int(at))) for at in first),
        {kind: snapshot.things[kind].keys for kind in _PARTIES},
    )


def _whole(numbering: Numbering, number: Long) -> dict[str, Int]:
    """Return community numbers by type and node."""
    return {kind: values.astype(np.int32) for kind, values in numbering.spread(number.astype(np.float64), -1.0).items()}


def _of_things(given: Members, number: Long, count: int) -> Long:
    """Return the community of most of those who gave each address or contact, of equal ones the first."""
    kept = (given.size <= SHARED_BY_MOST) & (number[given.party] >= 0)
    width = int(number.max(initial=-1)) + 1
    of_thing = np.full(count, -1, dtype=np.int64)
    code, votes = np.unique(given.thing[kept] * max(width, 1) + number[given.party[kept]], return_counts=True)
    order = np.lexsort((-code, votes))
    of_thing[code[order] // max(width, 1)] = code[order] % max(width, 1)
    return of_thing


def namesake(name: str) -> str:
    """Return the member after which a community is named, where its name was given before (`identify`)."""
    return _AGAIN.sub("", name)


def moves(previous: Communities, current: Communities) -> tuple[Long, Long]:
    """Return the community of every party that both know, before and now, -1 for none.

    Parties are compared by key, so the two may come from different snapshots.
    """
    before, after = [], []
    for kind in _PARTIES:
        at = pc.index_in(previous.keys[kind], value_set=current.keys[kind])
        found = at.is_valid().to_numpy(zero_copy_only=False)
        before.append(previous.number[kind][found])
        after.append(current.number[kind][pc.fill_null(at, 0).to_numpy()[found]] if found.any() else before[-1])
    return np.concatenate(before).astype(np.int64), np.concatenate(after).astype(np.int64)


def identify(previous: Communities, current: Communities) -> Communities:
    """Return the current communities with the ids of the previous ones that they continue.

    Two communities are matched where the Jaccard index of their members is at least 0.3 and no better match claims
    either of them (Greene, Doyle and Cunningham, "Tracking the evolution of communities in dynamic social networks",
    ASONAM 2010).
    """
    old, new = moves(previous, current)
    kept = (old >= 0) & (new >= 0)
    one, other, both = meetings(old[kept], new[kept])
    overlap = both / (previous.size[one] + current.size[other] - both)
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for at in np.lexsort((one, other, -overlap)):
        name, number = previous.ids[one[at]], int(other[at])
        if overlap[at] >= _INHERITED and number not in ids and name not in taken:
            ids[number] = name
            taken.add(name)
    for number, name in enumerate(current.ids):
        if number not in ids:
            # A member may have left and named another community before, or one that is no more: a name is given once.
            again, plain = 2, name
            while name in taken or name in previous.ids:
                name, again = f"{plain}~{again}", again + 1
            ids[number] = name
            taken.add(name)
    return replace(current, ids=tuple(ids[number] for number in range(len(current))))
