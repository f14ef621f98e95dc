"""What is found by cutoff is found once, and not kept for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from targeting.by_cutoff import EARLIER, ByCutoff


def noting(found: list[int]) -> Callable[[int], int]:
    """Return what finds the negative of a day, and notes the day."""

    def find(day: int) -> int:
        found.append(day)
        return -day

    return find


def test_the_last_and_a_few_before_it_are_kept() -> None:
    assert EARLIER == 2
    found: list[int] = []
    held = ByCutoff(noting(found), 9)
    assert [held.at(day) for day in (9, 1, 2, 9, 1, 2)] == [-9, -1, -2, -9, -1, -2]
    assert found == [9, 1, 2]
    # That of 1 was asked for before that of 2, and goes.
    assert [held.at(day) for day in (3, 2, 9, 1)] == [-3, -2, -9, -1]
    assert found == [9, 1, 2, 3, 1]


def test_threads_that_ask_at_once_find_it_once() -> None:
    found: list[int] = []
    together = Barrier(4)
    held = ByCutoff(noting(found), 9)

    def ask(day: int) -> int:
        together.wait(10)
        return held.at(day)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, [5, 5, 5, 5])) == [-5] * 4
    assert found == [5]


def test_what_could_not_be_found_can_be_asked_for_again() -> None:
    asked: list[int] = []

    def find(day: int) -> int:
        asked.append(day)
        if len(asked) == 1:
            raise ValueError("not now")
        return 7

    held = ByCutoff(find, 9)
    with pytest.raises(ValueError, match="not now"):
        held.at(3)
    assert held.at(3) == 7
