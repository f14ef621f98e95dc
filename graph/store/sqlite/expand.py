"""What lies around things: the first of their neighbours in an order, and how many there are, each bounded by SQLite.

Of each kind of link the first are taken by themselves, which needs no more than the limit: a thing among the first of
all is among the first of the kind that leads to it best.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeVar

from graph.records import Ref
from graph.schema import ROLES
from graph.store.kept import AHEAD, Kept
from graph.store.neighbourhood import Direction, Expanded, Expansion, Neighbour, Order, Reached, check_expansion
from graph.store.sqlite.links import Linked, count, linked
from graph.store.sqlite.rows import day, number

_WALKED = 10_000
"""Shipments looked at by falling score before all links of a thing are joined with their scores."""

_FEW = 5_000
"""Links that are joined with scores at once, and counted and ordered anew for each question."""

KEPT = 200
"""Counts and first things of hubs that a store keeps."""

_Counted = tuple[str, int]
"""A type of things, and how many links lead to them."""
_Valued = tuple[Ref, Any]
"""A thing, and what it is ordered by."""
_Answer = TypeVar("_Answer")

_RISK = (
    "CASE x.type WHEN 'Shipment' THEN (SELECT score FROM result_shipment WHERE shipment = x.key)"
    " ELSE (SELECT linked FROM result_entity WHERE key = x.key AND type = x.type) END"
)

# Every role that a declaration fills is a link, and so are its containers, and the inspections of the shipment.
_OF_DECLARATION = " + ".join(
    f"(d.{role.column} IS NOT NULL)"
    if role.column != "route"
    else "coalesce((SELECT w.route IS NOT NULL FROM way w WHERE w.id = d.way), 0)"
    for role in ROLES
)
_DEGREE = (
    "CASE x.type WHEN 'Shipment' THEN"
    f" coalesce((SELECT {_OF_DECLARATION} + (SELECT count(*) FROM held h WHERE h.declaration = d.id)"
    " FROM declaration d WHERE d.shipment = x.key AND d.shown), 0)"
    " + (SELECT count(DISTINCT i.inspection) FROM inspection i WHERE i.shipment = x.key"
    " AND i.known_on = (SELECT max(known_on) FROM inspection WHERE inspection = i.inspection))"
    " ELSE degree(x.type, x.key) END"
)

# By order: the value that things are ordered by, and how the greatest comes first or last.
_VALUES = {
    Order.NEWEST: ("x.last", "DESC"),
    Order.RISKIEST: (_RISK, "DESC"),
    Order.MOST_CONNECTED: (_DEGREE, "DESC"),
    Order.LEAST_CONNECTED: (_DEGREE, "ASC"),
}


class _Hubs:
    """What is kept of hubs for as long as the version and the published set are the same."""

    def __init__(self, connection: sqlite3.Connection, kept: Kept) -> None:
        self._kept = kept
        self._state = connection.execute(
            "SELECT (SELECT value FROM meta WHERE name = 'version'), (SELECT id FROM published)"
        ).fetchone()

    def counted(self, these: Linked, find: Callable[[], list[_Counted]]) -> list[_Counted]:
        """Return how many links of one kind there are, by type of the other end; those of hubs are kept."""
        return self._kept.get(self._state, these[:3], find, lambda found: sum(number for _, number in found) > _FEW)

    def get(self, these: Linked, total: int, question: Hashable, find: Callable[[], _Answer]) -> _Answer:
        """Return the answer to a question about one kind of link, of which there are `total`; that of hubs is kept."""
        return self._kept.get(self._state, (these[:3], question), find, lambda answer: total > _FEW)


def expand(connection: sqlite3.Connection, asked: Expansion, kept: Kept) -> Expanded:
    """Return what lies around things; of hubs, what was counted and ordered before is `kept`."""
    check_expansion(asked)
    connection.create_function("degree", 2, lambda kind, key: _degree(connection, Ref(kind, key)))
    hubs, starts = _Hubs(connection, kept), list(dict.fromkeys(asked.starts))
    narrowed, values = _narrowed(asked)
    counts: Counter[tuple[str, Direction, str]] = Counter()
    matching, wanted = 0, []
    for start in starts:
        for these in linked(connection, start):
            total = 0
            for kind, number_of in hubs.counted(these, partial(_by_type, connection, these)):
                counts[these.link, these.direction, kind] += number_of
                total += number_of
            if (asked.links is None or these.link in asked.links) and asked.direction in (None, these.direction):
                if values:
                    counting = partial(count, connection, these, narrowed, **values)
                    matching += hubs.get(these, total, ("matching", *sorted(values.items())), counting)
                else:
                    matching += total
                wanted.append((these, total))
    hidden = [*starts, *asked.exclude]
    first = [
        one
        for these, total in wanted
        for one in _first(connection, hubs, these, total, asked, narrowed, values, hidden)
    ]
    chosen = [ref for ref, _ in _best(asked.order, first, asked.limit)]
    links = [row for these, _ in wanted for row in _among(connection, these, narrowed, values, chosen)]
    left = matching - len(links) - sum(_met(connection, these, narrowed, values, hidden) for these, _ in wanted)
    return Expanded(_reached(connection, chosen, links), links, dict(counts), matching, left)


def _names(refs: Sequence[Ref]) -> str:
    return json.dumps([f"{ref.type}:{ref.key}" for ref in refs])


def _narrowed(asked: Expansion) -> tuple[str, dict[str, Any]]:
    """Return the condition for a link to match, and its values."""
    conditions: list[str] = ["TRUE"]
    values: dict[str, Any] = {}
    if asked.since is not None:
        conditions.append("x.last >= :since")
        values["since"] = number(asked.since)
    if asked.until is not None:
        conditions.append("x.first < :until")
        values["until"] = number(asked.until)
    if asked.ends is not None:
        conditions.append("x.type IN (SELECT value FROM json_each(:ends))")
        values["ends"] = json.dumps(list(asked.ends))
    return " AND ".join(conditions), values


def _by_type(connection: sqlite3.Connection, these: Linked) -> list[_Counted]:
    """Return how many links there are by type of the other end."""
    if these.naming:
        return [("Shipment", total)] if (total := count(connection, these)) else []
    found: list[_Counted] = []
    for query, at in these.queries:
        found += connection.execute(f"SELECT x.type, count(*) FROM ({query}) x GROUP BY x.type", {"at": at})
    return found


def _first(
    connection: sqlite3.Connection,
    hubs: _Hubs,
    these: Linked,
    total: int,
    asked: Expansion,
    narrowed: str,
    values: dict[str, Any],
    hidden: Sequence[Ref],
) -> list[_Valued]:
    """Return the first things over one kind of link, of which there are `total`, that are not hidden."""
    if total > _FEW:
        many = AHEAD * asked.limit
        ordering = partial(_ordered, connection, these, total, asked.order, narrowed, values, many)
        ahead = hubs.get(these, total, (asked.order, many, *sorted(values.items())), ordering)
        apart = set(hidden)
        found = [one for one in ahead if one[0] not in apart][: asked.limit]
        if len(found) == asked.limit or len(ahead) < many:
            return found
    unseen = f"{narrowed} AND x.type || ':' || x.key NOT IN (SELECT value FROM json_each(:hidden))"
    return _ordered(connection, these, total, asked.order, unseen, {**values, "hidden": _names(hidden)}, asked.limit)


def _ordered(
    connection: sqlite3.Connection,
    these: Linked,
    total: int,
    order: Order,
    condition: str,
    values: dict[str, Any],
    limit: int,
) -> list[_Valued]:
    """Return the first things over one kind of link, with what they are ordered by."""
    if order is Order.RISKIEST and these.naming and total > _FEW:
        walked = list(_walked(connection, these, condition, values, limit))
        if len(walked) >= limit:
            return _best(order, walked, limit)
    value, falling = _VALUES[order]
    found: list[_Valued] = []
    for query, at in these.queries:
        rows = connection.execute(
            f"SELECT x.type, x.key, {value} AS value FROM ({query}) x WHERE {condition}"
            f" ORDER BY value {falling}, x.type, x.key LIMIT :limit",
            {"at": at, "limit": limit, **values},
        )
        found += [(Ref(kind, key), ordered) for kind, key, ordered in rows]
    return _best(order, found, limit)


def _best(order: Order, found: Iterable[_Valued], limit: int) -> list[_Valued]:
    """Return the first things of those that several queries found, each once."""
    first: dict[Ref, Any] = {}
    for ref, value in found:
        first[ref] = min(value, first.get(ref, value), key=partial(_place, order))
    return sorted(first.items(), key=lambda one: (_place(order, one[1]), one[0]))[:limit]


def _walked(
    connection: sqlite3.Connection, these: Linked, condition: str, values: dict[str, Any], limit: int
) -> Iterator[_Valued]:
    """Yield the first of many shipments by going down the scores, and seeing of each whether it is linked."""
    for query, at in these.queries:
        rows = connection.execute(
            "SELECT r.shipment, r.score FROM (SELECT shipment, score FROM result_shipment"
            " INDEXED BY result_shipment_rank WHERE score IS NOT NULL ORDER BY rank, shipment LIMIT :walked) r"
            f" CROSS JOIN ({_by_shipment(query)}) x ON x.key = r.shipment WHERE {condition} LIMIT :limit",
            {"at": at, "limit": limit, "walked": _WALKED, **values},
        )
        yield from ((Ref("Shipment", key), score) for key, score in rows)


def _by_shipment(query: str) -> str:
    """Return the query for the shipments that name a thing so that it goes by the shipment, not by the thing."""
    return query.replace(" WHERE d.", " WHERE +d.")


def _place(order: Order, value: Any) -> tuple[bool, float]:
    return value is None, (value or 0) if order is Order.LEAST_CONNECTED else -(value or 0)


def _meeting(these: Linked, refs: Sequence[Ref]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield queries for the links that lead to one of some things, with their values."""
    for query, at in these.queries:
        if these.naming:
            shipments = json.dumps([ref.key for ref in refs if ref.type == "Shipment"])
            met = f"({_by_shipment(query)}) x WHERE x.key IN (SELECT value FROM json_each(:met))"
            yield met, {"at": at, "met": shipments}
        else:
            met = f"({query}) x WHERE x.type || ':' || x.key IN (SELECT value FROM json_each(:met))"
            yield met, {"at": at, "met": _names(refs)}


def _among(
    connection: sqlite3.Connection, these: Linked, narrowed: str, values: dict[str, Any], refs: Sequence[Ref]
) -> Iterator[Neighbour]:
    """Yield the links that match and lead to one of some things, in the order of those."""
    place = {ref: at for at, ref in enumerate(refs)}
    found = []
    for met, own in _meeting(these, refs):
        rows = connection.execute(f"SELECT x.type, x.key, x.first, x.last FROM {met} AND {narrowed}", {**values, **own})
        found += [(Ref(kind, key), first, last) for kind, key, first, last in rows]
    for ref, first, last in sorted(found, key=lambda row: place[row[0]]):
        yield Neighbour(these.start, these.link, these.direction, ref, day(first), day(last))


def _met(
    connection: sqlite3.Connection, these: Linked, narrowed: str, values: dict[str, Any], refs: Sequence[Ref]
) -> int:
    """Return how many links match and lead to one of some things."""
    return sum(
        connection.execute(f"SELECT count(*) FROM {met} AND {narrowed}", {**values, **own}).fetchone()[0]
        for met, own in _meeting(these, refs)
    )


def _degree(connection: sqlite3.Connection, ref: Ref) -> int:
    return sum(count(connection, these) for these in linked(connection, ref))


def _reached(connection: sqlite3.Connection, refs: Sequence[Ref], links: Sequence[Neighbour]) -> list[Reached]:
    last: dict[Ref, date | None] = {}
    for link in links:
        held = last.get(link.end)
        last[link.end] = link.last_on if held is None else max(held, link.last_on or held)
    things = "SELECT json_extract(value, '$[0]') AS type, json_extract(value, '$[1]') AS key FROM json_each(:things)"
    rows = connection.execute(
        f"SELECT x.type, x.key, {_RISK}, {_DEGREE} FROM ({things}) x", {"things": json.dumps(list(refs))}
    )
    known = {Ref(kind, key): (risk, degree) for kind, key, risk, degree in rows}
    return [Reached(ref, *known[ref], last.get(ref)) for ref in refs]
