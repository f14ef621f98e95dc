"""Search by text: what of a thing is searched, in which form texts are compared, and how well one fits another.

The definition for every store. A store only brings candidates, by whatever index it has; they are scored and ordered
here, so that all stores answer alike.

A text is compared in its *search form*: normalised as names are (`graph/normalise.py`), then written in Latin letters,
so that case, accents, punctuation and script do not count. Words may differ by one edit, from six letters on by two
(a letter more, less, another, or two that changed places), and their order does not count. Two texts are compared
without their spaces, too, so that a word may be joined or split.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from anyascii import anyascii
from rapidfuzz import process
from rapidfuzz.distance import OSA

from graph import normalise
from graph.fold import Thing
from graph.records import Ref
from graph.schema import NODE, NODES

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
MINIMUM = 0.4
"""The score from which a text is an answer."""
MOST = 200
"""Answers at most."""

PARTIES = tuple(node.name for node in NODES if any(field.name == "tax_id" for field in node.fields))
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN = re.compile(r"[a-z0-9]+")
_SEPARATORS = re.compile(r"[\r\n\t,;]+")
_IDENTIFIERS = ("id", "tax_id")
_LEGAL = frozenset(anyascii(word).lower() for word in normalise.LEGAL_WORDS)
_ORDER = {name: at for at, name in enumerate(("id", "tax_id", "name", "alias", "address", "contact"))}


NAMING = ("name", "address", "contact", "goods_description")
"""The fields that say most about a thing, the first that it has before the others."""


class Hit(NamedTuple):
    """A thing that a text may mean.

    `name` says most about the thing (shown name, address, contact or goods description; empty where nothing does),
    `field` is where the text was found (`name`, `alias`, `id`, `tax_id`, `address`, `contact`, `goods_description`),
    `text` what stands there as declared, and `score`, 0 to 1, how well it fits.
    """

    ref: Ref
    name: str
    field: str
    text: str
    score: float

    @property
    def identified(self) -> bool:
        """Whether the text is a whole identifier of the thing: what a list of identifiers is answered by."""
        return self.score == 1.0 and self.field in ("id", "tax_id")


class Form(NamedTuple):
    """A text as it is compared: its words, and all of it without spaces."""

    words: tuple[str, ...]
    compact: str


class Asked(NamedTuple):
    """What is looked for: the text as it was typed, its form, and the types of things that may be the answer."""

    text: str
    form: Form
    types: frozenset[str]


class Found(NamedTuple):
    """A text that fits, on a thing; `on` is the day of the version that states it, where the thing has versions."""

    score: float
    field: str
    text: str
    on: date | None = None


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


def asked(text: str, types: Sequence[str] | None) -> Asked:
    """Return what a text asks for; it may begin with a type (`trader:acme`).

    Raises ValueError where a type is not of the schema.
    """
    named = {node.name.lower(): node.name for node in NODES}
    wanted = frozenset(NODE)
    if types is not None:
        unknown = [kind for kind in types if kind.strip().lower() not in named]
        if unknown:
            raise ValueError(f"There is no type {unknown[0]!r}; the schema has {', '.join(sorted(NODE))}.")
        wanted = frozenset(named[kind.strip().lower()] for kind in types)
    # Half of a character that takes two, which no store can be asked for.
    text = text.encode("utf-8", "replace").decode("utf-8").strip()
    kind, colon, rest = text.partition(":")
    if colon and kind.strip().lower() in named:
        return Asked(text, form(rest), wanted & {named[kind.strip().lower()]})
    return Asked(text, form(text), wanted)


def identifiers(text: str) -> list[str]:
    """Return the entries of a pasted list, each once: what stands between line ends, tabs, commas and semicolons."""
    return list(dict.fromkeys(part for entry in _SEPARATORS.split(text) if (part := entry.strip())))


SHORT = 5
"""Letters up to which a word may have one edit alone."""


def edits(length: int) -> int:
    """Return how many edits a word of so many letters may have."""
    return 0 if length < 3 else 1 if length <= SHORT else 2


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


def score(wanted: Form, field: str, text: str) -> float:
    """Return how well a text of a field fits what is looked for; see `score_form`."""
    return score_form(wanted, field, form(text))


def score_form(wanted: Form, field: str, found: Form) -> float:
    """Return how well a text of a field, in its search form, fits what is looked for: 0 to 1, to four places.

    Identifiers fit as a whole or by their beginning. So does all else, since in a script without spaces what is typed
    ends within a word; or else it fits by the share of the words looked for that it has, lowered by up to a fifth for
    what it has besides; words count by `weight`.
    """
    if not wanted.words or not found.words:
        return 0.0
    if field in _IDENTIFIERS:
        return _identified(wanted.compact, found.compact)
    if wanted == found:
        return 1.0
    whole = WHOLE * alike(wanted.compact, found.compact, typed=False)
    by_words = min(_by_words(wanted.words, found.words), 0.99)
    return round(max(whole, by_words, _identified(wanted.compact, found.compact)), 4)


def _identified(wanted: str, found: str) -> float:
    if wanted == found:
        return 1.0
    return round(0.6 + 0.3 * len(wanted) / len(found), 4) if len(wanted) > 3 and found.startswith(wanted) else 0.0


def begun(words: Sequence[str]) -> int:
    """Return the place of the word that may be only begun: the last, before legal forms, which may be moved behind."""
    last = len(words) - 1
    return next((at for at in range(last, -1, -1) if words[at] not in _LEGAL), last)


def _by_words(wanted: Sequence[str], found: Sequence[str]) -> float:
    typed = begun(wanted)
    likeness = [[alike(word, other, typed=at == typed) for other in found] for at, word in enumerate(wanted)]
    for at, word in enumerate(wanted):
        for place, other in enumerate(found):
            if place + 1 < len(found) and word == other + found[place + 1]:
                for to in (place, place + 1):
                    likeness[at][to] = max(likeness[at][to], JOINED)
            if at + 1 < len(wanted) and other == word + wanted[at + 1]:
                for of in (at, at + 1):
                    likeness[of][place] = max(likeness[of][place], JOINED)
    had = sum(weight(word) * max(row) for word, row in zip(wanted, likeness, strict=True))
    covered = sum(weight(word) * max(column) for word, column in zip(found, zip(*likeness, strict=True), strict=True))
    share: float = had / sum(map(weight, wanted))
    beside: float = covered / sum(map(weight, found))
    return share * (0.8 + 0.2 * beside)


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


def searched(thing: Thing) -> list[tuple[str, str, date | None]]:
    """Return what of a thing is searched: field, text, and the day of the version that states it.

    Names and tax identifiers count that were ever said, and what has versions counts as it is shown.
    """
    shown = thing.shown()
    found: list[tuple[str, str, date | None]] = []
    for span in thing.spans:
        if span.field in ("address", "contact", "tax_id"):
            found.append((span.field, span.value, None))
        elif span.field == "goods_description":
            found.append((span.field, span.value, span.last_on))
        elif span.field == "name":
            found.append(("name" if span.value == shown["name"] else "alias", span.value, None))
    return [*found, *((field, text, None) for field, text in listed(shown) if thing.ref.type == "ListEntry")]


def listed(shown: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the further names and the identifiers of a list entry, as field and text."""
    lists = (("alias", shown.get("aliases", "[]")), ("id", shown.get("identifiers", "[]")))
    return [(field, text) for field, texts in lists for text in json.loads(texts)]


def name_of(shown: Mapping[str, str]) -> str:
    """Return what says most about a thing."""
    return next(
        (shown[field] for field in NAMING if field in shown),
        "",
    )


def best(texts: Iterable[tuple[str, str, date | None]], wanted: Form) -> Found | None:
    """Return the text that fits best, None where none does: identifiers before names, then in byte order."""
    fitting = [
        Found(value, field, text, on) for field, text, on in texts if (value := score(wanted, field, text)) >= MINIMUM
    ]
    return min(fitting, key=lambda one: (-one.score, _ORDER.get(one.field, len(_ORDER)), one.text), default=None)


def identified(ref: Ref) -> Found:
    """Return what fits of a thing that is asked for by its key or the bare identifier in it."""
    return Found(1.0, "id", ref.key)


def rank(ref: Ref, found: Found) -> tuple[float, str, int, str]:
    """Return where an answer stands: best first, then by type, newest version and key."""
    return -found.score, ref.type, -found.on.toordinal() if found.on else 0, ref.key


def hit(ref: Ref, name: str, found: Found) -> Hit:
    """Return an answer."""
    return Hit(ref, name, found.field, found.text, found.score)
