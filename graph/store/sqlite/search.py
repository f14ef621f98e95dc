"""Search: texts that have words close to those asked for, then the things that these texts are said of."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz, process

from graph.records import Ref
from graph.search import (
    MINIMUM,
    Asked,
    Form,
    Found,
    Hit,
    best,
    form_of,
    hit,
    identified,
    joined_pairs,
    name_of,
    rank,
    score_form,
    searched,
)
from graph.store.sqlite.layout import SEARCHED_COLUMNS
from graph.store.sqlite.resolve import resolve
from graph.store.sqlite.rows import day
from graph.store.sqlite.shown import shown
from graph.store.sqlite.things import get
from graph.store.sqlite.words import close_words, split_words

# A word that more texts have does not bring all of them; so many are compared roughly, and the best by each of two
# rough measures in full. `_NAMED` are things of one identifier.
_COMMON = 3_000
_SCORED = 120
_NAMED = 300
_TYPE = {"address": "Address", "email": "Contact", "phone": "Contact"}
_FIELD = {"email": "contact", "phone": "contact"}
"""What a column of a description is searched as, where that is not its own name."""


class _Fits(NamedTuple):
    """How well a text fits, read as words and as an identifier."""

    words: float
    identifier: float


def search(connection: sqlite3.Connection, asked: Asked, limit: int) -> list[Hit]:
    """Return the things that a text may mean, best first."""
    found = {ref: identified(ref) for ref in resolve(connection, asked.text, _NAMED) if ref.type in asked.types}
    texts = _texts(connection, asked.form)
    # From the best text on; where there are enough things, no text that fits less can add one that is shown.
    for value in sorted({max(fits) for fits in texts.values()}, reverse=True):
        if sum(one.score > value for one in found.values()) >= limit:
            break
        for said in sorted(one for one, fits in texts.items() if max(fits) == value):
            for ref, fits in _things(connection, asked, said, texts[said], limit):
                # The first text that brings a thing fits it best; which of equal ones is shown is told by `_hit`.
                found.setdefault(ref, fits)
    first = sorted(found, key=lambda ref: rank(ref, found[ref]))[:limit]
    values = shown(connection, first)
    return [_hit(connection, asked, ref, found[ref], values.get(ref, {})) for ref in first]


def _texts(connection: sqlite3.Connection, wanted: Form) -> dict[str, _Fits]:
    """Return the texts that fit, with how well."""
    candidates = _candidates(connection, wanted)
    if len(candidates) > _SCORED:
        asked = " ".join(wanted.words)
        forms = {number: held for number, (_, held) in candidates.items()}
        ranked = process.extract(asked, forms, scorer=fuzz.token_set_ratio, limit=_SCORED)
        near = process.extract(asked, forms, scorer=fuzz.token_sort_ratio, limit=_SCORED)
        kept = {number for _, _, number in (*ranked, *near)}
        candidates = {number: candidates[number] for number in kept}
    found: dict[str, _Fits] = {}
    for said, held in candidates.values():
        of = form_of(tuple(held.split()))
        fits = _Fits(score_form(wanted, "name", of), score_form(wanted, "tax_id", of))
        if max(fits) >= MINIMUM:
            found[said] = fits
    return found


def _candidates(connection: sqlite3.Connection, wanted: Form) -> dict[int, tuple[str, str]]:
    """Return text and form of texts that have a word which is close to one of those asked for."""
    if not wanted.words:
        return {}
    groups: dict[str, list[int]] = {}
    for word in dict.fromkeys((*wanted.words, *joined_pairs(wanted.words), wanted.compact)):
        typed = word in (wanted.words[-1], wanted.compact)
        close = close_words(connection, word, typed=typed)
        groups[word] = sorted(close, key=lambda number: (-close[number], number))
    found: set[int] = set()
    common = False
    for group in groups.values():
        listed: set[int] = set()
        for number in group:
            listed.update(_having(connection, number, _COMMON + 1 - len(listed)))
            if len(listed) > _COMMON:
                common = True
                break
        found |= listed
    for pair in split_words(connection, wanted.words):
        found |= _having_all(connection, pair)
    if common:
        found |= _having_all(connection, [close for word, close in groups.items() if word in wanted.words])
    rows = connection.execute(
        "SELECT id, text, form FROM text WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(found)),)
    )
    return {number: (text, held) for number, text, held in rows}


def _having(connection: sqlite3.Connection, word: int, most: int) -> Iterator[int]:
    rows = connection.execute("SELECT text FROM posting WHERE word = ? ORDER BY text LIMIT ?", (word, max(most, 0)))
    return (text for (text,) in rows)


def _having_all(connection: sqlite3.Connection, groups: Sequence[Sequence[int]]) -> set[int]:
    """Return texts that have a close word of every group: what common words have in common."""
    lists = [group for group in groups if group]
    if not lists:
        return set()
    first, *others = sorted(lists, key=len)
    also = "".join(
        " AND EXISTS (SELECT 1 FROM posting o WHERE o.text = p.text AND o.word IN (SELECT value FROM json_each(?)))"
        for _ in others
    )
    rows = connection.execute(
        f"SELECT p.text FROM posting p WHERE p.word IN (SELECT value FROM json_each(?)){also} LIMIT {_COMMON}",
        [json.dumps(group) for group in (first, *others)],
    )
    return {text for (text,) in rows}


def _things(
    connection: sqlite3.Connection, asked: Asked, said: str, as_read: _Fits, limit: int
) -> Iterator[tuple[Ref, Found]]:
    """Yield the things that a text is said of, at most `limit` of each kind, with how well it fits there."""
    for column, key in SEARCHED_COLUMNS.items():
        field = _FIELD.get(column, column)
        fits = as_read.identifier if field == "tax_id" else as_read.words
        if fits >= MINIMUM:
            kinds = sorted(asked.types & {_TYPE[column]} if column in _TYPE else asked.types)
            rows = connection.execute(
                f"SELECT DISTINCT {_quoted(_TYPE.get(column))}, {key} FROM description WHERE {column} = ?"
                f" AND {_quoted(_TYPE.get(column))} IN (SELECT value FROM json_each(?)) AND {key} IS NOT NULL"
                f" ORDER BY 1, 2 LIMIT ?",
                (said, json.dumps(kinds), limit),
            )
            for kind, named in rows:
                yield Ref(kind, named), Found(fits, field, said)
    if "Shipment" in asked.types and as_read.words >= MINIMUM:
        for shipment, on in _shipments(connection, said, limit):
            yield Ref("Shipment", shipment), Found(as_read.words, "goods_description", said, day(on))
    if "ListEntry" in asked.types:
        for (entry,) in connection.execute("SELECT DISTINCT entry FROM listed WHERE text = ? ORDER BY 1", (said,)):
            ref = Ref("ListEntry", entry)
            held = get(connection, ref, None, 1)
            if held is not None and (listing := best(searched(held.thing), asked.form)):
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
    return hit(ref, name, best(said, asked.form) or found)


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
