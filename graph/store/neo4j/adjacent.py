"""The links of many things at once, counted before they are read."""

from collections import Counter
from collections.abc import Mapping, Sequence

from neo4j import ManagedTransaction, Transaction

from graph.records import Ref
from graph.schema import LINKS
from graph.store.neighbourhood import Adjacent, Direction, Neighbour, check_links, within
from graph.store.neo4j.kinds import KEY, KINDS, keys_of
from graph.store.neo4j.network import native

_ARROWS: Mapping[Direction, str] = {"out": "(s)-[r:{}]->(e)", "in": "(s)<-[r:{}]-(e)"}


def adjacent(
    tx: ManagedTransaction | Transaction, starts: Sequence[Ref], most: int, links: Sequence[str] | None
) -> Adjacent:
    """Return all links of those starts that have at most `most` of them, and how many each start has."""
    check_links(links)
    wanted = {link.name for link in LINKS if links is None or link.name in links}
    counts: Counter[tuple[Ref, str, Direction]] = Counter()
    for kind in dict.fromkeys(ref.type for ref in starts):
        mine = [one for one in KINDS if one.start == kind]
        numbers = ", ".join(f"COUNT {{ {one.pattern()} }}" for one in mine)
        text = f"UNWIND $keys AS key MATCH (s:{kind} {{key: key}}) RETURN {KEY.format('s')}, {numbers}"
        for key, *found_of in tx.run(text, keys=keys_of(set(starts), kind)):
            for one, number in zip(mine, found_of, strict=True):
                if number:
                    counts[Ref(kind, key), one.link, one.direction] += number
    small = within(counts, most)
    found = []
    for kind in dict.fromkeys(ref.type for ref in small):
        for direction, arrow in _ARROWS.items():
            types = sorted({one.link for one in KINDS if (one.start, one.direction) == (kind, direction)} & wanted)
            if types:
                text = (
                    f"UNWIND $keys AS key MATCH (s:{kind} {{key: key}}) MATCH {arrow.format('|'.join(types))} "
                    f"RETURN {KEY.format('s')}, type(r), labels(e)[0], {KEY.format('e')}, r.first_on, r.last_on"
                )
                for start, link, end, key, first, last in tx.run(text, keys=keys_of(small, kind)):
                    ends = Ref(kind, start), Ref(end, key)
                    found.append(Neighbour(ends[0], link, direction, ends[1], native(first), native(last)))
    return Adjacent(sorted(found, key=lambda link: link[:4]), dict(counts))
