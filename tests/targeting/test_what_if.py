"""What would change: told as the published model would rate the network if it were so, and nothing stored."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graph.build import from_statements
from graph.records import LinkRef, Ref
from graph.store.results import PublishedSet
from graph.store.sqlite import SqliteStore
from graph.supposed import Supposition
from targeting import TargetingError
from targeting.lanes import LANE_DAYS, lanes_of
from targeting.network import Network
from targeting.publish import default_as_of, score_store
from targeting.scoring import score
from targeting.what_if import CHANGED, WhatIf, what_if
from tests.targeting.conftest import Saved, World

EVER = date(2000, 1, 1)


@pytest.fixture(scope="module")
def published(world: World, saved: Saved) -> PublishedSet:
    return score_store(world.store, saved.model, saved.identity)


@pytest.fixture(scope="module")
def source(world: World, around: Network, published: PublishedSet) -> Ref:
    """The source of the strongest path to the waiting shipment with the highest linked risk."""
    rows = [row for batch in world.store.results("shipment", undecided=True) for row in batch.to_pylist()]
    riskiest = max(rows, key=lambda row: (row["linked"], row["shipment"]))["shipment"]
    declarations = world.snapshot.declarations
    number = world.snapshot.things["Shipment"].keys.index(riskiest).as_py()
    (row,) = declarations.first[declarations.shipment[declarations.first] == number]
    strongest = around.risk(len(around.cutoffs) - 1).strongest(np.array([row]))[0]
    assert strongest is not None
    return strongest.source


@pytest.fixture(scope="module")
def cleared(world: World, saved: Saved, source: Ref) -> WhatIf:
    return what_if(world.store, saved.folder, Supposition(cleared=[source]), EVER)


def test_a_cleared_source_is_rated_as_if_its_outcome_had_been_clean(
    world: World, saved: Saved, around: Network, cleared: WhatIf, source: Ref
) -> None:
    held = world.statements.inspection
    clean = pc.if_else(pc.equal(held["shipment"], source.key), "clean", held["outcome"])
    inspection = held.set_column(held.schema.get_field_index("outcome"), "outcome", clean)
    other = from_statements(replace(world.statements, inspection=inspection))
    here = Network(other, around.cutoffs, around.communities, saved.model.linked)
    found = score(saved.model, here, other.declarations.first, reasons=0)
    keys = other.things["Shipment"].keys.take(pa.array(other.declarations.shipment[found.rows])).to_pylist()
    lanes = lanes_of(found.score, cleared.published.thresholds)
    expected = {
        key: (linked, value, lane)
        for key, linked, value, lane in zip(keys, found.linked, found.score, lanes, strict=True)
    }
    waiting = {
        row["shipment"]: (row["linked"], row["score"], row["lane"])
        for batch in world.store.results("shipment", undecided=True)
        for row in batch.to_pylist()
    }
    changed = {one.shipment.key: one for one in cleared.changes}
    assert cleared.waiting == len(waiting) and 10 < len(changed) < len(waiting)
    for key, before in waiting.items():
        if key in changed:
            one = changed[key]
            assert (one.before.linked, one.before.score, one.before.lane) == before
            assert (one.after.linked, one.after.score) == pytest.approx(expected[key][:2], abs=CHANGED)
            assert one.after.lane == expected[key][2]
        else:
            assert before[:2] == pytest.approx(expected[key][:2], abs=CHANGED) and before[2] == expected[key][2]


def test_the_most_telling_stand_first_and_the_period_is_that_of_the_lanes(
    world: World, saved: Saved, cleared: WhatIf, source: Ref
) -> None:
    moved = [one.before.lane != one.after.lane for one in cleared.changes]
    assert moved == sorted(moved, reverse=True)
    far = [abs(one.before.score - one.after.score) for one in cleared.changes[sum(moved) :]]
    assert far == sorted(far, reverse=True)
    usual = what_if(world.store, saved.folder, Supposition(cleared=[source]))
    begin = usual.published.as_of - timedelta(days=LANE_DAYS)
    assert usual.first == begin and usual.last is None
    assert usual.changes == [one for one in cleared.changes if one.accepted_on >= begin]


def test_two_taken_for_the_same_share_their_risk_and_without_the_link_do_not(
    world: World, saved: Saved, around: Network, published: PublishedSet
) -> None:
    risk = around.risk(len(around.cutoffs) - 1).entity["Trader"]
    traders = world.snapshot.things["Trader"].keys
    waiting = [
        row["shipment"] for batch in world.store.results("shipment", undecided=True) for row in batch.to_pylist()
    ]
    declarations = world.snapshot.declarations
    latest = declarations.first[np.argsort(-declarations.accepted_on[declarations.first], kind="stable")]
    shipments = world.snapshot.things["Shipment"].keys
    importer, shipment = next(
        (int(declarations.keys["importer"][row]), shipments[int(declarations.shipment[row])].as_py())
        for row in latest
        if risk[declarations.keys["importer"][row]] == 0
        and shipments[int(declarations.shipment[row])].as_py() in set(waiting)
    )
    clean, bad = (Ref("Trader", traders[int(at)].as_py()) for at in (importer, np.argmax(risk)))
    link = LinkRef(clean, "SAME_AS", bad)
    same = what_if(world.store, saved.folder, Supposition(added=[link]), EVER)
    changed = {one.shipment.key: one for one in same.changes}
    assert changed[shipment].after.linked > changed[shipment].before.linked
    both = what_if(world.store, saved.folder, Supposition(added=[link], removed=[LinkRef(bad, "SAME_AS", clean)]), EVER)
    assert both.changes == []


def test_where_nothing_waits_nothing_changes(world: World, saved: Saved, published: PublishedSet) -> None:
    never = date(1999, 1, 1)
    found = what_if(world.store, saved.folder, Supposition(), never, never)
    assert (found.waiting, found.changes) == (0, [])


def test_nothing_is_stored(world: World, cleared: WhatIf) -> None:
    assert world.store.version() == world.snapshot.version and world.store.published() == cleared.published
    assert default_as_of(world.snapshot) > 0


def test_what_cannot_be_told_is_said(world: World, saved: Saved, published: PublishedSet, tmp_path: Path) -> None:
    with pytest.raises(TargetingError, match="trader:native/X is no source of linked risk"):
        what_if(world.store, saved.folder, Supposition(cleared=[Ref("Trader", "native/X")]))
    with pytest.raises(TargetingError, match="ends on 2024-02-01, before it begins on 2024-03-01"):
        what_if(world.store, saved.folder, Supposition(), date(2024, 3, 1), date(2024, 2, 1))
    with pytest.raises(TargetingError, match="ends on 2000-01-01, before it begins on"):
        what_if(world.store, saved.folder, Supposition(), last=EVER)
    with SqliteStore(tmp_path / "empty.db") as store:
        with pytest.raises(TargetingError, match="No scores are published yet"):
            what_if(store, saved.folder, Supposition())
        store.publish(replace(published, store_version=7), {})
        with pytest.raises(TargetingError, match="The store has changed since it was scored"):
            what_if(store, saved.folder, Supposition())
