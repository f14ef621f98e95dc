"""Every store gives the answers of the reference, whatever was loaded and removed before."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.fold import fold
from graph.records import Ref, records
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.batches import Quarantined
from graph.store.reference import ReferenceStore
from tests.conformance.loads import batch, chunk, content, everything, ledger, links, network, split, things
from tests.conformance.stores import BACKENDS, Backend
from tests.statements import statements

_BOUNDED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

OTHERS = [backend for backend in BACKENDS if backend.name != "reference"]
REFUSED = (Quarantined("x.csv", 7, "positive", "value", "-1 \U0001f6a2"), Quarantined("x.csv", 3, "date", "day", ""))


@contextmanager
def opened(backend: Backend) -> Iterator[GraphStore]:
    folder = Path(tempfile.mkdtemp())
    try:
        with backend.make(folder) as store:
            yield store
    finally:
        shutil.rmtree(folder)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Statements | None, int]]:
    """Draw loads (name, statements, pieces) and removals (name, None, 0); a load may bring what another brought too."""
    steps: list[tuple[str, Statements | None, int]] = []
    loaded: dict[str, Statements] = {}
    for step, what in enumerate(draw(st.sampled_from(_HISTORIES)), start=1):
        if what == "remove":
            name = draw(st.sampled_from(sorted(loaded)))
            del loaded[name]
            steps.append((name, None, 0))
        else:
            said = draw(statements(4)) if what == "new" else draw(st.sampled_from(list(loaded.values())))
            loaded[f"b{step}"] = said
            steps.append((f"b{step}", said, draw(st.integers(1, 2))))
    return steps


_HISTORIES = (
    ("new",),
    ("new", "new"),
    ("new", "new", "remove"),
    ("new", "remove", "new", "new"),
    ("new", "new", "again", "remove", "remove"),
    ("new", "again", "new", "remove", "again"),
)


@pytest.mark.parametrize("backend", OTHERS, ids=lambda backend: backend.name, indirect=True)
def test_answers_are_those_of_the_reference(backend: Backend) -> None:
    @settings(_BOUNDED, max_examples=backend.examples)
    @given(histories())
    def same(history: list[tuple[str, Statements | None, int]]) -> None:
        _compare(backend, history)

    same()


def _compare(backend: Backend, history: list[tuple[str, Statements | None, int]]) -> None:
    with ReferenceStore() as reference, opened(backend) as store:
        for name, said, pieces in history:
            for each in (reference, store):
                if said is None:
                    each.remove_batch(name)
                else:
                    refused = REFUSED if pieces > 1 else ()
                    each.add_batch(batch(name), (chunk(piece, refused) for piece in split(said, pieces)))
        assert ledger(store) == ledger(reference)
        assert content(store) == content(reference)
        assert network(store) == network(reference)
        for mine, theirs in zip(things(store), things(reference), strict=True):
            assert mine == theirs
        for mine, theirs in zip(links(store), links(reference), strict=True):
            assert mine == theirs


@_BOUNDED
@given(st.lists(statements(3), min_size=1, max_size=3))
def test_the_reference_knows_the_records_of_each_thing(loads: list[Statements]) -> None:
    """Its list of records with their roles is that of the definition, and its fold that of all its statements."""
    with ReferenceStore() as store:
        for at, said in enumerate(loads):
            store.add_batch(batch(str(at)), [chunk(said)])
        expected = {
            (record.subject, record.source, tuple(sorted((record.fields or {}).items())))
            for record in records(everything(store))
            if isinstance(record.subject, Ref)
        }
        found = {
            (ref, group.source, tuple(sorted(group.fields.items())))
            for ref in network(store).things
            for group in store.get(ref, limit=1000).records  # type: ignore[union-attr]
        }
        assert found == expected
        for ref, held in fold(records(everything(store))).things.items():
            groups = store.get(ref, limit=1000).records  # type: ignore[union-attr]
            assert max((g.last_on for g in groups if g.last_on), default=None) == held.last_on
            assert min((g.first_on for g in groups if g.first_on), default=None) == held.first_on
