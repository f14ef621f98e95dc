"""A network that stands: what is found of it once, for declarations that are scored beside it as they arrive."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from graph.ground import Ground
from graph.linked_risk import LinkedRisk, linked_risk
from graph.snapshot import Snapshot
from targeting.network import Network

if TYPE_CHECKING:
    from gnn.known import Known

_EARLIER = 2
"""Cutoffs before the as-of day whose aggregates and risks are kept; others are found anew."""


class Standing:
    """A network, and all that is found of it whoever asks.

    Attributes:
        network: the network.
        ground: what figures are counted from.
    """

    def __init__(self, network: Network) -> None:
        """Find nothing yet: the first rows scored beside it take as long as all that follows from the network."""
        self.network = network
        self.ground = Ground(network.snapshot, keep=True)
        self._earlier_known = lru_cache(maxsize=_EARLIER)(self._found_known)
        self._earlier_risk = lru_cache(maxsize=_EARLIER)(self._found_risk)

    def known(self, cutoff: int) -> "Known":
        """Return what is aggregated for the graph neural network at a cutoff."""
        if cutoff == int(self.network.cutoffs[-1]):
            return self.ground.once("known", lambda: self._found_known(cutoff))
        return self._earlier_known(cutoff)

    def risk(self, position: int) -> LinkedRisk:
        """Return the linked risk at a cutoff."""
        if position == len(self.network.cutoffs) - 1:
            return self.ground.once("risk", lambda: self._found_risk(position))
        return self._earlier_risk(position)

    def _found_known(self, cutoff: int) -> "Known":
        from gnn.hetero import declared_logs
        from gnn.known import Known
        from gnn.runtime import threads

        snapshot = self.network.snapshot
        with threads(1):
            return Known(snapshot, cutoff, declared_logs(snapshot), keep=True)

    def _found_risk(self, position: int) -> LinkedRisk:
        return linked_risk(self.network.snapshot, int(self.network.cutoffs[position]), self.network.parameters)

    def beside(self, snapshot: Snapshot) -> "Beside":
        """Return the network for the declarations of a snapshot beside it (`graph.beside`)."""
        return Beside(snapshot, self.network.cutoffs, self.network.communities, standing=self)


@dataclass
class Beside(Network):
    """A network, for declarations that stand beside it: `snapshot` is theirs."""

    standing: Standing = field(kw_only=True, repr=False)

    @property
    def behind(self) -> Snapshot:
        """Return the snapshot that communities and risks are of."""
        return self.standing.network.snapshot

    @property
    def ground(self) -> Ground:
        """Return what the figures of rows are counted from."""
        return self.standing.ground

    @property
    def known(self) -> "Callable[[int], Known]":
        """Return what gives the aggregates of the graph neural network at a cutoff."""
        return self.standing.known

    def risk(self, position: int) -> LinkedRisk:
        """Return the linked risk at a cutoff, for the declarations beside."""
        return self.standing.risk(position).beside(self.snapshot)
