"""How much each token moved the logit of a shipment, and what officers call the tokens."""

import numpy as np
import numpy.typing as npt

from gnn.combinations import POWER, TOKEN
from gnn.metapaths import CIRCLES, DECLARED, HISTORIES
from gnn.model import BATCH, CATEGORY, GnnModel, inputs
from gnn.runtime import device, repeatable
from gnn.tokens import Tokens

Real = npt.NDArray[np.float64]

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
    "importer_aeo": "trusted-trader status of the importer",
    "exporter_aeo": "trusted-trader status of the exporter",
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


def contributions(model: GnnModel, tokens: Tokens, *, steps: int = 16) -> dict[str, Real]:
    """Return for each token how much it moved the logit away from that of the ordinary shipment.

    Integrated gradients (Sundararajan, Taly and Yan, ICML 2017): the gradient of the logit is summed along the
    straight way from the ordinary shipment, whose features all have the mean of the training and whose categories are
    unknown, to this one. The values of all tokens sum to the difference of the two logits, up to the error of the
    quadrature; a token that repeats what others say shares with them, where leaving out one token at a time would
    give nothing to any of them.

    Args:
        model: the model.
        tokens: [n] tokens.
        steps: points of the Gauss-Legendre quadrature.

    Returns:
        By name of the token (those of categories are `category:` and the column), [n] differences of the logit.
    """
    import torch

    features, numbers = inputs(model, tokens)
    places, weights = np.polynomial.legendre.leggauss(steps)
    found = np.zeros((len(features), len(model.token_names)))
    with repeatable(model.seed):
        networks = model.networks(torch.float32)
        for start in range(0, len(features), BATCH):
            x = torch.from_numpy(features[start : start + BATCH]).to(device())
            c = torch.from_numpy(numbers[start : start + BATCH]).to(device())
            for network in networks:
                with torch.no_grad():
                    unknown, embedded = network.embedded(torch.zeros_like(c)), network.embedded(c)
                moved = torch.zeros((len(x), found.shape[1]), dtype=torch.float64, device=x.device)
                for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
                    at = (x * place).requires_grad_()
                    tail = (unknown + (embedded - unknown) * place).requires_grad_()
                    logit = network.read(at, tail).sum()
                    by_feature, by_category = torch.autograd.grad(logit, (at, tail))
                    head = torch.split((by_feature * x).double(), list(network.shape.widths), dim=1)
                    parts = [part.sum(dim=1) for part in head]
                    parts.extend(((embedded - unknown) * by_category).double().sum(dim=2).unbind(dim=1))
                    moved += weight * torch.stack(parts, dim=1)
                found[start : start + BATCH] += moved.cpu().numpy() / len(networks)
    return {name: found[:, at] for at, name in enumerate(model.token_names)}
