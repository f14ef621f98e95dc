"""What became of communities, on sequences that are written down and on ones that are drawn."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.chronicle import Event, chronicle, lives
from graph.communities import Communities, identify

EVERYBODY = "abcdefghijklmnop"


def stood(day: int, groups: Mapping[str, str], known: str = EVERYBODY) -> Communities:
    """Return communities by name, of members of one letter each."""
    keys = pa.array(sorted(known))
    home = {member: at for at, members in enumerate(groups.values()) for member in members}
    number = np.array([home.get(key, -1) for key in keys.to_pylist()], dtype=np.int32)
    size = np.array([len(members) for members in groups.values()], dtype=np.int64)
    blank = np.zeros(len(groups))
    return Communities(
        day,
        1.0,
        0.0,
        {"Trader": number, "Forwarder": np.empty(0, dtype=np.int32)},
        {"Trader": np.ones(len(keys)), "Forwarder": np.empty(0)},
        size,
        blank,
        blank,
        tuple(groups),
        {"Trader": keys, "Forwarder": pa.array([], pa.string())},
    )


def test_births_growth_splits_merges_and_ends() -> None:
    days = [
        stood(1, {"A": "abcd", "E": "efgh", "I": "ij"}, "abcdefghij"),
        # One joins A, E falls in two, K is of those who were in no community.
        stood(2, {"A": "abcdm", "E": "ef", "G": "ghn", "I": "ij", "K": "kl"}),
        # A takes in I, K ends, of G one goes and one comes.
        stood(3, {"A": "abcdmij", "E": "ef", "G": "gho"}),
    ]
    assert chronicle(days) == [
        Event(1, "A", "born", 4, 4),
        Event(1, "E", "born", 4, 4),
        Event(1, "I", "born", 2, 2),
        Event(2, "A", "grew", 5, 1, 0),
        Event(2, "E", "shrank", 2, 0, 2),
        Event(2, "G", "split off", 3, 2, other="E"),
        Event(2, "K", "born", 2, 2),
        Event(3, "A", "grew", 7, 2, 0),
        Event(3, "A", "took in", 7, 2, other="I"),
        Event(3, "G", "changed", 3, 1, 1),
        Event(3, "I", "ended", 2, left=2, other="A"),
        Event(3, "K", "ended", 2, left=2),
    ]
    assert chronicle([]) == []


def test_a_name_that_is_given_again_begins_a_new_life() -> None:
    events = chronicle([stood(1, {"A": "ab"}), stood(2, {"C": "cd"}), stood(3, {"A": "ef", "C": "cd"})])
    assert [event.event for event in events] == ["born", "ended", "born", "born"]
    assert lives(events)["A"] == [Event(3, "A", "born", 2, 2)]


def test_a_new_community_does_not_take_the_name_of_one_that_ended() -> None:
    before = stood(1, {"A": "abcdefgh"})
    after = identify(before, stood(2, {"A": "aijklmnop"}))
    assert after.ids == ("A~2",)
    assert [(event.community, event.event) for event in chronicle([before, after])[1:]] == [
        ("A", "ended"),
        ("A~2", "born"),
    ]


@pytest.mark.parametrize("order", [1, -1])
@given(
    steps=st.lists(
        st.tuples(st.integers(8, 16), st.lists(st.integers(-1, 4), min_size=len(EVERYBODY), max_size=len(EVERYBODY))),
        min_size=1,
        max_size=4,
    )
)
def test_every_coming_and_going_is_told(order: int, steps: list[tuple[int, list[int]]]) -> None:
    found: list[Communities] = []
    for day, (known, homes) in enumerate(steps):
        groups: dict[int, str] = {}
        for member, home in list(zip(EVERYBODY[:known], homes, strict=False))[::order]:
            if home >= 0:
                groups[home] = groups.get(home, "") + member
        here = stood(day, {min(members).upper(): members for members in groups.values()}, EVERYBODY[:known])
        found.append(identify(found[-1], here) if found else here)
    sizes: dict[str, int] = {}
    for event in chronicle(found):
        if event.event in ("born", "split off"):
            assert event.community not in sizes
            sizes[event.community] = event.members
        elif event.event == "ended":
            assert sizes.pop(event.community) == event.members
        elif event.event != "took in":
            assert sizes[event.community] + event.joined - event.left == event.members
            sizes[event.community] = event.members
    assert sizes == dict(zip(found[-1].ids, found[-1].size.tolist(), strict=True))
