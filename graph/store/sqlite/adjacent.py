"""The links of many things at once, each kind of link in one query."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence

from graph.records import Ref
from graph.schema import LINK, NODES
from graph.store.neighbourhood import Adjacent, Direction, Neighbour, check_links, within
from graph.store.sqlite.links import linked
from graph.store.sqlite.relations import RELATIONS, Relation
from graph.store.sqlite.rows import day


def adjacent(connection: sqlite3.Connection, starts: Sequence[Ref], most: int, links: Sequence[str] | None) -> Adjacent:
    """Return all links of those starts that have at most `most` of them, and how many each start has."""
    check_links(links)
    asked = set(starts)
    counts: Counter[tuple[Ref, str, Direction]] = Counter()
    for kind, keys in _by_type(asked):
        for link_type, direction, relation in _relations(kind):
            counted = f"SELECT start, count(*) FROM ({relation.of_many()}) GROUP BY start"
            for key, number in connection.execute(counted, {"keys": json.dumps(keys)}):
                counts[Ref(kind, key), link_type, direction] = number
    counts.update((link.start, link.link, link.direction) for link in _of_codes(connection, asked))
    small = within(counts, most)
    found = [link for link in _of_codes(connection, small) if links is None or link.link in links]
    for kind, keys in _by_type(small):
        for link_type, direction, relation in _relations(kind):
            if links is None or link_type in links:
                rows = connection.execute(relation.of_many(), {"keys": json.dumps(keys)})
                found += [
                    Neighbour(Ref(kind, start), link_type, direction, Ref(end, key), day(first), day(last))
                    for start, end, key, first, last in rows
                ]
    return Adjacent(sorted(found, key=lambda one: one[:4]), dict(counts))


def _by_type(refs: set[Ref]) -> Iterator[tuple[str, list[str]]]:
    for node in NODES:
        if keys := sorted(ref.key for ref in refs if ref.type == node.name):
            yield node.name, keys


def _relations(kind: str) -> Iterator[tuple[str, Direction, Relation]]:
    for (start, link, direction), relation in RELATIONS.items():
        if start == kind:
            yield link, direction, relation


def _of_codes(connection: sqlite3.Connection, refs: set[Ref]) -> Iterator[Neighbour]:
    """Yield the links of codes to the wider and narrower ones."""
    kinds = {start for start, _ in LINK["PART_OF"].ends}
    for ref in sorted(ref for ref in refs if ref.type in kinds):
        for these in linked(connection, ref, ["PART_OF"]):
            for query, at in these.queries:
                for kind, key, first, last in connection.execute(query, {"at": at}):
                    yield Neighbour(ref, these.link, these.direction, Ref(kind, key), day(first), day(last))
