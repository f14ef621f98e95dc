"""What of a party's linked risk reaches its shipment: four weights, one for each role, learnt from outcomes.

A logistic regression with weights that are not below 0 and a small ridge says how far what comes by way of each role
tells of an infraction. It learns from the first examined shipment of each importer alone: of them linked risk has to
tell by itself, while in later ones an importer's own record, which others read better, would drown the rest. The
greatest weight is 1; they are rounded, so that what is printed is what is used. How risk flows between parties (what is
kept per link, and how it fades) is not learnt: `docs/quality.md` says what was tried.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from graph.evidence import PARAMETERS, Parameters
from graph.snapshot import Int, Long, Real

FEWEST = 50
"""Infractions, and clean outcomes, below which nothing is learnt."""

_RIDGE = 1e-4
_DIGITS = 2


def learn(columns: Real, labels: npt.NDArray[np.integer], days: Int, importers: Int | Long) -> Parameters:
    """Return the parameters of linked risk with learnt weights of the roles, the given ones where nothing is learnt.

    Args:
        columns: [n, roles] what reaches each row by way of each role (`LinkedRisk.of_roles`).
        labels: [n] 1 infraction, 0 clean.
        days: [n] the day of each row.
        importers: [n] number of its importer, -1 for none.
    """
    first = _first(days, importers)
    x, y = columns[first], labels[first].astype(np.float64)
    infractions = int(y.sum())
    if min(infractions, len(y) - infractions) < FEWEST:
        return PARAMETERS
    weights = _fitted(x, y)
    greatest = weights.max()
    if greatest <= 0:
        return PARAMETERS
    return PARAMETERS.weighed(np.round(weights / greatest, _DIGITS).tolist())


def _first(days: Int, importers: Int | Long) -> Long:
    """Return the position of each importer's earliest row."""
    order = np.lexsort((days, importers))
    first: Long = order[np.flatnonzero(np.diff(importers[order], prepend=-1))]
    return first


def _fitted(x: Real, y: Real) -> Real:
    def loss(weights: Real) -> tuple[float, Real]:
        logits = weights[0] + x @ weights[1:]
        excess = 1.0 / (1.0 + np.exp(-logits)) - y
        value = np.logaddexp(0.0, logits).mean() - (y * logits).mean() + _RIDGE * (weights[1:] ** 2).sum()
        return float(value), np.append(excess.mean(), x.T @ excess / len(y) + 2 * _RIDGE * weights[1:])

    start = np.append(np.log(y.mean() / (1.0 - y.mean())), np.ones(x.shape[1]))
    bounds = [(None, None), *[(0.0, None)] * x.shape[1]]
    found: Real = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x[1:]
    return found
