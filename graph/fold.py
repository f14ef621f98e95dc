"""The fold: from the live records of a thing or link to what is shown of it.

Made of unions, minima and maxima alone, so it does not depend on the order, number, size or overlap of the batches.
This is the definition; `graph/columns.py` does the same for whole tables, and a property test holds the two together.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from graph.records import LinkRef, Record, Ref
from graph.schema import NODE, ROLES, Fold

_ROLE = {role.column: role for role in ROLES}


@dataclass(frozen=True, order=True)
class Span:
    """A value of a field, with the first and the last day on which it was said (None: no dated record)."""

    field: str
    value: str
    first_on: date | None
    last_on: date | None


@dataclass(frozen=True)
class Thing:
    """A folded thing; `spans` are sorted by field and value."""

    ref: Ref
    first_on: date | None
    last_on: date | None
    spans: tuple[Span, ...] = ()

    def shown(self) -> dict[str, str]:
        """Return the value shown for each field: the one last seen, then the greatest in byte order."""
        return _shown(self.spans)


@dataclass(frozen=True)
class Link:
    """A folded link; `spans` are sorted by field and value."""

    ref: LinkRef
    first_on: date | None
    last_on: date | None
    spans: tuple[Span, ...] = ()

    def shown(self) -> dict[str, str]:
        """Return the value shown for each field: the one last seen, then the greatest in byte order."""
        return _shown(self.spans)


@dataclass(frozen=True)
class Network:
    """Everything folded, by reference."""

    things: Mapping[Ref, Thing]
    links: Mapping[LinkRef, Link]


def _age(day: date | None) -> date:
    return day or date.min


def _shown(spans: Sequence[Span]) -> dict[str, str]:
    latest: dict[str, Span] = {}
    for span in spans:
        held = latest.get(span.field)
        if held is None or (_age(span.last_on), span.value) > (_age(held.last_on), held.value):
            latest[span.field] = span
    return {name: span.value for name, span in latest.items()}


def _span(days: Iterable[date | None]) -> tuple[date | None, date | None]:
    dated = [day for day in days if day is not None]
    return (min(dated), max(dated)) if dated else (None, None)


def accumulate(records: Iterable[Record]) -> tuple[Span, ...]:
    """Return every value ever said, each with its first and last day."""
    days: dict[tuple[str, str], list[date | None]] = defaultdict(list)
    for record in records:
        for name, value in (record.fields or {}).items():
            days[name, value].append(record.known_on)
    return tuple(sorted((Span(name, value, *_span(said)) for (name, value), said in days.items()), key=_by_text))


def _by_text(span: Span) -> tuple[str, str]:
    return span.field, span.value


def merge(versions: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Merge versions of one day field by field: filled beats blank, then the greatest value in byte order."""
    merged: dict[str, str] = {}
    for fields in versions:
        for name, value in fields.items():
            merged[name] = max(value, merged.get(name, value))
    return merged


def fold(records: Iterable[Record]) -> Network:
    """Fold records into things and links."""
    by_thing: dict[Ref, list[Record]] = defaultdict(list)
    by_link: dict[LinkRef, list[Record]] = defaultdict(list)
    for record in records:
        if isinstance(record.subject, Ref):
            by_thing[record.subject].append(record)
        else:
            by_link[record.subject].append(record)
    things: dict[Ref, Thing] = {}
    links: dict[LinkRef, Link] = {}
    version_day: dict[Ref, date | None] = {}
    for ref, said in by_thing.items():
        first, last = _span(record.known_on for record in said)
        if NODE[ref.type].fold is Fold.ACCUMULATED:
            things[ref] = Thing(ref, first, last, accumulate(said))
            continue
        versions = [record for record in said if record.fields is not None]
        if not versions:
            things[ref] = Thing(ref, first, last)
            continue
        day = max((record.known_on for record in versions), key=_age)
        version_day[ref] = day
        fields = merge(record.fields or {} for record in versions if record.known_on == day)
        spans = [Span(name, value, day, day) for name, value in fields.items() if name not in _ROLE]
        things[ref] = Thing(ref, first, last, tuple(sorted(spans, key=_by_text)))
        for name, key in fields.items():
            if name in _ROLE:
                role = _ROLE[name]
                link = LinkRef(ref, role.link, Ref(role.node, key))
                links[link] = Link(link, day, day)
    for link, said in by_link.items():
        if NODE[link.start.type].fold is Fold.VERSIONED:
            said = [record for record in said if record.known_on == version_day.get(link.start)]
            if not said:
                continue
        links[link] = Link(link, *_span(record.known_on for record in said), accumulate(said))
    return Network(things, links)


def known_before(records: Iterable[Record], day: date) -> list[Record]:
    """Return the records that may be used on `day`: those known before it; undated ones never."""
    return [record for record in records if record.known_on is not None and record.known_on < day]
