"""Cursors: what was given comes back, and nothing else passes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.pages import cursor, cut, position
from api.http.problems import Problem

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.booleans(), NUMBER, TEXT)
def test_a_cursor_comes_back_as_it_was_given(flag: bool, number: float, text: str) -> None:
    assert position(cursor(flag, number, text), bool, (int, float), str) == (flag, number, text)


@given(st.text() | st.lists(NUMBER | st.booleans() | st.none() | st.text()).map(lambda key: cursor(*key)))
def test_anything_else_is_refused_as_a_mistake(after: str) -> None:
    try:
        found: Any = position(after, int, str)
    except Problem as problem:
        assert problem.kind == "invalid"
    else:
        assert [type(part) for part in found] == [int, str]
        assert cursor(*found) == after


@pytest.mark.parametrize("key", [(True,), (float("nan"),), (None,), ("1",), ([1],), (1, 2), ()])
def test_parts_of_another_kind_are_refused(key: tuple[Any, ...]) -> None:
    with pytest.raises(Problem):
        position(cursor(*key), int)


def test_a_list_is_cut_and_says_whether_more_follows() -> None:
    assert cut(range(3), 2) == ([0, 1], True)
    assert cut(range(2), 2) == ([0, 1], False)
    assert cut(range(0), 2) == ([], False)
