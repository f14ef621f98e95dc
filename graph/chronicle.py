"""What becomes of communities from day to day: births, growth, splits, merges and ends.

A community lives as long as its name is handed on (`graph.communities.identify`). The kinds of events are those of
Greene, Doyle and Cunningham ("Tracking the evolution of communities in dynamic social networks", ASONAM 2010). Whether
a new community came out of an older one, and where an ended one went, is decided by half of its members or more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graph.communities import Communities, moves
from graph.partition import meetings

BORN, SPLIT, GREW, SHRANK, CHANGED, MERGED, ENDED = "born", "split off", "grew", "shrank", "changed", "took in", "ended"


@dataclass(frozen=True)
class Event:
    """What became of a community by a day.

    Attributes:
        day: the cutoff at which it shows; days since 1970-01-01.
        community: its name.
        event: `born` of parties most of whom were in no one community before; `split off` from the `other` that most
            of its members were in; `grew`, `shrank` or `changed` (as many came as went); `took in` the `other`, which
            ended; `ended`, most of its members having gone to the `other`, or nowhere together.
        members: how many it has then; of what ended, how many it had.
        joined: members that were not in it before; of what split off or took in, those from the `other`.
        left: members that are in it no more.
        other: the name of the other community, empty for none.
    """

    day: int
    community: str
    event: str
    members: int
    joined: int = 0
    left: int = 0
    other: str = ""


def chronicle(found: Sequence[Communities]) -> list[Event]:
    """Return the events of communities that were found one day after another, in this order and by name.

    Args:
        found: the communities of each day, with names handed on; of the first day all are `born`.
    """
    events = [Event(first.day, name, BORN, size, size) for first in found[:1] for name, size in _named(first)]
    for before, after in pairwise(found):
        events.extend(sorted(_between(before, after), key=lambda event: (event.community, event.event, event.other)))
    return events


def _named(communities: Communities) -> list[tuple[str, int]]:
    return sorted(zip(communities.ids, communities.size.tolist(), strict=True))


def _between(before: Communities, after: Communities) -> Iterator[Event]:
    old, new = moves(before, after)
    inside = (old >= 0) & (new >= 0)
    one, other, both = (column.tolist() for column in meetings(old[inside], new[inside]))
    was, now = dict(_named(before)), dict(_named(after))
    shared = {(before.ids[a], after.ids[b]): count for a, b, count in zip(one, other, both, strict=True)}
    # The community in which most members of each stand on the other day; of equal ones the first by name.
    source: dict[str, tuple[str, int]] = {}
    target: dict[str, tuple[str, int]] = {}
    for (earlier, later), count in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        source.setdefault(later, (earlier, count))
        target.setdefault(earlier, (later, count))
    for name, size in now.items():
        if name in was:
            stayed = shared.get((name, name), 0)
            joined, left = size - stayed, was[name] - stayed
            if joined or left:
                event = GREW if size > was[name] else SHRANK if size < was[name] else CHANGED
                yield Event(after.day, name, event, size, joined, left)
        else:
            earlier, count = source.get(name, ("", 0))
            if 2 * count >= size:
                yield Event(after.day, name, SPLIT, size, count, other=earlier)
            else:
                yield Event(after.day, name, BORN, size, size)
    for name, size in was.items():
        if name not in now:
            later, count = target.get(name, ("", 0))
            gone = later if 2 * count >= size else ""
            yield Event(after.day, name, ENDED, size, left=size, other=gone)
            if gone:
                yield Event(after.day, gone, MERGED, now[gone], count, other=name)


def lives(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Return the events of each name since it was last given to a new community."""
    of_name: dict[str, list[Event]] = {}
    for event in events:
        if event.event in (BORN, SPLIT):
            of_name[event.community] = []
        of_name.setdefault(event.community, []).append(event)
    return of_name
