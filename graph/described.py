"""What each community is: who is in it, what binds it, what it trades and when; as known before the communities' day.

What binds a community is what several of its members share: an address or contact, an owner, a declarant, an exporter.
It tells the more, the more members share it and the fewer others do. With m members of the community among the n that
share a thing, of N that share anything of its kind, the tie weighs (m - 1) ln(N / n), as terms are weighed by their
rarity in retrieval (Sparck Jones, J. Documentation 28, 1972); what everybody shares weighs nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from graph.communities import Communities
from graph.records import Ref
from graph.snapshot import Int, Long, Real, Snapshot, labels
from graph.ties import SHARED, Numbering, counting, members, owners, pairs

BINDS = 10
"""Things named for each community that its members share."""

TRADES = 5
"""Commodities, origins and routes named for each community."""

MONTHS = 24
"""Months shown for each community, the latest."""

_PARTIES = ("Trader", "Forwarder")
_ROLES = {"importer": "Trader", "exporter": "Trader", "declarant": "Forwarder"}
_TRADED = {"commodity": "Commodity", "origin": "Place", "route": "Route"}


class _Shared(NamedTuple):
    """Who shares which thing: party numbers (not distinct pairs of them), and what names a thing."""

    party: Long
    thing: Long
    ref: Callable[[int], Ref]


def describe(snapshot: Snapshot, communities: Communities) -> list[dict[str, Any]]:
    """Return what is to be said of each community, in the order of their numbers.

    Each has `roles` (members by what they are in declarations, and owners), `young` (the part of them that became known
    in the last half year), `density` (the part of their pairs that share an address or contact), `binds` (what members
    share, the most telling first: `link`, `thing`, how many `members` of how many in `all` share it, `weight`),
    `commodities`, `origins` and `routes` (with `shipments` and customs `value` in the currencies as declared), `months`
    (`shipments`, `inspected`, `infractions`), and the same three numbers in all.

    Args:
        snapshot: the one in which the communities were found.
        communities: of one day.
    """
    day, count = communities.day, len(communities)
    parties = Numbering(snapshot, day, _PARTIES)
    home = np.full(len(parties), -1, dtype=np.int64)
    for kind in _PARTIES:
        known = parties.of(kind, np.arange(len(snapshot.things[kind])))
        home[known[known >= 0]] = communities.number[kind][known >= 0]
    rows = counting(snapshot, day)
    binding = dict(_sharing(snapshot, day, parties, rows))
    told: list[dict[str, Any]] = [
        {
            **{"roles": {}, "binds": [], "commodities": [], "origins": [], "routes": [], "months": []},
            "young": float(communities.young[number]),
            "density": float(communities.density[number]),
        }
        for number in range(count)
    ]
    _tell_roles(told, snapshot, parties, home, rows, binding["OWNED_BY"])
    _tell_binds(told, home, binding)
    _tell_trade(told, snapshot, communities, day)
    return told


def _sharing(snapshot: Snapshot, day: int, parties: Numbering, rows: Long) -> Iterable[tuple[str, _Shared]]:
    """Yield, by type of link, who shares what."""
    things = Numbering(snapshot, day, tuple(SHARED))
    given = members(snapshot, day, _PARTIES, parties, things)
    for kind, link in enumerate(SHARED.values()):
        mine = things.kinds[given.thing] == kind
        yield link, _Shared(given.party[mine], given.thing[mine], things.ref)
    below, above = owners(snapshot, day, parties)
    yield "OWNED_BY", _Shared(below, above, parties.ref)
    keys = snapshot.declarations.keys
    importer = parties.of("Trader", keys["importer"][rows])
    for role, node, link in (("declarant", "Forwarder", "DECLARED_BY"), ("exporter", "Trader", "EXPORTED_BY")):
        client, partner = pairs(importer, parties.of(node, keys[role][rows]), max(len(parties), 1))
        yield link, _Shared(client, partner, parties.ref)


def _tell_roles(
    told: list[dict[str, Any]], snapshot: Snapshot, parties: Numbering, home: Long, rows: Long, owned: _Shared
) -> None:
    keys = snapshot.declarations.keys
    found = {role: np.unique(parties.of(node, keys[role][rows])) for role, node in _ROLES.items()}
    found["owner"] = np.unique(owned.thing)
    for role, who in found.items():
        at = home[who[who >= 0]]
        for community, number in enumerate(np.bincount(at[at >= 0], minlength=len(told))):
            if number:
                told[community]["roles"][role] = int(number)


def _tell_binds(told: list[dict[str, Any]], home: Long, binding: Mapping[str, _Shared]) -> None:
    links = list(binding)
    found: list[tuple[Long, Real, Long, Long, Long, Long]] = []
    for at, (party, thing, _) in enumerate(binding.values()):
        sharing = np.bincount(thing)
        everybody = len(np.unique(party))
        inside = np.flatnonzero(home[party] >= 0)
        width = len(sharing) + 1
        code, mine = np.unique(home[party[inside]] * width + thing[inside], return_counts=True)
        several = mine > 1
        code, mine = code[several], mine[several]
        weight = (mine - 1) * np.log(everybody / sharing[code % width])
        shared = code % width
        found.append((code // width, weight, np.full(len(code), at), shared, mine, sharing[shared]))
    community, weight, kind, thing, mine, everywhere = (np.concatenate(column) for column in zip(*found, strict=True))
    for at in _first(community, weight, (kind, thing), BINDS):
        if weight[at] > 0:
            link = links[int(kind[at])]
            told[int(community[at])]["binds"].append(
                {
                    "link": link,
                    "thing": str(binding[link].ref(int(thing[at]))),
                    "members": int(mine[at]),
                    "all": int(everywhere[at]),
                    "weight": float(weight[at]),
                }
            )


def _tell_trade(told: list[dict[str, Any]], snapshot: Snapshot, communities: Communities, day: int) -> None:
    """Tell what is traded by the importers of each community; a shipment counts by the version of the day."""
    declarations = snapshot.declarations
    rows = counting(snapshot, day)
    rows = rows[declarations.accepted_on[rows] < day]
    home = communities.of_rows(snapshot, rows).astype(np.int64)
    rows, home = rows[home >= 0], home[home >= 0]
    shipments = declarations.shipment[rows]
    label = labels(snapshot, shipments, np.full(len(rows), day, dtype=np.int32))
    for name, kept in (("shipments", label > -2), ("inspected", label >= 0), ("infractions", label == 1)):
        for one, number in zip(told, np.bincount(home[kept], minlength=len(told)).tolist(), strict=True):
            one[name] = number
    value = np.nan_to_num(declarations.numbers["customs_value"][rows])
    for column, node in _TRADED.items():
        traded = declarations.keys[column][rows].astype(np.int64)
        known = traded >= 0
        width = len(snapshot.things[node]) + 1
        code, at = np.unique(home[known] * width + traded[known], return_inverse=True)
        number = np.bincount(at, minlength=len(code))
        worth = np.bincount(at, value[known], minlength=len(code))
        keys = snapshot.things[node].keys
        plural = {"commodity": "commodities"}.get(column, f"{column}s")
        for place in _first(code // width, number, (code % width,), TRADES):
            told[int(code[place] // width)][plural].append(
                {
                    "thing": str(Ref(node, keys[int(code[place] % width)].as_py())),
                    "shipments": int(number[place]),
                    "value": float(worth[place]),
                }
            )
    _tell_months(told, declarations.accepted_on[rows], home, label)


def _tell_months(told: list[dict[str, Any]], accepted_on: Int, home: Long, label: np.ndarray[Any, Any]) -> None:
    month = accepted_on.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    base = int(month.min(initial=0))
    width = int(month.max(initial=0)) - base + 1
    code, at = np.unique(home * width + month - base, return_inverse=True)
    counted = [np.bincount(at, kept, minlength=len(code)) for kept in (label > -2, label >= 0, label == 1)]
    for place in _first(code // width, code % width, (), MONTHS)[::-1]:
        shipments, inspected, infractions = (int(column[place]) for column in counted)
        told[int(code[place] // width)]["months"].append(
            {
                "month": str(np.datetime64(int(code[place] % width) + base, "M")),
                "shipments": shipments,
                "inspected": inspected,
                "infractions": infractions,
            }
        )


def _first(group: Long | Real, value: Long | Real, ties: tuple[Long | Real, ...], most: int) -> Long:
    """Return the positions of at most so many of the greatest values of each group, by group and falling value."""
    order = np.lexsort((*reversed(ties), -value, group))
    grouped = group[order]
    start = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]]) if len(grouped) else np.empty(0, dtype=np.int64)
    place = np.arange(len(grouped)) - np.repeat(start, np.diff(np.r_[start, len(grouped)]))
    found: Long = order[place < most]
    return found
