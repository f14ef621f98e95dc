"""How much each neighbour on a metapath moved the logit of one shipment.

What a circle says is sums over the parties that it reaches, so that its contribution can be divided among them:

- what the token contributed is divided among its features by integrated gradients within the token;
- a feature that is a function of one sum belongs to the parties in proportion to what each adds to the sum, and log
  odds to their infractions and their clean outcomes: the value of Aumann and Shapley ("Values of Non-Atomic Games",
  1974), which leaves nothing over;
- what remains is how the shipment is linked at all, and what the ordinary shipment, with which it is compared, is like.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gnn.explain import POINTS
from gnn.features import CIRCLE_FEATURES, PRIOR
from gnn.metapaths import Circle
from gnn.model import GnnModel, inputs
from gnn.runtime import device, repeatable
from gnn.tokens import Tokens
from graph.snapshot import Snapshot

if TYPE_CHECKING:
    from gnn.known import Known

Real = npt.NDArray[np.float64]
Long = npt.NDArray[np.int64]

WITHIN = 64
"""Points of the quadrature within a token, whose normalisation bends sharply near the ordinary shipment."""

_COUNTS = ("parties", "shipments", "inspected", "infractions", "offenders", "new")


@dataclass(frozen=True)
class Neighbours:
    """What the parties that a circle reaches contributed; with the rest they sum to the contribution of its token.

    Attributes:
        traders: [m] numbers of the traders, each once.
        moved: [m] how much each moved the logit.
        rest: what belongs to none of them.
    """

    traders: Long
    moved: Real
    rest: float


def neighbours(
    model: GnnModel, tokens: Tokens, snapshot: Snapshot, known: "Known", row: int, path: Circle
) -> Neighbours:
    """Divide what a circle contributed to a shipment among the traders that it reaches.

    Args:
        model: the model.
        tokens: of this one shipment.
        snapshot: the network.
        known: what was known at the cutoff that the tokens were computed at.
        row: the shipment's version of its declaration.
        path: the circle.
    """
    weight = _weights(model, tokens, path.name)
    columns = tokens.columns()[path.name]
    values = tokens.values[0, columns].astype(np.float64)
    mean = model.mean[_place(model, path.name)]
    traders, parts = divided(snapshot, known, row, path, dict(zip(CIRCLE_FEATURES, values, strict=True)))
    each, of = np.unique(traders, return_inverse=True)
    moved = np.zeros(len(each))
    np.add.at(moved, of, parts @ weight)
    return Neighbours(each, moved, float(weight @ (values - mean) - moved.sum()))


def divided(snapshot: Snapshot, known: "Known", row: int, path: Circle, values: dict[str, float]) -> tuple[Long, Real]:
    """Return the traders that a circle reaches, once for each way, and what part of each feature is theirs.

    Returns:
        [m] numbers of traders, and [m, features]: each column that can be divided sums to the feature's value.
    """
    traders, others, facts = _reached(snapshot, known, row, path)
    parts = np.zeros((len(traders), len(CIRCLE_FEATURES)))
    place = {name: at for at, name in enumerate(CIRCLE_FEATURES)}
    # A second step passes its shares on in finer units.
    counts = facts[:, :6] / (2.0**12 if path.beyond else 1.0)
    shares = counts / others[:, None]
    for at, name in enumerate(_COUNTS):
        parts[:, place[f"log_{name}"]] = values[f"log_{name}"] * _part(counts[:, at])
        if at:
            parts[:, place[f"share_{name}"]] = values[f"share_{name}"] * _part(shares[:, at])
    for name, of in (("log_odds", counts), ("log_odds_share", shares)):
        infractions, clean = of[:, 3], of[:, 2] - of[:, 3]
        prior = PRIOR * known.rate, PRIOR * (1 - known.rate)
        parts[:, place[name]] = np.log1p(infractions.sum() / prior[0]) * _part(infractions)
        parts[:, place[name]] -= np.log1p(clean.sum() / prior[1]) * _part(clean)
    for name, at in (("log_age_mean", 6), ("value_mean", 7)):
        parts[:, place[name]] = values[name] * _part(facts[:, at])
    return traders, parts


def _part(amounts: Real) -> Real:
    total = amounts.sum()
    return amounts / total if total else np.zeros(len(amounts))


def _reached(snapshot: Snapshot, known: "Known", row: int, path: Circle) -> tuple[Long, Real, Real]:
    """Return the traders reached, over how many others each comes, and their facts."""
    hubs, keys = known.hubs(path), snapshot.declarations.keys
    member, hub = hubs.edges.cpu().numpy()
    party = int(keys[path.member][row])
    named = {int(keys[column][row]) for column in path.declared}
    over = np.union1d(hub[member == party], [one for one in named if 0 <= one < len(hubs.degrees)]).astype(np.int64)
    reached = [member[(hub == one) & (member != party)] for one in over]
    traders = np.concatenate([np.zeros(0, dtype=np.int64), *reached])
    others = np.concatenate([np.zeros(0), *(np.full(len(found), float(len(found))) for found in reached)])
    return traders, others, hubs.facts.cpu().numpy()[traders]


def _place(model: GnnModel, token: str) -> slice:
    """Return where the features of a token stand in the model's."""
    start = 0
    for name, listed in model.features.items():
        if name == token:
            break
        start += len(listed)
    return slice(start, start + len(model.features[token]))


def _weights(model: GnnModel, tokens: Tokens, token: str) -> Real:
    """Return for each feature of a token what a unit of it contributed, [features].

    Each by its distance from the mean of the training, they sum to the contribution of the token.
    """
    import torch

    features, numbers = inputs(model, tokens)
    here, at = _place(model, token), list(model.features).index(token)
    places, weights = np.polynomial.legendre.leggauss(POINTS)
    within, within_weights = np.polynomial.legendre.leggauss(WITHIN)
    slopes = torch.zeros(features.shape[1], dtype=torch.float64, device=device())
    with repeatable(model.seed):
        x = torch.from_numpy(features).double().to(device())
        c = torch.from_numpy(numbers).to(device())
        steps = torch.from_numpy((within + 1) / 2).to(device())[:, None] * x
        step_weights = torch.from_numpy(within_weights / 2).to(device())
        networks = model.networks(torch.float64)
        for network in networks:
            with torch.no_grad():
                origin = network.tokens(torch.zeros_like(x), torch.zeros_like(c))
                moved = network.tokens(x, c) - origin
            slope = torch.zeros_like(origin[0, 0])
            for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
                point = (origin + place * moved).requires_grad_()
                slope += weight * torch.autograd.grad(network.read(point, x).sum(), point)[0][0, at]
            way = steps.clone().requires_grad_()
            said = network.tokens(way, c.expand(WITHIN, -1))[:, at] @ slope
            slopes += torch.autograd.grad((said * step_weights).sum(), way)[0].sum(dim=0) / len(networks)
    slope_of = slopes.cpu().numpy()[here]
    distance = tokens.values[0, tokens.columns()[token]].astype(np.float64) - model.mean[here]
    standard = features[0, here].astype(np.float64)
    # Far from the mean the features are cut off, and a unit counts for less.
    unit = np.divide(standard, distance, out=1.0 / model.scale[here], where=np.abs(distance) > 1e-12)
    return slope_of * unit
