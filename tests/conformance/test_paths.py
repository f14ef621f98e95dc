"""The cheapest paths: against listing them all, over every store."""

import math
from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import paths as module
from graph.fold import Network
from graph.paths import HUB_TYPES, PathQuery, paths
from graph.records import LinkRef, Ref
from graph.schema import LINKS
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from tests.conformance.loads import batch, chunk, network
from tests.conformance.stores import BACKENDS, Backend
from tests.conformance.test_network import ACME, BOLT, BROKER, OFFICE, load, said, shipment
from tests.conformance.test_same_answers import _BOUNDED, opened
from tests.statements import statements


def listed(asked: PathQuery, whole: Network, hub: int) -> list[tuple[float, int, tuple[LinkRef, ...]]]:
    """Return the cost, length and links of all paths, by plain recursion."""
    shared = Counter((link.end, link.type) for link in whole.links)
    degrees: Counter[Ref] = Counter()
    around: dict[Ref, list[tuple[LinkRef, Ref]]] = defaultdict(list)
    for link in whole.links:
        for here, there in ((link.start, link.end), (link.end, link.start)):
            degrees[here] += 1
            usable = (asked.links is None or link.type in asked.links) and link not in asked.exclude_links
            if usable and not {here, there} & set(asked.exclude):
                around[here].append((link, there))
    sources, targets = set(asked.sources) - set(asked.exclude), set(asked.targets) - set(asked.exclude)
    found = []

    def go(here: Ref, seen: list[Ref], links: list[LinkRef]) -> None:
        if links and here in targets:
            cost = sum(1 + math.log2(shared[link.end, link.type]) for link in links)
            found.append((round(cost, 6), len(links), tuple(links)))
            return
        most = 10 * hub if asked.through_hubs else hub
        if links and (here in sources or degrees[here] > most or (not asked.through_hubs and here.type in HUB_TYPES)):
            return
        if len(links) < asked.hops:
            for link, there in around[here]:
                if there not in seen:
                    go(there, [*seen, there], [*links, link])

    for source in sources:
        go(source, [source], [])
    return sorted(found)


def answer(store: GraphStore, asked: PathQuery) -> list[tuple[float, int, tuple[LinkRef, ...]]]:
    found = paths(store, asked)
    assert found.complete
    for path in found.paths:
        here = path.start
        for step in path.steps:
            ends = (step.link.start, step.link.end) if step.direction == "out" else (step.link.end, step.link.start)
            assert ends == (here, step.to)
            here = step.to
    return [(round(path.cost, 6), len(path.steps), tuple(step.link for step in path.steps)) for path in found.paths]


@st.composite
def questions(draw: st.DrawFn, whole: Network) -> PathQuery:
    refs, links = sorted(whole.things), sorted(whole.links)

    def ends() -> list[Ref]:
        return draw(st.lists(st.sampled_from(refs), min_size=1, max_size=2))

    return PathQuery(
        ends(),
        ends(),
        draw(st.sampled_from([1, 2, 5, 20])),
        draw(st.integers(1, 4)),
        draw(st.none() | st.lists(st.sampled_from([link.name for link in LINKS]), min_size=3, max_size=12)),
        draw(st.lists(st.sampled_from(refs), max_size=2)),
        draw(st.lists(st.sampled_from(links), max_size=2)) if links else [],
        draw(st.booleans()),
    )


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name, indirect=True)
def test_the_cheapest_paths_are_those_of_all(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HUB", 6)

    @settings(_BOUNDED, max_examples=max(backend.examples // 2, 2))
    @given(st.lists(statements(4), min_size=1, max_size=2), st.data())
    def same(loads: list[Statements], data: st.DataObject) -> None:
        with opened(backend) as store:
            for at, each in enumerate(loads):
                store.add_batch(batch(str(at)), [chunk(each)])
            whole = network(store)
            if whole.things:
                for _ in range(5):
                    asked = data.draw(questions(whole))
                    sources, targets = (set(ends) - set(asked.exclude) for ends in (asked.sources, asked.targets))
                    if sources and sources == targets:
                        with pytest.raises(StoreError, match="both ends are"):
                            paths(store, asked)
                        continue
                    assert answer(store, asked) == listed(asked, whole, 6)[: asked.limit]

    same()


def two_rings(store: GraphStore) -> None:
    """Acme and Bolt share an address; a broker declared for both, and for many others."""
    load(
        store,
        said(
            *(shipment(f"A{at}", at, importer=1, declarant=4, commodity="847130") for at in range(1, 4)),
            *(shipment(f"B{at}", at, importer=3, declarant=4, commodity="847130") for at in range(1, 4)),
        ),
    )


def through(found: Any) -> list[list[str]]:
    return [[str(step.to) for step in path.steps] for path in found.paths]


def test_the_best_path_is_the_most_telling_not_any_shortest(store: GraphStore) -> None:
    two_rings(store)
    found = paths(store, PathQuery([ACME], [BOLT], limit=3))
    assert through(found)[0] == [str(OFFICE), str(BOLT)]
    [at_address, there] = found.paths[0].steps
    assert at_address.link == LinkRef(ACME, "AT_ADDRESS", OFFICE) and at_address.direction == "out"
    assert there.link == LinkRef(BOLT, "AT_ADDRESS", OFFICE) and there.direction == "in"
    assert (at_address.shared_by, found.paths[0].cost) == (2, 4.0)
    assert at_address.first_on is not None
    assert len(found.paths) == 3 and all(str(BROKER) in path for path in through(found)[1:])
    # 1 + log2(3) to the importer and back, 1 + log2(6) to the broker.
    assert found.paths[1].cost == pytest.approx(4 + 2 * math.log2(3) + 2 * math.log2(6))


def test_ends_may_share_things_but_not_be_the_same(store: GraphStore) -> None:
    two_rings(store)
    found = paths(store, PathQuery([ACME, BOLT], [ACME, BROKER], limit=20, links=["AT_ADDRESS"]))
    # From Bolt to Acme; none of no link from Acme to itself, and none that goes on beyond a target.
    assert [path.start for path in found.paths] == [BOLT] and through(found) == [[str(OFFICE), str(ACME)]]
    with pytest.raises(StoreError, match=f"both ends are {ACME}: name two"):
        paths(store, PathQuery([ACME, ACME], [ACME]))
    with pytest.raises(StoreError, match="both ends are the same 2 things"):
        paths(store, PathQuery([ACME, BOLT], [BOLT, ACME]))
    with pytest.raises(StoreError, match=f"both ends are {ACME}"):
        paths(store, PathQuery([ACME, BOLT], [ACME], exclude=[BOLT]))


def test_things_and_links_can_be_excluded(store: GraphStore) -> None:
    two_rings(store)
    by_broker = paths(store, PathQuery([ACME], [BOLT], exclude=[OFFICE]))
    assert len(by_broker.paths) == 5 and all(path[1] == str(BROKER) for path in through(by_broker))
    without = paths(store, PathQuery([ACME], [BOLT], exclude_links=[LinkRef(BOLT, "AT_ADDRESS", OFFICE)], limit=20))
    assert len(without.paths) == 9 and all(str(OFFICE) not in path for path in through(without))
    assert through(paths(store, PathQuery([ACME], [BOLT], links=["AT_ADDRESS"]))) == [[str(OFFICE), str(BOLT)]]
    assert paths(store, PathQuery([ACME], [BOLT], links=["AT_ADDRESS"], hops=1)).paths == []
    assert paths(store, PathQuery([ACME], [Ref("Trader", "kr/none")])).paths == []
    assert paths(store, PathQuery([ACME], [BOLT], exclude=[ACME])).paths == []


def test_hubs_are_not_gone_through_but_may_be_ends(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    two_rings(store)
    goods = Ref("Commodity", "847130")
    found = paths(store, PathQuery([ACME], [BOLT], exclude=[OFFICE, BROKER]))
    assert found.paths == [] and found.complete
    found = paths(store, PathQuery([ACME], [BOLT], exclude=[OFFICE, BROKER], through_hubs=True))
    assert len(found.paths) == 5 and all(path[1] == str(goods) for path in through(found))
    assert len(paths(store, PathQuery([ACME], [goods], hops=2)).paths) == 3
    monkeypatch.setattr(module, "HUB", 5)
    found = paths(store, PathQuery([ACME], [BOLT], limit=20))
    assert through(found) == [[str(OFFICE), str(BOLT)]]
    assert found.hubs[BROKER] == 6 + 1 and found.hub_degree == 5


def test_an_end_with_too_many_links_is_met_from_the_other(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    two_rings(store)
    asked = PathQuery([BROKER], [ACME], limit=20, hops=2, through_hubs=True)
    wanted = through(paths(store, asked))
    assert len(wanted) == 3
    # The broker has seven links, Acme and its shipments no more than five.
    monkeypatch.setattr(module, "HUB", 0.5)
    found = paths(store, asked)
    assert found.complete and through(found) == wanted
    monkeypatch.setattr(module, "HUB", 0.3)
    found = paths(store, asked)
    assert found.paths == [] and not found.complete


def test_what_was_not_looked_at_is_said(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    two_rings(store)
    monkeypatch.setattr(module, "_STEPS", 3)
    assert not paths(store, PathQuery([ACME], [BOLT], limit=20)).complete
    monkeypatch.undo()
    monkeypatch.setattr(module, "_READ", 2)
    assert not paths(store, PathQuery([ACME], [BOLT], limit=20, hops=6)).complete


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": []},
        {"targets": [BOLT] * 101},
        {"limit": 0},
        {"limit": 21},
        {"hops": 7},
        {"hops": 0},
        {"exclude": [BOLT] * 10_001},
        {"links": ["HACKED_BY"]},
    ],
)
def test_what_cannot_be_asked_is_refused(store: GraphStore, wrong: dict[str, Any]) -> None:
    with pytest.raises(StoreError):
        paths(store, PathQuery(**{"sources": [ACME], "targets": [BOLT], **wrong}))


def test_all_links_of_many_things_come_at_once(store: GraphStore) -> None:
    two_rings(store)
    found = store.adjacent([BROKER, OFFICE, Ref("Commodity", "8471"), Ref("Place", "XX")], most=6)
    assert {link.start for link in found.links} == {OFFICE, Ref("Commodity", "8471")}
    assert found.counts[BROKER, "DECLARED_BY", "in"] == 6 and found.counts[BROKER, "HAS_CONTACT", "out"] == 1
    assert [(link.link, link.direction, link.end) for link in found.links if link.start == OFFICE] == [
        ("AT_ADDRESS", "in", ACME),
        ("AT_ADDRESS", "in", BOLT),
    ]
    assert store.adjacent([BROKER], most=100, links=["HAS_CONTACT"]).links[0].end == Ref("Contact", "+822")
    assert store.adjacent([], most=5) == store.adjacent([Ref("Trader", "'}) DETACH DELETE n //")], most=5)
    with pytest.raises(StoreError, match="no link type"):
        store.adjacent([BROKER], most=5, links=["x"])
