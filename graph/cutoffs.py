"""The grid of days at which what is global (communities, linked risk) is computed."""

import numpy as np

from graph.snapshot import Int, Long


def grid(first_day: int, as_of: int) -> Int:
    """Return the cutoffs: the month starts strictly between `first_day` and `as_of`, then `as_of` itself.

    Days are counted since 1970-01-01. At a cutoff everything known before it may be used. A later `as_of` keeps every
    month start that was there before, so a shipment's cutoff does not move when the network grows.

    Raises:
        ValueError: if `as_of` lies before `first_day`.
    """
    if as_of < first_day:
        raise ValueError(f"The as-of day {as_of} lies before the first day {first_day}.")
    month = np.datetime64(int(first_day), "D").astype("datetime64[M]") + 1
    months = np.arange(month, np.datetime64(int(as_of), "D").astype("datetime64[M]") + 1)
    starts = months.astype("datetime64[D]").astype(np.int64)
    return np.append(starts[(starts > first_day) & (starts < as_of)], as_of).astype(np.int32)


def last_cutoff(cutoffs: Int, days: Int) -> Long:
    """Return for each day the position of the last cutoff on or before it, -1 where there is none."""
    return np.searchsorted(cutoffs, days, side="right").astype(np.int64) - 1
