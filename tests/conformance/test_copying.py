"""A copy of a store gives the answers of the original, from and to any kind of store."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.hash import store_hash
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.batches import LoadChunk, Quarantined
from graph.store.copying import Copied, copy_store
from graph.store.errors import StoreError
from graph.store.reference import ReferenceStore
from graph.store.results import RESULTS
from graph.store.sqlite import SqliteStore
from tests.conformance.loads import batch, chunk, content, links, network, rows, split
from tests.conformance.stores import Backend
from tests.conformance.test_ledger import declared
from tests.conformance.test_results import FIRST, SCORES, entities, scored
from tests.statements import statements

REFUSED = (Quarantined("x.csv", 7, "positive", "value", "-1 \U0001f6a2"), Quarantined("x.csv", 3, "date", "day", ""))

# A server has but one database, so that one side of a copy is another kind of store.
OTHERS: dict[str, Callable[[Path], GraphStore]] = {
    "reference": lambda folder: ReferenceStore(),
    "sqlite": lambda folder: SqliteStore(folder / "other.db"),
}


def copy(source: GraphStore, target: GraphStore) -> Copied:
    return copy_store(source, target, lambda what: None, lambda done: None)


@contextmanager
def both(backend: Backend, other: str, *, to: bool) -> Iterator[tuple[GraphStore, GraphStore]]:
    """Open an empty store of two kinds, as source and target: `to` the backend, or from it."""
    folder = Path(tempfile.mkdtemp())
    try:
        with backend.make(folder) as store, OTHERS[other](folder) as second:
            yield (second, store) if to else (store, second)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("to", [True, False], ids=["to", "from"])
def test_a_copy_gives_the_same_answers(backend: Backend, other: str, to: bool) -> None:
    @settings(
        max_examples=min(backend.examples, 5), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )
    @given(st.lists(statements(3), min_size=1, max_size=3))
    def same(loads: list[Statements]) -> None:
        with both(backend, other, to=to) as (source, target):
            for at, said in enumerate(loads):
                refused = REFUSED if at else ()
                source.add_batch(batch(f"b{at}"), (chunk(piece, refused) for piece in split(said, 1 + at)))
            if len(loads) > 1:
                source.remove_batch("b0")
            copied = copy(source, target)
            assert copied.graph_hash == store_hash(source) == store_hash(target)
            kept = source.batches()
            assert (copied.written, copied.held, copied.published) == (len(kept), 0, None)
            assert [replace(held, version=0) for held in target.batches()] == [
                replace(held, version=0) for held in kept
            ]
            assert list(target.quarantined()) == list(source.quarantined())
            assert content(target) == content(source)
            for ref in network(source).things:
                assert target.get(ref) == source.get(ref)
            for mine, theirs in zip(links(target), links(source), strict=True):
                assert mine == theirs

    same()


@pytest.mark.parametrize("to", [True, False], ids=["to", "from"])
def test_results_go_along_where_they_are_of_the_present_version(backend: Backend, to: bool) -> None:
    with both(backend, "sqlite", to=to) as (source, target):
        source.add_batch(batch("one"), [chunk(declared("D1"))])
        source.add_batch(batch("two"), [chunk(declared("D2"))])
        source.remove_batch("one")
        source.publish(replace(FIRST, store_version=2), {"shipment": [scored(SCORES)], "entity": [entities("a", "b")]})
        current = replace(FIRST, store_version=source.version())
        assert copy(source, target).published is None
        assert target.published() is None
        source.publish(current, {"shipment": [scored(SCORES)], "entity": [entities("a", "b")]})
        copied = copy(source, target)
        assert copied.published == target.published() == replace(FIRST, store_version=1)
        for table, schema in RESULTS.items():
            assert rows(target.results(table), schema) == rows(source.results(table), schema)
        assert copy(source, target) == copied


def test_a_copy_that_was_interrupted_goes_on(backend: Backend) -> None:
    class Stopping(ReferenceStore):
        stopped = False

        def contents(self, batch_id: str) -> Iterator[LoadChunk]:
            for piece in super().contents(batch_id):
                yield piece
                if batch_id == "two" and not self.stopped:
                    Stopping.stopped = True
                    raise OSError("the cable was pulled out")

    with both(backend, "reference", to=True) as (_, target), Stopping() as source:
        for name in ("one", "two", "three"):
            source.add_batch(batch(name), [chunk(declared(name))])
        with pytest.raises(OSError, match="pulled out"):
            copy(source, target)
        assert [held.id for held in target.batches()] == ["one"]
        copied = copy(source, target)
        assert (copied.written, copied.held) == (2, 1)
        assert [held.id for held in target.batches()] == ["one", "two", "three"]


def test_a_target_with_something_else_in_it_is_refused(backend: Backend) -> None:
    with both(backend, "reference", to=True) as (source, target):
        source.add_batch(batch("one"), [chunk(declared("D1"))])
        target.add_batch(batch("other"), [chunk(declared("D1"))])
        with pytest.raises(StoreError, match=r"holds batch 'other' \(other\.csv\), which is not in the same place"):
            copy(source, target)
        assert [held.id for held in target.batches()] == ["other"]


def test_a_copy_that_is_not_the_same_is_an_error() -> None:
    class Losing(ReferenceStore):
        def contents(self, batch_id: str) -> Iterator[LoadChunk]:
            yield LoadChunk(Statements(), [], 1, 1, 0)

    with Losing() as source, ReferenceStore() as target:
        source.add_batch(batch("one"), [chunk(declared("D1"))])
        with pytest.raises(StoreError, match=r"not the same network \(graph hash [0-9a-f]{64}, of the source"):
            copy(source, target)


def test_what_a_batch_brought_adds_up_to_its_ledger_row(store: GraphStore) -> None:
    when = datetime(2023, 5, 6, 7, 8, 9, 123456, UTC)
    pieces = [chunk(declared("D1", "D2"), REFUSED), chunk(declared("D3", importer="a/Q2"), REFUSED[:1])]
    store.add_batch(batch("another"), [chunk(declared("D1", "D4", importer="a/Q3"))])
    held = store.add_batch(replace(batch("one"), loaded_at=when), pieces)
    assert held.loaded_at == when
    assert store.batches()[1] == held
    found = list(store.contents("one"))
    assert sum(piece.rows_in for piece in found) == held.rows_in
    assert sum(piece.rows_loaded for piece in found) == held.rows_loaded
    assert sum(piece.rows_duplicate for piece in found) == held.rows_duplicate
    assert sorted(row for piece in found for row in piece.quarantined) == sorted([*REFUSED, REFUSED[0]])
    with ReferenceStore() as again:
        assert replace(again.add_batch(batch("one"), found), version=2, loaded_at=when) == held
        shipments = [row["shipment"] for piece in again.scan("declaration") for row in piece.to_pylist()]
        assert shipments == ["a/D1", "a/D2", "a/D3"]
        assert {key for _, key, *_ in content(again)["description"]} == {"a/Q1", "a/Q2"}
    with pytest.raises(StoreError, match="no batch 'seven'"):
        list(store.contents("seven"))
