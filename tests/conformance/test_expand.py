"""What lies around things: the same in every store, and what it should be on an example worked out by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.records import Ref
from graph.schema import LINKS, NODES
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from graph.store.neighbourhood import Expanded, Expansion, Order
from graph.store.reference import ReferenceStore
from graph.store.results import ENTITY_RESULT, SHIPMENT_RESULT, PublishedSet
from tests.conformance.loads import batch, chunk, network
from tests.conformance.stores import Backend
from tests.conformance.test_network import ACME, BOLT, BROKER, OFFICE, day, load, said, shipment
from tests.conformance.test_same_answers import _BOUNDED, OTHERS, opened
from tests.statements import DAYS, statements


def ring(store: GraphStore) -> None:
    """Acme and Bolt share an address; a broker declared all five shipments, Acme imported three of them."""
    load(
        store,
        said(
            shipment("D1", 1, importer=1, exporter=3, declarant=4, commodity="847130"),
            shipment("D2", 2, importer=1, declarant=4, commodity="847130"),
            shipment("D3", 3, importer=2, declarant=4),
            shipment("D4", 4, importer=3, declarant=4),
            shipment("D5", 5, importer=3, declarant=4, vessel=None),
        ),
    )
    scores = {"D1": 0.2, "D2": 0.9, "D3": None, "D4": 0.5, "D5": 0.5}
    shipments = [{"shipment": f"kr/{name}", "score": score, "decided": False} for name, score in scores.items()]
    entities = [
        {"type": "Trader", "key": "kr/Q1", "linked": 0.1},
        {"type": "Forwarder", "key": "kr/Q1", "linked": 9.0},
        {"type": "Trader", "key": "kr/Q2", "linked": 0.7},
    ]
    store.publish(
        PublishedSet("s", 1, day(9)),
        {
            "shipment": [pa.RecordBatch.from_pylist(shipments, SHIPMENT_RESULT)],
            "entity": [pa.RecordBatch.from_pylist(entities, ENTITY_RESULT)],
        },
    )


def names(found: Expanded) -> list[str]:
    return [str(thing.ref).partition("/")[2] or str(thing.ref) for thing in found.things]


def test_the_neighbours_come_in_the_order_that_is_asked_for(store: GraphStore) -> None:
    ring(store)

    def order(order: Order, **more: Any) -> list[str]:
        return names(store.expand(Expansion([BROKER], links=["DECLARED_BY"], order=order, **more)))

    assert order(Order.NEWEST) == ["D5", "D4", "D3", "D2", "D1"]
    assert order(Order.RISKIEST) == ["D2", "D4", "D5", "D1", "D3"]
    assert order(Order.RISKIEST, limit=2) == ["D2", "D4"]
    assert order(Order.MOST_CONNECTED) == ["D1", "D2", "D3", "D4", "D5"]
    assert order(Order.LEAST_CONNECTED, limit=3) == ["D3", "D4", "D5"]


@pytest.mark.parametrize("walked", [0, 2, 100])
def test_the_riskiest_of_many_are_found_on_the_way_down_the_scores(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    for kind in ("sqlite", "neo4j"):
        monkeypatch.setattr(f"graph.store.{kind}.expand._FEW", 0)
        monkeypatch.setattr(f"graph.store.{kind}.expand._WALKED", walked)
    ring(store)
    for limit in range(6):
        found = store.expand(Expansion([BROKER, BOLT], order=Order.RISKIEST, ends=["Shipment"], limit=limit))
        assert names(found) == ["D2", "D4", "D5", "D1", "D3"][:limit]
    early = Expansion([BROKER], ["DECLARED_BY"], until=day(3), order=Order.RISKIEST, exclude=[Ref("Shipment", "kr/D2")])
    assert names(store.expand(early)) == ["D1"]


def test_what_was_shown_can_be_excluded_to_have_the_next(store: GraphStore) -> None:
    ring(store)
    seen: list[Ref] = []
    left = []
    while True:
        found = store.expand(Expansion([BROKER], ends=["Shipment"], limit=2, exclude=seen))
        if not found.things:
            break
        assert found.matching == 5 and len(found.links) == len(found.things)
        left.append(found.left)
        seen += [thing.ref for thing in found.things]
    assert left == [3, 1, 0]
    assert [ref.key for ref in seen] == [f"kr/D{number}" for number in (5, 4, 3, 2, 1)]


def test_counts_are_true_whatever_is_asked(store: GraphStore) -> None:
    ring(store)
    whole = {
        ("IMPORTED_BY", "in", "Shipment"): 2,
        ("EXPORTED_BY", "in", "Shipment"): 1,
        ("AT_ADDRESS", "out", "Address"): 1,
    }
    found = store.expand(Expansion([BOLT]))
    assert (found.counts, found.matching, found.left) == (whole, 4, 0)
    found = store.expand(Expansion([BOLT], links=["IMPORTED_BY"], since=day(5), limit=0))
    assert (found.things, found.links, found.counts, found.matching, found.left) == ([], [], whole, 1, 1)
    assert names(store.expand(Expansion([BOLT], direction="out"))) == [str(OFFICE)]
    assert names(store.expand(Expansion([BOLT], until=day(4), ends=["Shipment"]))) == ["D1"]
    assert store.expand(Expansion([Ref("Trader", "kr/none")])) == Expanded([], [], {}, 0, 0)


def test_several_starts_reach_a_thing_once(store: GraphStore) -> None:
    ring(store)
    found = store.expand(Expansion([ACME, BOLT], order=Order.MOST_CONNECTED))
    assert names(found)[0] == "D1"
    assert sorted(names(found)) == sorted({*names(found)})
    assert ACME not in [thing.ref for thing in found.things]
    [office] = [thing for thing in found.things if thing.ref == OFFICE]
    assert office.degree == 2 and office.last_on == day(5)
    assert [link.start for link in found.links if link.end == OFFICE] == [ACME, BOLT]
    found = store.expand(Expansion([OFFICE], order=Order.RISKIEST))
    assert [(thing.ref, thing.risk) for thing in found.things] == [(BOLT, 0.7), (ACME, 0.1)]


def test_a_version_that_two_rows_of_a_day_make_has_all_its_links(store: GraphStore) -> None:
    load(
        store,
        said(shipment("D1", 1, importer=1, commodity="847130")),
        said(shipment("D1", 1, exporter=3, document="x")),
    )
    [reached] = store.expand(Expansion([ACME], ends=["Shipment"])).things
    assert reached.ref == Ref("Shipment", "kr/D1") and reached.degree == 4
    [reached] = store.expand(Expansion([BOLT], ends=["Shipment"], order=Order.MOST_CONNECTED)).things
    assert reached.degree == 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"links": ["x' OR 1"]}, "no link type"),
        ({"ends": ["Nobody"]}, "no type"),
        ({"limit": 1_001}, "at most 1,000"),
        ({"limit": -1}, "at most 1,000"),
        ({"starts": [ACME] * 101}, "at most 100"),
        ({"exclude": [ACME] * 10_001}, "at most 10,000"),
    ],
)
def test_what_cannot_be_asked_is_refused(store: GraphStore, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(StoreError, match=said):
        store.expand(Expansion(**{"starts": [ACME], **wrong}))


def test_hostile_keys_find_nothing_and_change_nothing(store: GraphStore) -> None:
    ring(store)
    for key in ("'}) DETACH DELETE n //", '"; DROP TABLE declaration; --', "../../etc/passwd", "\x00", "k" * 20_000):
        hostile = [Ref(node.name, key) for node in NODES]
        assert store.expand(Expansion(hostile)).things == []
        assert len(store.expand(Expansion([BROKER], ends=["Shipment"], exclude=hostile)).things) == 5


@st.composite
def questions(draw: st.DrawFn, refs: list[Ref]) -> Expansion:
    def some(values: list[Any]) -> st.SearchStrategy[list[Any] | None]:
        return st.none() | st.lists(st.sampled_from(values), min_size=1, max_size=4)

    days = st.none() | st.sampled_from([*DAYS, DAYS[0] - timedelta(days=1)])
    return Expansion(
        draw(st.lists(st.sampled_from(refs), min_size=1, max_size=3)),
        draw(some([link.name for link in LINKS])),
        draw(st.sampled_from([None, None, "out", "in"])),
        draw(some([node.name for node in NODES])),
        draw(days),
        draw(days),
        draw(st.sampled_from(Order)),
        draw(st.sampled_from([0, 1, 2, 3, 100, 100])),
        draw(st.lists(st.sampled_from(refs), max_size=4)),
    )


def results(refs: list[Ref], values: Iterator[float | None]) -> dict[str, list[pa.RecordBatch]]:
    shipments = [
        {"shipment": ref.key, "score": next(values), "decided": False} for ref in refs if ref.type == "Shipment"
    ]
    parties = [
        {"type": ref.type, "key": ref.key, "linked": next(values)}
        for ref in refs
        if ref.type in ("Trader", "Forwarder")
    ]
    return {
        "shipment": [pa.RecordBatch.from_pylist(shipments, SHIPMENT_RESULT)],
        "entity": [pa.RecordBatch.from_pylist(parties, ENTITY_RESULT)],
    }


@pytest.mark.parametrize("few", [0, 5_000])
@pytest.mark.parametrize("backend", OTHERS, ids=lambda backend: backend.name, indirect=True)
def test_expansions_are_those_of_the_reference(backend: Backend, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # With few, all things are hubs, of which a store keeps what it found for as long as that is true.
    # An example asks up to twenty questions, so that fifty each way will do.
    for kind in ("sqlite", "neo4j"):
        monkeypatch.setattr(f"graph.store.{kind}.expand._FEW", few)

    @settings(_BOUNDED, max_examples=min(50, backend.examples))
    @given(st.lists(statements(4), min_size=1, max_size=2), st.data())
    def same(loads: list[Statements], data: st.DataObject) -> None:
        with ReferenceStore() as reference, opened(backend) as store:
            questioned: list[Expansion] = []
            for at, each in enumerate(loads):
                for one in (reference, store):
                    one.add_batch(batch(str(at)), [chunk(each)])
                refs = sorted(network(reference).things)
                if not refs:
                    continue
                values = st.none() | st.sampled_from([0.0, 0.25, 0.5, 1 / 3])
                drawn = data.draw(st.lists(values, min_size=len(refs), max_size=len(refs)))
                for published in (list(drawn), list(reversed(drawn))):
                    for one in (reference, store):
                        heading = PublishedSet(f"s{at}{published}", 1, date(2024, 1, 1))
                        one.publish(heading, results(refs, iter(published)))
                    questioned += data.draw(st.lists(questions(refs), min_size=2, max_size=2))
                    for asked in questioned:
                        assert store.expand(asked) == reference.expand(asked)

    same()
