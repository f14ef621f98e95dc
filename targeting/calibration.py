"""From log odds to a probability that means what it says, for all arriving shipments."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from graph.snapshot import Flag, Real

FEWEST = 10
"""Infractions (and clean outcomes) that a part of the outcomes must have to be listened to."""

SPREAD = 0.1
"""How far the random arm may move the slope, and the level at its own mean: the standard deviations of the prior around
what the others say."""

CONTRADICTED = 4.0
"""Standard errors between the infractions of the random arm and those that the others say of it, above which the arm
alone tells the level."""


def logit(rate: Real) -> Real:
    """Return the log odds of a rate."""
    return np.log(rate / (1.0 - rate))


@dataclass(frozen=True)
class Calibration:
    """p = 1 / (1 + exp(-(slope · logit + intercept))); the slope is above 0, so that the ranking stays.

    `arm` says what it was fitted on: `random` or `all` outcomes.
    """

    slope: float
    intercept: float
    arm: str

    def probabilities(self, logits: Real) -> Real:
        """Return the calibrated probabilities, [n]."""
        return 1.0 / (1.0 + np.exp(-(self.slope * logits + self.intercept)))


def calibrate(logits: Real, labels: npt.NDArray[np.integer], random: Flag, tip: Flag) -> Calibration:
    """Fit the calibration on log odds of shipments that had no part in them.

    Inspections are selected, so that even an exact model of the inspected is wrong about those who arrive. Most are
    selected by what the score reads as well, so that the same log odds mean nearly the same there; but whoever gives a
    tip knows more, and what followed one is left out. Shipments that were selected at random are free of all this,
    and mostly few: where there are enough, they move slope and intercept as far as their number allows, and where
    they contradict the others, they alone tell the level (test-then-pool: Viele et al., "Use of historical control
    data for assessing treatment effects in clinical trials", Pharmaceutical Statistics 13, 2014). Platt scaling
    ("Probabilistic outputs for support vector machines", 1999), as the maximum of the posterior with normal priors.

    Args:
        logits: [n] log odds.
        labels: [n] 1 infraction, 0 clean.
        random: [n] whether the shipment was selected at random.
        tip: [n] whether an inspection of it followed a tip.
    """
    told = ~tip if _enough(labels[~tip]) else np.ones(len(labels), dtype=bool)
    slope, intercept = _platt(logits[told], labels[told], 1.0, np.inf)
    arm = random & ~tip
    if not _enough(labels[arm]):
        return Calibration(slope, intercept, "all")
    said, theirs = slope * logits[arm] + intercept, labels[arm]
    expected = 1.0 / (1.0 + np.exp(-said))
    apart = abs(float((theirs - expected).sum())) / np.sqrt(float((expected * (1.0 - expected)).sum()))
    # About its own mean, so that another level is not taken for another slope.
    middle = float(said.mean())
    steeper, higher = _platt(said, theirs, SPREAD, SPREAD if apart <= CONTRADICTED else np.inf, middle)
    return Calibration(steeper * slope, steeper * intercept + higher, "random")


def _enough(labels: npt.NDArray[np.integer]) -> bool:
    return bool(np.bincount(labels, minlength=2).min() >= FEWEST)


def of_mean(calibration: Calibration, alone: Real, together: Real) -> Calibration:
    """Return the calibration for the mean of several models, where it was fitted on what one of them said of each row.

    What one says is the signal and noise of its own; their mean has less of the noise, so a step of it means more. The
    slope rises by the part of the variance that is gone (the attenuation of a regression on a noisy regressor: Fuller,
    "Measurement Error Models", 1987), and the mean probability stays.

    Args:
        calibration: fitted on log odds of one model for each row.
        alone: [models, n] log odds of each model for rows that none of them has seen.
        together: [n] their mean.
    """
    variance = float(together.var())
    if variance <= 0:
        return calibration
    slope = calibration.slope * max(float(alone.var(axis=1).mean()) / variance, 1.0)
    level = float(calibration.probabilities(alone).mean())
    shift = np.abs(slope * together).max() + abs(float(np.log(level / (1.0 - level)))) + 1.0

    def above(intercept: float) -> float:
        return float(Calibration(slope, intercept, calibration.arm).probabilities(together).mean()) - level

    return Calibration(slope, float(brentq(above, -shift, shift)), calibration.arm)


def _platt(
    logits: Real, labels: npt.NDArray[np.integer], spread: float, shift: float, middle: float = 0.0
) -> tuple[float, float]:
    """Return slope and intercept: Newton's method, each step halved until it leads downhill with a slope above 0.

    Args:
        logits: [n] log odds.
        labels: [n] 1 infraction, 0 clean.
        spread: standard deviation of the prior of the slope, around 1.
        shift: that of how much higher the log odds are at the middle, around 0.
        middle: log odds.
    """
    count, hits, logits = len(labels), int(labels.sum()), logits - middle
    # Platt's targets, which keep the fit finite where the classes can be told apart.
    target = np.where(labels == 1, (hits + 1.0) / (hits + 2.0), 1.0 / (count - hits + 2.0))

    def loss(at: Real) -> float:
        z = middle + at[0] * logits + at[1]
        return float((np.logaddexp(0.0, z) - target * z).sum() + (((at - prior) / scale) ** 2).sum() / 2)

    prior, scale = np.array([1.0, 0.0]), np.array([spread, shift])
    at: Real = prior
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-(middle + at[0] * logits + at[1])))
        residual, weight = p - target, p * (1.0 - p)
        gradient = np.array([(residual * logits).sum(), residual.sum()]) + (at - prior) / scale**2
        cross = (weight * logits).sum()
        hessian = np.array([[(weight * logits**2).sum(), cross], [cross, weight.sum() + 1e-9]])
        hessian += np.diag(1.0 / scale**2)
        step = np.linalg.solve(hessian, gradient)
        before = loss(at)
        while np.abs(step).max() > 1e-9 and (at[0] <= step[0] or loss(at - step) > before):
            step = step / 2
        if np.abs(step).max() <= 1e-9:
            break
        at = at - step
    return float(at[0]), float(middle - at[0] * middle + at[1])
