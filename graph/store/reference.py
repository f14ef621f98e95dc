"""The reference store: dictionaries and the fold, without any optimisation.

It says what the right answers are; the conformance suite holds every other store to it. Nothing is kept on disk.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from types import TracebackType
from typing import Any, NamedTuple, Self, Unpack

import pyarrow as pa

from graph.fold import Network, fold, known_before
from graph.likeness import Fit
from graph.records import (
    LinkRef,
    Record,
    Ref,
    declaration_records,
    description_records,
    inspection_records,
    listing_records,
    ownership_records,
    records,
)
from graph.schema import LINKS, NODE, ROLES, Fold
from graph.search import Hit, best, hit, identified, name_of, rank, searched
from graph.statements import SHAPES, Statements
from graph.store.batches import Batch, LoadChunk, Quarantined, already_there, unknown_batch
from graph.store.findings import Finding, counted
from graph.store.neighbourhood import (
    Adjacent,
    Direction,
    Expanded,
    Expansion,
    Neighbour,
    Neighbours,
    Order,
    Reached,
    check_expansion,
    check_links,
)
from graph.store.results import RESULT_ORDER, RESULTS, Picked, PublishedSet, check_results, not_in_set
from graph.store.things import RecordGroup, ThingWithRecords, check_search, meanings

Row = Mapping[str, Any]

_REFERRING = ("thing", *(role.column for role in ROLES if role.described))
_LATE = ("entity", "ownership", "listing")


class _Load(NamedTuple):
    """One batch: its rows by shape (which refer to descriptions by their number), and the rows refused."""

    batch: Batch
    rows: Mapping[str, Sequence[Row]]
    quarantined: Sequence[Quarantined]


class _Said(NamedTuple):
    """A record of a thing, the place of the row in which it was named, and the batch that brought it."""

    role: str
    record: Record
    batch: str


@dataclass(frozen=True)
class _State:
    """All that the store holds at one version; a change makes a new one."""

    version: int = 0
    loads: tuple[_Load, ...] = ()
    descriptions: tuple[Row, ...] = ()
    published: PublishedSet | None = None
    results: Mapping[str, pa.Table] | None = None

    @cached_property
    def statements(self) -> Statements:
        return self.said_by(self.loads)

    def said_by(self, loads: Iterable[_Load]) -> Statements:
        rows: dict[str, list[Row]] = {shape: [] for shape in SHAPES}
        for load in loads:
            for shape, said in load.rows.items():
                rows[shape].extend(said)
        used = {row.get(name) for said in rows.values() for row in said for name in _REFERRING}
        rows["description"] = [{"id": at, **row} for at, row in enumerate(self.descriptions) if at in used]
        return Statements(**{shape: pa.Table.from_pylist(rows[shape], schema=SHAPES[shape]) for shape in SHAPES})

    @cached_property
    def records(self) -> list[Record]:
        return records(self.statements)

    @cached_property
    def network(self) -> Network:
        return fold(self.records)

    @cached_property
    def said(self) -> list[_Said]:
        """Return every record of a thing with its role; the days of rows without one are derived as `records` does."""
        dated = {
            shape: table if shape not in _LATE else table.filter(table["known_on"].is_valid())
            for shape, table in self.statements.items()
        }
        first: dict[Ref, date] = {}
        for record in records(Statements(**dated)):
            if isinstance(record.subject, Ref) and record.known_on is not None:
                first[record.subject] = min(first.get(record.subject, date.max), record.known_on)
        described = dict(enumerate(self.descriptions))
        found: list[_Said] = []
        for load in self.loads:
            for shape, said in load.rows.items():
                for row in said:
                    if row["known_on"] is None:
                        days = [first.get(subject) for subject in _dating(shape, row, described)]
                        known = [day for day in days if day is not None]
                        row = {**row, "known_on": max(known) if len(known) == len(days) else None}
                    found.extend(_Said(role, record, load.batch.id) for role, record in _roles(shape, row, described))
        return found


def _dating(shape: str, row: Row, described: Mapping[int, Row]) -> list[Ref]:
    """Return the things whose first day a row without a day takes."""
    if shape == "entity":
        return [Ref(described[row["thing"]]["type"], described[row["thing"]]["key"])]
    if shape == "ownership":
        return [Ref("Trader", row["owned"]), Ref("Trader", row["owner"])]
    return [Ref("ListEntry", row["entry"])]


def _roles(shape: str, row: Row, described: Mapping[int, Row]) -> Iterator[tuple[str, Record]]:
    """Yield the records of things that a row says, with the place in which it says each."""
    if shape == "declaration":
        yield from _declaration_roles(row, described)
    elif shape == "inspection":
        for record in inspection_records(row):
            if isinstance(record.subject, Ref):
                yield "inspection", record
    elif shape == "entity":
        yield from _description_roles("entity", described[row["thing"]], row)
    elif shape == "ownership":
        owned, owner, _ = ownership_records(row, row["known_on"])
        yield "owned", owned
        yield "owner", owner
    else:
        for record in listing_records(row, row["known_on"]):
            yield "listing", record


def _declaration_roles(row: Row, described: Mapping[int, Row]) -> Iterator[tuple[str, Record]]:
    """Ask the definition what the row says with all but one place of it left blank."""
    whole, *_ = (record for record in declaration_records(row, described) if record.subject[0] == "Shipment")
    yield "shipment", whole
    blank = dict.fromkeys(row) | {name: row[name] for name in ("source", "shipment", "known_on")}
    for role in ROLES:
        if role.described:
            if row[role.column] is not None:
                yield from _description_roles(role.column, described[row[role.column]], row)
        else:
            yield from _other_things(role.column, "Shipment", blank | {role.column: row[role.column]})
    yield from _other_things("container", "Shipment", blank | {"containers": row["containers"]})
    for stop, columns in (
        ("departure", ("departure_place", "departure_country")),
        ("arrival", ("arrival_place",)),
        ("office", ("office",)),
        ("transit", ("transit_places",)),
    ):
        alone = blank | {"route": row["route"]} | {name: row[name] for name in columns}
        for role_name, record in _other_things(stop, "Shipment", alone):
            if record.subject[0] == "Place":
                yield role_name, record


def _other_things(role: str, but: str, row: Row) -> Iterator[tuple[str, Record]]:
    for record in declaration_records(row, {}):
        if isinstance(record.subject, Ref) and record.subject.type != but:
            yield role, record


def _description_roles(role: str, description: Row, row: Row) -> Iterator[tuple[str, Record]]:
    contacts = ("address", "email", "phone")
    for place in ("", *contacts):
        blanked = {f"{name}_key": None for name in contacts if name != place}
        for record in description_records({**description, **blanked}, row["source"], row["known_on"]):
            if isinstance(record.subject, Ref) and (record.subject.type in ("Address", "Contact")) == bool(place):
                yield (f"{role}_{place}" if place else role), record


def _age(day: date | None) -> int:
    return 0 if day is None else day.toordinal()


class ReferenceStore:
    """The definition of a store, in memory."""

    def __init__(self) -> None:
        self._state = _State()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Release what the store holds open, which is nothing."""

    @contextmanager
    def reading(self) -> Iterator[Self]:
        """Return a context manager within which all reads see one version of the store."""
        yield copy(self)

    def version(self) -> int:
        """Return the counter that each committed load and removal raises; 0 for an empty store."""
        return self._state.version

    def find_batch(self, content_hash: str, source: str, mapping: str, mapping_version: str) -> Batch | None:
        """Return the committed batch of this very content, or None."""
        wanted = (content_hash, source, mapping, mapping_version)
        for batch in self.batches():
            if (batch.content_hash, batch.source, batch.mapping, batch.mapping_version) == wanted:
                return batch
        return None

    def batches(self) -> list[Batch]:
        """Return the ledger, oldest first."""
        return [load.batch for load in self._state.loads]

    def add_batch(self, batch: Batch, chunks: Iterable[LoadChunk]) -> Batch:
        """Store all chunks as one batch, visible whole at its commit; an error while iterating leaves no trace."""
        held = self.find_batch(batch.content_hash, batch.source, batch.mapping, batch.mapping_version)
        if held is not None or batch.id in {other.id for other in self.batches()}:
            raise already_there(held or batch)
        descriptions = list(self._state.descriptions)
        rows: dict[str, list[Row]] = {shape: [] for shape in SHAPES if shape != "description"}
        batch = batch.heading()
        refused: list[Quarantined] = []
        for chunk in chunks:
            numbers: dict[int | None, int | None] = {None: None}
            for description in chunk.statements.description.to_pylist():
                local = description.pop("id")
                if description not in descriptions:
                    descriptions.append(description)
                numbers[local] = descriptions.index(description)
            for shape, table in chunk.statements.items():
                if shape != "description":
                    for row in table.to_pylist():
                        rows[shape].append({k: numbers[v] if k in _REFERRING else v for k, v in row.items()})
            refused.extend(chunk.quarantined)
            batch = batch.counting(chunk)
        state = self._state
        entered = batch.entered(state.version + 1)
        self._state = replace(
            state,
            version=entered.version,
            loads=(*state.loads, _Load(entered, rows, sorted(refused))),
            descriptions=tuple(descriptions),
        )
        return entered

    def remove_batch(self, batch_id: str) -> Batch:
        """Remove one batch exactly: records that no other batch brought are gone. Raises StoreError if unknown."""
        load = self._load(batch_id)
        kept = tuple(other for other in self._state.loads if other is not load)
        self._state = replace(self._state, version=self._state.version + 1, loads=kept)
        return load.batch

    def _load(self, batch_id: str) -> _Load:
        for load in self._state.loads:
            if load.batch.id == batch_id:
                return load
        raise unknown_batch(batch_id)

    def quarantined(self, batch_id: str | None = None) -> Iterator[tuple[str, Quarantined]]:
        """Yield (batch id, refused row), by batch, file and row."""
        loads = self._state.loads if batch_id is None else [self._load(batch_id)]
        for load in loads:
            for row in load.quarantined:
                yield load.batch.id, row

    def contents(self, batch_id: str) -> Iterator[LoadChunk]:
        """Yield what one batch brought: here all at once."""
        load = self._load(batch_id)
        held = load.batch
        statements = self._state.said_by([load])
        yield LoadChunk(statements, load.quarantined, held.rows_in, held.rows_loaded, held.rows_duplicate)

    def check(self) -> list[Finding]:
        """Say what there is; nothing can be wrong with it."""
        rows = {
            shape: sum(len(load.rows[shape]) for load in self._state.loads)
            for shape in SHAPES
            if shape != "description"
        }
        return [
            Finding("rows", True, counted(rows)),
            Finding("batches", True, f"{len(self._state.loads):,}, at version {self._state.version}"),
        ]

    def scan(self, shape: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the live statements of one shape in bounded pieces, all of one version."""
        table: pa.Table = getattr(self._state.statements, shape)
        yield from (table if columns is None else table.select(list(columns))).to_batches()

    def get(self, ref: Ref, *, until: date | None = None, limit: int = 100) -> ThingWithRecords | None:
        """Return a thing with its records (at most `limit`), as known before `until`; None if absent."""
        said = [one for one in self._state.said if one.record.subject == ref]
        network = self._state.network
        if until is not None:
            said = [one for one in said if one.record.known_on is not None and one.record.known_on < until]
            network = fold(known_before(self._state.records, until))
        if ref not in network.things:
            return None
        links = [network.links[link] for link in sorted(network.links) if link.start == ref]
        groups = self._groups(said)
        versioned = NODE[ref.type].fold is Fold.VERSIONED
        return ThingWithRecords(network.things[ref], groups[:limit], len(groups), links if versioned else [])

    def _groups(self, said: Iterable[_Said]) -> list[RecordGroup]:
        packed: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[_Said]] = defaultdict(list)
        for one in said:
            fields = tuple(sorted((one.record.fields or {}).items()))
            packed[one.role, one.record.source, fields].append(one)
        order = {batch.id: at for at, batch in enumerate(self.batches())}
        groups = []
        for (role, source, fields), alike in packed.items():
            days = [one.record.known_on for one in alike if one.record.known_on is not None]
            brought = sorted({one.batch for one in alike}, key=order.__getitem__)
            first, last = min(days, default=None), max(days, default=None)
            groups.append(RecordGroup(role, source, dict(fields), first, last, brought))
        return sorted(groups, key=lambda g: (-_age(g.last_on), g.role, g.source, sorted(g.fields.items())))

    def exists(self, ref: Ref) -> bool:
        """Tell whether there is such a thing."""
        return ref in self._state.network.things

    def shown(self, refs: Iterable[Ref], fields: Collection[str] | None = None) -> dict[Ref, Mapping[str, str]]:
        """Return the value shown for each field of these things, of each that has any; `fields` narrows it to some."""
        things = self._state.network.things
        found: dict[Ref, Mapping[str, str]] = {}
        for ref in refs:
            shown = things[ref].shown() if ref in things else {}
            if values := {name: value for name, value in shown.items() if fields is None or name in fields}:
                found[ref] = values
        return found

    def link_values(self, links: Iterable[LinkRef]) -> dict[LinkRef, Mapping[str, str]]:
        """Return the value shown for each field of these links, of each that has any."""
        held = self._state.network.links
        return {link: values for link in links if link in held and (values := held[link].shown())}

    def resolve(self, text: str, limit: int = 20) -> list[Ref]:
        """Return the things that `text` may mean, by type and key: a complete key, or the bare id in any source."""
        found = {
            ref
            for kind, name in meanings(text)
            for ref in self._state.network.things
            if name and kind in (None, ref.type) and name in (ref.key, ref.key.partition("/")[2])
        }
        return sorted(found)[:limit]

    def search(self, text: str, *, types: Sequence[str] | None = None, limit: int = 20) -> list[Hit]:
        """Return the things that a text may mean, best first, then by type and key: each of all is scored."""
        asked = check_search(text, types, limit)
        things = {ref: thing for ref, thing in self._state.network.things.items() if ref.type in asked.types}
        fit = Fit(asked.form)
        found = {ref: fits for ref, thing in things.items() if (fits := best(searched(thing), fit))}
        found |= {
            ref: identified(ref) for ref in self.resolve(asked.text, len(self._state.network.things)) if ref in things
        }
        first = sorted(found, key=lambda ref: rank(ref, found[ref]))[:limit]
        return [hit(ref, name_of(things[ref].shown()), found[ref]) for ref in first]

    def neighbours(self, starts: Sequence[Ref], *, links: Sequence[str] | None = None, limit: int = 50) -> Neighbours:
        """Return at most `limit` links of each start by link type and direction; `links` narrows the types."""
        check_links(links)
        rows: list[Neighbour] = []
        counts: dict[tuple[Ref, str, Direction], int] = {}
        for start in dict.fromkeys(starts):
            for link_type in LINKS:
                if links is not None and link_type.name not in links:
                    continue
                seen: dict[Direction, list[Neighbour]] = {"out": [], "in": []}
                for ref, link in self._state.network.links.items():
                    if ref.type == link_type.name:
                        days = (link.first_on, link.last_on)
                        if ref.start == start:
                            seen["out"].append(Neighbour(start, ref.type, "out", ref.end, *days))
                        if ref.end == start:
                            seen["in"].append(Neighbour(start, ref.type, "in", ref.start, *days))
                for direction, found in seen.items():
                    if found:
                        counts[start, link_type.name, direction] = len(found)
                        rows.extend(sorted(found, key=lambda one: (-_age(one.last_on), one.end))[:limit])
        return Neighbours(rows, counts)

    def expand(self, asked: Expansion) -> Expanded:
        """Return what lies around things. Raises StoreError where that cannot be asked."""
        check_expansion(asked)
        starts = list(dict.fromkeys(asked.starts))
        around = [
            Neighbour(start, ref.type, direction, end, link.first_on, link.last_on)
            for start in starts
            for ref, link in self._state.network.links.items()
            for direction, here, end in _sides(ref)
            if here == start
        ]
        counts = Counter((one.link, one.direction, one.end.type) for one in around)
        matching = [one for one in around if _matches(asked, one)]
        risk, degree = self._risks(), Counter(end for ref in self._state.network.links for end in (ref.start, ref.end))
        reached: dict[Ref, Reached] = {}
        for one in matching:
            if one.end not in starts and one.end not in asked.exclude:
                held = reached.get(one.end)
                days = [day for day in (one.last_on, held and held.last_on) if day is not None]
                reached[one.end] = Reached(one.end, risk.get(one.end), degree[one.end], max(days, default=None))
        things = sorted(reached.values(), key=lambda thing: (*_rank(asked.order, thing), thing.ref))[: asked.limit]
        shown = {thing.ref: at for at, thing in enumerate(things)}
        types = [link.name for link in LINKS]
        links = sorted(
            (one for one in matching if one.end in shown),
            key=lambda one: (starts.index(one.start), types.index(one.link), one.direction == "in", shown[one.end]),
        )
        hidden = {*starts, *asked.exclude}
        left = sum(one.end not in shown and one.end not in hidden for one in matching)
        return Expanded(things, links, dict(counts), len(matching), left)

    def adjacent(self, starts: Sequence[Ref], *, most: int, links: Sequence[str] | None = None) -> Adjacent:
        """Return all links of those starts that have at most `most` of them, and how many each start has."""
        check_links(links)
        around = [
            Neighbour(here, ref.type, direction, end, link.first_on, link.last_on)
            for ref, link in self._state.network.links.items()
            for direction, here, end in _sides(ref)
            if here in starts
        ]
        degrees = Counter(one.start for one in around)
        kept = (one for one in around if degrees[one.start] <= most and (links is None or one.link in links))
        counts = Counter((one.start, one.link, one.direction) for one in around)
        return Adjacent(sorted(kept, key=lambda one: one[:4]), dict(counts))

    def _risks(self) -> dict[Ref, float]:
        rows = {table: self._results(table, {}) for table in ("shipment", "entity")}
        found = {Ref("Shipment", row["shipment"]): row["score"] for row in rows["shipment"]}
        found |= {Ref(row["type"], row["key"]): row["linked"] for row in rows["entity"]}
        return {ref: risk for ref, risk in found.items() if risk is not None}

    def publish(self, heading: PublishedSet, tables: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
        """Store one set of results and switch to it atomically; a reader sees the old set or the new."""
        check_results(tables)
        results = {
            name: pa.Table.from_batches(
                (piece.select(schema.names).cast(schema) for piece in tables.get(name, ())), schema
            )
            for name, schema in RESULTS.items()
        }
        self._state = replace(self._state, published=heading, results=results)

    def published(self) -> PublishedSet | None:
        """Return the heading of the current set, or None where nothing was published."""
        return self._state.published

    def results(
        self, table: str, *, after: Sequence[str] | None = None, limit: int | None = None, **picked: Unpack[Picked]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows of the current set in the order of `RESULT_ORDER`."""
        rows = self._results(table, picked)
        if after is not None:
            places = [_place(table, row) for row in self._results(table, {})]
            last = next((place for place in places if place[2:] == tuple(after)), None)
            if last is None:
                raise not_in_set(after)
            rows = [row for row in rows if _place(table, row) > last]
        yield from pa.Table.from_pylist(rows[:limit], schema=RESULTS[table]).to_batches()

    def count_results(self, table: str, **picked: Unpack[Picked]) -> int:
        """Return how many rows of the current set there are, narrowed in the same way."""
        return len(self._results(table, picked))

    def _results(self, table: str, picked: Picked) -> list[Row]:
        check_results([table], picked)
        rows: list[Row] = self._state.results[table].to_pylist() if self._state.results is not None else []
        return sorted((row for row in rows if _is_picked(table, row, picked)), key=lambda row: _place(table, row))


def _sides(ref: LinkRef) -> tuple[tuple[Direction, Ref, Ref], tuple[Direction, Ref, Ref]]:
    """Return a link as each of its ends sees it: direction, this end, the other."""
    return ("out", ref.start, ref.end), ("in", ref.end, ref.start)


def _matches(asked: Expansion, one: Neighbour) -> bool:
    return (
        (asked.links is None or one.link in asked.links)
        and asked.direction in (None, one.direction)
        and (asked.ends is None or one.end.type in asked.ends)
        and (asked.since is None or (one.last_on is not None and one.last_on >= asked.since))
        and (asked.until is None or (one.first_on is not None and one.first_on < asked.until))
    )


def _rank(order: Order, thing: Reached) -> tuple[bool, float]:
    if order is Order.NEWEST:
        return thing.last_on is None, -_age(thing.last_on)
    if order is Order.RISKIEST:
        return thing.risk is None, -(thing.risk or 0.0)
    return False, thing.degree if order is Order.LEAST_CONNECTED else -thing.degree


def _is_picked(table: str, row: Row, picked: Picked) -> bool:
    first, last, keys = picked.get("accepted_from"), picked.get("accepted_to"), picked.get("keys")
    community, day = picked.get("community"), row.get("accepted_on")
    return (
        (first is None or (day is not None and day >= first))
        and (last is None or (day is not None and day <= last))
        and (keys is None or row[RESULT_ORDER[table].key[-1]] in keys)
        and (community is None or row["community"] == community)
        and picked.get("lane") in (None, row.get("lane"))
        and not (picked.get("undecided") and row["decided"] is not False)
    )


def _place(table: str, row: Row) -> tuple[Any, ...]:
    falling, key = RESULT_ORDER[table]
    return (row[falling] is None, -(row[falling] or 0.0), *(row[name] for name in key))
