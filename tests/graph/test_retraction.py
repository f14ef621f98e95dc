"""What is taken away of a network is missing from every linked risk by exactly the paths that began or passed there."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.evidence import PARAMETERS, ROLES
from graph.linked_risk import LinkedRisk, Path, linked_risk
from graph.records import LinkRef, Ref
from graph.snapshot import UNDATED, Long, Snapshot
from graph.statements import Statements
from graph.supposed import Supposition, suppose
from graph.ties import counting
from tests.graph.networks import FIRST, Rows, day_number, snapshot, world

EVERY = 10**9
Tie = tuple[str, frozenset[Ref]]
Gone = Callable[[Path, Ref | int], bool]


def _day(days: int) -> int:
    return day_number(FIRST) + days


def _key(view: Snapshot, kind: str, number: int) -> Ref:
    return Ref(kind, view.things[kind].keys[int(number)].as_py())


def _links(view: Snapshot) -> Iterator[LinkRef]:
    """Yield every link that can be taken away, that of a shipment's role and that of all an importer's shipments."""
    for (start, link, end), held in view.links.items():
        if link in ("AT_ADDRESS", "HAS_CONTACT", "OWNED_BY", "SAME_AS"):
            for one, other in zip(held.starts, held.indices, strict=True):
                yield LinkRef(_key(view, start, one), link, _key(view, end, other))
    keys = view.declarations.keys
    for role, (kind, link) in ROLES.items():
        for shipment, importer, party in zip(view.declarations.shipment, keys["importer"], keys[role], strict=True):
            if party >= 0:
                yield LinkRef(_key(view, "Shipment", shipment), link, _key(view, kind, party))
            if party >= 0 and importer >= 0 and role in ("exporter", "declarant"):
                yield LinkRef(_key(view, "Trader", importer), link, _key(view, kind, party))


def _said(view: Snapshot, rows: Long) -> set[Tie]:
    """Return what versions say: who has which role in which shipment, and who trades with whom."""
    keys, found = view.declarations.keys, set()
    for role, (kind, link) in ROLES.items():
        for row in rows[keys[role][rows] >= 0]:
            party, importer = _key(view, kind, keys[role][row]), keys["importer"][row]
            found.add((link, frozenset((_key(view, "Shipment", view.declarations.shipment[row]), party))))
            if importer >= 0 and role in ("exporter", "declarant"):
                found.add((link, frozenset((_key(view, "Trader", importer), party))))
    return found


def _over(view: Snapshot, after: Snapshot, day: int) -> Gone:
    """Return what tells whether a path to a thing or row goes over a link that is there before and not after.

    What shipments say is that of the versions that count, and at the end of a path that of the row itself.
    """
    between = {(link.type, frozenset((link.start, link.end))) for link in {*_links(view)} - {*_links(after)}}
    lasting = {one for one in between if one[0] in ("AT_ADDRESS", "HAS_CONTACT", "OWNED_BY", "SAME_AS")}
    rows = counting(view, day)
    counted = _said(view, rows) - _said(after, rows)

    def gone(path: Path, target: Ref | int) -> bool:
        over = [(link.type, frozenset((link.start, link.end))) for link in path.links()]
        if isinstance(target, int):
            own = np.array([target])
            if over.pop() in _said(view, own) - _said(after, own):
                return True
        return any(tie in lasting | counted for tie in over)

    return gone


def _values(view: Snapshot, found: LinkedRisk) -> Iterator[tuple[Ref | int, float]]:
    for kind, values in found.entity.items():
        for key, value in zip(view.things[kind].keys.to_pylist(), values, strict=True):
            yield Ref(kind, key), float(value)
    rows = np.arange(len(view.declarations))
    yield from zip(rows.tolist(), found.of_rows(rows).tolist(), strict=True)


def assert_exact(view: Snapshot, supposition: Supposition, day: int, gone: Gone) -> None:
    supposed = suppose(view, supposition)
    before = linked_risk(supposed.shares, day)
    after = linked_risk(supposed.snapshot, day, shares=supposed.shares)
    left = dict(_values(supposed.snapshot, after))
    for target, value in _values(supposed.shares, before):
        taken = math.fsum(path.value for path in before.paths(target, EVERY).paths if gone(path, target))
        assert left[target] == pytest.approx(value - taken, rel=1e-9, abs=1e-13), target
        listed = math.fsum(path.value for path in after.paths(target, EVERY).paths)
        assert listed == pytest.approx(left[target], rel=1e-9, abs=1e-13)


def tied(seed: int) -> Snapshot:
    """Return a small dense network in which some are taken for the same."""
    view = snapshot(world(seed, shipments=24))
    dated = np.flatnonzero(view.things["Trader"].first_on < UNDATED)
    traders = [_key(view, "Trader", int(number)) for number in dated]
    rng = np.random.default_rng(seed)
    pairs = {tuple(sorted(rng.choice(len(traders), 2, replace=False))) for _ in range(3)}
    added = [LinkRef(traders[one], "SAME_AS", traders[other]) for one, other in sorted(pairs)]
    return suppose(view, Supposition(added=added)).snapshot


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 330), st.data())
def test_without_links_exactly_the_paths_over_them_are_missing(seed: int, days: int, data: st.DataObject) -> None:
    view, day = tied(seed), _day(days)
    removed: list[LinkRef] = []
    left = view
    for _ in range(data.draw(st.integers(1, 4))):
        removed.append(data.draw(st.sampled_from(sorted(set(_links(left))))))
        left = suppose(view, Supposition(removed=removed)).snapshot
    assert_exact(view, Supposition(removed=removed), day, _over(view, left, day))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 330), st.data())
def test_without_a_source_exactly_its_paths_are_missing(seed: int, days: int, data: st.DataObject) -> None:
    view = tied(seed)
    caught = sorted({_key(view, "Shipment", at) for at in view.outcomes.shipment[view.outcomes.infraction]})
    if caught:
        source = data.draw(st.sampled_from(caught))
        assert_exact(view, Supposition(cleared=[source]), _day(days), lambda path, _: path.source == source)


def _halves(statements: Statements, batch: set[int]) -> Statements:
    """Return the statements without one batch: every third row of each shape but the declarations."""
    return replace(
        statements,
        **{
            name: table.take([at for at in range(len(table)) if at % 3 not in batch])
            for name, table in statements.items()
            if name in ("inspection", "ownership", "entity")
        },
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 330), st.integers(0, 2))
def test_without_a_batch_exactly_the_paths_that_rest_on_it_alone_are_missing(seed: int, days: int, part: int) -> None:
    """The batch brought outcomes, ownerships and entities; what others said, too, stays."""
    statements = world(seed, shipments=24)
    view, rest, day = snapshot(statements), snapshot(_halves(statements, {part})), _day(days)
    removed = sorted({*_links(view)} - {*_links(rest)})

    def caught(of: Snapshot) -> set[Ref]:
        return {_key(of, "Shipment", at) for at in of.outcomes.shipment[of.outcomes.infraction]}

    cleared = sorted(caught(view) - caught(rest))
    over = _over(view, suppose(view, Supposition(removed=removed)).snapshot, day)
    assert_exact(view, Supposition(cleared, removed), day, lambda path, of: path.source in cleared or over(path, of))


def _three_at_one_address() -> Snapshot:
    rows = Rows.new()
    for name in "ABC":
        rows.declare(f"s/{name}", 0, f"s/{name}", f"s/E{name}", None, address="here")
    rows.find("s/A", 10, "infraction")
    return rows.snapshot()


def _of(view: Snapshot, found: LinkedRisk, key: str) -> float:
    return float(found.entity["Trader"][view.things["Trader"].keys.to_pylist().index(key)])


def test_who_leaves_an_address_makes_it_no_more_telling_of_the_others() -> None:
    view = _three_at_one_address()
    link = LinkRef(Ref("Trader", "s/C"), "AT_ADDRESS", Ref("Address", "here"))
    supposed = suppose(view, Supposition(removed=[link]))
    before, after = (
        linked_risk(view, _day(20)),
        linked_risk(supposed.snapshot, _day(20), shares=supposed.shares),
    )
    assert _of(view, after, "s/B") == pytest.approx(_of(view, before, "s/B"), rel=1e-12)
    assert _of(view, after, "s/C") == 0 < _of(view, before, "s/C")
    (path,) = after.paths(Ref("Trader", "s/B")).paths
    assert path.steps[-1].shared_by == 2


def test_of_two_who_supply_each_other_one_delivery_less_takes_one_way_between_them() -> None:
    rows = Rows.new()
    rows.declare("s/S", 0, "s/A", "s/X", None)
    rows.declare("s/T", 0, "s/X", "s/A", None)
    rows.declare("s/U", 0, "s/A", "s/E", None)
    rows.find("s/U", 10, "infraction")
    view = rows.snapshot()
    link = LinkRef(Ref("Shipment", "s/S"), "EXPORTED_BY", Ref("Trader", "s/X"))
    supposed = suppose(view, Supposition(removed=[link]))
    before, after = linked_risk(view, _day(20)), linked_risk(supposed.snapshot, _day(20), shares=supposed.shares)
    first, second = before.paths(Ref("Trader", "s/X")).paths
    (left,) = after.paths(Ref("Trader", "s/X")).paths
    assert first.value == second.value == left.value == pytest.approx(_of(view, after, "s/X"))


def test_what_is_taken_for_the_same_has_its_risk_and_adds_nothing_else() -> None:
    rows = Rows.new()
    for name in "ABC":
        rows.declare(f"s/{name}", 0, f"s/{name}", f"s/E{name}", None)
    rows.find("s/A", 10, "infraction")
    view = rows.snapshot()
    a, b = Ref("Trader", "s/A"), Ref("Trader", "s/B")
    supposed = suppose(view, Supposition(added=[LinkRef(a, "SAME_AS", b)]))
    before, after = linked_risk(view, _day(20)), linked_risk(supposed.snapshot, _day(20), shares=supposed.shares)
    assert _of(view, before, "s/B") == 0
    assert _of(view, after, "s/B") == pytest.approx(PARAMETERS.same * _of(view, before, "s/A"))
    assert _of(view, after, "s/C") == 0
    (path,) = after.paths(b).paths
    assert [step.link for step in path.steps] == ["IMPORTED_BY", "SAME_AS"]
    assert path.links() == (LinkRef(Ref("Shipment", "s/A"), "IMPORTED_BY", a), LinkRef(a, "SAME_AS", b))


def _supposed(cleared: Sequence[Ref] = (), removed: Sequence[LinkRef] = (), added: Sequence[LinkRef] = ()) -> None:
    suppose(_three_at_one_address(), Supposition(cleared, removed, added))


def test_what_does_not_fit_the_network_is_refused() -> None:
    a, b, here = Ref("Trader", "s/A"), Ref("Trader", "s/B"), Ref("Address", "here")
    with pytest.raises(ValueError, match="No infraction was found in shipment:s/B"):
        _supposed(cleared=[Ref("Shipment", "s/B")])
    with pytest.raises(ValueError, match="trader:s/A is no source of linked risk"):
        _supposed(cleared=[a])
    with pytest.raises(ValueError, match="There is no link OWNED_BY between trader:s/A and trader:s/B"):
        _supposed(removed=[LinkRef(a, "OWNED_BY", b)])
    with pytest.raises(ValueError, match="A link PART_OF carries no risk"):
        _supposed(removed=[LinkRef(a, "PART_OF", b)])
    with pytest.raises(ValueError, match="trader:s/A AT_ADDRESS address:here is in the network already"):
        _supposed(added=[LinkRef(a, "AT_ADDRESS", here)])
    with pytest.raises(ValueError, match="trader:s/B SAME_AS trader:s/A is in the network already"):
        _supposed(added=[LinkRef(a, "SAME_AS", b), LinkRef(b, "SAME_AS", a)])
    with pytest.raises(ValueError, match="There is no link SAME_AS from a Trader to a Address"):
        _supposed(added=[LinkRef(a, "SAME_AS", here)])
    with pytest.raises(ValueError, match="trader:s/A cannot be linked to itself"):
        _supposed(added=[LinkRef(a, "SAME_AS", a)])
    with pytest.raises(ValueError, match="A link IMPORTED_BY cannot be supposed"):
        _supposed(added=[LinkRef(Ref("Shipment", "s/A"), "IMPORTED_BY", b)])
    with pytest.raises(ValueError, match="trader:s/X is not in the network"):
        _supposed(added=[LinkRef(a, "SAME_AS", Ref("Trader", "s/X"))])


def test_a_shipment_is_cleared_by_its_inspection_too() -> None:
    view = _three_at_one_address()
    supposed = suppose(view, Supposition(cleared=[Ref("Inspection", "s/A/1")])).snapshot
    assert not supposed.outcomes.infraction.any()


def test_what_is_named_twice_is_supposed_once() -> None:
    view = _three_at_one_address()
    a, here = Ref("Trader", "s/A"), Ref("Address", "here")
    gone, same = LinkRef(a, "AT_ADDRESS", here), LinkRef(a, "SAME_AS", Ref("Trader", "s/B"))
    inspection = Ref("Inspection", "s/A/1")
    found = suppose(view, Supposition([inspection, Ref("Shipment", "s/A"), inspection], [gone, gone], [same, same]))
    once = suppose(view, Supposition([inspection], [gone], [same]))
    day = _day(400)
    for kind, risk in linked_risk(found.snapshot, day, shares=found.shares).entity.items():
        assert (risk == linked_risk(once.snapshot, day, shares=once.shares).entity[kind]).all()
    turned = suppose(view, Supposition(removed=[gone, LinkRef(here, "AT_ADDRESS", a)])).snapshot
    assert len(turned.links["Trader", "AT_ADDRESS", "Address"].starts) == 2


def test_an_added_ownership_or_address_is_known_since_both_its_ends_were() -> None:
    rows = Rows.new()
    rows.declare("s/A", 0, "s/A", "s/EA", None, address="here")
    rows.declare("s/B", 30, "s/B", "s/EB", None)
    rows.find("s/A", 10, "infraction")
    view = rows.snapshot()
    b = Ref("Trader", "s/B")
    for link in (
        LinkRef(b, "AT_ADDRESS", Ref("Address", "here")),
        LinkRef(b, "OWNED_BY", Ref("Trader", "s/A")),
    ):
        supposed = suppose(view, Supposition(added=[link])).snapshot
        early, late = linked_risk(supposed, _day(30)), linked_risk(supposed, _day(31))
        assert _of(view, early, "s/B") == 0 < _of(view, late, "s/B")
        back = suppose(supposed, Supposition(removed=[link])).snapshot
        assert _of(view, linked_risk(back, _day(31)), "s/B") == 0
