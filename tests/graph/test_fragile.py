"""The fewest links without which a linked risk loses enough."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.fragile import STEPS, Woven, fewest
from graph.linked_risk import linked_risk
from graph.records import LinkRef, Ref
from graph.supposed import Supposition, suppose
from tests.graph.networks import FIRST, Rows, day_number, snapshot, world

EVERY = 10**9


def woven(links: list[list[int]], values: list[float]) -> Woven:
    path = np.repeat(np.arange(len(links)), [len(one) for one in links])
    return Woven(
        np.array(values), path, np.array([at for one in links for at in one]), np.arange(1 + max(map(max, links)))
    )


def brought(paths: Woven, links: tuple[int, ...]) -> float:
    return math.fsum(paths.value[np.unique(paths.path[np.isin(paths.link, links)])].tolist())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, 7), min_size=1, max_size=4), st.integers(1, 50)), min_size=1, max_size=14
    ),
    st.floats(0.05, 1.0),
)
def test_no_smaller_set_brings_enough(drawn: list[tuple[set[int], int]], part: float) -> None:
    paths = woven([sorted(links) for links, _ in drawn], [float(value) for _, value in drawn])
    enough = part * paths.value.sum()
    found = fewest(paths, enough)
    assert found.smallest and brought(paths, tuple(found.codes)) >= enough * (1 - 1e-9)
    for smaller in combinations(range(8), len(found.codes) - 1):
        assert brought(paths, smaller) < enough


def test_where_the_search_takes_too_long_it_is_said() -> None:
    rng = np.random.default_rng(3)
    links = [sorted(rng.choice(60, 2, replace=False).tolist()) for _ in range(400)]
    paths = woven(links, [1.0] * len(links))
    found = fewest(paths, 0.8 * len(links))
    assert not found.smallest and brought(paths, tuple(found.codes)) >= 0.8 * len(links)
    assert STEPS < 1_000


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 330), st.floats(0.05, 1.0))
def test_without_the_links_found_the_risk_has_lost_enough(seed: int, days: int, part: float) -> None:
    view, day = snapshot(world(seed, shipments=24)), day_number(FIRST) + days
    found = linked_risk(view, day)
    rows = np.arange(len(view.declarations))
    for row, value in zip(rows.tolist(), found.of_rows(rows).tolist(), strict=True):
        if value <= 0:
            continue
        links, lost, _ = found.fewest(row, part * value)
        missing = [path.value for path in found.paths(row, EVERY).paths if set(links) & set(path.links()[:-1])]
        assert math.fsum(missing) == pytest.approx(lost) and lost >= part * value * (1 - 1e-6)
        assert len(set(links)) == len(links)


def test_the_links_can_be_supposed_away() -> None:
    rows = Rows.new()
    for at, (name, address, phone) in enumerate((("A", "here", None), ("B", "here", "+1"), ("C", "there", "+1"))):
        rows.declare(f"s/{name}", at, f"s/{name}", f"s/E{name}", None, address=address, phone=phone)
    rows.find("s/A", 10, "infraction")
    rows.declare("s/N", 15, "s/C", "s/EC", None, address="there", phone="+1")
    view, day = rows.snapshot(), day_number(FIRST) + 20
    found = linked_risk(view, day)
    row = view.things["Shipment"].keys.to_pylist().index("s/N")
    value = float(found.of_rows(np.array([row]))[0])
    links, lost, smallest = found.fewest(row, value)
    assert smallest and len(links) == 1 and lost == pytest.approx(value)
    a, b, c, here = Ref("Trader", "s/A"), Ref("Trader", "s/B"), Ref("Trader", "s/C"), Ref("Address", "here")
    (path,) = found.paths(row).paths
    assert path.links() == (
        LinkRef(Ref("Shipment", "s/A"), "IMPORTED_BY", a),
        LinkRef(a, "AT_ADDRESS", here),
        LinkRef(b, "AT_ADDRESS", here),
        LinkRef(b, "HAS_CONTACT", Ref("Contact", "+1")),
        LinkRef(c, "HAS_CONTACT", Ref("Contact", "+1")),
        LinkRef(Ref("Shipment", "s/N"), "IMPORTED_BY", c),
    )
    assert links[0] in path.links()[:-1]
    for link in path.links()[:-1]:
        supposed = suppose(view, Supposition(removed=[link]))
        left = linked_risk(supposed.snapshot, day, shares=supposed.shares).of_rows(np.array([row]))
        assert left.tolist() == pytest.approx([0.0], abs=1e-12)
