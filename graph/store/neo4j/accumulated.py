"""Things and links whose values accumulate: every value ever said, with its first and last day.

A *layer* holds these values as the fold needs them, so that what a load says is merged into what is there by minimum
and maximum, in any order and any number of times. What dated statements say (`_said`) and what statements without a day
say (`_late`, see `undated.py`) are two layers, since the days of the latter change with what becomes known.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import pyarrow as pa

from graph.columns import UNDATED_FIRST, UNDATED_LAST
from graph.likeness import index_words
from graph.schema import Field, Kind
from graph.store.neo4j.cypher import LinkText, ThingText
from graph.store.neo4j.layout import SEARCHED, bounded, identified
from graph.store.neo4j.writer import Writer, pieces_of

At = tuple[str, ...]
Layer = dict[tuple[str, str], tuple[int, int]]
"""First and last day, in days since 1970-01-01, by field and value; the subject's own under `ITSELF`."""

ITSELF = ("", "")
_SEARCHED = ("name", "tax_id", "address", "contact")
_SPAN = ("first", "last")
_UNDATED = (UNDATED_FIRST, UNDATED_LAST)
_EPOCH = date(1970, 1, 1).toordinal()

_VALUE: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.NUMBER: float,
    Kind.DATE: date.fromisoformat,
    Kind.SET: json.loads,
    Kind.SEQUENCE: json.loads,
}


def kinds_of(fields: Iterable[Field]) -> Mapping[str, Kind]:
    """Return the kind of value of each field."""
    return {field.name: field.kind for field in fields}


def layers(table: pa.Table | None, spans: pa.Table | None, subject: Sequence[str]) -> dict[At, Layer]:
    """Return the layer of each subject of span tables (`graph.columns`)."""
    said: dict[At, Layer] = {}
    if table is not None:
        for at, days in zip(_rows(table, subject), _rows(table, _SPAN), strict=True):
            said[at] = {ITSELF: days}
    if spans is not None:
        for at, value, days in zip(
            _rows(spans, subject), _rows(spans, ("field", "value")), _rows(spans, _SPAN), strict=True
        ):
            said.setdefault(at, {})[value] = days
    return said


def _rows(table: pa.Table, columns: Sequence[str]) -> Iterator[Any]:
    return zip(*(table[name].to_pylist() for name in columns), strict=True)


def merge_things(
    writer: Writer,
    kind: str,
    fields: Iterable[Field],
    said: Mapping[At, Layer],
    chunks: Mapping[str, list[int]],
    *,
    late: bool = False,
) -> None:
    """Merge what is said of things into the database; with `late`, it is all that undated statements say of them.

    `chunks` are the pieces that name each thing; a thing that is in them alone is made without a day.
    """
    text = ThingText(kind)
    kinds = kinds_of(fields)
    for keys in pieces_of(dict.fromkeys((*chunks, *(key for (key,) in said)))):
        states = _states(writer, text, [[bounded(key)] for key in keys])
        fresh: list[Any] = []
        changed: list[Any] = []
        for key in keys:
            here = bounded(key)
            state = states.get((here,))
            properties = _merged(state, said.get((key,), {}), kinds, chunks.get(key, []), late=late)
            if properties is not None:
                (fresh if state is None else changed).append([here, {**identified(key), **properties}])
        writer.write(text.create, fresh)
        writer.write(text.change, changed)


def merge_links(
    writer: Writer, text: LinkText, fields: Iterable[Field], said: Mapping[At, Layer], *, late: bool = False
) -> None:
    """Merge what is said of links into the database; with `late`, it is all that undated statements say of them."""
    kinds = kinds_of(fields)
    for piece in pieces_of(said.items()):
        rows = [[bounded(key) for key in at] for at, _ in piece]
        states = _states(writer, text, rows)
        fresh: list[Any] = []
        changed: list[Any] = []
        for (_, layer), row in zip(piece, rows, strict=True):
            state = states.get(tuple(row))
            properties = _merged(state, layer, kinds, [], late=late)
            if properties is not None:
                (fresh if state is None else changed).append([*row, properties])
        writer.write(text.create, fresh)
        writer.write(text.change, changed)


def _states(writer: Writer, text: ThingText | LinkText, rows: list[list[str]]) -> dict[At, dict[str, Any]]:
    return {tuple(state["at"]): state for state in writer.found(text.state, rows)}


def _merged(
    state: Mapping[str, Any] | None, layer: Layer, kinds: Mapping[str, Kind], chunks: list[int], *, late: bool
) -> dict[str, Any] | None:
    """Return the properties of a subject after a merge, None where nothing changes."""
    before = layers_of(state or {})
    named = list((state or {}).get("_chunks") or ())
    after = (before[0], layer) if late else (widest(before[0], layer), before[1])
    numbers = sorted({*named, *chunks})
    if state is not None and after == before and numbers == named:
        return None
    properties = properties_of(*after, kinds)
    if numbers:
        properties["_chunks"] = numbers
    return properties


def layers_of(state: Mapping[str, Any]) -> tuple[Layer, Layer]:
    """Return what dated and what undated statements say of a subject."""
    if state.get("_said") is not None:
        return _decoded(state["_said"]), _decoded(state.get("_late") or "[]")
    if state.get("first_on") is None:
        return {}, {}
    return {ITSELF: (days(state["first_on"]), days(state["last_on"]))}, {}


def widest(one: Layer, other: Layer) -> Layer:
    """Return the values of both layers, each from its earlier first to its later last day."""
    both = dict(one)
    for value, (first, last) in other.items():
        low, high = both.get(value, _UNDATED)
        both[value] = min(low, first), max(high, last)
    return both


def properties_of(said: Layer, late: Layer, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return the properties of a subject of which dated and undated statements say this."""
    whole = widest(said, late) if late else said
    properties = {**shown(whole, kinds), **searched(value for (name, value) in whole if name in _SEARCHED)}
    if late or len(said) > 1:
        properties["_said"] = _encoded(said)
    if late:
        properties["_late"] = _encoded(late)
    return properties


def searched(texts: Iterable[str]) -> dict[str, str]:
    """Return the property under whose words a thing is found that has these texts."""
    words = {word for text in texts for word in index_words(text)}
    return {SEARCHED: " ".join(sorted(words))} if words else {}


def shown(layer: Layer, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return what people see of a layer: for each field the value last seen, then the greatest; and the days."""
    latest: dict[str, tuple[int, str]] = {}
    for (name, value), (_, last) in layer.items():
        if name:
            latest[name] = max(latest.get(name, (UNDATED_LAST, "")), (last, value))
    values = {name: _VALUE[kinds[name]](value) for name, (_, value) in latest.items()}
    return {**values, **dated(*layer.get(ITSELF, _UNDATED))}


def dated(first: int, last: int) -> dict[str, date]:
    """Return the days of a subject as properties."""
    return {} if first == UNDATED_FIRST else {"first_on": day(first), "last_on": day(last)}


@lru_cache(maxsize=50_000)
def day(number: int) -> date:
    """Return the day that is so many days after 1970-01-01."""
    return date.fromordinal(_EPOCH + number)


def days(found: Any) -> int:
    """Return the days since 1970-01-01 of a day as the database gives it."""
    number: int = found.to_ordinal() - _EPOCH
    return number


def _encoded(layer: Layer) -> str:
    rows = sorted((*value, *span) for value, span in layer.items())
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _decoded(text: str) -> Layer:
    return {(name, value): (first, last) for name, value, first, last in json.loads(text)}
