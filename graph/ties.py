"""Ties between parties as known before a day: the compact part of the network that spreading signals work on.

What is known before a day is numbered by type and key without gaps. Records known later can shift node numbers, but
neither these numbers nor the order of anything here, so that what is computed from them stays the same to the last bit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from graph.records import Ref
from graph.snapshot import Int, Long, Real, Snapshot

SHARED = {"Address": "AT_ADDRESS", "Contact": "HAS_CONTACT"}
"""The things that parties give, and the link to them."""


class Numbering:
    """What was known before a day, several node types in one compact numbering: by type, then by key.

    Attributes:
        nodes: [n] node number within its type.
        kinds: [n] position of the type.
    """

    nodes: Long
    kinds: Long

    def __init__(self, snapshot: Snapshot, day: int, types: Sequence[str]) -> None:
        self._snapshot = snapshot
        self._types = types
        self._numbers: dict[str, Long] = {}
        nodes, kinds = [], []
        count = 0
        for kind, name in enumerate(types):
            known = np.flatnonzero(snapshot.things[name].first_on < day)
            number = np.full(len(snapshot.things[name]), -1, dtype=np.int64)
            number[known] = count + np.arange(len(known))
            self._numbers[name] = number
            nodes.append(known)
            kinds.append(np.full(len(known), kind))
            count += len(known)
        self.nodes = np.concatenate(nodes)
        self.kinds = np.concatenate(kinds)

    def __len__(self) -> int:
        """Return how many things are numbered."""
        return len(self.nodes)

    def of(self, name: str, nodes: Int | Long) -> Long:
        """Return the number of each node of a type, -1 where it is none or was not known yet."""
        number = self._numbers[name]
        if not len(number):
            return np.full(len(nodes), -1, dtype=np.int64)
        # What stands beside the network has the numbers behind it.
        return np.where((nodes < 0) | (nodes >= len(number)), -1, number[np.minimum(nodes, len(number) - 1)])

    def ref(self, number: int) -> Ref:
        """Return the thing with a number."""
        name = self._types[self.kinds[number]]
        return Ref(name, self._snapshot.things[name].keys[int(self.nodes[number])].as_py())

    def spread(self, values: Real, blank: float = 0.0) -> dict[str, Real]:
        """Return values by type and node, `blank` for what was not known yet."""
        of_type = {}
        for kind, name in enumerate(self._types):
            whole = np.full(len(self._numbers[name]), blank)
            mine = self.kinds == kind
            whole[self.nodes[mine]] = values[mine]
            of_type[name] = whole
        return of_type


class Members(NamedTuple):
    """Who gave which address or contact, sorted by both; `size` is how many gave the same.

    Where some of them are left out, `size` counts them still.
    """

    thing: Long
    party: Long
    size: Long


def runs(starts: Long, sizes: Long) -> tuple[Long, Long]:
    """Return (position of the run, element) of every element of runs of consecutive integers."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    return of, np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(len(of))


def matching(keys: Int | Long, values: Int | Long) -> tuple[Long, Long]:
    """Return (position in `values`, position in the sorted `keys`) wherever they are equal."""
    starts = np.searchsorted(keys, values, side="left")
    return runs(starts, np.searchsorted(keys, values, side="right") - starts)


def pairs(left: Long, right: Long, width: int) -> tuple[Long, Long]:
    """Return the distinct pairs of which neither is none, sorted; every `right` is below `width`."""
    kept = (left >= 0) & (right >= 0)
    code = np.unique(left[kept] * width + right[kept])
    return code // width, code % width


def counting(snapshot: Snapshot, day: int) -> Long:
    """Return the row of the version that counts on the day, for each shipment declared before it."""
    declarations = snapshot.declarations
    return np.flatnonzero((declarations.known_on < day) & (day <= declarations.until))


def members(snapshot: Snapshot, day: int, kinds: Sequence[str], parties: Numbering, things: Numbering) -> Members:
    """Return who of the parties (of the types in `kinds`) gave which address or contact before the day."""
    given, givers = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for node, link in SHARED.items():
        for kind in kinds:
            adjacency = snapshot.links.get((kind, link, node))
            if adjacency is not None:
                known = adjacency.first_on < day
                given.append(things.of(node, adjacency.indices[known]))
                givers.append(parties.of(kind, adjacency.starts[known]))
    thing, party = pairs(np.concatenate(given), np.concatenate(givers), max(len(parties), 1))
    return Members(thing, party, np.bincount(thing, minlength=len(things))[thing])


def sharing(members: Members, most: int) -> tuple[Long, Long]:
    """Return ordered pairs of positions in `members` of different parties with one address or contact.

    What more than `most` parties gave is left out.
    """
    first = np.flatnonzero(np.diff(members.thing, prepend=-1))
    held = np.diff(np.append(first, len(members.thing)))
    start, held = np.repeat(first, held), np.repeat(held, held)
    left, right = runs(start, np.where(members.size <= most, held, 0))
    different = left != right
    return left[different], right[different]


def owners(snapshot: Snapshot, day: int, parties: Numbering) -> tuple[Long, Long]:
    """Return the distinct (owned, owner) pairs that count on the day."""
    owned = snapshot.ownership
    held = (owned.since < day) & (day <= owned.until)
    below, above = (parties.of("Trader", side[held]) for side in (owned.owned, owned.owner))
    return pairs(below, above, max(len(parties), 1))


def same(snapshot: Snapshot, day: int, kinds: Sequence[str], parties: Numbering) -> tuple[Long, Long]:
    """Return the distinct pairs of parties that were taken for the same thing before the day, the lower first."""
    sides = [np.empty((2, 0), dtype=np.int64)]
    for kind in kinds:
        adjacency = snapshot.links.get((kind, "SAME_AS", kind))
        if adjacency is not None:
            known = adjacency.first_on < day
            sides.append(np.stack([parties.of(kind, end[known]) for end in (adjacency.starts, adjacency.indices)]))
    ends = np.concatenate(sides, axis=1)
    return pairs(ends.min(axis=0), ends.max(axis=0), max(len(parties), 1))
