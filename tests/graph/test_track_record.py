"""Track records, against plain counting over the records of the same network."""

from collections import defaultdict
from datetime import date, timedelta

import pytest

from graph.columns import date_undated, known_before
from graph.fold import fold
from graph.records import Ref, records
from graph.snapshot import NEVER
from graph.track_record import track_records
from tests.graph.networks import FIRST, Rows, day_number, snapshot, world

DAY = FIRST + timedelta(days=150)


@pytest.mark.parametrize("seed", range(5))
def test_a_track_record_is_that_of_the_shipments_known_then(seed: int) -> None:
    statements = date_undated(world(seed))
    view = snapshot(statements)
    network = fold(records(known_before(statements, DAY)))
    mine = defaultdict(set)
    outcomes = defaultdict(set)
    for link in network.links.values():
        if link.ref.type in ("IMPORTED_BY", "EXPORTED_BY", "DECLARED_BY"):
            mine[link.ref.end].add(link.ref.start)
        if link.ref.type == "FOUND_IN":
            outcomes[link.ref.end].add(network.things[link.ref.start].shown().get("outcome"))
    found = track_records(view, day_number(DAY))
    for kind in ("Trader", "Forwarder"):
        for at, key in enumerate(view.things[kind].keys.to_pylist()):
            shipments = mine[Ref(kind, key)]
            said = [outcomes[shipment] - {None} for shipment in shipments]
            assert found[kind].shipments[at] == len(shipments)
            assert found[kind].inspected[at] == sum(map(bool, said))
            assert found[kind].infractions[at] == sum("infraction" in one for one in said)
            assert (found[kind].clean_on[at] == NEVER) == (found[kind].inspected[at] == found[kind].infractions[at])


def test_the_latest_clean_outcome_is_named_and_one_who_is_both_ends_counts_once() -> None:
    rows = Rows.new()
    rows.declare("s/D1", 0, "s/A", "s/A")
    rows.declare("s/D2", 1, "s/A", "s/B")
    rows.find("s/D1", 5, "clean")
    rows.find("s/D2", 9, "clean")
    rows.find("s/D2", 20, "infraction", "2")
    view = rows.snapshot()

    def of(day: date, key: str) -> tuple[int, int, int, int]:
        record = track_records(view, day_number(day))["Trader"]
        at = view.things["Trader"].keys.to_pylist().index(key)
        return tuple(
            int(column[at]) for column in (record.shipments, record.inspected, record.infractions, record.clean_on)
        )  # type: ignore[return-value]

    first = day_number(FIRST)
    assert of(FIRST + timedelta(days=15), "s/A") == (2, 2, 0, first + 9)
    assert of(FIRST + timedelta(days=30), "s/A") == (2, 2, 1, first + 5)
    assert of(FIRST + timedelta(days=5), "s/A") == (2, 0, 0, int(NEVER))
