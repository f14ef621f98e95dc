"""How alike texts are that somebody looks for and that are there, letter by letter.

A text is compared in its *search form*: normalised as names are (`graph/normalise.py`), then written in Latin letters,
so that case, accents, punctuation and script do not count. Words may differ by one edit, from six letters on by two
(a letter more, less, another, or two that changed places), and their order does not count. Two texts are compared
without their spaces, too, so that a word may be joined or split.
"""

import re
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from itertools import pairwise
from operator import mul
from typing import NamedTuple

from anyascii import anyascii
from rapidfuzz import process
from rapidfuzz.distance import OSA

from graph import normalise

# What is longer is compared by its beginning.
_LONGEST_TEXT = 600
_MOST_WORDS = 40
_LONGEST_WORD = 40
JOINED = 0.95
"""How alike a word is to two that are it when they are joined."""
ROUNDED = 0.0001
"""A score is rounded, so that it may be by so much more than what bounds it."""
WHOLE = 0.98
"""How well two texts fit that are the same without their spaces."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN = re.compile(r"[a-z0-9]+")
IDENTIFIERS = ("id", "tax_id")
"""The fields that a text fits as an identifier."""
_LEGAL = frozenset(anyascii(word).lower() for word in normalise.LEGAL_WORDS)


class Form(NamedTuple):
    """A text as it is compared: its words, and all of it without spaces."""

    words: tuple[str, ...]
    compact: str


@lru_cache(maxsize=50_000)
def form(text: str) -> Form:
    """Return the search form of a text; it has no words where nothing in it is a letter or digit."""
    plain = anyascii(normalise.name(text[:_LONGEST_TEXT])).lower()
    return form_of(tuple(word[:_LONGEST_WORD] for word in _PLAIN.findall(plain)[:_MOST_WORDS]))


def form_of(words: tuple[str, ...]) -> Form:
    """Return the search form that has these words."""
    return Form(words, "".join(words)[:_LONGEST_WORD])


def index_words(text: str) -> list[str]:
    """Return the words under which an index keeps a text, each once: its own, and all of it without spaces."""
    words, compact = form(text)
    return list(dict.fromkeys((*words, compact))) if words else []


SHORT = 5
"""Letters up to which a word may have one edit alone."""
MOST_EDITS = 2


def edits(length: int) -> int:
    """Return how many edits a word of so many letters may have."""
    return 0 if length < 3 else 1 if length <= SHORT else MOST_EDITS


@lru_cache(maxsize=50_000)
def weight(word: str) -> float:
    """Return how much a word says: a legal form little, a letter or two less than a word."""
    if word in _LEGAL:
        return 0.2
    return 0.5 if len(word) < 3 else 1.0


@lru_cache(maxsize=200_000)
def alike(one: str, other: str, *, typed: bool) -> float:
    """Return how alike two words are, 0 to 1; with `typed`, the first may be the beginning of the other."""
    if one == other:
        return 1.0
    likeness = 0.0
    most = edits(min(len(one), len(other)))
    if most and abs(len(one) - len(other)) <= most:
        distance = OSA.distance(one, other, score_cutoff=most)
        if distance <= most:
            likeness = 1 - distance / max(len(one), len(other))
    if typed and len(one) > 1 and other.startswith(one):
        likeness = max(likeness, 0.85 + 0.1 * len(one) / len(other))
    return likeness


class _Near(NamedTuple):
    """How alike a word of a text is to each of those that are looked for, and what it weighs."""

    likeness: tuple[float, ...]
    weight: float


class Fit:
    """How well texts fit what is looked for; what was found of a word serves every text that has it."""

    def __init__(self, wanted: Form) -> None:
        """Take what is looked for."""
        self._wanted = wanted
        self._weights = [weight(word) for word in wanted.words]
        self._typed = begun(wanted.words)
        self._words, self._pairs = _places(wanted.words), _places(joined_pairs(wanted.words))
        self._heads = {head for word in wanted.words for head, _ in splits(word)}
        self._near: dict[str, _Near] = {}
        self._alike: dict[tuple[_Near, ...], float] = {}

    def of(self, field: str, found: Form) -> float:
        """Return how well a text of a field, in its search form, fits what is looked for: 0 to 1, to four places."""
        return self.as_text_and_identifier(found)[field in IDENTIFIERS]

    def as_text_and_identifier(self, found: Form) -> tuple[float, float]:
        """Return how well a text fits what is looked for, and how well it would as an identifier.

        Identifiers fit as a whole or by their beginning. So does all else, since in a script without spaces what is
        typed ends within a word; or else it fits by the share of the words looked for that it has, lowered by up to a
        fifth for what it has besides; words count by `weight`.
        """
        wanted = self._wanted
        if not wanted.words or not found.words:
            return 0.0, 0.0
        identified = _identified(wanted.compact, found.compact)
        if wanted == found:
            return 1.0, identified
        by_words, whole = min(self._by_words(found.words), 0.99), 0.0
        if abs(len(wanted.compact) - len(found.compact)) <= MOST_EDITS:
            whole = WHOLE * alike(wanted.compact, found.compact, typed=False)
        return round(max(whole, by_words, identified), 4), identified

    def _by_words(self, found: Sequence[str]) -> float:
        near = [self._near.get(word) or self._compare(word) for word in found]
        if not self._heads.isdisjoint(found):
            for place, pair in enumerate(joined_pairs(found)):
                for at in self._words.get(pair, ()):
                    near[place], near[place + 1] = _raised(near[place], at), _raised(near[place + 1], at)
        # Most texts have the same words of those that are looked for, beside as many others.
        same = tuple(near)
        likeness = self._alike.get(same)
        if likeness is None:
            self._alike[same] = likeness = self._share(same)
        return likeness

    def _share(self, near: Sequence[_Near]) -> float:
        each = map(max, zip(*(one.likeness for one in near), strict=True))
        share: float = sum(map(mul, self._weights, each)) / sum(self._weights)
        beside: float = sum(one.weight * max(one.likeness) for one in near) / sum(one.weight for one in near)
        return share * (0.8 + 0.2 * beside)

    def _compare(self, word: str) -> _Near:
        asked = enumerate(self._wanted.words)
        near = _Near(tuple(alike(one, word, typed=at == self._typed) for at, one in asked), weight(word))
        for at in self._pairs.get(word, ()):
            near = _raised(_raised(near, at), at + 1)
        self._near[word] = near
        return near


def _places(words: Iterable[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at, word in enumerate(words):
        places.setdefault(word, []).append(at)
    return places


def _raised(near: _Near, at: int) -> _Near:
    """Return how alike a word is that is part of one looked for, or has it as a part."""
    likeness = list(near.likeness)
    likeness[at] = max(likeness[at], JOINED)
    return near._replace(likeness=tuple(likeness))


def _identified(wanted: str, found: str) -> float:
    if wanted == found:
        return 1.0
    return round(0.6 + 0.3 * len(wanted) / len(found), 4) if len(wanted) > 3 and found.startswith(wanted) else 0.0


def begun(words: Sequence[str]) -> int:
    """Return the place of the word that may be only begun: the last, before legal forms, which may be moved behind."""
    last = len(words) - 1
    return next((at for at in range(last, -1, -1) if words[at] not in _LEGAL), last)


class Bounds:
    """What bounds the score of texts by the words that they have between them."""

    def __init__(self, wanted: Form) -> None:
        """Take what is looked for."""
        self._words, self._pairs = wanted.words, joined_pairs(wanted.words)
        self._splits = [splits(word) for word in wanted.words]
        self._asked = [(word, at == begun(wanted.words)) for at, word in enumerate(self._words)]
        # Without spaces a text is as much alike as its words joined; an identifier may begin with all of it.
        self._close: list[dict[str, float]] = [{} for _ in (*self._asked, wanted.compact)]
        self._asked.append((wanted.compact, True))
        self._known: set[str] = set()

    def of(self, things: Iterable[Set[str]]) -> list[float]:
        """Return the bound for each of some things, by the words of their texts, each text's joined among them."""
        things = list(things)
        self._learn(set().union(*things) - self._known)
        return [self._bound(words) for words in things]

    def _learn(self, words: Set[str]) -> None:
        self._known |= words
        for (asked, typed), close in zip(self._asked, self._close, strict=True):
            near = process.extract_iter(asked, words, scorer=OSA.distance, score_cutoff=edits(len(asked)))
            begun = (word for word in words if word.startswith(asked)) if typed else ()
            for word in (*(word for word, _, _ in near), *begun):
                if likeness := alike(asked, word, typed=typed):
                    close[word] = likeness

    def _bound(self, words: Set[str]) -> float:
        *each, whole = (max(map(close.__getitem__, close.keys() & words), default=0.0) for close in self._close)
        for at, pair in enumerate(self._pairs):
            if pair in words:
                each[at], each[at + 1] = max(each[at], JOINED), max(each[at + 1], JOINED)
        for at, pairs in enumerate(self._splits):
            if each[at] < JOINED and any(one in words and other in words for one, other in pairs):
                each[at] = JOINED
        share = sum(weight(word) * likeness for word, likeness in zip(self._words, each, strict=True))
        return max(share / sum(map(weight, self._words)) * (0.8 + 0.2 * max(each)), whole) + ROUNDED


def joined_pairs(words: Sequence[str]) -> list[str]:
    """Return what neighbouring words are when they are written as one."""
    return [one + other for one, other in pairwise(words)]


def edited(word: str) -> list[str]:
    """Return all words that are one edit away from a word."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return [
        *(word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)),
        *(head + tail[1:] for head, tail in cuts if tail),
        *(head + letter + tail[1:] for head, tail in cuts if tail for letter in _LETTERS),
        *(head + letter + tail for head, tail in cuts for letter in _LETTERS),
    ]


def splits(word: str) -> list[tuple[str, str]]:
    """Return the ways to write a word as two."""
    return [(word[:at], word[at:]) for at in range(1, len(word))]
