"""What the network says of shipments: structure, communities and linked risk, by the cutoff each may use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from graph import membership
from graph.chronicle import Event, chronicle
from graph.communities import Communities, communities, identify
from graph.cutoffs import grid, last_cutoff
from graph.evidence import PARAMETERS, ROLES, Parameters
from graph.ground import Ground
from graph.linked_risk import LinkedRisk, linked_risk
from graph.snapshot import Int, Long, Real, Snapshot
from graph.structure import DESCRIPTIONS as STRUCTURE
from graph.structure import structure
from targeting import TargetingError
from targeting.by_cutoff import ByCutoff
from targeting.features import Block, quantities

if TYPE_CHECKING:
    from gnn.known import Known

NAMES = (*STRUCTURE, *membership.DESCRIPTIONS, "linked_risk")
"""The features, in their order."""


@dataclass
class Network:
    """The network as it was known at each cutoff.

    Attributes:
        snapshot: the network.
        cutoffs: days of the grid up to the as-of day.
        communities: the communities at each cutoff, with ids that stay from cutoff to cutoff.
        parameters: of linked risk.
        shares: where it is counted how many share a link, if not in the network itself (`graph.supposed`).
    """

    snapshot: Snapshot
    cutoffs: Int
    communities: list[Communities]
    parameters: Parameters = PARAMETERS
    shares: Snapshot | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Find nothing yet."""
        last = int(self.cutoffs[-1])
        self._ground = Ground(self.snapshot, keep=True)
        self._risks = ByCutoff(lambda day: linked_risk(self.snapshot, day, self.parameters, self.shares), last)
        self._knowns = ByCutoff(self._found_known, last)

    @property
    def behind(self) -> Snapshot:
        """Return the snapshot that communities and risks are of."""
        return self.snapshot

    @property
    def ground(self) -> Ground:
        """Return what the figures of rows are counted from."""
        return self._ground

    @property
    def resolution(self) -> float:
        """Return the resolution of the communities."""
        return self.communities[-1].resolution

    @cached_property
    def events(self) -> list[Event]:
        """Return what became of the communities from cutoff to cutoff."""
        return chronicle(self.communities)

    def risk(self, position: int) -> LinkedRisk:
        """Return the linked risk at a cutoff."""
        return self._risks.at(int(self.cutoffs[position]))

    def known(self, cutoff: int) -> "Known":
        """Return what is aggregated for the graph neural network at a cutoff."""
        return self._knowns.at(cutoff)

    def _found_known(self, day: int) -> "Known":
        from gnn.hetero import declared_logs
        from gnn.known import Known

        logs = self._ground.once("declared logs", lambda: declared_logs(self.snapshot))
        return Known(self.snapshot, day, logs, keep=True)

    def linked(self, rows: Long, days: Int) -> Real:
        """Return the linked risk of each row at the last cutoff on or before its day, 0 where there is none, [n]."""
        risk = np.zeros(len(rows))
        at = last_cutoff(self.cutoffs, days)
        for position in np.unique(at[at >= 0]):
            mine = np.flatnonzero(at == position)
            risk[mine] = self.risk(int(position)).of_rows(rows[mine])
        return risk

    def roles(self, rows: Long, days: Int) -> Real:
        """Return what of the linked risk of each row comes by way of each role, as `linked` does, [n, len(ROLES)]."""
        risk = np.zeros((len(rows), len(ROLES)))
        at = last_cutoff(self.cutoffs, days)
        for position in np.unique(at[at >= 0]):
            mine = np.flatnonzero(at == position)
            risk[mine] = self.risk(int(position)).of_roles(rows[mine])
        return risk

    def community_of(self, rows: Long, days: Int) -> list[str | None]:
        """Return the id of the community of each row's importer at the last cutoff on or before its day."""
        found: list[str | None] = [None] * len(rows)
        importers = self.snapshot.declarations.keys["importer"][rows]
        at = last_cutoff(self.cutoffs, days)
        for position in np.unique(at[at >= 0]):
            here = self.communities[int(position)]
            mine = np.flatnonzero((at == position) & (importers >= 0))
            # What stands beside the network has the numbers behind it, and no community yet.
            numbers = np.append(here.number["Trader"], -1)
            for row, number in zip(mine, numbers[np.minimum(importers[mine], len(numbers) - 1)], strict=True):
                if number >= 0:
                    found[int(row)] = here.ids[int(number)]
        return found

    def features(self, rows: Long, days: Int, linked: Real) -> Block:
        """Return the features of `NAMES` for each row, with what was known before its day and its `linked` risk."""
        ground = self.ground
        figures = structure(self.snapshot, rows, days, ground)
        figures |= membership.features(self.snapshot, self.communities, self.cutoffs, rows, days, ground)
        figures["linked_risk"] = linked
        return quantities(NAMES, [figures[name] for name in NAMES], len(rows))


def network(
    snapshot: Snapshot,
    as_of: int,
    *,
    seed: int,
    resolution: float | None = None,
    parameters: Parameters = PARAMETERS,
    progress: Callable[[str], None] = lambda _: None,
) -> Network:
    """Find the communities at every cutoff up to a day.

    Args:
        snapshot: the network.
        as_of: the last cutoff; days since 1970-01-01.
        seed: of the community detection.
        resolution: of the communities; chosen on the last cutoff where not given.
        parameters: of linked risk.
        progress: is told what is being done.

    Raises:
        TargetingError: nothing was declared before the day.
    """
    days = snapshot.declarations.accepted_on
    if not len(days) or int(days.min()) >= as_of:
        day = np.datetime64(int(as_of), "D")
        raise TargetingError(f"No shipment was accepted before {day}; load declarations, or choose a later day.")
    cutoffs = grid(days, as_of)
    progress("communities")
    last = communities(snapshot, as_of, seed=seed, resolution=resolution)
    found: list[Communities] = []
    for number, cutoff in enumerate(cutoffs[:-1]):
        progress(f"communities {number + 1} of {len(cutoffs)}")
        here = communities(snapshot, int(cutoff), seed=seed, resolution=last.resolution)
        found.append(identify(found[-1], here) if found else here)
    found.append(identify(found[-1], last) if found else last)
    return Network(snapshot, cutoffs, found, parameters)
