from dataclasses import replace
from datetime import timedelta

import networkit
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.communities import SHARED_BY_MOST, Communities, communities, identify, namesake
from graph.cutoffs import grid
from graph.membership import features
from graph.partition import LOWEST
from graph.snapshot import Snapshot, labels
from tests.graph.networks import FIRST, Rows, day_number, matched, shuffled, snapshot, world


def _on(days: int) -> int:
    return day_number(FIRST) + days


def _rings(count: int = 6, size: int = 5, *, first: int = 0, leave_out: int | None = None) -> Rows:
    """Rings of importers that share an address, a telephone number in pairs, and a seller, all through one broker."""
    rows = Rows.new()
    for ring in range(first, first + count):
        for at in range(size):
            if at != leave_out:
                name = f"{ring}{at}"
                rows.declare(
                    f"s/D{name}", at, f"s/T{name}", f"s/E{ring}", address=f"a{ring}", phone=f"+{ring}{at // 2}"
                )
    return rows


def _by_key(view: Snapshot, found: Communities, kind: str) -> dict[str, tuple[int, float]]:
    """Return community and stability by key, of what belongs to one."""
    members = zip(view.things[kind].keys.to_pylist(), found.number[kind], found.stability[kind], strict=True)
    return {key: (int(number), float(stability)) for key, number, stability in members if number >= 0}


def test_rings_are_found_and_the_broker_of_all_does_not_bind_them() -> None:
    view = _rings().snapshot()
    found = communities(view, _on(30), seed=1)
    of = {key: number for key, (number, _) in _by_key(view, found, "Trader").items()}
    assert found.resolution >= LOWEST
    assert len(found) == 6
    for ring in range(6):
        assert len({of[f"s/T{ring}{at}"] for at in range(5)} | {of[f"s/E{ring}"]}) == 1
    assert sorted(found.size.tolist()) in ([6] * 6, [6] * 5 + [7])
    assert found.modularity > 0.7
    assert [f"trader:s/E{ring}" for ring in range(6)] == sorted(found.ids)
    assert all(0.5 < stability <= 1 for _, stability in _by_key(view, found, "Trader").values())
    assert found.young.tolist() == [1.0] * 6
    address = view.things["Address"].keys.to_pylist().index("a3")
    assert found.number["Address"][address] == of["s/T30"]


def test_a_business_centre_ties_nobody() -> None:
    rows = Rows.new()
    for at in range(SHARED_BY_MOST + 1):
        rows.declare(f"s/{at}", 0, f"s/T{at}", f"s/E{at}", None, address="centre")
    view = rows.snapshot()
    found = communities(view, _on(30), seed=1)
    assert set(found.size.tolist()) == {2}
    assert found.density.tolist() == [0.0] * len(found)
    assert found.number["Address"].tolist() == [-1]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    one, other = (
        communities(snapshot(rows), _on(250), seed=1) for rows in (world(seed), shuffled(world(seed), seed + 1))
    )
    assert (one.ids, one.resolution, one.modularity) == (other.ids, other.resolution, other.modularity)
    for figures in ("number", "stability"):
        for kind, values in getattr(one, figures).items():
            assert values.tolist() == getattr(other, figures)[kind].tolist()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(40, 300))
def test_what_becomes_known_later_changes_nothing(seed: int, day: int) -> None:
    until = FIRST + timedelta(days=day)
    early, late = snapshot(world(seed), until), snapshot(shuffled(world(seed), seed))
    before, after = (communities(view, _on(day), seed=seed) for view in (early, late))
    assert (before.resolution, before.modularity, before.ids) == (after.resolution, after.modularity, after.ids)
    for name in ("size", "young", "density"):
        assert getattr(before, name).tolist() == getattr(after, name).tolist()
    for kind in before.stability:
        assert _by_key(early, before, kind) == _by_key(late, after, kind)
    answers = []
    for view, rows in zip((early, late), matched(early, late), strict=True):
        cutoffs = grid(np.arange(_on(0), _on(day), dtype=np.int32), _on(day))
        found = [communities(view, int(cutoff), seed=seed, resolution=1.0) for cutoff in cutoffs]
        days = np.minimum(view.declarations.known_on[rows], _on(day)).astype(np.int32)
        figures = features(view, found, cutoffs, rows, days)
        answers.append({name: values.tolist() for name, values in figures.items()})
    assert answers[0] == answers[1]


def test_the_same_input_gives_the_same_answer_and_leaves_the_threads_as_they_were() -> None:
    view = snapshot(world(5, shipments=200))
    networkit.setNumberOfThreads(2)
    found = [communities(view, _on(250), seed=3) for _ in range(3)]
    assert networkit.getMaxNumberOfThreads() == 2
    for other in found[1:]:
        assert other.number["Trader"].tolist() == found[0].number["Trader"].tolist()
        assert other.stability["Trader"].tolist() == found[0].stability["Trader"].tolist()
        assert other.modularity == found[0].modularity
    given = communities(view, _on(250), seed=3, resolution=found[0].resolution)
    assert given.number["Trader"].tolist() == found[0].number["Trader"].tolist()


def test_a_finer_resolution_gives_smaller_communities() -> None:
    view = snapshot(world(5, shipments=200))
    coarse, fine = (communities(view, _on(250), seed=1, resolution=value) for value in (0.1, 1.5))
    assert coarse.size.max() > fine.size.max() > 1


def test_ids_are_kept_as_members_come_and_go() -> None:
    before = communities(_rings().snapshot(), _on(30), seed=1)
    # The first member of each ring, which named nothing here but could, has gone; the seller's key stays.
    changed = _rings(leave_out=0)
    for ring in range(6):
        changed.declare(f"s/N{ring}", 6, f"s/A{ring}", f"s/E{ring}", address=f"a{ring}", phone=f"+{ring}0")
    view = changed.snapshot()
    after = communities(view, _on(30), seed=1)
    assert sorted(after.ids) == [f"trader:s/A{ring}" for ring in range(6)]
    kept = identify(before, after)
    assert sorted(kept.ids) == sorted(before.ids)
    of = _by_key(view, kept, "Trader")
    assert all(kept.ids[of[f"s/A{ring}"][0]] == f"trader:s/E{ring}" for ring in range(6))


def test_ids_stay_distinct_and_new_communities_get_their_own() -> None:
    first = communities(_rings(3).snapshot(), _on(30), seed=1)
    more = communities(_rings(5).snapshot(), _on(30), seed=1)
    kept = identify(first, more)
    assert len(set(kept.ids)) == len(kept) == 5
    assert set(first.ids) < set(kept.ids)
    others = communities(_rings(3, first=7).snapshot(), _on(30), seed=1)
    assert identify(first, others).ids == others.ids
    nothing = communities(Rows.new().snapshot(), _on(30), seed=1)
    assert identify(nothing, others).ids == others.ids
    assert identify(first, nothing).ids == ()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_the_outcomes_of_a_community_are_those_of_the_definition(seed: int) -> None:
    view = snapshot(world(seed))
    held = view.declarations
    cutoffs = grid(np.arange(_on(0), _on(250), dtype=np.int32), _on(250))
    found = [communities(view, int(cutoff), seed=1, resolution=1.0) for cutoff in cutoffs]
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(held), size=20)
    days = (day_number(FIRST) + rng.integers(1, 300, size=20)).astype(np.int32)
    figures = features(view, found, cutoffs, rows, days)
    for at, (row, day) in enumerate(zip(rows, days, strict=True)):
        past = np.flatnonzero(cutoffs <= day)
        here = found[past[-1]] if len(past) else None
        community = int(here.of_rows(view, np.array([row]))[0]) if here else -1
        expected = [0, 0, 0]
        if here is not None and community >= 0:
            number = here.number["Trader"]
            expected[0] = int(here.size[community])
            for other in np.flatnonzero((held.known_on < day) & (day <= held.until)):
                importer = held.keys["importer"][other]
                foreign = importer != held.keys["importer"][row] and held.shipment[other] != held.shipment[row]
                if number[importer] == community and foreign:
                    label = labels(view, held.shipment[[other]], np.array([day], dtype=np.int32))[0]
                    expected[1] += int(label >= 0)
                    expected[2] += int(label == 1)
        names = ("community_size", "community_inspected", "community_infractions")
        assert [figures[name][at] for name in names] == expected


def test_a_new_importer_belongs_where_its_address_does() -> None:
    rows = _rings()
    rows.declare("s/new", 60, "s/new", "s/else", None, address="a4")
    rows.declare("s/seller", 60, "s/other", "s/E2", None)
    rows.declare("s/alone", 60, "s/third", "s/else", None)
    view = rows.snapshot()
    found = communities(view, _on(30), seed=1)
    keys = view.things["Shipment"].keys.to_pylist()
    row = {keys[shipment]: at for at, shipment in enumerate(view.declarations.shipment)}
    of = _by_key(view, found, "Trader")
    asked = np.array([row["s/new"], row["s/seller"], row["s/alone"]])
    assert found.of_rows(view, asked).tolist() == [of["s/T40"][0], of["s/T20"][0], -1]


def test_a_network_without_ties_has_no_communities() -> None:
    found = communities(Rows.new().snapshot(), _on(0), seed=1)
    assert len(found) == 0
    assert found.resolution == pytest.approx(1.0)


def test_a_name_is_given_once_even_if_the_member_behind_it_has_moved() -> None:
    first = communities(_rings(3).snapshot(), _on(30), seed=1)
    more = communities(_rings(5).snapshot(), _on(30), seed=1)
    moved = replace(first, ids=("trader:s/E4", *first.ids[1:]))
    kept = identify(moved, more)
    assert sorted(kept.ids) == sorted([*moved.ids, "trader:s/E3", "trader:s/E4~2"])
    assert [namesake(name) for name in ("trader:s/E4~2", "trader:s/E4", "trader:s/~2x")] == [
        "trader:s/E4",
        "trader:s/E4",
        "trader:s/~2x",
    ]
