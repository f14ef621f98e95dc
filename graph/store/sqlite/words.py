"""Words of the index that are close to a word, found through what two words that differ by few edits have in common."""

import json
import sqlite3
from collections.abc import Iterable

from rapidfuzz.distance import OSA

from graph.search import edits, splits

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
# Greater than every letter and digit.
_LAST = "{"
_SHORT = 5
_BEGUN = 200


def close_words(connection: sqlite3.Connection, word: str, *, typed: bool) -> dict[int, float]:
    """Return the numbers of close words, each with how close it is, 0 to 1; with `typed`, also of what it may begin.

    Up to five letters all that are one edit away are asked for. Of a longer word two edits leave a third as it was: the
    beginning or the end, else the middle, for which all words have to be looked through.
    """
    found = _exact(connection, [word])
    if edits(len(word)):
        if len(word) <= _SHORT:
            found |= _exact(connection, _edited(word))
        else:
            found |= _around(connection, word, len(word) // 3)
            if not found:
                third = len(word) // 3
                found |= _like(connection, word, "word LIKE ?", f"%{word[third:-third]}%")
    close = {number: 1 - OSA.distance(word, other) / max(len(word), len(other)) for number, other in found.items()}
    if typed and len(word) > 1:
        begun = connection.execute(
            "SELECT id, length(word) FROM word WHERE word >= ? AND word < ?"
            f" ORDER BY length(word), word LIMIT {_BEGUN}",
            (word, word + _LAST),
        )
        for number, length in begun:
            close[number] = max(close.get(number, 0.0), 0.85 + 0.1 * len(word) / length)
    return close


def split_words(connection: sqlite3.Connection, words: Iterable[str]) -> list[tuple[list[int], list[int]]]:
    """Return the pairs of words that there are which joined are one of these words."""
    pairs = [pair for word in words for pair in splits(word)]
    there = {word: number for number, word in _exact(connection, {part for pair in pairs for part in pair}).items()}
    return [([there[one]], [there[other]]) for one, other in pairs if one in there and other in there]


def _exact(connection: sqlite3.Connection, words: Iterable[str]) -> dict[int, str]:
    wanted = json.dumps(list(words))
    return dict(
        connection.execute("SELECT id, word FROM word WHERE word IN (SELECT value FROM json_each(?))", (wanted,))
    )


def _swapped(word: str) -> list[str]:
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


def _edited(word: str) -> list[str]:
    """Return all words that are one edit away."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return [
        *_swapped(word),
        *(head + tail[1:] for head, tail in cuts if tail),
        *(head + letter + tail[1:] for head, tail in cuts if tail for letter in _LETTERS),
        *(head + letter + tail for head, tail in cuts for letter in _LETTERS),
    ]


def _around(connection: sqlite3.Connection, word: str, length: int) -> dict[int, str]:
    """Return the close words that begin or end like a word."""
    head, tail = word[:length], word[::-1][:length]
    return {
        **_like(connection, word, "word >= ? AND word < ?", head, head + _LAST),
        **_like(connection, word, "reversed >= ? AND reversed < ?", tail, tail + _LAST),
    }


def _like(connection: sqlite3.Connection, word: str, condition: str, *values: str) -> dict[int, str]:
    most = edits(len(word))
    rows = connection.execute(
        f"SELECT id, word FROM word WHERE {condition} AND length(word) BETWEEN ? AND ?",
        (*values, len(word) - most, len(word) + most),
    )
    return {
        number: other
        for number, other in rows
        if OSA.distance(word, other, score_cutoff=most) <= min(most, edits(len(other)))
    }
