"""The index of what is searched: each distinct text once, under the words of its search form."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from graph.likeness import form, index_words
from graph.store.sqlite.layout import SEARCHED_COLUMNS

# Texts and words remembered during a load; beyond, they are looked up again.
_REMEMBERED = 400_000
_LOOKUP = 500
_PIECE = 10_000


class Texts:
    """Adds texts to the index within the transaction of a load."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Prepare to write."""
        self._connection = connection
        self._texts = _Numbers(connection, "text", "text")
        self._words = _Numbers(connection, "word", "word")

    def add(self, texts: Iterable[str | None]) -> None:
        """Index the texts that are not yet; blanks, and those without a letter or digit, are passed over."""
        spoken = list(dict.fromkeys(text for text in texts if text))
        for start in range(0, len(spoken), _PIECE):
            self._add(spoken[start : start + _PIECE])

    def _add(self, texts: Sequence[str]) -> None:
        words = {text: found for text in self._texts.missing(texts) if (found := index_words(text))}
        numbered = self._texts.number(words)
        self._connection.executemany(
            "INSERT INTO text VALUES (?, ?, ?)",
            ((number, text, " ".join(form(text).words)) for text, number in numbered.items()),
        )
        said = list(dict.fromkeys(word for found in words.values() for word in found))
        fresh = self._words.number(self._words.missing(said))
        self._connection.executemany(
            "INSERT INTO word VALUES (?, ?, ?)", ((number, word, word[::-1]) for word, number in fresh.items())
        )
        self._connection.executemany(
            "INSERT INTO posting VALUES (?, ?)",
            ((self._words[word], numbered[text]) for text, found in words.items() for word in found),
        )


class _Numbers:
    """The numbers of the rows of a table by their text."""

    def __init__(self, connection: sqlite3.Connection, table: str, column: str) -> None:
        self._connection = connection
        self._select = f"SELECT {column}, id FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"
        self._next = 1 + connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
        # Whether every row that the table holds is remembered, so that what is not remembered is new.
        self._complete = self._next == 1
        self._numbers: dict[str, int] = {}

    def __getitem__(self, text: str) -> int:
        return self._numbers[text]

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return the texts that the table does not hold; the numbers of the others are remembered."""
        if len(self._numbers) > _REMEMBERED:
            self._numbers.clear()
            self._complete = False
        if not self._complete:
            wanted = [text for text in texts if text not in self._numbers]
            for start in range(0, len(wanted), _LOOKUP):
                piece = json.dumps(wanted[start : start + _LOOKUP])
                self._numbers.update(self._connection.execute(self._select, (piece,)))
        return [text for text in texts if text not in self._numbers]

    def number(self, texts: Iterable[str]) -> dict[str, int]:
        """Give the next numbers to new texts, and return them."""
        fresh = {text: number for number, text in enumerate(texts, self._next)}
        self._next += len(fresh)
        self._numbers.update(fresh)
        return fresh


def list_texts(
    connection: sqlite3.Connection, batch: int, rows: Iterable[tuple[str, str | None, str | None, str | None]]
) -> Iterator[str]:
    """Note which list entries a batch gives which names and identifiers, and yield these.

    Rows are entry, name, and as JSON lists the aliases and the identifiers.
    """
    texts = [
        (text, entry, batch)
        for entry, name, *lists in rows
        for text in ([name] if name else []) + [one for held in lists for one in json.loads(held or "[]")]
    ]
    connection.executemany("INSERT OR IGNORE INTO listed VALUES (?, ?, ?)", texts)
    return (text for text, _, _ in texts)


def note_spoken(connection: sqlite3.Connection, batch: int) -> None:
    """Note the texts that a batch brings, for `drop_unspoken`; its descriptions are in the table `described`."""
    run = connection.execute
    run("CREATE TEMP TABLE spoken (text TEXT PRIMARY KEY) WITHOUT ROWID")
    for column in SEARCHED_COLUMNS:
        said = f"SELECT {column} FROM description WHERE id IN (SELECT id FROM described) AND {column} IS NOT NULL"
        run(f"INSERT OR IGNORE INTO spoken {said}")
    run(
        "INSERT OR IGNORE INTO spoken SELECT goods_description FROM declaration"
        " WHERE batch = ? AND goods_description IS NOT NULL",
        (batch,),
    )
    run("INSERT OR IGNORE INTO spoken SELECT text FROM listed WHERE batch = ?", (batch,))
    run("DELETE FROM listed WHERE batch = ?", (batch,))


def drop_unspoken(connection: sqlite3.Connection) -> None:
    """Take noted texts that no row holds any more out of the index, and the words that only they had."""
    run = connection.execute
    said = [
        *(f"SELECT 1 FROM description WHERE {column} = s.text" for column in SEARCHED_COLUMNS),
        "SELECT 1 FROM declaration WHERE goods_description = s.text",
        "SELECT 1 FROM listed WHERE text = s.text",
    ]
    unused = " AND ".join(f"NOT EXISTS ({one})" for one in said)
    gone = run(f"SELECT t.id, t.text FROM spoken s JOIN text t ON t.text = s.text WHERE {unused}").fetchall()
    pairs = [(word, number) for number, text in gone for word in index_words(text)]
    connection.executemany("DELETE FROM posting WHERE word = (SELECT id FROM word WHERE word = ?) AND text = ?", pairs)
    connection.executemany(
        "DELETE FROM word WHERE word = ? AND NOT EXISTS (SELECT 1 FROM posting WHERE word = word.id)",
        ((word,) for word in dict.fromkeys(word for word, _ in pairs)),
    )
    connection.executemany("DELETE FROM text WHERE id = ?", ((number,) for number, _ in gone))
    run("DROP TABLE spoken")
