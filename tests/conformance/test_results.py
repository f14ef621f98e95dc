"""Published results: one set at a time, switched at once."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from graph.store.base import GraphStore
from graph.store.errors import StoreError
from graph.store.results import COMMUNITY_RESULT, ENTITY_RESULT, RESULT_ORDER, RESULTS, SHIPMENT_RESULT, PublishedSet
from tests.conformance.loads import batch, rows

FIRST = PublishedSet(
    "s1", 3, date(2024, 2, 29), "gnn-1", {"red": 0.25, "yellow": 1 / 3}, {"seed": "7", "é": "\U0001f6a2"}
)
SECOND = PublishedSet("s2", 4, date(1969, 12, 31))


def scored(scores: Sequence[tuple[str, float | None, date | None]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [
            {"shipment": f"a/{name}", "source": "a", "score": score, "accepted_on": day, "decided": score is None}
            for name, score, day in scores
        ],
        schema=SHIPMENT_RESULT,
    )


def entities(*keys: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [{"type": kind, "key": key, "linked": 0.5} for key in keys for kind in ("Trader", "Forwarder")],
        schema=ENTITY_RESULT,
    )


def names(store: GraphStore, **bounds: Any) -> list[str]:
    return [row["shipment"] for row in rows(store.results("shipment", **bounds), SHIPMENT_RESULT)]


DAY = date(2024, 2, 1)
SCORES = [
    ("z", 0.5, DAY),
    ("b", None, DAY),
    ("a", 0.5, date(2024, 2, 2)),
    ("c", 0.9, date(2024, 2, 3)),
    ("d", 0.0, None),
    ("e", None, None),
]


def test_nothing_is_published_at_first(store: GraphStore) -> None:
    assert store.published() is None
    assert list(store.results("shipment")) == list(store.results("entity", keys=["a/Q1"])) == []


def test_results_come_in_order_and_within_bounds(store: GraphStore) -> None:
    tables = {"shipment": [scored(SCORES[:3]), scored(SCORES[3:])], "entity": [entities("b", "a")]}
    store.publish(FIRST, tables)
    assert store.published() == FIRST
    assert store.version() == 0
    assert names(store) == ["a/c", "a/a", "a/z", "a/d", "a/b", "a/e"]
    assert names(store, accepted_from=DAY, accepted_to=date(2024, 2, 2)) == ["a/a", "a/z", "a/b"]
    assert names(store, accepted_from=date(2024, 2, 2)) == ["a/c", "a/a"]
    assert names(store, accepted_to=date(2024, 1, 31)) == []
    assert names(store, keys=["a/b", "a/c", "x"]) == ["a/c", "a/b"]
    assert names(store, keys=["a/b", "a/c"], accepted_to=DAY) == ["a/b"]
    assert names(store, keys=[]) == []
    found = rows(store.results("entity"), ENTITY_RESULT)
    assert [(row["type"], row["key"]) for row in found] == [
        ("Forwarder", "a"),
        ("Forwarder", "b"),
        ("Trader", "a"),
        ("Trader", "b"),
    ]
    assert [row["key"] for row in rows(store.results("entity", keys=["b"]), ENTITY_RESULT)] == ["b", "b"]
    [decided] = rows(store.results("shipment", keys=["a/b"]), SHIPMENT_RESULT)
    assert decided == {**dict.fromkeys(SHIPMENT_RESULT.names), **scored(SCORES[1:2]).to_pylist()[0]}
    assert [piece.schema for piece in store.results("entity")] == [ENTITY_RESULT]


def test_a_key_may_be_long(store: GraphStore) -> None:
    long = "k" * 10_000
    store.publish(FIRST, {"shipment": [scored([(long, 0.5, DAY), ("b", 0.4, DAY)])], "entity": [entities(long, "b")]})
    assert names(store) == [f"a/{long}", "a/b"]
    assert names(store, keys=[f"a/{long}"]) == [f"a/{long}"]
    assert names(store, keys=[f"a/{long}x"]) == []
    assert len(rows(store.results("entity", keys=[long]), ENTITY_RESULT)) == 2


def test_a_new_set_replaces_the_old_whole(store: GraphStore) -> None:
    store.publish(FIRST, {"shipment": [scored(SCORES)], "entity": [entities("a")]})
    with store.reading() as view:
        store.publish(SECOND, {"shipment": [scored(SCORES[:1])]})
        assert view.published() == FIRST
        assert len(names(view)) == 6
        assert len(rows(view.results("entity"), ENTITY_RESULT)) == 2
    assert store.published() == SECOND
    assert names(store) == ["a/z"]
    assert list(store.results("entity")) == []


def test_a_set_that_fails_leaves_the_old_one(store: GraphStore) -> None:
    store.publish(FIRST, {"shipment": [scored(SCORES)]})

    def pieces() -> Iterator[pa.RecordBatch]:
        yield scored(SCORES[:1])
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        store.publish(SECOND, {"shipment": pieces()})
    assert store.published() == FIRST
    assert len(names(store)) == 6


def test_results_can_be_made_while_they_are_read(store: GraphStore) -> None:
    store.publish(FIRST, {"shipment": [scored(SCORES)]})
    store.publish(SECOND, {"shipment": store.results("shipment")})
    assert store.published() == SECOND
    assert len(names(store)) == 6


def test_results_stay_when_a_batch_comes(store: GraphStore) -> None:
    store.publish(FIRST, {"shipment": [scored(SCORES)]})
    store.add_batch(batch("one"), [])
    assert store.version() == 1
    assert store.published() == FIRST


def test_what_is_no_table_of_results_is_refused(store: GraphStore) -> None:
    with pytest.raises(ValueError, match="'vessel'"):
        store.publish(FIRST, {"vessel": []})
    with pytest.raises(ValueError, match="'vessel'"):
        list(store.results("vessel"))
    with pytest.raises(ValueError, match="accepted_on"):
        list(store.results("entity", accepted_from=DAY))
    with pytest.raises(ValueError, match="decided"):
        store.count_results("community", undecided=True)
    assert store.published() is None
    assert set(RESULTS) == set(RESULT_ORDER) == {"shipment", "entity", "community"}


CLUSTER = [
    # name, score, day, community, decided
    ("a", 0.5, date(2024, 2, 1), "c1", False),
    ("b", 0.5, date(2024, 2, 2), "c1", True),
    ("c", 0.9, date(2024, 2, 3), "c2", False),
    ("d", None, date(2024, 2, 4), "c1", True),
    ("e", 0.0, None, "c1", False),
    ("f", -0.0, date(2024, 2, 5), None, False),
]


def published(store: GraphStore) -> None:
    shipments = pa.RecordBatch.from_pylist(
        [
            {
                **{"shipment": f"a/{n}", "score": s, "accepted_on": day, "community": c, "decided": d},
                "lane": None if s is None else "red" if s > 0.4 else "green",
            }
            for n, s, day, c, d in CLUSTER
        ],
        schema=SHIPMENT_RESULT,
    )
    members = pa.RecordBatch.from_pylist(
        [
            {"type": kind, "key": key, "linked": linked, "community": community}
            for kind, key, linked, community in (
                ("Trader", "a/1", 0.5, "c1"),
                ("Forwarder", "a/1", 0.5, "c1"),
                ("Trader", "a/2", None, "c1"),
                ("Trader", "a/3", 0.75, "c2"),
                ("Trader", "a/4", 0.75, "c1"),
            )
        ],
        schema=ENTITY_RESULT,
    )
    described = pa.RecordBatch.from_pylist(
        [
            {"community": "c1", "members": 4, "linked": 0.75, "stability": 0.5, "undecided": 2, "described": "{}"},
            {"community": "c0", "members": 2, "linked": 0.75, "stability": None, "undecided": 0, "described": None},
            {"community": "c2", "members": 1, "linked": 0.8, "stability": 1.0, "undecided": 1, "described": '{"é": 1}'},
        ],
        schema=COMMUNITY_RESULT,
    )
    store.publish(FIRST, {"shipment": [shipments], "entity": [members], "community": [described]})


def keys(store: GraphStore, table: str, **asked: Any) -> list[str]:
    key = RESULT_ORDER[table].key
    return [" ".join(row[name] for name in key) for row in rows(store.results(table, **asked), RESULTS[table])]


def test_results_are_narrowed(store: GraphStore) -> None:
    published(store)
    assert keys(store, "shipment") == ["a/c", "a/a", "a/b", "a/e", "a/f", "a/d"]
    assert keys(store, "shipment", community="c1") == ["a/a", "a/b", "a/e", "a/d"]
    assert keys(store, "shipment", community="c1", undecided=True) == ["a/a", "a/e"]
    assert keys(store, "shipment", undecided=True, accepted_from=date(2024, 2, 2)) == ["a/c", "a/f"]
    assert keys(store, "shipment", undecided=False, community=None) == keys(store, "shipment")
    assert keys(store, "shipment", community="' OR 1=1 --") == []
    assert keys(store, "shipment", lane="red") == ["a/c", "a/a", "a/b"]
    assert keys(store, "shipment", lane="green", accepted_from=DAY, community=None) == ["a/f"]
    assert keys(store, "entity", community="c1") == ["Trader a/4", "Forwarder a/1", "Trader a/1", "Trader a/2"]
    assert keys(store, "community") == ["c2", "c0", "c1"]
    assert rows(store.results("community", keys=["c2"]), COMMUNITY_RESULT)[0]["described"] == '{"é": 1}'


def test_results_are_counted(store: GraphStore) -> None:
    assert store.count_results("shipment") == 0
    published(store)
    narrowed: tuple[dict[str, Any], ...] = (
        {},
        {"community": "c1"},
        {"undecided": True},
        {"accepted_from": date(2024, 2, 2), "accepted_to": date(2024, 2, 4)},
        {"lane": "red", "undecided": True},
        {"keys": ["a/a", "a/f", "x"]},
        {"keys": []},
    )
    for asked in narrowed:
        assert store.count_results("shipment", **asked) == len(keys(store, "shipment", **asked))
    assert store.count_results("entity", community="c1") == 4
    assert store.count_results("community") == 3
    store.publish(SECOND, {"shipment": [scored(SCORES[:3])]})
    for asked in narrowed:
        assert store.count_results("shipment", **asked) == len(keys(store, "shipment", **asked))


@pytest.mark.parametrize("walked", [0, 2, 100])
@pytest.mark.parametrize("accepted_from", [None, DAY, date(2024, 2, 2)])
def test_the_first_of_a_period_are_those_of_all(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch, walked: int, accepted_from: date | None
) -> None:
    monkeypatch.setattr("graph.store.neo4j.results._WALKED", walked)
    published(store)
    asked = {"accepted_from": accepted_from, "undecided": True, "community": None}
    whole = keys(store, "shipment", **asked)
    for limit in range(len(whole) + 2):
        assert keys(store, "shipment", limit=limit, **asked) == whole[:limit]
        assert keys(store, "shipment", limit=limit, after=["a/c"], **asked) == [k for k in whole if k != "a/c"][:limit]


@pytest.mark.parametrize("table", RESULTS)
def test_pages_are_the_whole(store: GraphStore, table: str) -> None:
    published(store)
    asked: dict[str, Any] = {} if table == "community" else {"community": "c1"}
    whole = keys(store, table, **asked)
    found: list[str] = []
    while page := keys(store, table, limit=1, after=found[-1].split() if found else None, **asked):
        assert len(page) == 1
        found += page
    assert found == whole
    assert keys(store, table, limit=2, **asked) == whole[:2]
    assert keys(store, table, limit=0, **asked) == []
    # Those behind a row that is not among the wanted.
    if table == "shipment":
        assert keys(store, table, after=["a/c"], undecided=True) == ["a/a", "a/e", "a/f"]
        assert keys(store, table, after=["a/b"], undecided=True) == ["a/e", "a/f"]


def test_a_page_goes_on_from_a_row_of_the_set_alone(store: GraphStore) -> None:
    for after in (["x"], ["a/a", "b"], []):
        with pytest.raises(StoreError, match="to go on from"):
            list(store.results("shipment", after=after))
    published(store)
    for after in (["x"], ["a/a", "b"], []):
        with pytest.raises(StoreError, match="to go on from"):
            list(store.results("shipment", after=after))
