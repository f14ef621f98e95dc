"""Declarations beside a network that stands: all that is found of the network is found once, whatever arrives."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graph.ground import Ground
from graph.linked_risk import LinkedRisk
from graph.snapshot import Snapshot
from targeting.network import Network

if TYPE_CHECKING:
    from gnn.known import Known


@dataclass
class Beside(Network):
    """A network, for declarations that stand beside it: `snapshot` is theirs, `standing` is the network."""

    standing: Network = field(kw_only=True, repr=False)

    @property
    def behind(self) -> Snapshot:
        """Return the snapshot that communities and risks are of."""
        return self.standing.snapshot

    @property
    def ground(self) -> Ground:
        """Return what the figures of rows are counted from."""
        return self.standing.ground

    def risk(self, position: int) -> LinkedRisk:
        """Return the linked risk at a cutoff, for the declarations beside."""
        return self.standing.risk(position).beside(self.snapshot)

    def known(self, cutoff: int) -> "Known":
        """Return what is aggregated for the graph neural network at a cutoff."""
        return self.standing.known(cutoff)


def standing_beside(standing: Network, snapshot: Snapshot) -> Beside:
    """Return a network for the declarations of a snapshot beside it (`graph.beside`)."""
    return Beside(snapshot, standing.cutoffs, standing.communities, standing=standing)
