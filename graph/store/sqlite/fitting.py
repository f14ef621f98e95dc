"""The texts that fit what is looked for, best first: no more of the index is read than it takes to be sure of that.

The postings of close words are read most alike first, those of rare words before those of common ones. What was read of
a text, and how alike what was not read can still be, bound its score; so a text is yielded when no other can fit better
any more (the threshold algorithm of Fagin, Lotem and Naor, JCSS 66, 2003). Hence no text that fits as well as one that
is yielded is left out, however many there are.
"""

import heapq
import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graph.likeness import JOINED, ROUNDED, WHOLE, Fit, Form, begun, form_of, joined_pairs, weight
from graph.search import MINIMUM
from graph.store.sqlite.words import close_words, exact, split_words

_READ = 20_000
"""Postings that a search reads at most: as many texts as a common word has in hundreds of thousands of shipments."""
_AT_ONCE = 1_000
_SCORED_AT_ONCE = 50


class Fitting(NamedTuple):
    """Texts that fit equally well: those that do as words, and those that do as identifiers."""

    score: float
    words: list[str]
    identifiers: list[str]


def fitting(connection: sqlite3.Connection, wanted: Form) -> Iterator[Fitting]:
    """Yield the texts that fit, best first, those that fit equally well together."""
    if not wanted.words:
        return
    read, fit = _Read(connection, wanted), Fit(wanted)
    scored: list[tuple[float, int, str]] = []
    while True:
        best, bound, unseen = -scored[0][0] if scored else 0.0, read.bound(), read.unseen()
        if max(best, bound, unseen) < MINIMUM:
            return
        if best > max(bound, unseen):
            group = Fitting(best, [], [])
            while scored and -scored[0][0] == best:
                _, identifier, text = heapq.heappop(scored)
                (group.identifiers if identifier else group.words).append(text)
            yield group
        elif bound >= unseen:
            for text, form in read.take():
                for identifier, score in enumerate(fit.as_text_and_identifier(form)):
                    if score >= MINIMUM:
                        heapq.heappush(scored, (-score, identifier, text))
        else:
            read.on()


class _Close:
    """The words that are close to one that is asked for, most alike first: what is left to read of their postings."""

    def __init__(self, word: str, likeness: dict[int, float], texts: dict[int, int]) -> None:
        self.weight = weight(word)
        self.seen: dict[int, float] = {}
        self._words = sorted((likeness[number], -texts.get(number, 0), number) for number in likeness)
        self._texts = texts
        self.left = sum(texts.get(number, 0) for number in likeness)

    @property
    def most(self) -> float:
        """How alike a word can be whose postings were not read."""
        return self._words[-1][0] if self._words else 0.0

    def next(self) -> dict[int, float]:
        """Take the words that are read next."""
        taken: dict[int, float] = {}
        size = 0
        while self._words and (not taken or size + self._texts.get(self._words[-1][2], 0) <= _AT_ONCE):
            likeness, _, number = self._words.pop()
            taken[number] = likeness
            size += self._texts.get(number, 0)
        self.left -= size
        return taken

    def note(self, text: int, likeness: float) -> None:
        """Note how alike a word of a text is."""
        self.seen[text] = max(self.seen.get(text, 0.0), likeness)


class _Read:
    """What was read of the index."""

    def __init__(self, connection: sqlite3.Connection, wanted: Form) -> None:
        self._connection, self._left = connection, _READ
        typed = begun(wanted.words)
        asked = [(word, at == typed) for at, word in enumerate(wanted.words)]
        close = {one: close_words(connection, one[0], typed=one[1]) for one in dict.fromkeys(asked)}
        texts = self._counted({number for found in close.values() for number in found})
        self._close = [_Close(one[0], close[one], texts) for one in asked]
        self._weight = sum(one.weight for one in self._close)
        # The beginning of one word is the beginning of the whole; of more, only the whole can be like one word.
        self._single = len(wanted.words) == 1
        self._whole: dict[int, float] = {}
        self._known: set[int] = set()
        # Texts by what bounded their score when they were met; it can only have become less.
        self._waiting: list[tuple[float, int]] = []
        if not self._single:
            self._read_whole(wanted.compact)
        self._read_joined(wanted.words)

    def _counted(self, words: set[int]) -> dict[int, int]:
        return dict(
            self._connection.execute(
                "SELECT word, count(*) FROM posting WHERE word IN (SELECT value FROM json_each(?)) GROUP BY word",
                (json.dumps(sorted(words)),),
            )
        )

    def _postings(self, words: Sequence[int]) -> list[tuple[int, int]]:
        rows = self._connection.execute(
            "SELECT word, text FROM posting WHERE word IN (SELECT value FROM json_each(?)) LIMIT ?",
            (json.dumps(words), self._left),
        ).fetchall()
        self._left -= len(rows)
        return rows

    def _read_whole(self, compact: str) -> None:
        """Read the texts that are like what is looked for, both without their spaces."""
        close = close_words(self._connection, compact, typed=True)
        for word, text in self._postings(sorted(close)):
            self._whole[text] = max(self._whole.get(text, 0.0), close[word])
            self._meet(text)

    def _read_joined(self, words: Sequence[str]) -> None:
        """Read the texts that have two words as one, or one as two."""
        pairs = joined_pairs(words)
        numbers = exact(self._connection, pairs)
        for word, text in self._postings(sorted(numbers)):
            for at, pair in enumerate(pairs):
                if pair == numbers[word]:
                    self._close[at].note(text, JOINED)
                    self._close[at + 1].note(text, JOINED)
            self._meet(text)
        for close, joined in zip(self._close, words, strict=True):
            for one, other in split_words(self._connection, joined):
                for text in self._having_both(one, other):
                    close.note(text, JOINED)
                    self._meet(text)

    def _having_both(self, one: int, other: int) -> list[int]:
        rows = self._connection.execute(
            "SELECT p.text FROM posting p JOIN posting o ON o.text = p.text WHERE p.word = ? AND o.word = ? LIMIT ?",
            (one, other, self._left),
        ).fetchall()
        self._left -= len(rows)
        return [text for (text,) in rows]

    def unseen(self) -> float:
        """Return what bounds the score of texts that were not met."""
        return self._bound(0) if self._left > 0 else 0.0

    def bound(self) -> float:
        """Return what bounds the scores of texts that were met and not taken."""
        while self._waiting:
            stale, text = self._waiting[0]
            if (bound := -self._bound(text)) == stale:
                return -bound
            heapq.heapreplace(self._waiting, (bound, text))
        return 0.0

    def _bound(self, text: int) -> float:
        """Return what bounds the score of a text; no text has the number 0."""
        share = most = 0.0
        for one in self._close:
            likeness = one.seen.get(text, 0.0)
            if one.most > likeness:
                likeness = one.most
            share += one.weight * likeness
            most = max(most, likeness)
        beside = max(0.8 + 0.2 * most, WHOLE if self._single else 0.0)
        return max(share / self._weight * beside, self._whole.get(text, 0.0)) + ROUNDED

    def _meet(self, text: int) -> None:
        if text not in self._known:
            self._known.add(text)
            if (bound := self._bound(text)) >= MINIMUM:
                heapq.heappush(self._waiting, (-bound, text))

    def take(self) -> Iterator[tuple[str, Form]]:
        """Yield texts that may fit best, with their forms."""
        taken = [heapq.heappop(self._waiting)[1] for _ in range(min(_SCORED_AT_ONCE, len(self._waiting)))]
        rows = self._connection.execute(
            "SELECT text, form FROM text WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(taken),)
        )
        for text, form in rows:
            yield text, form_of(tuple(form.split()))

    def on(self) -> None:
        """Read on where the fewest texts are left for what a word weighs."""
        close = min((one for one in self._close if one.most), key=lambda one: one.left / one.weight)
        words = close.next()
        met = self._postings(list(words))
        for word, text in met:
            close.note(text, words[word])
        for _, text in met:
            self._meet(text)
