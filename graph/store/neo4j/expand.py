"""What lies around things: the first of their neighbours in an order, and how many there are, answered by the server.

Of each kind of link the first are taken by themselves, which needs no more than the limit: a thing among the first of
all is among the first of the kind that leads to it best.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from neo4j import ManagedTransaction, Transaction

from graph.records import Ref
from graph.schema import LINKS
from graph.store.kept import AHEAD, Kept
from graph.store.neighbourhood import Direction, Expanded, Expansion, Neighbour, Order, Reached, check_expansion
from graph.store.neo4j import ledger
from graph.store.neo4j.accumulated import day
from graph.store.neo4j.kinds import KEY, KINDS, Kind, keys_of
from graph.store.neo4j.layout import RESULT, bounded
from graph.store.neo4j.network import native

_Tx = ManagedTransaction | Transaction

_DEGREE = "(COUNT {{ ({0})-->() }} + COUNT {{ ({0})<--() }})"

_FEW = 2_000
"""Links that are all looked at, for each question anew, to find the first of them."""

KEPT = 200
"""First things of hubs that a store keeps."""

_WALKED = 10_000
"""Shipments of all that are looked at in their order, where a thing has more links, before all its links are."""


def expand(tx: _Tx, asked: Expansion, published: str | None, kept: Kept) -> Expanded:
    """Return what lies around things; `published` names the rows of the published set.

    What was first around hubs is `kept` for as long as the version and that set are the same.
    """
    check_expansion(asked)
    starts = list(dict.fromkeys(asked.starts))
    hidden = {*starts, *asked.exclude}
    values = {"since": asked.since, "until": asked.until, "limit": asked.limit, "set": published}
    counts: Counter[tuple[str, Direction, str]] = Counter()
    matching, first = 0, dict[Ref, Any]()
    condition = _condition(asked)
    wanted = []
    for kind, total in _counted(tx, starts):
        counts[kind.link, kind.direction, kind.end] += total
        if not _is_wanted(kind, asked):
            continue
        keys = keys_of(starts, kind.start)
        wanted.append((kind, keys))
        if asked.since or asked.until:
            total = _one(tx, f"{_links(kind)} {condition} RETURN count(r) AS n", keys=keys, **values)
        matching += total
        unseen = keys_of(hidden, kind.end)
        given = {**values, "keys": keys, "hidden": unseen}
        for ref, value in _first(tx, kind, total, asked, condition, given, kept):
            first[ref] = min(value, first.get(ref, value), key=lambda one: _place(asked.order, one))
    chosen = sorted(first, key=lambda ref: (*_place(asked.order, first[ref]), ref))[: asked.limit]
    links = list(_among(tx, wanted, condition, values, starts, chosen))
    met = sum(
        _one(tx, f"{_links(kind)} {condition} AND e.key IN $met RETURN count(r) AS n", keys=keys, met=mine, **values)
        for kind, keys in wanted
        if (mine := keys_of(hidden, kind.end))
    )
    return Expanded(_reached(tx, chosen, links, published), links, dict(counts), matching, matching - len(links) - met)


def _counted(tx: _Tx, starts: Sequence[Ref]) -> Iterator[tuple[Kind, int]]:
    """Yield the kinds of links that there are, each with how many."""
    for start in dict.fromkeys(ref.type for ref in starts):
        mine = [kind for kind in KINDS if kind.start == start]
        numbers = ", ".join(f"sum(COUNT {{ {kind.pattern()} }})" for kind in mine)
        text = f"UNWIND $keys AS key MATCH (s:{start} {{key: key}}) RETURN {numbers}"
        totals = tx.run(text, keys=keys_of(starts, start)).single(strict=True)
        yield from ((kind, total) for kind, total in zip(mine, totals, strict=True) if total)


def _one(tx: _Tx, text: str, **values: Any) -> int:
    return int(tx.run(text, **values).single(strict=True)["n"])


def _starts(kind: Kind) -> str:
    return f"UNWIND $keys AS key MATCH (s:{kind.start} {{key: key}})"


def _links(kind: Kind) -> str:
    return f"{_starts(kind)} MATCH {kind.pattern()}"


def _is_wanted(kind: Kind, asked: Expansion) -> bool:
    return (
        (asked.links is None or kind.link in asked.links)
        and asked.direction in (None, kind.direction)
        and (asked.ends is None or kind.end in asked.ends)
    )


def _condition(asked: Expansion) -> str:
    conditions = ["true"]
    if asked.since is not None:
        conditions.append("r.last_on >= $since")
    if asked.until is not None:
        conditions.append("r.first_on < $until")
    return f"WHERE {' AND '.join(conditions)}"


def _first(
    tx: _Tx, kind: Kind, total: int, asked: Expansion, condition: str, values: Mapping[str, Any], kept: Kept
) -> list[tuple[Ref, Any]]:
    """Return the first things over one kind of link, of which there are `total`, that are not hidden."""
    if total > _FEW:
        many = AHEAD * asked.limit
        state = (ledger.versions(tx), values["set"])
        question = (kind, tuple(values["keys"]), asked.order, asked.since, asked.until, many)
        all_of_them = {**values, "hidden": [], "limit": many}
        ahead = kept.get(state, question, lambda: list(_ordered(tx, kind, total, asked.order, condition, all_of_them)))
        apart = set(values["hidden"])
        found = [(ref, value) for ref, value in ahead if bounded(ref.key) not in apart][: asked.limit]
        if len(found) == asked.limit or len(ahead) < many:
            return found
    return list(_ordered(tx, kind, total, asked.order, condition, values))


def _ordered(
    tx: _Tx, kind: Kind, total: int, order: Order, condition: str, values: Mapping[str, Any]
) -> Iterator[tuple[Ref, Any]]:
    """Yield the first things over one kind of link, in an order, with what they are ordered by."""
    hidden = " AND NOT e.key IN $hidden" if values["hidden"] else ""
    unseen = f"{_links(kind)} {condition}{hidden}"
    end = KEY.format("e")
    if kind.end == "Shipment" and total > _FEW and order in _WALK:
        walked = list(_walked(tx, kind, total, order, condition, values))
        if len(walked) >= values["limit"]:
            yield from walked
            return
    if order is Order.NEWEST:
        text = f"{unseen} WITH e, max(r.last_on) AS value ORDER BY value IS NULL, value DESC, {end} LIMIT $limit"
    elif order is Order.RISKIEST:
        text = (
            f"{unseen} WITH DISTINCT e CALL (e) {{ {_risk(kind.end)} }} "
            f"WITH e, value ORDER BY value IS NULL, value DESC, {end} LIMIT $limit"
        )
    else:
        way = "DESC" if order is Order.MOST_CONNECTED else "ASC"
        text = (
            f"{unseen} WITH DISTINCT e WITH e, {_DEGREE.format('e')} AS value ORDER BY value {way}, {end} LIMIT $limit"
        )
    for row in tx.run(f"{text} RETURN {end} AS key, value", **values):
        value = row["value"]
        yield Ref(kind.end, row["key"]), native(value) if order is Order.NEWEST else value


def _risk(kind: str) -> str:
    """Return the subquery for the risk of `e`."""
    table, column, same = ("entity", "linked", f"n.type = '{kind}' AND n.key")
    if kind == "Shipment":
        table, column, same = "shipment", "score", "n.shipment"
    return (
        f"OPTIONAL MATCH (n:{RESULT[table]}) WHERE n.`set` = $set AND n._key = e.key AND {same} = {KEY.format('e')} "
        f"RETURN max(n.{column}) AS value"
    )


_SCORED = RESULT["shipment"]
# How the first shipments of all are found, by the order: each with `value`, which falls.
_WALK = {
    Order.NEWEST: (
        "MATCH (e:Shipment) USING INDEX e:Shipment(_day) WHERE e._day IS NOT NULL WITH e._day AS day "
        "ORDER BY day DESC SKIP $walked LIMIT 1 WITH max(day) AS floor "
        "MATCH (e:Shipment) USING INDEX e:Shipment(_day) WHERE e._day > coalesce(floor, -2147483649) "
        "WITH e, e._day AS value"
    ),
    Order.RISKIEST: (
        f"MATCH (n:{_SCORED}) USING INDEX n:{_SCORED}(`set`, _rank) WHERE n.`set` = $set AND n._rank < $walked "
        "AND n.score IS NOT NULL MATCH (e:Shipment {key: n._key}) WITH e, n.score AS value"
    ),
}


def _walked(
    tx: _Tx, kind: Kind, total: int, order: Order, condition: str, values: Mapping[str, Any]
) -> Iterator[tuple[Ref, Any]]:
    """Yield the first of many shipments by going down all in their order, and seeing of each whether it is linked.

    As many are looked at as should hold three times those that are wanted.
    """
    shipments = _one(tx, "MATCH (e:Shipment) RETURN count(e) AS n")
    walked = min(_WALKED, 3 * (values["limit"] + 10) * shipments // total)
    arrow = f"-[r:{kind.link}]->(s)" if kind.direction == "in" else f"<-[r:{kind.link}]-(s)"
    hidden = "WHERE NOT e.key IN $hidden " if values["hidden"] else ""
    rows = tx.run(
        f"{_WALK[order]} {hidden}MATCH (e){arrow} {condition} AND s.key IN $keys AND s:{kind.start} "
        f"WITH DISTINCT e, value ORDER BY value DESC, {KEY.format('e')} LIMIT $limit "
        f"RETURN {KEY.format('e')} AS key, value",
        walked=walked,
        **values,
    )
    for row in rows:
        yield Ref("Shipment", row["key"]), day(row["value"]) if order is Order.NEWEST else row["value"]


def _place(order: Order, value: Any) -> tuple[bool, float]:
    if isinstance(value, date):
        value = value.toordinal()
    return value is None, (value or 0) if order is Order.LEAST_CONNECTED else -(value or 0)


def _among(
    tx: _Tx,
    wanted: Sequence[tuple[Kind, list[str]]],
    condition: str,
    values: Mapping[str, Any],
    starts: Sequence[Ref],
    refs: Sequence[Ref],
) -> Iterator[Neighbour]:
    """Yield the links that match and lead to one of some things, in the order of starts, types and those."""
    place = {ref: at for at, ref in enumerate(refs)}
    first = {ref: at for at, ref in enumerate(starts)}
    types = [link.name for link in LINKS]
    found = []
    for kind, keys in wanted:
        if mine := keys_of(set(refs), kind.end):
            # The things that were chosen are few, and so are their links; those of a start may be very many.
            text = (
                f"UNWIND $met AS met MATCH (e:{kind.end} {{key: met}}) MATCH {kind.pattern()} "
                f"{condition} AND s.key IN $keys AND s:{kind.start} "
                f"RETURN {KEY.format('s')} AS start, {KEY.format('e')} AS end, r.first_on AS first, r.last_on AS last"
            )
            for row in tx.run(text, keys=keys, met=mine, **values):
                start, end = Ref(kind.start, row["start"]), Ref(kind.end, row["end"])
                days = native(row["first"]), native(row["last"])
                found.append(Neighbour(start, kind.link, kind.direction, end, *days))
    yield from sorted(
        found, key=lambda one: (first[one.start], types.index(one.link), one.direction == "in", place[one.end])
    )


def _reached(tx: _Tx, refs: Sequence[Ref], links: Sequence[Neighbour], published: str | None) -> list[Reached]:
    last: dict[Ref, date | None] = {}
    for link in links:
        days = [day for day in (last.get(link.end), link.last_on) if day is not None]
        last[link.end] = max(days, default=None)
    known: dict[Ref, tuple[float | None, int]] = {}
    for kind in dict.fromkeys(ref.type for ref in refs):
        text = (
            f"UNWIND $keys AS key MATCH (e:{kind} {{key: key}}) CALL (e) {{ {_risk(kind)} }} "
            f"RETURN {KEY.format('e')} AS key, value, {_DEGREE.format('e')} AS degree"
        )
        for row in tx.run(text, keys=keys_of(set(refs), kind), set=published):
            known[Ref(kind, row["key"])] = row["value"], row["degree"]
    return [Reached(ref, *known[ref], last[ref]) for ref in refs]
