"""From what is asked to a portion of the network: every question comes down to the things that are wanted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from api.exports.portion import UNGRADED, Edge, Grade, Node
from api.exports.spool import Spool
from api.names import name_in
from graph.records import LinkRef, Ref
from graph.store.base import GraphStore
from graph.store.neighbourhood import Neighbour

# What no source declares, but a matcher or a person concludes.
_ASSESSED = frozenset({"SAME_AS", "LISTED_AS"})
_CHUNK = 200
_RECORDS = 100
_OUTGOING = 50

Item = TypeVar("Item")


class Held(NamedTuple):
    """What the published set holds of a thing."""

    risk: float | None
    community: str | None


NOTHING_HELD = Held(None, None)


def things(view: GraphStore, refs: Iterable[Ref]) -> tuple[Spool, list[Ref]]:
    """Return the portion of these things, and those of them that the store does not have.

    It holds the links between them; all other links of theirs are counted as cut. Whoever calls closes it, and reads
    within `view.reading()`, so that all is of one version.
    """
    portion = Spool()
    try:
        missing = []
        for chunk in _chunks(sorted(set(refs))):
            portion.add(nodes=_nodes(view, chunk))
            missing += [ref for ref in chunk if not portion.has(ref)]
        _add_links(view, portion)
    except BaseException:
        portion.__exit__(None, None, None)
        raise
    return portion, missing


def held(view: GraphStore, refs: Sequence[Ref]) -> dict[Ref, Held]:
    """Return what the published set says of each thing, where it says anything."""
    if view.published() is None:
        return {}
    found: dict[Ref, Held] = {}
    shipments = [ref.key for ref in refs if ref.type == "Shipment"]
    entities = sorted({ref.key for ref in refs if ref.type != "Shipment"})
    for table, keys, kind, risk in (("shipment", shipments, None, "score"), ("entity", entities, "type", "linked")):
        for batch in view.results(table, keys=keys) if keys else ():
            for row in batch.to_pylist():
                ref = Ref(row[kind], row["key"]) if kind else Ref("Shipment", row["shipment"])
                found[ref] = Held(row[risk], row["community"])
    return found


def _nodes(view: GraphStore, refs: Sequence[Ref]) -> list[Node]:
    published = held(view, refs)
    nodes = []
    for ref in refs:
        found = view.get(ref, limit=_RECORDS)
        if found is None:
            continue
        shown = found.thing.shown()
        name = name_in(shown)
        risk, community = published.get(ref, NOTHING_HELD)
        sources = sorted({group.source for group in found.records})
        nodes.append(Node(ref, name, shown, found.thing.first_on, found.thing.last_on, risk, community, sources))
    return nodes


def _add_links(view: GraphStore, portion: Spool) -> None:
    """Add the links inside, each found from where it leaves, and count those that lead out."""
    inside: Counter[str] = Counter()
    touching: Counter[str] = Counter()
    for chunk in _chunks(portion.nodes()):
        sources = {node.ref: node.sources for node in chunk}
        kept = {
            LinkRef(row.start, row.link, row.end): row
            for row in outgoing(view, list(sources), touching)
            if portion.has(row.end)
        }
        values = view.link_values(kept)
        for link, row in kept.items():
            inside[row.link] += 1
            edge = Edge(link, values.get(link, {}), row.first_on, row.last_on, sources[row.start], grade(link))
            portion.add(edges=[edge])
    # A link inside was counted at both its ends.
    portion.add_cut({link: count - 2 * inside[link] for link, count in touching.items()})


def grade(link: LinkRef) -> Grade:
    """Return the grade of a link: no source gives one, so it only tells what was declared from what was concluded."""
    return Grade("assessment") if link.type in _ASSESSED else UNGRADED


def outgoing(view: GraphStore, refs: Sequence[Ref], touching: Counter[str]) -> Iterator[Neighbour]:
    """Yield all links that leave these things; `touching` counts theirs in both directions, by link type."""
    found = view.neighbours(refs, limit=_OUTGOING)
    more: dict[str, int] = {}
    again: set[tuple[Ref, str]] = set()
    for (start, link, direction), count in found.counts.items():
        touching[link] += count
        if direction == "out" and count > _OUTGOING:
            again.add((start, link))
            more[link] = max(count, more.get(link, 0))
    for row in found.rows:
        if row.direction == "out" and (row.start, row.link) not in again:
            yield row
    for start, link in sorted(again):
        for row in view.neighbours([start], links=[link], limit=more[link]).rows:
            if row.direction == "out":
                yield row


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    chunk: list[Item] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
