"""Questions about the network that the database answers by itself: what a text means, and what is linked to what."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Literal

from neo4j import ManagedTransaction, Transaction

from graph.records import Ref
from graph.schema import LINKS, NODE, NODES
from graph.store.neighbourhood import Neighbour, Neighbours, check_links
from graph.store.neo4j.layout import bounded
from graph.store.neo4j.writer import pieces_of
from graph.store.things import meanings

Direction = Literal["out", "in"]
_ARROW = {"out": "-[r:{}]->(e)", "in": "<-[r:{}]-(e)"}


def resolve(tx: ManagedTransaction | Transaction, text: str, limit: int) -> list[Ref]:
    """Return the things that a text may mean, by type and key."""
    found: set[Ref] = set()
    for kind, name in meanings(text):
        for node in NODES:
            if name and kind in (None, node.name):
                rows = tx.run(
                    f"MATCH (n:{node.name}) WHERE n.key = $name OR n._bare = $name "
                    "RETURN coalesce(n._whole_key, n.key) AS key ORDER BY key LIMIT $limit",
                    name=bounded(name),
                    limit=limit,
                )
                found |= {Ref(node.name, row["key"]) for row in rows}
    return sorted(found)[:limit]


def neighbours(
    tx: ManagedTransaction | Transaction, starts: Sequence[Ref], links: Sequence[str] | None, limit: int
) -> Neighbours:
    """Return at most `limit` links of each start by link type and direction."""
    check_links(links)
    seen: dict[tuple[Ref, str, Direction], list[Neighbour]] = {}
    counts: dict[tuple[Ref, str, Direction], int] = {}
    asked = list(dict.fromkeys(starts))
    for kind in dict.fromkeys(ref.type for ref in asked):
        refs = {bounded(ref.key): ref for ref in asked if ref.type == kind}
        for link, direction in _links_of(kind, links):
            pattern = _ARROW[direction].format(link)
            rows = tx.run(
                f"UNWIND $keys AS key MATCH (s:{kind} {{key: key}}) WITH s, COUNT {{ (s){pattern} }} AS n WHERE n > 0 "
                f"CALL (s) {{ MATCH (s){pattern} WITH labels(e)[0] AS type, coalesce(e._whole_key, e.key) AS end, r "
                "ORDER BY r.last_on IS NULL, r.last_on DESC, type, end LIMIT $limit "
                "RETURN collect([type, end, r.first_on, r.last_on]) AS ends } RETURN s.key AS key, n, ends",
                keys=list(refs),
                limit=limit,
            )
            for row in rows:
                at = refs[row["key"]], link, direction
                counts[at] = row["n"]
                seen[at] = [
                    Neighbour(*at, Ref(kind_of_end, end), native(first), native(last))
                    for kind_of_end, end, first, last in row["ends"]
                ]
    order: Iterator[Any] = (
        (start, link.name, direction) for start in asked for link in LINKS for direction in ("out", "in")
    )
    listed = [(at, seen[at]) for at in order if at in seen]
    return Neighbours([row for _, rows in listed for row in rows], {at: counts[at] for at, _ in listed})


def native(day: Any) -> date | None:
    """Return a day of the database as Python's."""
    found: date | None = None if day is None else day.to_native()
    return found


def _links_of(kind: str, links: Sequence[str] | None) -> Iterator[tuple[str, Direction]]:
    for link in LINKS:
        if links is None or link.name in links:
            if any(start == kind for start, _ in link.ends):
                yield link.name, "out"
            if any(end == kind for _, end in link.ends):
                yield link.name, "in"


def chunks_of(tx: ManagedTransaction | Transaction, ref: Ref) -> list[int] | None:
    """Return the numbers of the chunks that name a thing, None where there is no such thing."""
    if ref.type not in NODE:
        return None
    row = tx.run(f"MATCH (n:{ref.type} {{key: $key}}) RETURN n._chunks AS chunks", key=bounded(ref.key)).single()
    return None if row is None else list(row["chunks"] or ())


def first_days(tx: ManagedTransaction | Transaction, kind: str, keys: Sequence[str]) -> dict[str, Any]:
    """Return the first day of each thing that has one."""
    text = (
        f"UNWIND $keys AS key MATCH (n:{kind} {{key: key}}) WHERE n.first_on IS NOT NULL "
        "RETURN coalesce(n._whole_key, n.key) AS key, n.first_on AS day"
    )
    found = (row for piece in pieces_of(map(bounded, keys)) for row in tx.run(text, keys=piece))
    return {row["key"]: row["day"].to_native() for row in found}
