"""The network over metapath tokens. Imported inside functions only, since it brings torch in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """The size of a network.

    Attributes:
        widths: number of features of each token.
        vocabularies: number of known values of each category; value 0 is "unknown" and comes on top.
        hidden: width of a token inside the network.
        top: width of the layer that reads all tokens together.
        dropout: share of units, of whole tokens and of categories left out in training.
        direct: whether the layer that reads all tokens reads the features as well, as they come; for few shipments or
            nodes with features that are told apart finely already.
        top_dropout: share of the last layer's units left out in training; `dropout` where not given.
    """

    widths: tuple[int, ...]
    vocabularies: tuple[int, ...]
    hidden: int = 16
    top: int = 96
    dropout: float = 0.2
    direct: bool = False
    top_dropout: float | None = None


class MetapathNetwork(nn.Module):
    """One small linear map per metapath token, all pairs of tokens multiplied, and a perceptron over all of it.

    With x_t the standardised features of token t and c_k the value of category k,

        h_t = gelu(norm(W_t x_t + b_t)),  h_k = E_k[c_k]
        p = sum over pairs s < t of h_s * h_t / number of tokens
        logit = perceptron(concat(h, p)), or perceptron(concat(h, p, x)) where the features are read directly

    p is the second-order term of a factorization machine (Rendle, ICDM 2010), linear in the number of tokens.

    Shapes: features [n, sum of widths], categories [n, number of categories] -> logits [n].
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        count, widest = len(shape.widths), max(shape.widths)
        place = torch.full((count, widest), sum(shape.widths), dtype=torch.int64)
        start = 0
        for token, width in enumerate(shape.widths):
            place[token, :width] = torch.arange(start, start + width)
            start += width
        # A column of zeros stands behind the features, for tokens narrower than the widest.
        self.register_buffer("place", place, persistent=False)
        self.place: torch.Tensor
        bound = torch.tensor(shape.widths, dtype=torch.float32).rsqrt()[:, None, None]
        self.weight = nn.Parameter((torch.rand(count, widest, shape.hidden) * 2 - 1) * bound)
        self.bias = nn.Parameter(torch.zeros(count, shape.hidden))
        self.norm = nn.LayerNorm(shape.hidden)
        offsets = torch.cumsum(torch.tensor([0, *(size + 1 for size in shape.vocabularies)]), 0)
        self.register_buffer("offsets", offsets[:-1], persistent=False)
        self.offsets: torch.Tensor
        self.embedding = nn.Embedding(int(offsets[-1]), shape.hidden)
        nn.init.normal_(self.embedding.weight, std=0.1)
        every = count + len(shape.vocabularies)
        beside = sum(shape.widths) if shape.direct else 0
        self.out = nn.Sequential(
            nn.Linear((every + 1) * shape.hidden + beside, shape.top),
            nn.LayerNorm(shape.top),
            nn.GELU(),
            nn.Dropout(shape.dropout if shape.top_dropout is None else shape.top_dropout),
            nn.Linear(shape.top, 1),
        )

    def forward(self, features: torch.Tensor, categories: torch.Tensor) -> torch.Tensor:
        """Return the logit of each row, [n]."""
        return self.read(self.tokens(features, categories), features)

    def tokens(self, features: torch.Tensor, categories: torch.Tensor) -> torch.Tensor:
        """Return the tokens of each row, those of metapaths first, [n, number of tokens, hidden]."""
        padded = functional.pad(features, (0, 1))[:, self.place]
        tokens = torch.einsum("ntd,tdh->nth", padded, self.weight) + self.bias
        tokens = functional.gelu(self.norm(tokens))
        if self.training:
            kept = torch.rand(categories.shape, device=categories.device) >= self.shape.dropout
            categories = categories * kept
            kept = torch.rand(tokens.shape[:2], device=tokens.device) >= self.shape.dropout
            tokens = tokens * kept[:, :, None]
        return torch.cat((tokens, self.embedding(categories + self.offsets)), dim=1)

    def read(self, tokens: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Return the logit of each row from its tokens and, where they are read directly, its features, [n]."""
        crossed = (tokens.sum(dim=1).square() - tokens.square().sum(dim=1)) / (2 * tokens.shape[1])
        parts = [tokens.flatten(1), crossed]
        if self.shape.direct:
            parts.append(functional.dropout(features, self.shape.dropout, self.training))
        logit: torch.Tensor = self.out(torch.cat(parts, dim=1)).squeeze(1)
        return logit


def build(shape: Shape, weights: Mapping[str, torch.Tensor], kind: torch.dtype) -> MetapathNetwork:
    """Return a network with the given weights, ready to predict in the given precision."""
    network = MetapathNetwork(shape)
    network.load_state_dict(dict(weights))
    return network.to(kind).eval()


def average(members: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the mean over the members, summed in their order."""
    total = torch.zeros_like(members[0])
    for member in members:
        total = total + member
    return total / len(members)
