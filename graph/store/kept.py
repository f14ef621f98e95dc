"""Answers that a store keeps, since they take long and stay the same for as long as the store does."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

Answer = TypeVar("Answer")

AHEAD = 2
"""How many times the things that are asked for are kept of a hub, so that the next ones are there, too."""


class Kept:
    """Answers about one state of a store; they go together, when the state changes or when they are too many."""

    def __init__(self, most: int) -> None:
        """Keep at most so many answers."""
        self._most = most
        self._lock = Lock()
        self._state: Hashable = None
        self._answers: dict[Hashable, Any] = {}

    def get(
        self,
        state: Hashable,
        question: Hashable,
        find: Callable[[], Answer],
        worth: Callable[[Answer], bool] = lambda answer: True,
    ) -> Answer:
        """Return the answer to a question in a state of the store, found now or kept; it is kept if it is `worth` it.

        Two who ask at once may both find it: neither waits for the other.
        """
        with self._lock:
            if state == self._state and question in self._answers:
                known: Answer = self._answers[question]
                return known
        answer = find()
        if worth(answer):
            with self._lock:
                if state != self._state or len(self._answers) >= self._most:
                    self._state, self._answers = state, {}
                self._answers[question] = answer
        return answer
