"""The grid of days at which what is global (communities, linked risk) is computed."""

import numpy as np

from graph.snapshot import Int, Long


def grid(accepted_on: Int, as_of: int) -> Int:
    """Return the cutoffs: the starts of the months in which something was accepted, then `as_of` itself.

    Days are counted since 1970-01-01. At a cutoff everything known before it may be used. Only starts after the first
    day of acceptance and before `as_of` count. A later `as_of` keeps every month start that was there before, so a
    shipment's cutoff does not move when the network grows.

    Args:
        accepted_on: [n] days of acceptance, at least one.
        as_of: the last cutoff.

    Raises:
        ValueError: if `as_of` lies before the first day.
    """
    first_day = int(accepted_on.min())
    if as_of < first_day:
        raise ValueError(f"The as-of day {as_of} lies before the first day {first_day}.")
    months = np.unique(accepted_on.astype("datetime64[D]").astype("datetime64[M]"))
    starts = months.astype("datetime64[D]").astype(np.int64)
    return np.append(starts[(starts > first_day) & (starts < as_of)], as_of).astype(np.int32)


def last_cutoff(cutoffs: Int, days: Int) -> Long:
    """Return for each day the position of the last cutoff on or before it, -1 where there is none."""
    return np.searchsorted(cutoffs, days, side="right").astype(np.int64) - 1
