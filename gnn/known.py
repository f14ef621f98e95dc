"""What is known along the metapaths at a cutoff, whoever asks. Imported inside functions only: it brings torch in."""

from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import torch

from gnn.aggregate import Hubs, distinct_importers, history_facts, hubs_of, party_facts, second_step
from gnn.hetero import as_known
from gnn.metapaths import Circle, History
from gnn.runtime import device
from graph.snapshot import Snapshot

Real = npt.NDArray[np.float64]
Found = TypeVar("Found")

_HUBS = {
    "AT_ADDRESS": "Address",
    "HAS_CONTACT": "Contact",
    "OWNED_BY": "Trader",
    "BUYS_FROM": "Trader",
    "SELLS_TO": "Trader",
    "DECLARES_THROUGH": "Forwarder",
}


class Known:
    """The as-of graph at one cutoff, and what is aggregated over it.

    Attributes:
        data: the graph, on the device that computes.
        rate: the overall rate of infractions, drawn towards 1 of 20.
    """

    def __init__(self, snapshot: Snapshot, cutoff: int, logs: Mapping[str, Real], *, keep: bool = False) -> None:
        """Make the graph.

        Args:
            snapshot: the network.
            cutoff: only what was known before it is used; days since 1970-01-01.
            logs: `gnn.hetero.declared_logs` of the snapshot.
            keep: whether what was aggregated is kept for further rows.
        """
        self.data, self._keep = as_known(snapshot, cutoff, logs).to(device()), keep
        self._kept: dict[tuple[str, ...], Any] = {}
        self._finding = RLock()
        self._types = snapshot.declarations.key_types
        base = self.data["Shipment"].x.sum(dim=0)
        self.rate = float((base[3] + 1) / (base[2] + 20))

    def _once(self, name: tuple[str, ...], find: Callable[[], Found]) -> Found:
        # The facts of the two kinds of parties are all that the metapaths of one call share.
        if not self._keep and name[0] != "party":
            return find()
        # Hubs are found by way of the facts of parties; of several threads the first finds, and the others wait.
        with self._finding:
            if name not in self._kept:
                self._kept[name] = find()
            return cast("Found", self._kept[name])

    def size(self, node: str) -> int:
        """Return how many nodes of a type there are."""
        return int(self.data[node].num_nodes)

    def history(self, path: History) -> Real:
        """Return the sums of the shipments' facts over each node at the end of a history, [n nodes, len(FACTS)]."""
        end = self._types[path.column]
        return self._once(("history", path.column), lambda: _numpy(history_facts(self.data, path.column, end)))

    def importers(self, path: History) -> Real:
        """Return how many importers name each node at the end of a history, [n nodes]."""
        end = self._types[path.column]
        return self._once(("importers", path.column), lambda: _numpy(distinct_importers(self.data, path.column, end)))

    def hubs(self, path: Circle) -> Hubs:
        """Return what the parties of a circle share."""
        return self._once(("hubs", path.member, path.relation, path.beyond), lambda: self._hubs(path))

    def _hubs(self, path: Circle) -> Hubs:
        facts = self._once(("party", path.member), lambda: party_facts(self.data, path.member))
        if path.beyond:
            facts = second_step(self._relation(path.beyond), facts, self.size(_HUBS[path.beyond]))
        return hubs_of(self._relation(path.relation), facts, self.size(path.hub))

    def _relation(self, relation: str) -> torch.Tensor:
        kind = ("Trader", relation, _HUBS[relation])
        if kind in self.data.edge_types:
            edges: torch.Tensor = self.data[kind].edge_index
            return edges
        return torch.zeros((2, 0), dtype=torch.int64, device=self.data["Shipment"].x.device)


def _numpy(tensor: torch.Tensor) -> Real:
    array: Real = tensor.cpu().numpy()
    return array
