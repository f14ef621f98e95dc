"""What the community of a shipment's importer says of it: figures by the last cutoff on or before its day."""

from collections.abc import Mapping, Sequence

import numpy as np

from graph.communities import Communities
from graph.cutoffs import last_cutoff
from graph.ground import Ground, paired
from graph.rates import sums
from graph.snapshot import Int, Long, Real, Snapshot

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
