"""Search: the texts that fit, best first, then the things that these texts are said of."""

import json
import sqlite3
from collections.abc import Iterator, Mapping

from graph.likeness import Fit
from graph.records import Ref
from graph.search import Asked, Found, Hit, best, hit, identified, name_of, rank, searched
from graph.store.sqlite.fitting import Fitting, fitting
from graph.store.sqlite.layout import SEARCHED_COLUMNS
from graph.store.sqlite.resolve import resolve
from graph.store.sqlite.rows import day
from graph.store.sqlite.shown import shown
from graph.store.sqlite.things import get

_NAMED = 300
"""Things of one identifier."""
_TYPE = {"address": "Address", "email": "Contact", "phone": "Contact"}
_FIELD = {"email": "contact", "phone": "contact"}
"""What a column of a description is searched as, where that is not its own name."""


def search(connection: sqlite3.Connection, asked: Asked, limit: int) -> list[Hit]:
    """Return the things that a text may mean, best first."""
    found = {ref: identified(ref) for ref in resolve(connection, asked.text, _NAMED) if ref.type in asked.types}
    for texts in fitting(connection, asked.form):
        # Where there are enough things, no text that fits less can add one that is shown.
        if sum(one.score > texts.score for one in found.values()) >= limit:
            break
        for ref, fits in _things(connection, asked, texts, limit):
            # The first text that brings a thing fits it best; which of equal ones is shown is told by `_hit`.
            found.setdefault(ref, fits)
    first = sorted(found, key=lambda ref: rank(ref, found[ref]))[:limit]
    values = shown(connection, first)
    return [_hit(connection, asked, ref, found[ref], values.get(ref, {})) for ref in first]


def _things(connection: sqlite3.Connection, asked: Asked, texts: Fitting, limit: int) -> Iterator[tuple[Ref, Found]]:
    """Yield the things that texts which fit equally well are said of: of each kind the first `limit` at least."""
    for column, key in SEARCHED_COLUMNS.items():
        field = _FIELD.get(column, column)
        said = texts.identifiers if field == "tax_id" else texts.words
        kind = _quoted(_TYPE.get(column))
        kinds = sorted(asked.types & {_TYPE[column]} if column in _TYPE else asked.types)
        if not said or not kinds:
            continue
        rows = connection.execute(
            f"SELECT {kind}, {key}, {column} FROM (SELECT value AS said FROM json_each(?)) CROSS JOIN description"
            f" ON {column} = said WHERE {kind} IN (SELECT value FROM json_each(?)) AND {key} IS NOT NULL"
            " GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ?",
            (json.dumps(said), json.dumps(kinds), limit),
        )
        for named, key_of, text in rows:
            yield Ref(named, key_of), Found(texts.score, field, text)
    if "Shipment" in asked.types:
        for text in texts.words:
            for shipment, on in _shipments(connection, text, limit):
                yield Ref("Shipment", shipment), Found(texts.score, "goods_description", text, day(on))
    if "ListEntry" in asked.types:
        fit = Fit(asked.form)
        entries = connection.execute(
            "SELECT DISTINCT entry FROM listed WHERE text IN (SELECT value FROM json_each(?)) ORDER BY 1",
            (json.dumps([*texts.words, *texts.identifiers]),),
        )
        for (entry,) in entries.fetchall():
            ref = Ref("ListEntry", entry)
            held = get(connection, ref, None, 1)
            if held is not None and (listing := best(searched(held.thing), fit)):
                yield ref, listing


def _quoted(kind: str | None) -> str:
    return "type" if kind is None else f"'{kind}'"


def _shipments(connection: sqlite3.Connection, said: str, limit: int) -> Iterator[tuple[str, int]]:
    """Yield the newest shipments whose version that counts describes the goods like this, with its day."""
    later = (
        "SELECT 1 FROM declaration o WHERE o.shipment = d.shipment AND o.batch IS NOT NULL AND (o.known_on > d.known_on"
        " OR (o.known_on = d.known_on AND o.goods_description > d.goods_description))"
    )
    yield from connection.execute(
        "SELECT DISTINCT d.shipment, d.known_on FROM declaration d"
        f" WHERE d.goods_description = ? AND NOT EXISTS ({later}) ORDER BY d.known_on DESC, d.shipment LIMIT ?",
        (said, limit),
    )


def _hit(connection: sqlite3.Connection, asked: Asked, ref: Ref, found: Found, values: Mapping[str, str]) -> Hit:
    name = name_of(values)
    if ref.type in ("Shipment", "ListEntry") or found.field == "id":
        return hit(ref, name, found)
    columns = [column for column, kind in _TYPE.items() if kind == ref.type]
    said = [
        ("alias" if column == "name" and text != values["name"] else _FIELD.get(column, column), text, None)
        for column in columns or ("name", "tax_id")
        for text in _said(connection, column, ref)
    ]
    return hit(ref, name, best(said, Fit(asked.form)) or found)


def _said(connection: sqlite3.Connection, column: str, ref: Ref) -> Iterator[str]:
    """Yield the values that descriptions of a thing have in a column."""
    condition, values = (
        ("type = ? AND key = ?", [*ref])
        if SEARCHED_COLUMNS[column] == "key"
        else (f"{SEARCHED_COLUMNS[column]} = ?", [ref.key])
    )
    rows = connection.execute(
        f"SELECT DISTINCT {column} FROM description WHERE {condition} AND {column} IS NOT NULL", values
    )
    return (text for (text,) in rows)
