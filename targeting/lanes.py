"""The lanes that shipments are sorted into by their scores."""

from collections.abc import Mapping

import numpy as np

from graph.snapshot import Int, Real

RED, YELLOW = 0.05, 0.10
"""Parts of the latest shipments that the lanes are cut at: the highest 5 %, then the next 10 %."""

LANE_DAYS = 90


def lane_thresholds(scores: Real, accepted_on: Int) -> dict[str, float]:
    """Return the lowest score of the red and of the yellow lane, from the shipments of the last `LANE_DAYS` days."""
    recent = scores[(accepted_on > int(accepted_on.max(initial=0)) - LANE_DAYS) & ~np.isnan(scores)]
    if not len(recent):
        recent = scores[~np.isnan(scores)]
    if not len(recent):
        return {"red": 1.0, "yellow": 1.0}
    falling = np.sort(recent)[::-1]

    def lowest(part: float) -> float:
        # Rounded, since 15 % of 100 must not come out as a little more than 15.
        return float(falling[max(int(np.ceil(round(part * len(falling), 6))), 1) - 1])

    return {"red": lowest(RED), "yellow": lowest(RED + YELLOW)}


def lanes_of(scores: Real, thresholds: Mapping[str, float]) -> list[str | None]:
    """Return the lane of each score, None where there is no score."""
    lanes = np.where(scores >= thresholds["red"], "red", np.where(scores >= thresholds["yellow"], "yellow", "green"))
    return [None if blank else str(lane) for lane, blank in zip(lanes, np.isnan(scores), strict=True)]
