"""Messages passed over a whole plain graph at once: what the tokens cannot say beforehand is learnt along the links.

It reads features and positions and no outcome, so that nothing has to be kept from a node. Every layer adds to a node
what it makes of itself and of its neighbours, the two kept apart (GraphSAGE: Hamilton, Ying and Leskovec, NeurIPS 2017;
kept apart and added to, as what holds where neighbours are not alike: Platonov et al., ICLR 2023). Imported inside
functions only, since it brings torch in.
"""

import warnings

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_array
from sklearn.preprocessing import QuantileTransformer
from torch import nn
from torch.nn import functional

from gnn.plain.graph import PlainGraph, position, scaled
from gnn.plain.training import NodeScores, best_epoch
from gnn.runtime import device, repeatable

Real = npt.NDArray[np.float64]
Flag = npt.NDArray[np.bool_]

# Chosen by the mean validation AUC over the splits of Tolokers; docs/quality.md says among what.
HIDDEN, LAYERS, DROPOUT = 64, 3, 0.3
RATE, DECAY = 2e-3, 1e-3
STEPS, EVERY = 120, 5
MEMBERS = 2
QUANTILES = 1000


class _Along(torch.autograd.Function):
    """Weighted sums over neighbours; the weights are symmetric, so the way back is the same."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(weights)
        return weights @ values

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *found: torch.Tensor) -> tuple[torch.Tensor, None]:
        (weights,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return weights @ found[0].contiguous(), None


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(HIDDEN)
        self.wide = nn.Linear(2 * HIDDEN, 2 * HIDDEN)
        self.narrow = nn.Linear(2 * HIDDEN, HIDDEN)

    def forward(self, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        read = self.norm(nodes)
        both = torch.cat((read, _Along.apply(read, weights)), dim=1)
        inner = functional.dropout(functional.gelu(self.wide(both)), DROPOUT, self.training)
        return nodes + functional.dropout(self.narrow(inner), DROPOUT, self.training)


class PassingNetwork(nn.Module):
    """Layers that pass messages; inputs [n, width] and weights [n, n] -> logits [n]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(width, HIDDEN)
        self.layers = nn.ModuleList(_Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(HIDDEN)
        self.leave = nn.Linear(HIDDEN, 1)

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the logit of each node, [n]."""
        nodes = functional.gelu(functional.dropout(self.enter(inputs), DROPOUT, self.training))
        for layer in self.layers:
            nodes = layer(nodes, weights)
        logits: torch.Tensor = self.leave(self.norm(nodes)).squeeze(1)
        return logits


class Passing:
    """What is read of a graph, whichever outcomes are known."""

    def __init__(self, graph: PlainGraph, seed: int) -> None:
        """Bring the features to a normal shape, and find the positions."""
        size = min(QUANTILES, len(graph))
        normal = QuantileTransformer(output_distribution="normal", n_quantiles=size, subsample=None)
        features = np.clip(normal.fit_transform(graph.features) / 1.5, -3, 3)
        # The features weigh more than the positions: there are fewer of them.
        inputs = np.hstack((features, position(graph, seed) / 2)).astype(np.float32)
        self._inputs = torch.from_numpy(inputs).to(device())
        self._weights = sparse(scaled(graph.adjacency, -0.5, -0.5)).to(device())

    def score(self, labels: npt.NDArray[np.integer], known: Flag, aside: Flag, seed: int) -> NodeScores:
        """Train networks on the known outcomes and average their logits; see `gnn.plain.training.score_nodes`."""
        said = np.mean([self._train(labels, known, seed + at) for at in range(MEMBERS)], axis=0)
        return best_epoch(said, labels, aside)

    def _train(self, labels: npt.NDArray[np.integer], known: Flag, seed: int) -> Real:
        """Return what one network says of all nodes, every few steps, [times, n]."""
        found = []
        with repeatable(seed):
            network = PassingNetwork(self._inputs.shape[1]).to(device())
            optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
            rows = torch.from_numpy(np.flatnonzero(known)).to(device())
            truth = torch.from_numpy((labels[known] == 1).astype(np.float32)).to(device())
            for step in range(1, STEPS + 1):
                network.train()
                optimizer.zero_grad(set_to_none=True)
                logits = network(self._inputs, self._weights)[rows]
                functional.binary_cross_entropy_with_logits(logits, truth).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                if step % EVERY == 0:
                    network.eval()
                    with torch.no_grad():
                        found.append(network(self._inputs, self._weights).double().cpu().numpy())
        return np.stack(found)


def sparse(matrix: csr_array) -> torch.Tensor:
    """Return a matrix as torch multiplies by it."""
    with warnings.catch_warnings():
        # That compressed rows are new to torch is said each time.
        warnings.filterwarnings("ignore", category=UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data.astype(np.float32)),
            matrix.shape,
        )
