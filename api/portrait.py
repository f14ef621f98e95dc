"""Everything that is known of one thing: its facts with their sources, its links, its risk, and what is newer."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.names import names
from graph.records import Ref, canonical
from graph.schema import NODE, ROLES, Fold
from graph.store.base import GraphStore
from graph.store.neighbourhood import Neighbour
from graph.store.results import PublishedSet
from graph.store.things import RecordGroup, ThingWithRecords


@dataclass(frozen=True)
class Fact:
    """A value of a field: when it was said, by which sources, and whether the published set did not know it yet."""

    field: str
    value: str
    shown: bool
    first_on: date | None
    last_on: date | None
    sources: Sequence[str]
    newer: bool


@dataclass(frozen=True)
class Linked:
    """A thing at the other end of a link, with what a reader wants to know of it at once.

    `fields` holds what was said of the link itself: the share and the days of an ownership.
    """

    thing: str
    name: str
    first_on: date | None
    last_on: date | None
    newer: bool
    risk: float | None
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Links:
    """Links of one type in one direction: how many there are, and the newest of them."""

    link: str
    direction: str
    count: int
    shown: Sequence[Linked]


@dataclass(frozen=True)
class Version:
    """One version of a declaration, an inspection or a list entry, and the days on which it was given."""

    first_on: date | None
    last_on: date | None
    source: str
    fields: Mapping[str, str]
    counts: bool
    newer: bool


@dataclass(frozen=True)
class Portrait:
    """What there is to know of one thing.

    `current` holds what counts of all versions; several of one day are merged field by field, so it need not be that of
    any of them. `risk` is its row of the published set with texts of JSON read, None where the set has none;
    `inspections` holds the facts of the inspections of a shipment; `record_count` is the true number of record groups
    behind the facts.
    """

    ref: Ref
    first_on: date | None
    last_on: date | None
    facts: Sequence[Fact]
    current: Mapping[str, str]
    versions: Sequence[Version]
    record_count: int
    records_shown: int
    links: Sequence[Links]
    inspections: Sequence[Mapping[str, str]]
    risk: Mapping[str, Any] | None
    published: PublishedSet | None
    store_version: int


class Newer:
    """Tells which facts the published set did not know: those of its as-of day and later, and those loaded since."""

    def __init__(self, store: GraphStore, published: PublishedSet | None) -> None:
        """Compare with a set; nothing is newer than none."""
        self.published = published
        since = published.store_version if published else 0
        self.batches = {batch.id for batch in store.batches() if batch.version > since}

    def day(self, first_on: date | None) -> bool:
        """Tell whether what was first said on a day is newer."""
        return self.published is not None and first_on is not None and first_on >= self.published.as_of

    def record(self, group: RecordGroup) -> bool:
        """Tell whether records are newer."""
        if self.published is None:
            return False
        return self.day(group.first_on) or (bool(group.batches) and self.batches.issuperset(group.batches))


def portrait(store: GraphStore, ref: Ref, *, links: int = 10, records: int = 100) -> Portrait | None:
    """Return what there is to know of a thing, all of one version of the store; None where it is not there.

    Args:
        store: where to look.
        ref: the thing.
        links: how many links to show of each type and direction; their true numbers are always given.
        records: how many groups of equal records to read for the sources of the facts.
    """
    with store.reading() as view:
        found = view.get(ref, limit=records)
        if found is None:
            return None
        published = view.published()
        newer = Newer(view, published)
        versioned = NODE[ref.type].fold is Fold.VERSIONED
        said = [group for group in found.records if group.fields]
        return Portrait(
            ref,
            found.thing.first_on,
            found.thing.last_on,
            facts_of(found, newer),
            _current(found) if versioned else {},
            _versions(said, newer) if versioned else (),
            found.record_count,
            len(found.records),
            _links(view, ref, links, newer),
            _inspections(view, ref),
            risk_of(view, ref),
            published,
            view.version(),
        )


def facts_of(found: ThingWithRecords, newer: Newer) -> list[Fact]:
    """Return every value said of a thing with its days and sources, in the order of the schema, what is shown first."""
    thing, shown = found.thing, found.thing.shown()
    said = [group for group in found.records if group.fields]
    by_value: dict[tuple[str, str], list[RecordGroup]] = defaultdict(list)
    for group in said:
        for name, value in group.fields.items():
            by_value[name, value].append(group)
    facts = []
    for span in thing.spans:
        groups = by_value[span.field, span.value]
        sources = sorted({group.source for group in groups})
        new = newer.day(span.first_on) or (bool(groups) and all(map(newer.record, groups)))
        for name, value in _named({span.field: span.value}).items():
            facts.append(Fact(name, value, shown[span.field] == span.value, span.first_on, span.last_on, sources, new))
    order = [field.name for field in NODE[thing.ref.type].fields]
    return sorted(
        facts, key=lambda fact: (order.index(fact.field.partition(".")[0]), fact.field, not fact.shown, fact.value)
    )


def _named(fields: Mapping[str, str]) -> dict[str, str]:
    """Return fields with each of the source's further attributes under its own name, `extra.<name>`."""
    named = {name: value for name, value in fields.items() if name != "extra"}
    for name, value in json.loads(fields.get("extra", "{}")).items():
        named[f"extra.{name}"] = canonical(value)
    return named


def _current(found: ThingWithRecords) -> dict[str, str]:
    """Return the fields of the version that counts, the parties and codes that it names among them."""
    named = {link.ref.type: link.ref.end.key for link in found.links}
    roles = {role.column: named[role.link] for role in ROLES if role.link in named}
    return {**_named(found.thing.shown()), **roles}


def _versions(said: Sequence[RecordGroup], newer: Newer) -> list[Version]:
    latest = max((group.last_on or date.min for group in said), default=date.min)
    return [
        Version(
            group.first_on,
            group.last_on,
            group.source,
            _named(group.fields),
            (group.last_on or date.min) == latest,
            newer.record(group),
        )
        for group in said
    ]


def _links(view: GraphStore, ref: Ref, limit: int, newer: Newer) -> list[Links]:
    found = view.neighbours([ref], limit=limit)
    risks = _linked_risks(view, [row.end for row in found.rows])
    named = names(view, (row.end for row in found.rows))
    said = view.link_values(row.of for row in found.rows)
    rows: dict[tuple[str, str], list[Neighbour]] = defaultdict(list)
    for row in found.rows:
        rows[row.link, row.direction].append(row)
    return [
        Links(
            link,
            direction,
            count,
            [
                Linked(
                    str(row.end),
                    named[row.end],
                    row.first_on,
                    row.last_on,
                    newer.day(row.first_on),
                    risks.get(row.end),
                    said.get(row.of, {}),
                )
                for row in rows[link, direction]
            ],
        )
        for (_, link, direction), count in sorted(found.counts.items(), key=lambda item: item[0][1:])
    ]


def _linked_risks(view: GraphStore, refs: Sequence[Ref]) -> dict[Ref, float]:
    """Return the score of each shipment and the linked risk of each entity, where the published set has one."""
    if view.published() is None:
        return {}
    risks: dict[Ref, float] = {}
    shipments = sorted({ref.key for ref in refs if ref.type == "Shipment"})
    entities = sorted({ref.key for ref in refs if ref.type != "Shipment"})
    if shipments:
        for batch in view.results("shipment", keys=shipments):
            for key, score in zip(batch["shipment"].to_pylist(), batch["score"].to_pylist(), strict=True):
                if score is not None:
                    risks[Ref("Shipment", key)] = score
    if entities:
        for batch in view.results("entity", keys=entities):
            columns = (batch[name].to_pylist() for name in ("type", "key", "linked"))
            for kind, key, linked in zip(*columns, strict=True):
                if linked is not None:
                    risks[Ref(kind, key)] = linked
    return risks


def _inspections(view: GraphStore, ref: Ref) -> list[dict[str, str]]:
    if ref.type != "Shipment":
        return []
    found = view.neighbours([ref], links=["FOUND_IN"])
    said = view.shown(row.end for row in found.rows)
    return [
        {
            "inspection": str(row.end),
            "known_on": row.first_on.isoformat() if row.first_on else "",
            **said.get(row.end, {}),
        }
        for row in found.rows
    ]


def risk_of(view: GraphStore, ref: Ref) -> dict[str, Any] | None:
    """Return the row of the published set for a thing, texts of JSON read; None where it has none."""
    if view.published() is None:
        return None
    shipment = ref.type == "Shipment"
    for batch in view.results("shipment" if shipment else "entity", keys=[ref.key]):
        for row in batch.to_pylist():
            if shipment or row["type"] == ref.type:
                texts = {name: json.loads(row[name]) for name in ("reasons", "paths") if row.get(name)}
                return {**row, **texts}
    return None
