"""Search by text: what of a thing is searched, what is asked for, and how answers are ordered.

The definition for every store. A store only brings candidates, by whatever index it has; they are scored
(`graph/likeness.py`) and ordered in one way, so that all stores answer alike.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from graph.fold import Thing
from graph.likeness import Fit, Form, form
from graph.records import Ref
from graph.schema import NODE, NODES

MINIMUM = 0.4
"""The score from which a text is an answer."""
MOST = 200
"""Answers at most."""

PARTIES = tuple(node.name for node in NODES if any(field.name == "tax_id" for field in node.fields))
_SEPARATORS = re.compile(r"[\r\n\t,;]+")
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


def best(texts: Iterable[tuple[str, str, date | None]], fit: Fit) -> Found | None:
    """Return the text that fits best, None where none does: identifiers before names, then in byte order."""
    fitting = [
        Found(value, field, text, on) for field, text, on in texts if (value := fit.of(field, form(text))) >= MINIMUM
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
