from datetime import date

import numpy as np
import pytest

from graph.cutoffs import grid, last_cutoff
from graph.snapshot import Int
from tests.graph.networks import day_number


def _days(*days: date) -> Int:
    return np.array([day_number(day) for day in days], dtype=np.int32)


def test_grid_holds_the_starts_of_the_months_with_an_acceptance_and_ends_with_the_as_of_day() -> None:
    accepted = _days(date(2024, 1, 3), date(2023, 11, 15), date(2024, 2, 9), date(2024, 1, 31), date(2024, 6, 1))
    cutoffs = grid(accepted, day_number(date(2024, 2, 10)))
    assert cutoffs.tolist() == _days(date(2024, 1, 1), date(2024, 2, 1), date(2024, 2, 10)).tolist()


def test_a_mistyped_year_adds_no_more_than_its_own_month() -> None:
    accepted = _days(date(2023, 11, 15), date(2023, 12, 15), date(2093, 12, 15))
    cutoffs = grid(accepted, day_number(date(2093, 12, 16)))
    assert cutoffs.tolist() == _days(date(2023, 12, 1), date(2093, 12, 1), date(2093, 12, 16)).tolist()


def test_grid_does_not_repeat_an_as_of_day_that_is_a_month_start_and_leaves_the_first_day_out() -> None:
    accepted = _days(date(2023, 12, 1), date(2024, 1, 5), date(2024, 2, 1))
    cutoffs = grid(accepted, day_number(date(2024, 2, 1)))
    assert cutoffs.tolist() == _days(date(2024, 1, 1), date(2024, 2, 1)).tolist()


def test_grid_refuses_an_as_of_day_before_the_first() -> None:
    with pytest.raises(ValueError, match="before the first day"):
        grid(np.array([10], dtype=np.int32), 9)


def test_last_cutoff_is_the_one_on_or_before_the_day() -> None:
    cutoffs = np.array([10, 40, 55], dtype=np.int32)
    days = np.array([9, 10, 39, 40, 100], dtype=np.int32)
    assert last_cutoff(cutoffs, days).tolist() == [-1, 0, 0, 1, 2]
