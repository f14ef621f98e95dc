"""Reading the network: things with their records, references, neighbours; on examples worked out by hand."""

from datetime import date
from typing import Any

import pytest

from graph.fold import Link, Span
from graph.records import LinkRef, Ref
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from graph.store.neighbourhood import Neighbour
from graph.store.things import RecordGroup
from tests.conformance.loads import batch, chunk, thing
from tests.statements import table

ACME, BOLT, BROKER = Ref("Trader", "kr/Q1"), Ref("Trader", "kr/Q2"), Ref("Forwarder", "kr/F1")
OFFICE = Ref("Address", "1 main street|KR")


def day(number: int) -> date:
    return date(2023, 1, number)


def said(*declarations: dict[str, Any], **others: list[dict[str, Any]]) -> Statements:
    parties = [
        {"id": 1, "type": "Trader", "key": "kr/Q1", "name": "Acme", "address": "1 Main St", "address_key": OFFICE.key},
        {"id": 2, "type": "Trader", "key": "kr/Q1", "name": "Acme Ltd", "email": "A@x.kr", "email_key": "a@x.kr"},
        {
            "id": 3,
            "type": "Trader",
            "key": "kr/Q2",
            "name": "Bolt",
            "address": "1, Main St.",
            "address_key": OFFICE.key,
        },
        {"id": 4, "type": "Forwarder", "key": "kr/F1", "name": "Broker", "phone": "02", "phone_key": "+822"},
    ]
    whole = [{"source": "kr", "accepted_on": row["known_on"], **row} for row in declarations]
    tables = {shape: table(shape, [{"source": "kr", **row} for row in rows]) for shape, rows in others.items()}
    return Statements(description=table("description", parties), declaration=table("declaration", whole), **tables)


def load(store: GraphStore, *loads: Statements) -> None:
    for number, statements in enumerate(loads, start=1):
        store.add_batch(batch(f"b{number}"), [chunk(statements)])


def shipment(name: str, known: int, **values: Any) -> dict[str, Any]:
    return {"shipment": f"kr/{name}", "known_on": day(known), **values}


def test_an_amendment_takes_over_with_its_links(store: GraphStore) -> None:
    first = shipment("D1", 1, importer=1, commodity="847130", containers=["C1"], packages=2.0)
    amended = shipment("D1", 5, importer=3, commodity="847130", procedure="4000")
    load(store, said(first), said(amended), said(first))
    ref = Ref("Shipment", "kr/D1")
    found = thing(store.get(ref))
    assert found.thing.shown() == {"accepted_on": "2023-01-05", "procedure": "4000"}
    assert (found.thing.first_on, found.thing.last_on) == (day(1), day(5))
    assert [link.ref.end for link in found.links] == [BOLT, Ref("Commodity", "847130")]
    version = {"accepted_on": "2023-01-01", "commodity": "847130", "importer": "kr/Q1", "packages": "2.0"}
    assert found.records[1] == RecordGroup("shipment", "kr", version, day(1), day(1), ["b1", "b3"])
    assert [group.batches for group in found.records] == [["b2"], ["b1", "b3"]]
    then = thing(store.get(ref, until=day(5)))
    assert then.thing.shown()["packages"] == "2.0"
    assert LinkRef(ref, "IN_CONTAINER", Ref("Container", "C1")) in [link.ref for link in then.links]
    assert store.get(ref, until=day(1)) is None
    # The container was named, but no version that counts is in it.
    assert store.neighbours([Ref("Container", "C1"), ACME], links=["IN_CONTAINER", "IMPORTED_BY"]).counts == {}
    assert store.resolve("C1") == [Ref("Container", "C1")]
    store.remove_batch("b2")
    assert store.neighbours([ref], links=["IMPORTED_BY"]).rows == [
        Neighbour(ref, "IMPORTED_BY", "out", ACME, day(1), day(1))
    ]


def test_versions_of_one_day_are_merged_field_by_field(store: GraphStore) -> None:
    load(
        store,
        said(shipment("D1", 1, importer=1, commodity="847130", containers=["C2"])),
        said(shipment("D1", 1, exporter=3, commodity="850440", containers=["C1"], known_on=day(1))),
    )
    ref = Ref("Shipment", "kr/D1")
    ends = [(row.link, row.end.key) for row in store.neighbours([ref]).rows]
    assert ends == [
        ("IMPORTED_BY", "kr/Q1"),
        ("EXPORTED_BY", "kr/Q2"),
        ("OF_COMMODITY", "850440"),
        ("IN_CONTAINER", "C1"),
        ("IN_CONTAINER", "C2"),
    ]
    assert store.neighbours([Ref("Commodity", "847130")], links=["OF_COMMODITY"]).rows == []
    assert store.neighbours([Ref("Commodity", "850440")], links=["OF_COMMODITY"]).rows[0].end == ref
    assert thing(store.get(ref)).record_count == 2


def test_a_party_shows_what_was_said_of_it_by_whom_and_when(store: GraphStore) -> None:
    load(
        store,
        said(shipment("D1", 2, importer=1), shipment("D2", 4, importer=2, exporter=1), shipment("D3", 3, importer=1)),
        said(entity=[{"thing": 1}], ownership=[{"owned": "kr/Q2", "owner": "kr/Q1", "known_on": day(9)}]),
    )
    found = thing(store.get(ACME))
    assert found.thing.spans == (
        Span("name", "Acme", day(2), day(4)),
        Span("name", "Acme Ltd", day(4), day(4)),
    )
    assert found.thing.shown() == {"name": "Acme Ltd"}
    assert found.links == []
    assert [(group.role, group.first_on, group.last_on, group.batches) for group in found.records] == [
        ("owner", day(9), day(9), ["b2"]),
        ("exporter", day(4), day(4), ["b1"]),
        ("importer", day(4), day(4), ["b1"]),
        ("importer", day(2), day(3), ["b1"]),
        ("entity", day(2), day(2), ["b2"]),
    ]
    assert found.record_count == 5
    assert len(thing(store.get(ACME, limit=2)).records) == 2
    earlier = thing(store.get(ACME, until=day(4)))
    assert [group.role for group in earlier.records] == ["importer", "entity"]
    assert earlier.thing.last_on == day(3)


def test_a_row_without_a_day_takes_the_first_day_of_its_thing(store: GraphStore) -> None:
    load(store, said(entity=[{"thing": 3}], ownership=[{"owned": "kr/Q2", "owner": "kr/Q1"}]))
    undated = thing(store.get(BOLT))
    assert (undated.thing.first_on, undated.records[0].first_on) == (None, None)
    assert store.get(BOLT, until=day(31)) is None
    assert store.neighbours([BOLT], links=["OWNED_BY"]).rows == [Neighbour(BOLT, "OWNED_BY", "out", ACME, None, None)]
    store.add_batch(batch("later"), [chunk(said(shipment("D1", 7, importer=1), shipment("D2", 3, exporter=3)))])
    assert thing(store.get(BOLT, until=day(8))).thing.first_on == day(3)
    assert store.neighbours([BOLT], links=["OWNED_BY"]).rows[0].first_on == day(7)
    assert store.neighbours([OFFICE]).rows[0] == Neighbour(OFFICE, "AT_ADDRESS", "in", ACME, day(7), day(7))
    store.remove_batch("later")
    assert thing(store.get(BOLT)).thing.first_on is None


def test_an_ownership_without_a_day_takes_the_later_of_its_ends(store: GraphStore) -> None:
    """Whichever of the ends is named last, by whatever batch."""
    load(
        store,
        said(ownership=[{"owned": "kr/Q2", "owner": "kr/Q1"}]),
        said(shipment("D1", 7, importer=1)),
        said(shipment("D2", 3, importer=3)),
    )
    assert store.neighbours([BOLT], links=["OWNED_BY"]).rows[0].first_on == day(7)
    store.remove_batch("b2")
    assert store.neighbours([BOLT], links=["OWNED_BY"]).rows[0].first_on is None
    store.add_batch(batch("b4"), [chunk(said(shipment("D3", 2, exporter=2)))])
    assert store.neighbours([BOLT], links=["OWNED_BY"]).rows[0].first_on == day(3)


def test_an_outcome_waits_for_its_declaration(store: GraphStore) -> None:
    inspection = {
        "inspection": "kr/D1/2023-01-02",
        "shipment": "kr/D1",
        "known_on": day(6),
        "inspected_on": day(2),
        "outcome": "infraction",
    }
    load(store, said(inspection=[inspection]), said(shipment("D1", 1, importer=1)))
    ref, made = Ref("Shipment", "kr/D1"), Ref("Inspection", "kr/D1/2023-01-02")
    link = LinkRef(made, "FOUND_IN", ref)
    assert thing(store.get(made)).links == [Link(link, day(6), day(6))]
    assert store.neighbours([ref], links=["FOUND_IN"]).rows == [Neighbour(ref, "FOUND_IN", "in", made, day(6), day(6))]
    assert [group.role for group in thing(store.get(ref)).records] == ["inspection", "shipment"]
    store.remove_batch("b2")
    stub = thing(store.get(ref))
    assert stub.thing.spans == ()
    assert [dict(group.fields) for group in stub.records] == [{}]


def test_neighbours_are_bounded_and_their_true_number_told(store: GraphStore) -> None:
    rows = [shipment(f"D{number:02d}", 1 + number % 5, importer=1 + number % 2, origin="CN") for number in range(20)]
    load(store, said(*rows))
    found = store.neighbours([BROKER, ACME, Ref("Place", "CN")], limit=3)
    assert found.counts == {
        (ACME, "IMPORTED_BY", "in"): 20,
        (ACME, "AT_ADDRESS", "out"): 1,
        (ACME, "HAS_CONTACT", "out"): 1,
        (Ref("Place", "CN"), "ORIGINATES_IN", "in"): 20,
    }
    assert [(row.start.key, row.end.key) for row in found.rows] == [
        ("kr/Q1", "kr/D04"),
        ("kr/Q1", "kr/D09"),
        ("kr/Q1", "kr/D14"),
        ("kr/Q1", OFFICE.key),
        ("kr/Q1", "a@x.kr"),
        ("CN", "kr/D04"),
        ("CN", "kr/D09"),
        ("CN", "kr/D14"),
    ]
    assert store.neighbours([ACME, ACME], links=["AT_ADDRESS"], limit=0).counts == {(ACME, "AT_ADDRESS", "out"): 1}
    assert store.neighbours([ACME], links=[]).counts == {}


def test_codes_stand_under_wider_codes(store: GraphStore) -> None:
    load(
        store,
        said(
            shipment("D1", 1, commodity="8471301000", origin="CN"),
            shipment("D2", 3, commodity="847150"),
            shipment("D3", 2, route="kr/1:CNSHA>SGSIN>016", departure_place="CNSHA", transit_places=["SGSIN", "CNSHA"]),
        ),
    )
    chapter = Ref("Commodity", "8471")
    rows = [(row.direction, row.end.key, row.first_on, row.last_on) for row in store.neighbours([chapter]).rows]
    assert rows == [("out", "84", day(1), day(3)), ("in", "847150", day(3), day(3)), ("in", "847130", day(1), day(1))]
    found = thing(store.get(Ref("Commodity", "84")))
    assert (found.thing.first_on, found.thing.last_on, found.record_count) == (day(1), day(3), 1)
    assert found.records[0] == RecordGroup("commodity", "kr", {}, day(1), day(3), ["b1"])
    assert store.resolve("847") == store.resolve("84713") == []
    assert store.resolve("847130") == [Ref("Commodity", "847130")]
    china, port = Ref("Place", "CN"), Ref("Place", "CNSHA")
    assert [group.role for group in thing(store.get(china)).records] == ["departure", "transit", "origin"]
    assert [(row.link, row.direction, row.end.key) for row in store.neighbours([china, port]).rows] == [
        ("ORIGINATES_IN", "in", "kr/D1"),
        ("PART_OF", "in", "CNSHA"),
        ("DEPARTS_FROM", "in", "kr/1:CNSHA>SGSIN>016"),
        ("VIA", "in", "kr/1:CNSHA>SGSIN>016"),
        ("PART_OF", "out", "CN"),
    ]


def test_references_are_resolved(store: GraphStore) -> None:
    load(
        store,
        said(
            shipment("D1/2", 1, importer=1, declarant=4, route="kr/1:CNSHA>016", office="kr/016"),
            {**shipment("Q1", 1), "source": "no", "shipment": "no/Q1"},
            listing=[{"entry": "un/Q1", "name": "Acme"}],
        ),
    )
    acme = [Ref("Trader", "kr/Q1")]
    assert store.resolve("trader:kr/Q1") == store.resolve("Trader: Q1") == store.resolve("kr/Q1") == acme
    assert store.resolve("Q1") == [Ref("ListEntry", "un/Q1"), Ref("Shipment", "no/Q1"), *acme]
    assert store.resolve("Q1", limit=1) == [Ref("ListEntry", "un/Q1")]
    assert store.resolve("D1/2") == store.resolve("kr/D1/2") == [Ref("Shipment", "kr/D1/2")]
    assert store.resolve("1:CNSHA>016") == store.resolve("route:1:CNSHA>016") == [Ref("Route", "kr/1:CNSHA>016")]
    assert store.resolve("016") == [Ref("Place", "kr/016")]
    assert store.resolve("carrier:Q1") == store.resolve("") == store.resolve("trader:") == store.resolve("Q") == []


def test_an_unknown_link_type_is_refused(store: GraphStore) -> None:
    with pytest.raises(StoreError, match="no link type 'OWNS'; the schema has ABOARD"):
        store.neighbours([ACME], links=["OWNED_BY", "OWNS"])


def test_what_is_not_there_is_not_found(store: GraphStore) -> None:
    load(store, said(shipment("D1", 1, importer=1)))
    for ref in (Ref("Trader", "kr/D1"), Ref("Shipment", "D1"), Ref("Place", "D1"), Ref("Planet", "kr/D1")):
        assert store.get(ref) is None
        assert store.neighbours([ref]).counts == {}
    # Descriptions that no row refers to say nothing.
    assert store.get(BROKER) is None
