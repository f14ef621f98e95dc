"""Communities: parties that are more closely tied to each other than chance would have it.

Traders and forwarders are projected onto one weighted network. Each tie counts by how rare it is, as in Newman's
weighting of co-authorship ("Scientific collaboration networks II", Phys. Rev. E 64, 2001): an address that n parties
share ties each two of them with 1 / (n - 1), an exporter with n importers each of them with 1 / n. Louvain's method
with refinement (Blondel et al., J. Stat. Mech. P10008, 2008; Staudt and Meyerhenke, IEEE TPDS 27, 2016) seeks the
partition of greatest modularity at a resolution γ; a community in pieces is divided into them. Why not Leiden's method:
`docs/decisions/0003-louvain-for-leiden.md`.

The resolution is not assumed. Modularity has a plateau of partitions almost as good as the best (Good, de Montjoye and
Clauset, Phys. Rev. E 81, 2010), and the best one by itself merges small groups in a large network (Fortunato and
Barthélemy, PNAS 104, 2007). So, of a geometric grid, the resolution is taken whose partition lies on the plateau and
agrees best with those found when ties are left out at random, by the adjusted Rand index (Hubert and Arabie,
J. Classification 2, 1985).
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from graph.cutoffs import last_cutoff
from graph.ground import Ground, paired
from graph.rates import sums
from graph.snapshot import Int, Long, Real, Snapshot
from graph.structure import YOUNG_DAYS
from graph.ties import SHARED, Members, Numbering, counting, members, owners, pairs, sharing

SHARED_BY_MOST = 50
"""An address or contact that more parties gave ties nobody: it is a business centre or a broker's own number."""

RESOLUTIONS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""The resolutions tried where none is given."""

PLATEAU = 0.98
"""The part of the greatest modularity that a partition must reach to lie on the plateau."""

LEFT_OUT = 0.1
"""The part of the ties that a perturbed run leaves out."""

_RUNS = 4
_TRIALS = 2
_ITERATIONS = 32
_PARTIES = ("Trader", "Forwarder")
_INHERITED = 0.3
_ONE_AT_A_TIME = threading.Lock()


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


@dataclass(frozen=True)
class _Projection:
    """Ties between parties, each once (left < right), sorted; `close` says that they share an address or contact."""

    left: Long
    right: Long
    weight: Real
    close: Long


def _projection(snapshot: Snapshot, day: int, parties: Numbering, given: Members) -> _Projection:
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
    return _Projection(
        code // width,
        code % width,
        np.bincount(tie, weight, minlength=len(code)).astype(np.float64),
        np.flatnonzero(np.bincount(tie, close, minlength=len(code)) > 0),
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let NetworKit run on one thread, where it gives one answer; its seed and threads are the process's."""
    import networkit  # takes seconds, which those who only read communities need not wait

    with _ONE_AT_A_TIME:
        threads = networkit.getMaxNumberOfThreads()
        networkit.setNumberOfThreads(1)
        try:
            yield
        finally:
            networkit.setNumberOfThreads(threads)


def _partition(count: int, ties: _Projection, kept: Long | slice, resolution: float, seed: int) -> Long:
    """Return a community per node, numbered by the first member; each is connected in itself."""
    import networkit

    left, right = ties.left[kept], ties.right[kept]
    graph = networkit.GraphFromCoo((ties.weight[kept], (left, right)), n=count, weighted=True)
    networkit.engineering.setSeed(seed, False)
    method = networkit.community.PLM(graph, refine=True, gamma=resolution, par="none", maxIter=_ITERATIONS)
    found = np.asarray(method.run().getPartition().getVector())
    # Louvain's method may leave a community in pieces, which Leiden's would not.
    inside = found[left] == found[right]
    ones = np.ones(int(inside.sum()), dtype=np.int8)
    whole = csr_array((ones, (left[inside], right[inside])), shape=(count, count))
    pieces = connected_components(whole, directed=False)[1]
    _, first, number = np.unique(pieces, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]


def _perturbed(count: int, ties: _Projection, resolution: float, seed: int, run: int) -> Long:
    rng = np.random.default_rng([seed, run])
    kept = np.flatnonzero(rng.random(len(ties.weight)) >= LEFT_OUT)
    return _partition(count, ties, kept, resolution, seed + run)


def _meetings(one: Long, other: Long) -> tuple[Long, Long, Long]:
    """Return (community in one, community in the other, nodes in both)."""
    width = int(other.max(initial=0)) + 1
    code, count = np.unique(one * width + other, return_counts=True)
    return code // width, code % width, count


def _agreement(one: Long, other: Long) -> float:
    """Return the adjusted Rand index of two partitions, 0 where one of them puts everything, or nothing, together."""

    def couples(sizes: Long) -> float:
        return float((sizes * (sizes - 1) // 2).sum())

    both = couples(_meetings(one, other)[2])
    first, second = couples(np.bincount(one)), couples(np.bincount(other))
    total = len(one) * (len(one) - 1) / 2
    expected = first * second / total if total else 0.0
    most = (first + second) / 2
    return (both - expected) / (most - expected) if most > expected else 0.0


def _chosen(count: int, ties: _Projection, seed: int) -> float:
    """Return the resolution on the plateau of modularity whose partition changes least when ties are left out."""
    tried = []
    for resolution in RESOLUTIONS:
        whole = _partition(count, ties, slice(None), resolution, seed)
        runs = [_perturbed(count, ties, resolution, seed, run + 1) for run in range(_TRIALS)]
        agreement = float(np.mean([_agreement(whole, run) for run in runs]))
        tried.append((_modularity(whole, ties), agreement, resolution))
    best = max(modularity for modularity, _, _ in tried)
    on_plateau = [
        (agreement, -resolution) for modularity, agreement, resolution in tried if modularity >= PLATEAU * best
    ]
    return -max(on_plateau)[1]


def _stability(whole: Long, runs: Sequence[Long]) -> Real:
    """Return for each node the mean Jaccard index of its community and the one it has in each run."""
    total = np.zeros(len(whole))
    for run in runs:
        one, other, both = _meetings(whole, run)
        union = np.bincount(whole)[one] + np.bincount(run)[other] - both
        width = int(run.max(initial=0)) + 1
        at = np.searchsorted(one * width + other, whole * width + run)
        total += (both / union)[at]
    return total / len(runs)


def _modularity(number: Long, ties: _Projection) -> float:
    whole = float(ties.weight.sum())
    inside = ties.weight[number[ties.left] == number[ties.right]].sum()
    degree = np.bincount(number[ties.left], ties.weight, minlength=int(number.max()) + 1)
    degree = degree + np.bincount(number[ties.right], ties.weight, minlength=len(degree))
    return float(inside / whole - ((degree / (2 * whole)) ** 2).sum())


def communities(snapshot: Snapshot, day: int, *, seed: int, resolution: float | None = None) -> Communities:
    """Find the communities of the network as known before a day; the same input and seed give the same, bit for bit.

    Args:
        snapshot: the network.
        day: only what was known before it is used; days since 1970-01-01.
        seed: of the order in which nodes are visited and of the ties left out.
        resolution: γ; chosen from `RESOLUTIONS` where not given.
    """
    parties = Numbering(snapshot, day, _PARTIES)
    things = Numbering(snapshot, day, tuple(SHARED))
    given = members(snapshot, day, _PARTIES, parties, things)
    ties = _projection(snapshot, day, parties, given)
    number = np.full(len(parties), -1, dtype=np.int64)
    stability = np.zeros(len(parties))
    modularity = 0.0
    tied = np.union1d(ties.left, ties.right)
    if len(tied):
        place = np.zeros(len(parties), dtype=np.int64)
        place[tied] = np.arange(len(tied))
        ties = replace(ties, left=place[ties.left], right=place[ties.right])
        with _one_thread():
            if resolution is None:
                resolution = _chosen(len(tied), ties, seed)
            whole = _partition(len(tied), ties, slice(None), resolution, seed)
            runs = [_perturbed(len(tied), ties, resolution, seed, run + 1) for run in range(_RUNS)]
        modularity = _modularity(whole, ties)
        several = np.bincount(whole) > 1
        number[tied] = np.where(several, np.cumsum(several) - 1, -1)[whole]
        stability[tied] = np.where(several[whole], _stability(whole, runs), 0.0)
    count = int(number.max(initial=-1)) + 1
    placed = np.flatnonzero(number >= 0)
    size = np.bincount(number[placed], minlength=count)
    first_on = np.concatenate(
        [snapshot.things[kind].first_on[snapshot.things[kind].first_on < day] for kind in _PARTIES]
    )
    young = np.bincount(number[placed[first_on[placed] >= day - YOUNG_DAYS]], minlength=count)
    left, right = number[tied[ties.left[ties.close]]], number[tied[ties.right[ties.close]]]
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


def identify(previous: Communities, current: Communities) -> Communities:
    """Return the current communities with the ids of the previous ones that they continue.

    Two communities are matched where the Jaccard index of their members is at least 0.3 and no better match claims
    either of them (Greene, Doyle and Cunningham, "Tracking the evolution of communities in dynamic social networks",
    ASONAM 2010). Members are compared by key, so the two may come from different snapshots.
    """
    before, after = [], []
    for kind in _PARTIES:
        at = pc.index_in(previous.keys[kind], value_set=current.keys[kind])
        found = at.is_valid().to_numpy(zero_copy_only=False)
        before.append(previous.number[kind][found])
        after.append(current.number[kind][pc.fill_null(at, 0).to_numpy()[found]] if found.any() else before[-1])
    old, new = np.concatenate(before).astype(np.int64), np.concatenate(after).astype(np.int64)
    kept = (old >= 0) & (new >= 0)
    one, other, both = _meetings(old[kept], new[kept])
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
            # A member may have left and named another community before: a name is given once.
            again, plain = 2, name
            while name in taken:
                name, again = f"{plain}~{again}", again + 1
            ids[number] = name
            taken.add(name)
    return replace(current, ids=tuple(ids[number] for number in range(len(current))))


DESCRIPTIONS: Mapping[str, str] = {
    "community_size": "traders and forwarders in the importer's community",
    "community_stability": "how firmly the importer belongs to its community, 0 to 1",
    "community_young_share": "part of the community that became known in the last half year",
    "community_density": "part of the pairs in the community that share an address or contact",
    "community_inspected": "inspected shipments of other importers in the community",
    "community_infractions": "infractions in shipments of other importers in the community",
}
"""What each figure of `features` is, in words."""


def features(
    snapshot: Snapshot,
    found: Sequence[Communities],
    cutoffs: Int,
    rows: Long,
    days: Int,
    ground: Ground | None = None,
) -> dict[str, Real]:
    """Return the figures of `DESCRIPTIONS` for each row, [n] each; 0 where its importer has no community.

    Membership is that of the last cutoff on or before the row's day; outcomes are those known before the day, without
    those of the importer and of the shipment itself.

    Args:
        snapshot: the network, or one beside it that has the rows (`graph.beside`).
        found: the communities at each cutoff.
        cutoffs: the days of `found`.
        rows: [n] versions of declarations.
        days: [n] the day of each.
        ground: what is counted, where it is kept from call to call; by default that of the snapshot.
    """
    figures = {name: np.zeros(len(rows)) for name in DESCRIPTIONS}
    ground = ground or Ground(snapshot)
    events = ground.outcomes
    declarations = snapshot.declarations
    importers = declarations.keys["importer"].astype(np.int64)
    width = len(ground.snapshot.things["Trader"]) + 1
    importing = ground.snapshot.declarations.keys["importer"][events.rows].astype(np.int64)
    at_cutoff = last_cutoff(cutoffs, days)
    for position, here in enumerate(found):
        mine = np.flatnonzero(at_cutoff == position)
        community = here.of_rows(snapshot, rows[mine]).astype(np.int64)
        mine, community = mine[community >= 0], community[community >= 0]
        if not len(mine):
            continue
        importer = importers[rows[mine]]
        stability = np.append(here.stability["Trader"], 0.0)
        figures["community_size"][mine] = here.size[community]
        figures["community_stability"][mine] = stability[np.minimum(importer, len(stability) - 1)]
        figures["community_young_share"][mine] = here.young[community]
        figures["community_density"][mine] = here.density[community]
        of_event = np.where(importing >= 0, here.number["Trader"][importing], -1).astype(np.int64)
        shipments = declarations.shipment[rows[mine]]
        every = sums(events, of_event, community, shipments, days[mine])
        pair, asked = paired(of_event, importing, width), paired(community, importer, width)
        own = sums(events, pair, asked, shipments, days[mine])
        for name, total, part in zip(("inspected", "infractions"), every, own, strict=True):
            figures[f"community_{name}"][mine] = total - part
    return figures
