import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from api.exports import asking
from api.exports.errors import AskedWronglyError
from api.exports.portion import Edge, Node
from api.exports.register import digests
from api.exports.selection import things
from api.exports.spool import Spool
from graph.records import LinkRef, Ref
from graph.store.base import GraphStore
from graph.store.open import open_store
from graph.store.results import ENTITY_RESULT, SHIPMENT_RESULT, PublishedSet
from tests.api.commands import HEADER, address, declaration, run, write

COMMUNITY = "trader:native/I1"
INSPECTION = Ref("Inspection", "native/D8/1/2024-01-10")
PATHS = {"value": 1.0, "paths": [{"source": "shipment:native/D8/1", "steps": [{"thing": "forwarder:native/B1"}]}]}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    rows = [declaration(number, f"I{1 + number % 4}", transit_places="SGSIN;KRPUS") for number in range(70)]
    # The one that the published paths begin at.
    rows[8] |= {"selected_by": "rule", "inspected_on": "2024-01-10", "outcome_known_on": "2024-01-12"}
    rows[8] |= {"outcome": "infraction"}
    path = write(tmp_path / "d.csv", rows, (*HEADER, "transit_places"))
    held = tmp_path / "s.db"
    assert run("ingest", path, "--mapping", "native", store=held).status == 0
    shipments = [
        {"shipment": "native/D1/1", "score": 0.9, "linked": 0.5, "community": COMMUNITY},
        {"shipment": "native/D2/1", "score": 0.8, "linked": 0.5, "paths": json.dumps(PATHS)},
        {"shipment": "native/D4/1", "score": 0.7, "linked": 0.5},
    ]
    entity = {"type": "Trader", "key": "native/I1", "community": COMMUNITY, "linked": 0.75, "paths": json.dumps(PATHS)}
    with open_store(address(held)) as target:
        target.publish(
            PublishedSet("set1", 1, date(2025, 1, 1)),
            {
                "shipment": [pa.RecordBatch.from_pylist(shipments, SHIPMENT_RESULT)],
                "entity": [pa.RecordBatch.from_pylist([entity], ENTITY_RESULT)],
            },
        )
    return held


def opened(store: Path) -> GraphStore:
    return open_store(address(store))


def test_a_community_is_its_members_and_its_shipments(store: Path) -> None:
    with opened(store) as view:
        found = asking.of_community(view, COMMUNITY)
        # D1 as the set has it, and what the member imported, which the set need not have.
        assert found[:2] == [Ref("Trader", "native/I1"), Ref("Shipment", "native/D1/1")]
        shipments = {Ref("Shipment", f"native/D{number}/1") for number in range(0, 70, 4)}
        # And what was found in them, which the members' risk comes from.
        assert set(found[2:]) == {*shipments, INSPECTION}
        with pytest.raises(AskedWronglyError, match="no community 'c9'"):
            asking.of_community(view, "c9")


def test_routes_come_with_the_places_that_they_lead_through(store: Path) -> None:
    shipment = Ref("Shipment", "native/D1/1")
    with opened(store) as view:
        [route] = [row.end for row in view.neighbours([shipment], links=["MOVED_ON"]).rows]
        stops = {row.end for row in view.neighbours([route]).rows if row.link in ("DEPARTS_FROM", "VIA", "ARRIVES_AT")}
        assert stops and set(asking.routes(view, [shipment, Ref("Trader", "native/I1")])) == {route, *stops}
        assert set(asking.routes(view, [route])) == {route, *stops}


def test_what_is_behind_a_shipment_is_all_that_it_names_and_who_shares_it(store: Path) -> None:
    shipment = Ref("Shipment", "native/D1/1")
    with opened(store) as view, view.reading() as now:
        found = set(asking.behind(now, shipment))
        assert {ref.type for ref in found} >= {"Shipment", "Trader", "Forwarder", "Address", "Commodity", "Route"}
        portion, missing = things(now, found)
        with portion:
            assert not missing
            [node] = [node for node in portion.nodes() if node.ref == shipment]
            assert (node.risk, node.community, node.sources) == (0.9, COMMUNITY, ["native"])
        with pytest.raises(AskedWronglyError, match="no shipment"):
            asking.behind(now, Ref("Trader", "native/I1"))


def test_risk_paths_are_those_of_the_shipment_or_else_of_its_parties(store: Path) -> None:
    risky = Ref("Shipment", "native/D8/1")
    with opened(store) as view:
        # The set holds paths of D2 and of I1, who imported D4, but none of I2, who imported D1.
        found = {key: risky in asking.behind(view, Ref("Shipment", key)) for key in ("native/D1/1", "native/D2/1")}
        assert found == {"native/D1/1": False, "native/D2/1": True}
        behind = asking.behind(view, Ref("Shipment", "native/D4/1"))
        assert risky in behind and INSPECTION in behind


def test_things_on_paths_of_linked_risk_are_read(store: Path) -> None:
    assert [*asking.path_things(PATHS)] == [Ref("Shipment", "native/D8/1"), Ref("Forwarder", "native/B1")]


def test_the_cut_counts_every_link_that_leads_out_and_no_other(store: Path) -> None:
    with opened(store) as view, view.reading() as now:
        everything = {Ref("Shipment", f"native/D{number}/1") for number in range(70)} | {Ref("Forwarder", "native/B1")}
        portion, missing = things(now, [*everything, Ref("Trader", "native/nobody")])
        with portion:
            assert missing == [Ref("Trader", "native/nobody")]
            assert portion.edge_count == 70
            assert "DECLARED_BY" not in portion.cut
            assert portion.cut["IMPORTED_BY"] == 70
            assert [node.ref for node in portion.nodes()] == sorted(everything)


def test_the_order_of_a_transit_goes_with_its_link(store: Path) -> None:
    with opened(store) as view:
        [route] = {row.end for row in view.neighbours([Ref("Shipment", "native/D1/1")], links=["MOVED_ON"]).rows}
        places = {row.end: row for row in view.neighbours([route], links=["VIA"]).rows}
        links = [LinkRef(route, "VIA", place) for place in places]
        fields = view.link_values(links)
    assert {link.end.key: said["order"] for link, said in fields.items()} == {"SGSIN": "1.0", "KRPUS": "2.0"}


def test_a_spool_gives_the_same_every_time_and_two_readers_do_not_disturb_each_other() -> None:
    shipment, trader = Ref("Shipment", "a"), Ref("Trader", "b")
    edge = Edge(LinkRef(shipment, "IMPORTED_BY", trader), {"share": "0.5"}, date(2024, 1, 1), None, ["kr"])
    with Spool() as spool:
        nodes = [Node(trader, "B", {"name": "B"}, None, date(2024, 1, 2), 0.5, "c", ["kr"]), Node(shipment)]
        spool.add(nodes, [edge, edge])
        assert [*spool.edges()] == [edge]
        pairs = [(one.ref, other.ref) for one in spool.nodes() for other in spool.nodes()]
        assert len(pairs) == 4
        assert [*spool.nodes()] == [Node(shipment, sources=[]), nodes[0]]
        assert [ref for ref, _ in digests(spool)] == [shipment, trader]
