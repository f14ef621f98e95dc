from datetime import date

import numpy as np
import pytest

from graph.cutoffs import grid, last_cutoff
from tests.graph.networks import day_number


def test_grid_holds_the_month_starts_and_ends_with_the_as_of_day() -> None:
    cutoffs = grid(day_number(date(2023, 11, 15)), day_number(date(2024, 2, 10)))
    months = [date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1), date(2024, 2, 10)]
    assert cutoffs.tolist() == [day_number(day) for day in months]


def test_grid_does_not_repeat_an_as_of_day_that_is_a_month_start_and_leaves_the_first_day_out() -> None:
    cutoffs = grid(day_number(date(2023, 12, 1)), day_number(date(2024, 2, 1)))
    assert cutoffs.tolist() == [day_number(date(2024, 1, 1)), day_number(date(2024, 2, 1))]


def test_grid_refuses_an_as_of_day_before_the_first() -> None:
    with pytest.raises(ValueError, match="before the first day"):
        grid(10, 9)


def test_last_cutoff_is_the_one_on_or_before_the_day() -> None:
    cutoffs = np.array([10, 40, 55], dtype=np.int32)
    days = np.array([9, 10, 39, 40, 100], dtype=np.int32)
    assert last_cutoff(cutoffs, days).tolist() == [-1, 0, 0, 1, 2]
