"""Batches: added whole or not at all, removed exactly, seen in one version."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graph.records import Ref
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.batches import Batch, LoadChunk, Quarantined
from graph.store.errors import StoreError
from graph.store.results import PublishedSet
from tests.conformance.loads import batch, chunk, content, everything, ledger, split
from tests.conformance.stores import BACKENDS, Backend
from tests.conformance.test_results import entities
from tests.statements import DAYS, table


def declared(*shipments: str, day: int = 0, importer: str = "a/Q1") -> Statements:
    return Statements(
        description=table("description", [{"id": 5, "type": "Trader", "key": importer, "name": "Acme \U0001f6a2"}]),
        declaration=table(
            "declaration",
            [
                {
                    "source": "a",
                    "shipment": f"a/{shipment}",
                    "known_on": DAYS[day],
                    "accepted_on": DAYS[day],
                    "importer": 5,
                    "commodity": "847130",
                    "containers": ["MSKU1"],
                }
                for shipment in shipments
            ],
        ),
    )


def test_an_empty_store_is_at_version_0(store: GraphStore) -> None:
    assert store.version() == 0
    assert store.batches() == []
    assert list(store.scan("declaration")) == []
    assert store.get(Ref("Shipment", "a/D1")) is None
    assert store.resolve("D1") == []
    assert store.neighbours([Ref("Shipment", "a/D1")]).counts == {}


def test_the_ledger_row_counts_the_rows_and_tells_version_and_time(store: GraphStore) -> None:
    refused = [Quarantined("x.csv", 3, "rule", "column", "")]
    before = datetime.now(UTC)
    held = store.add_batch(batch("one"), [LoadChunk(declared("D1"), refused, 4, 1, 2), chunk(declared("D2"))])
    assert (held.rows_in, held.rows_loaded, held.rows_quarantined, held.rows_duplicate) == (5, 2, 1, 2)
    assert held.version == store.version() == 1
    assert held.loaded_at is not None
    assert before <= held.loaded_at <= datetime.now(UTC)
    assert store.batches() == [held]
    assert store.find_batch(held.content_hash, held.source, held.mapping, held.mapping_version) == held
    assert store.find_batch(held.content_hash, held.source, held.mapping, "2") is None
    assert list(store.quarantined()) == list(store.quarantined("one")) == [("one", refused[0])]


@pytest.mark.parametrize("other", [batch("one"), replace(batch("one"), id="two"), replace(batch("two"), id="one")])
def test_the_same_content_or_id_twice_is_refused(store: GraphStore, other: Batch) -> None:
    store.add_batch(batch("one"), [chunk(declared("D1"))])
    seen = ledger(store), content(store)
    with pytest.raises(StoreError, match="in the store already"):
        store.add_batch(other, [chunk(declared("D2"))])
    assert (ledger(store), content(store)) == seen


def test_an_error_while_rows_come_leaves_no_trace(store: GraphStore) -> None:
    store.add_batch(batch("one"), [chunk(declared("D1"))])
    seen = ledger(store), content(store)

    def chunks() -> Iterator[LoadChunk]:
        yield chunk(declared("D1", "D2", day=1, importer="a/Q2"), [Quarantined("x.csv", 1, "r", "c", "v")])
        raise OSError("the disk with the file was pulled out")

    with pytest.raises(OSError, match="pulled out"):
        store.add_batch(batch("two"), chunks())
    assert (ledger(store), content(store)) == seen
    assert store.resolve("Q2") == []
    store.add_batch(batch("two"), [chunk(declared("D2"))])
    assert store.version() == 2


def test_a_reader_sees_one_version_while_loads_come_and_go(store: GraphStore) -> None:
    store.add_batch(batch("one"), [chunk(declared("D1"))])
    with store.reading() as view:
        seen = ledger(view), content(view)
        store.add_batch(batch("two"), [chunk(declared("D1", "D2", day=2))])
        store.remove_batch("one")
        assert (ledger(view), content(view)) == seen
        with view.reading() as same:
            assert same.version() == 1
    assert store.version() == 3
    assert store.resolve("D2") == [Ref("Shipment", "a/D2")]


def test_a_reader_asks_the_network_of_its_version(store: GraphStore) -> None:
    store.add_batch(batch("one"), [chunk(declared("D1"))])
    with store.reading() as view:
        store.add_batch(batch("two"), [chunk(declared("D1", "D2", day=2))])
        assert view.resolve("D2") == []


def test_a_scan_goes_on_in_its_version(store: GraphStore) -> None:
    store.add_batch(batch("one"), [chunk(declared(*map(str, range(100))))])
    pieces = store.scan("declaration", ["shipment"])
    first = next(pieces)
    store.remove_batch("one")
    assert len(first) + sum(map(len, pieces)) == 100
    assert list(store.scan("declaration", ["shipment"])) == []


def test_a_load_is_not_seen_before_it_is_complete(store: GraphStore) -> None:
    def chunks() -> Iterator[LoadChunk]:
        for name in ("D1", "D2"):
            yield chunk(declared(name))
            assert store.version() == 0
            assert content(store)["declaration"] == []

    store.add_batch(batch("one"), chunks())
    assert len(content(store)["declaration"]) == 2


def test_removal_leaves_what_a_store_without_the_batch_holds(backend: Backend, tmp_path: Path) -> None:
    loads = {
        "one": declared("D1", "D2"),
        "two": declared("D1", day=1, importer="a/Q2"),
        "three": declared("D1", "D2", "D3", day=1),
    }
    for gone in loads:
        folders = [tmp_path / gone / name for name in ("never", "had")]
        for folder in folders:
            folder.mkdir(parents=True)
        # One after the other, since a server may hold but one store.
        with backend.make(folders[0]) as never:
            for name, said in loads.items():
                if name != gone:
                    never.add_batch(batch(name), [chunk(said)])
            expected = content(never)
        with backend.make(folders[1]) as had:
            for name, said in loads.items():
                had.add_batch(batch(name), map(chunk, split(said, 2)))
            assert had.remove_batch(gone).id == gone
            assert content(had) == expected
            assert had.version() == 4
            assert had.add_batch(batch(gone), [chunk(loads[gone])]).version == 5


def test_an_unknown_batch_is_refused(store: GraphStore) -> None:
    with pytest.raises(StoreError, match="no batch 'seven'"):
        store.remove_batch("seven")
    with pytest.raises(StoreError, match="no batch 'seven'"):
        list(store.quarantined("seven"))
    assert store.version() == 0


def test_a_check_finds_a_sound_store_sound(store: GraphStore) -> None:
    assert all(found.ok for found in store.check())
    refused = [Quarantined("x.csv", 3, "rule", "column", "")]
    store.add_batch(batch("one"), [chunk(declared("D1", "D2"), refused)])
    store.add_batch(batch("two"), [chunk(declared("D1", day=1))])
    store.remove_batch("one")
    store.publish(PublishedSet("s1", 3, DAYS[1]), {"entity": [entities("a/Q1")]})
    assert [found for found in store.check() if not found.ok] == []


def test_columns_can_be_chosen(store: GraphStore) -> None:
    store.add_batch(batch("one"), [chunk(declared("D1"))])
    [piece] = store.scan("declaration", ["office", "shipment", "source"])
    assert piece.to_pylist() == [{"office": None, "shipment": "a/D1", "source": "a"}]


@pytest.mark.parametrize(
    "backend", [one for one in BACKENDS if one.persists], ids=lambda backend: backend.name, indirect=True
)
def test_what_was_loaded_is_there_when_the_store_is_opened_again(backend: Backend, tmp_path: Path) -> None:
    with backend.make(tmp_path) as store:
        store.add_batch(batch("one"), [chunk(declared("D1"))])
        seen = ledger(store), content(store)
    with backend.make(tmp_path) as store:
        assert (ledger(store), content(store)) == seen
        assert len(everything(store).declaration) == 1
