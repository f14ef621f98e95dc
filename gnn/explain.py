"""How much each token moved the logit of a shipment, and what officers call the tokens."""

import numpy as np
import numpy.typing as npt

from gnn.combinations import POWER, TOKEN
from gnn.metapaths import CIRCLES, DECLARED, HISTORIES
from gnn.model import BATCHES, CATEGORY, GnnModel, inputs
from gnn.runtime import device, repeatable, side_by_side
from gnn.tokens import Tokens

Real = npt.NDArray[np.float64]

POINTS = 6
"""Points of the Gauss-Legendre quadrature."""

_PATHS = {
    DECLARED: "the declared amounts",
    **{path.name: path.words for path in (*HISTORIES, *CIRCLES)},
}

# What officers call the columns; those not listed read well as they are.
_COLUMNS = {
    "hs2": "chapter of the goods",
    "hs4": "heading of the goods",
    "hs6": "subheading of the goods",
    "heading": "heading of the goods",
    "office": "customs office",
    "departure": "place of departure",
    "arrival": "place of arrival",
    "departure_country": "country of departure",
    "destination_country": "country of destination",
    "transport_mode": "mode of transport",
    "quantity_unit": "unit of quantity",
    "importer_country": "country of the importer",
    "exporter_country": "country of the exporter",
    "declarant_country": "country of the declarant",
    "importer_aeo": "AEO status of the importer",
    "exporter_aeo": "AEO status of the exporter",
    "net_mass_kg": "net mass",
    "packages": "number of packages",
    "customs_value": "value",
    "duty_rate": "rate of duty",
    "duty_amount": "amount of duty",
    "value_per_kg": "value per kilogram",
}


def phrase(token: str) -> str:
    """Return what officers call a token, in words that may follow "mostly for".

    Args:
        token: its name, as `contributions` gives it.

    Raises:
        ValueError: there is no token of this name.
    """
    if token in _PATHS:
        return _PATHS[token]
    if token.startswith(CATEGORY):
        return f"the declared {_column(token.removeprefix(CATEGORY))}"
    if token.startswith(TOKEN + POWER):
        return f"earlier findings at about this {_column(token.removeprefix(TOKEN + POWER))}"
    if token.startswith(TOKEN):
        return f"earlier findings with this {_column(token.removeprefix(TOKEN))}"
    raise ValueError(f"There is no token {token!r}.")


def _column(name: str) -> str:
    return _COLUMNS.get(name) or name.removeprefix("extra.").replace("_", " ")


def contributions(model: GnnModel, tokens: Tokens) -> dict[str, Real]:
    """Return for each token how much it moved the logit away from that of the ordinary shipment.

    Integrated gradients (Sundararajan, Taly and Yan, ICML 2017): the gradient of the logit is summed along the
    straight way from the tokens of the ordinary shipment, whose features all have the mean of the training and whose
    categories are unknown, to those of this one. The values of all tokens sum to the difference of the two logits, up
    to the error of the quadrature; a token that repeats what others say shares with them, where leaving out one token
    at a time would give nothing to any of them.

    Args:
        model: the model.
        tokens: [n] tokens.

    Returns:
        By name of the token (those of categories are `category:` and the column), [n] differences of the logit.
    """
    import torch

    features, numbers = inputs(model, tokens)
    places, weights = np.polynomial.legendre.leggauss(POINTS)
    way = list(zip(((places + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))
    starts = range(0, len(features), BATCHES[-1])
    with repeatable(model.seed):
        networks = model.networks(torch.float32)

        def batch(start: int) -> Real:
            x = torch.from_numpy(features[start : start + BATCHES[-1]]).to(device())
            c = torch.from_numpy(numbers[start : start + BATCHES[-1]]).to(device())
            total = torch.zeros((len(x), len(model.token_names)), dtype=torch.float64, device=x.device)
            for network in networks:
                with torch.no_grad():
                    origin = network.tokens(torch.zeros_like(x[:1]), torch.zeros_like(c[:1]))
                    moved = network.tokens(x, c) - origin
                for place, weight in way:
                    at = (origin + place * moved).requires_grad_()
                    (slope,) = torch.autograd.grad(network.read(at, x).sum(), at)
                    total += weight * (slope * moved).sum(dim=2)
            found: Real = (total / len(networks)).cpu().numpy()
            return found

        found = np.concatenate([np.zeros((0, len(model.token_names))), *side_by_side(batch, starts)])
    return {name: found[:, at] for at, name in enumerate(model.token_names)}
