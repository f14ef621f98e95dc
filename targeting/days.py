"""Days as numbers and as text."""

from datetime import date

import numpy as np

from graph.snapshot import Snapshot


def last_day(snapshot: Snapshot) -> int:
    """Return the day from which on everything in the snapshot may be used."""
    declarations, outcomes = snapshot.declarations, snapshot.outcomes
    latest = max(int(declarations.accepted_on.max(initial=-1)), int(outcomes.known_on.max(initial=-1)))
    return latest + 1


def day_number(day: date) -> int:
    """Return a day as the number of days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def day_text(day: int) -> str:
    """Return a number of days since 1970-01-01 as an ISO date."""
    return str(np.datetime64(int(day), "D"))
