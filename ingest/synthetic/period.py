"""The time in which the synthetic world lives: its days, its weeks, and how trade is spread over them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

START = np.datetime64("2023-01-01", "D")
DAYS = 456
"""Fifteen months, to 2024-03-31."""
LAST_QUARTER = 365
"""The first day (counted from the start) of the last quarter, in which a model would be judged."""
NEVER = 2**30
"""A day that does not come."""

# Sunday first, as the world starts on one.
_WEEKDAYS = np.array([0.25, 1.05, 1.15, 1.15, 1.1, 1.15, 0.35])


@dataclass(frozen=True)
class Week:
    """One step of the simulation: the first day, the day after the last, and how many shipments each day has."""

    number: int
    start: int
    stop: int
    shipments: NDArray[np.int64]


def weeks(shipments: int) -> list[Week]:
    """Spread the shipments over the days: a slow growth, a dip after New Year, a rise before Christmas.

    Args:
        shipments: How many there are in all.

    Returns:
        The weeks in order; their days' shipments sum to exactly the number asked for.
    """
    day = np.arange(DAYS)
    season = 1 + 0.12 * np.cos(2 * np.pi * (day - 300) / 365) - 0.15 * np.exp(-(((day - 35) % 365 - 5) ** 2) / 200)
    weight = season * (1 + 0.06 * day / DAYS) * _WEEKDAYS[day % 7]
    upto = np.rint(shipments * np.cumsum(weight) / weight.sum()).astype(np.int64)
    counts = np.diff(upto, prepend=0)
    return [
        Week(number, start, min(start + 7, DAYS), counts[start : start + 7])
        for number, start in enumerate(range(0, DAYS, 7))
    ]


def weeks_between(start: NDArray[np.int32], end: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return for how many weeks of the world's time something from `start` to `end` goes on."""
    return np.asarray(np.maximum(np.minimum(end, DAYS) - np.maximum(start, 0), 0) / 7.0)


def dates(days: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return calendar dates of days counted from the start."""
    return START + days.astype("timedelta64[D]")


def month_ends(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each day the last day of its calendar month, counted from the start."""
    next_month = (dates(days).astype("datetime64[M]") + 1).astype("datetime64[D]")
    return next_month.astype(np.int64) - START.astype(np.int64) - 1
