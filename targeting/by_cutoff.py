"""What is found of a network at its cutoffs, once for all who ask."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

EARLIER = 2
"""Cutoffs before the last whose findings are kept; others are found anew."""

Found = TypeVar("Found")


class ByCutoff(Generic[Found]):
    """What is found at each cutoff: that of the last is kept, and those of the few before it that were asked for last.

    Several threads may ask: it is found by the first of them, while the others wait.
    """

    def __init__(self, find: Callable[[int], Found], last: int) -> None:
        """Find nothing yet.

        Args:
            find: finds it at a cutoff.
            last: the last cutoff.
        """
        self._find, self._last = find, last
        self._kept: dict[int, Found] = {}
        self._finding = Lock()

    def at(self, cutoff: int) -> Found:
        """Return what is found at a cutoff."""
        with self._finding:
            if cutoff not in self._kept:
                earlier = [day for day in self._kept if day != self._last]
                if cutoff != self._last and len(earlier) >= EARLIER:
                    # There is no room for more of them, even while it is being found.
                    del self._kept[earlier[0]]
                self._kept[cutoff] = self._find(cutoff)
            # Whatever was asked for last stands last.
            found = self._kept.pop(cutoff)
            self._kept[cutoff] = found
            return found
