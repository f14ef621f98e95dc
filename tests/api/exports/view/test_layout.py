import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.exports.view.layout import SPACE, Points, layout


def nearest(points: Points) -> float:
    between = np.linalg.norm(points[:, None] - points[None, :], axis=2)
    np.fill_diagonal(between, np.inf)
    return float(between.min())


@st.composite
def networks(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]], list[str | None]]:
    count = draw(st.integers(0, 40))
    things = st.integers(0, max(count - 1, 0))
    links = draw(st.lists(st.tuples(things, things), max_size=80)) if count else []
    named = draw(st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=count, max_size=count))
    return count, links, named


@given(networks())
def test_no_two_things_lie_on_each_other(network: tuple[int, list[tuple[int, int]], list[str | None]]) -> None:
    count, links, communities = network
    points = layout(count, links, communities)
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()
    if count > 1:
        assert nearest(points) >= SPACE - 1
    assert (points == layout(count, list(reversed(links)), communities)).all(), "the order of links does not matter"


def test_communities_lie_side_by_side() -> None:
    groups = [list(range(at, 120, 4)) for at in range(4)]
    links = [(group[at], group[(at * 7 + 1) % 30]) for group in groups for at in range(30)]
    links += [(one[0], other[0]) for one in groups for other in groups if one < other]
    points = layout(120, links, [str(at % 4) for at in range(120)])
    centres = [points[group].mean(axis=0) for group in groups]
    reach = [
        np.linalg.norm(points[group] - centre, axis=1).max() for group, centre in zip(groups, centres, strict=True)
    ]
    for one in range(4):
        for other in range(one):
            assert np.linalg.norm(centres[one] - centres[other]) > reach[one] + reach[other]


def test_what_is_in_no_community_lies_where_its_neighbours_are() -> None:
    links = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (6, 0), (6, 1), (6, 3), (0, 3)]
    points = layout(7, links, ["a", "a", "a", "b", "b", "b", None])
    first, second = points[:3].mean(axis=0), points[3:6].mean(axis=0)
    assert np.linalg.norm(points[6] - first) < np.linalg.norm(points[6] - second)


@pytest.mark.parametrize(
    ("links", "communities"),
    [
        ([(0, at) for at in range(1, 2000)], ["a"] * 2000),
        ([(at % 40 + at // 40 * 40, (at * 7) % 40 + at // 40 * 40) for at in range(2000)], [None] * 2000),
        ([], [None] * 2000),
        ([(at, (at * 7919) % 2000) for at in range(2000)], ["a"] * 2000),
    ],
    ids=["a hub", "many apart", "no link", "one community"],
)
def test_two_thousand_things_are_placed_in_seconds(links: list[tuple[int, int]], communities: list[str | None]) -> None:
    start = time.process_time()
    points = layout(2000, links, communities)
    assert time.process_time() - start < 10
    assert nearest(points) >= SPACE - 1
