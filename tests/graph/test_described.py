"""What is said of communities, against plain counting over the records of the same network."""

import math
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import pytest

from graph import described
from graph.columns import date_undated, known_before
from graph.communities import communities
from graph.described import describe
from graph.fold import Network, fold
from graph.records import Ref, records
from graph.statements import Statements
from tests.graph.networks import FIRST, Rows, day_number, snapshot, world

DAY = FIRST + timedelta(days=200)


def told(statements: Statements, day: date = DAY) -> tuple[dict[Ref, int], list[dict[str, Any]]]:
    """Return the community of every party, and what is said of each."""
    view = snapshot(statements)
    found = communities(view, day_number(day), seed=3)
    home = {
        Ref(kind, key): int(number)
        for kind in ("Trader", "Forwarder")
        for key, number in zip(view.things[kind].keys.to_pylist(), found.number[kind], strict=True)
        if number >= 0
    }
    return home, describe(view, found)


def sharing(network: Network) -> dict[str, dict[Ref, set[Ref]]]:
    """Return, by type of link and shared thing, who shares it."""
    shared: dict[str, dict[Ref, set[Ref]]] = defaultdict(lambda: defaultdict(set))
    importer = {link.ref.start: link.ref.end for link in network.links.values() if link.ref.type == "IMPORTED_BY"}
    for link in network.links.values():
        start, name, end = link.ref.start, link.ref.type, link.ref.end
        if name in ("AT_ADDRESS", "HAS_CONTACT") and start.type in ("Trader", "Forwarder"):
            shared[name][end].add(start)
        elif name in ("DECLARED_BY", "EXPORTED_BY") and start in importer:
            shared[name][end].add(importer[start])
    return shared


@pytest.mark.parametrize("seed", range(4))
def test_what_binds_is_what_several_members_share(seed: int) -> None:
    statements = date_undated(world(seed))
    home, found = told(statements)
    shared = sharing(fold(records(known_before(statements, DAY))))
    seen = 0
    for number, one in enumerate(found):
        wanted: dict[tuple[str, str], tuple[int, int, float]] = {}
        for link, things in shared.items():
            everybody = len(set().union(*things.values()))
            for thing, who in things.items():
                members = sum(home.get(party) == number for party in who)
                weight = (members - 1) * math.log(everybody / len(who))
                if members > 1 and weight > 0:
                    wanted[link, str(thing)] = (members, len(who), weight)
        binds = [bind for bind in one["binds"] if bind["link"] != "OWNED_BY"]
        for bind in binds:
            members, everywhere, weight = wanted[bind["link"], bind["thing"]]
            assert (bind["members"], bind["all"]) == (members, everywhere)
            assert bind["weight"] == pytest.approx(weight)
            seen += 1
        if len(one["binds"]) < described.BINDS:
            assert len(binds) == len(wanted)
        assert [bind["weight"] for bind in one["binds"]] == sorted((b["weight"] for b in one["binds"]), reverse=True)
    assert seen > 3


def test_what_everybody_shares_binds_nobody_and_the_rarest_comes_first() -> None:
    rows = Rows.new()
    for ring in range(3):
        for at in range(4):
            # All through one broker; a ring has an address of its own, pairs in it a telephone number.
            rows.declare(
                f"s/D{ring}{at}", at, f"s/T{ring}{at}", f"s/E{ring}", address=f"a{ring}", phone=f"+{ring}{at // 2}"
            )
    home, found = told(rows.statements())
    one = found[home[Ref("Trader", "s/T00")]]
    assert [(bind["link"], bind["thing"], bind["members"], bind["all"]) for bind in one["binds"]] == [
        ("AT_ADDRESS", "address:a0", 4, 4),
        ("EXPORTED_BY", "trader:s/E0", 4, 4),
        ("HAS_CONTACT", "contact:+00", 2, 2),
        ("HAS_CONTACT", "contact:+01", 2, 2),
    ]
    # None is new after 200 days; of the pairs, those of the four importers share an address.
    members = sum(one["roles"].values())
    assert one["young"] == 0.0 and one["density"] == pytest.approx(6 / (members * (members - 1) / 2))
    assert one["roles"] == {"importer": 4, "exporter": 1, **({"declarant": 1} if "declarant" in one["roles"] else {})}


def test_an_owner_binds_those_it_owns() -> None:
    rows = Rows.new()
    for at in range(3):
        rows.declare(f"s/D{at}", at, f"s/T{at}", address="a", declarant=None)
        rows.own(f"s/T{at}", "s/O", 1)
    rows.own("s/X", "s/Y", 1)
    home, found = told(rows.statements())
    one = found[home[Ref("Trader", "s/T0")]]
    assert one["roles"]["owner"] == 1
    assert told(rows.statements(), FIRST + timedelta(days=30))[1][0]["young"] == 1.0
    assert ("OWNED_BY", "trader:s/O", 3, 3) in [(b["link"], b["thing"], b["members"], b["all"]) for b in one["binds"]]


@pytest.mark.parametrize("seed", range(3))
def test_trade_is_counted_as_known_before_the_day(seed: int) -> None:
    statements = date_undated(world(seed))
    home, found = told(statements)
    network = fold(records(known_before(statements, DAY)))
    by_community: dict[int, list[Ref]] = defaultdict(list)
    commodity = {link.ref.start: link.ref.end for link in network.links.values() if link.ref.type == "OF_COMMODITY"}
    for link in network.links.values():
        if link.ref.type == "IMPORTED_BY" and link.ref.end in home:
            accepted = network.things[link.ref.start].shown().get("accepted_on", "")
            if accepted < DAY.isoformat():
                by_community[home[link.ref.end]].append(link.ref.start)
    outcomes = defaultdict(set)
    for link in network.links.values():
        if link.ref.type == "FOUND_IN":
            outcomes[link.ref.end].add(network.things[link.ref.start].shown().get("outcome"))
    for number, one in enumerate(found):
        mine = by_community[number]
        assert one["shipments"] == len(mine)
        assert one["inspected"] == sum(bool(outcomes[ref] - {None}) for ref in mine)
        assert one["infractions"] == sum("infraction" in outcomes[ref] for ref in mine)
        counted = Counter(str(commodity[ref]) for ref in mine)
        assert {item["thing"]: item["shipments"] for item in one["commodities"]} == dict(counted)
        months = Counter(network.things[ref].shown()["accepted_on"][:7] for ref in mine)
        assert {item["month"]: item["shipments"] for item in one["months"]} == dict(months)
        assert [item["month"] for item in one["months"]] == sorted(months)
        assert sum(item["infractions"] for item in one["months"]) == one["infractions"]


@pytest.mark.parametrize("seed", range(3))
def test_what_becomes_known_later_changes_nothing(seed: int) -> None:
    statements = date_undated(world(seed))
    assert told(statements)[1] == told(known_before(statements, DAY))[1] != []
