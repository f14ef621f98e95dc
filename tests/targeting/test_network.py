"""What the network says of shipments, by the cutoff each may use."""

import numpy as np
import pytest

from graph.linked_risk import linked_risk
from graph.snapshot import Long, Snapshot
from targeting import TargetingError
from targeting.network import NAMES, network
from tests.graph.networks import FIRST, Rows, day_number, snapshot, world

START = day_number(FIRST)


def row_of(view: Snapshot, shipment: str) -> Long:
    first = view.declarations.first
    keys = view.things["Shipment"].keys.take(view.declarations.shipment[first]).to_pylist()
    return first[[keys.index(shipment)]]


def test_each_shipment_uses_the_last_cutoff_before_its_day() -> None:
    """What became known within the month of a shipment moves its linked risk from the next month on."""
    rows = Rows.new()
    rows.declare("s/D0/1", 1, "s/A", "s/E", phone="+1")
    rows.find("s/D0/1", 40, "infraction")
    for at, on in enumerate((20, 45, 58, 59, 95)):
        rows.declare(f"s/N{at}/1", on, "s/B", "s/E", phone="+1")
    view = rows.snapshot()
    here = network(view, START + 100, seed=1, resolution=1.0)
    assert [int(day) - START for day in here.cutoffs] == [31, 59, 90, 100]
    of = np.concatenate([row_of(view, f"s/N{at}/1") for at in range(5)])
    days = view.declarations.accepted_on[of]
    risk = here.linked(of, days)
    # The months start on days 31, 59 and 90; the outcome of day 40 is in none of the views before day 59.
    assert risk[:3].tolist() == [0.0, 0.0, 0.0]
    assert risk[3] == linked_risk(view, START + 59).of_rows(of[[3]])[0] > 0
    assert risk[4] == linked_risk(view, START + 90).of_rows(of[[4]])[0] > 0
    assert here.linked(of[[3]], days[[3]] - 1).tolist() == [0.0]


def test_the_features_have_their_names_and_order() -> None:
    view = snapshot(world(1))
    here = network(view, START + 240, seed=1, resolution=1.0)
    rows = view.declarations.first
    days = view.declarations.accepted_on[rows]
    linked = here.linked(rows, days)
    block = here.features(rows, days, linked)
    assert block.names == NAMES and len(set(NAMES)) == len(NAMES) and not any(block.categorical)
    assert block.values[:, NAMES.index("linked_risk")].tolist() == linked.astype(np.float32).tolist()
    assert np.isfinite(block.values).all()


def test_a_shipment_is_in_the_community_of_its_importer_or_in_none() -> None:
    view = snapshot(world(2))
    here = network(view, START + 240, seed=1, resolution=1.0)
    rows = view.declarations.first
    days = np.full(len(rows), START + 240, dtype=np.int32)
    found = here.community_of(rows, days)
    last = here.communities[-1]
    for row, name in zip(rows, found, strict=True):
        number = last.number["Trader"][view.declarations.keys["importer"][row]]
        assert name == (last.ids[number] if number >= 0 else None)
    assert {name for name in found if name} <= set(last.ids)
    assert here.community_of(rows, np.full(len(rows), START, dtype=np.int32)) == [None] * len(rows)


def test_an_importer_not_known_yet_has_no_community_though_its_exporter_has_one() -> None:
    rows = Rows.new()
    for at in range(6):
        rows.declare(f"s/D{at}/1", at, f"s/A{at % 2}", "s/E", phone="+1")
    rows.declare("s/N/1", 50, "s/N", "s/E")
    view = rows.snapshot()
    here = network(view, START + 40, seed=1, resolution=1.0)
    row = row_of(view, "s/N/1")
    assert here.communities[-1].of_rows(view, row)[0] >= 0
    assert here.community_of(row, np.array([START + 40], dtype=np.int32)) == [None]


def test_the_resolution_is_chosen_once_or_given() -> None:
    view = snapshot(world(2))
    chosen = network(view, START + 240, seed=1)
    again = network(view, START + 240, seed=1, resolution=chosen.resolution)
    assert {community.resolution for community in chosen.communities} == {chosen.resolution}
    assert [one.ids for one in chosen.communities] == [one.ids for one in again.communities]
    assert network(view, START + 240, seed=1, resolution=0.25).resolution == 0.25


@pytest.mark.parametrize("view", [Rows.new().snapshot(), snapshot(world(1))])
def test_before_everything_there_is_no_network(view: Snapshot) -> None:
    with pytest.raises(
        TargetingError, match="No shipment was accepted before 2022-01-01; load declarations, or choose"
    ):
        network(view, START - 365, seed=1)
