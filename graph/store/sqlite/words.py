"""Words of the index that are close to a word, found through what two words that differ by few edits have in common."""

import json
import sqlite3
from collections.abc import Iterable

from rapidfuzz.distance import OSA

from graph.likeness import SHORT, alike, edited, edits, splits

# Greater than every letter and digit.
_LAST = "{"
# Words that a word may begin, the shortest first.
_BEGUN = 5_000


def close_words(connection: sqlite3.Connection, word: str, *, typed: bool) -> dict[int, float]:
    """Return the numbers of close words, each with how alike it is; with `typed`, also of what it may begin.

    Up to five letters all that are one edit away are asked for. Of a longer word two edits leave one half as it was, or
    are one in each; then the word begins with a first half that is one edit away. Two letters that changed places where
    the halves meet are an edit of both: for them a half is left as it was after that change.
    """
    found = exact(connection, [word])
    if edits(len(word)):
        if len(word) <= SHORT:
            found |= exact(connection, edited(word))
        else:
            half = len(word) // 2
            turned = word[: half - 1] + word[half] + word[half - 1] + word[half + 1 :]
            heads = {word[:half], turned[:half], *edited(word[:half])}
            found |= _beginning(connection, word, "word", heads)
            found |= _beginning(connection, word, "reversed", {word[half:][::-1], turned[half:][::-1]})
    if typed and len(word) > 1:
        found |= dict(
            connection.execute(
                f"SELECT id, word FROM word WHERE word >= ? AND word < ? ORDER BY length(word), word LIMIT {_BEGUN}",
                (word, word + _LAST),
            )
        )
    likeness = {number: alike(word, other, typed=typed) for number, other in found.items()}
    return {number: value for number, value in likeness.items() if value}


def split_words(connection: sqlite3.Connection, word: str) -> list[tuple[int, int]]:
    """Return the numbers of the pairs of words that there are which joined are this word."""
    pairs = splits(word)
    there = {part: number for number, part in exact(connection, {part for pair in pairs for part in pair}).items()}
    return [(there[one], there[other]) for one, other in pairs if one in there and other in there]


def exact(connection: sqlite3.Connection, words: Iterable[str]) -> dict[int, str]:
    """Return the numbers of those of these words that there are, with the words."""
    wanted = json.dumps(list(words))
    return dict(
        connection.execute("SELECT id, word FROM word WHERE word IN (SELECT value FROM json_each(?))", (wanted,))
    )


def _beginning(connection: sqlite3.Connection, word: str, column: str, heads: Iterable[str]) -> dict[int, str]:
    """Return the close words that begin, as a column writes them, in one of several ways."""
    most = edits(len(word))
    rows = connection.execute(
        "SELECT id, word FROM (SELECT value AS head FROM json_each(?)) CROSS JOIN word"
        f" ON {column} >= head AND {column} < head || ? WHERE length(word) BETWEEN ? AND ?",
        (json.dumps(list(heads)), _LAST, len(word) - most, len(word) + most),
    )
    return {number: other for number, other in rows if OSA.distance(word, other, score_cutoff=most) <= most}
