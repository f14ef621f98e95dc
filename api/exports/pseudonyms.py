"""Pseudonyms: a portion in which nothing tells who a party is, and the same party is the same every time.

A pseudonym is the start of an HMAC-SHA-256 under a key of its own, so that without the key nobody can tell whether a
guess is right, and with it the same thing has the same pseudonym in every file and in every later hand-over.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from api.exports.portion import Edge, Node, Portion
from api.exports.signing import secret
from api.exports.spool import Spool
from graph.records import LinkRef, Ref, canonical
from graph.schema import LINK, NODE, Kind
from graph.store.base import GraphStore

PSEUDONYM_KEY = "pseudonyms.key"

VEILED = frozenset({"Trader", "Forwarder", "Carrier", "Vessel", "Address", "Contact", "ListEntry"})
"""Types of things whose key, name and identifiers are replaced."""

# What identifies a veiled thing, with the word that its pseudonym begins with; None: that of the type.
_IDENTIFYING: Mapping[str, str | None] = {
    "name": None,
    "aliases": None,
    "tax_id": "Number",
    "identifiers": "Number",
    "address": "Address",
    "contact": "Contact",
}
# Codes of closed lists cannot name anybody.
_CODES = frozenset(
    {"country", "aeo", "procedure", "transport_mode", "departure_country", "destination_country", "departure_place"}
    | {"arrival_place", "quantity_unit", "currency", "selected_by", "outcome"}
)
# Keys that a source makes up itself, and could make of anything.
_OWN_KEYS = frozenset({"Shipment", "Inspection", "Route", "TransportDocument"})
_FIELDS = [
    *(field for kind in NODE.values() for field in kind.fields),
    *(field for kind in LINK.values() for field in kind.fields),
]
_TEXTS = frozenset(
    field.name for field in _FIELDS if field.kind not in (Kind.NUMBER, Kind.DATE) and field.name not in _CODES
)
_WORD = re.compile(r"\w+")
_CONTACT = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+\d[\d\s()./-]{6,}\d")
# Shorter ones are parts of too many other texts.
_SHORTEST = 3
_LENGTH = 16
_CACHED = 100_000


class Veil:
    """Replaces what tells who the parties of one portion are, in the portion and in what is said about it.

    In texts it finds what identifies the parties of the portion, whatever its case and punctuation, if it has three
    characters or more, and all that looks like an e-mail address or an international telephone number. It cannot know
    the names of parties that are not in the portion. `former` are its parties with what they were called before.
    """

    def __init__(self, folder: Path, portion: Portion, former: Iterable[Node] = ()) -> None:
        self._key = secret(folder, PSEUDONYM_KEY, os.urandom(32))
        self._portion = portion
        self._known = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._known.execute("CREATE TABLE known (first TEXT, words TEXT, mark TEXT, PRIMARY KEY (first, words))")
        self._known.execute("PRAGMA journal_mode = OFF")
        self._candidates: Callable[[str], list[tuple[list[str], str]]] = lru_cache(_CACHED)(self._read_candidates)
        self._known.execute("BEGIN")
        for node in chain(portion.nodes(), former):
            if node.ref.type in VEILED:
                self._learn(node)
        self._known.execute("COMMIT")

    def __enter__(self) -> Self:
        """Return the veil itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what it has learned."""
        self._known.close()

    def portion(self) -> Spool:
        """Return the portion behind the veil, in the order of its new keys; whoever calls closes it."""
        veiled = Spool()
        try:
            veiled.add(nodes=map(self._node, self._portion.nodes()), edges=map(self._edge, self._portion.edges()))
            veiled.add_cut(self._portion.cut)
        except BaseException:
            veiled.__exit__(None, None, None)
            raise
        return veiled

    def ref(self, ref: Ref) -> Ref:
        """Return the reference under which a thing is known behind the veil."""
        if ref.type in VEILED:
            return Ref(ref.type, f"anon/{self._mark(ref.type, ref.key)}")
        return Ref(ref.type, self.text(ref.key)) if ref.type in _OWN_KEYS else ref

    def community(self, name: str) -> str:
        """Return the pseudonym of a community, whose name is that of one of its members."""
        return self._mark("community", name)

    def text(self, text: str) -> str:
        """Return a text in which pseudonyms stand for what identifies parties."""
        found = list(_WORD.finditer(text))
        words = [word[0].casefold() for word in found]
        parts: list[str] = []
        done = at = 0
        while at < len(words):
            for wanted, mark in self._candidates(words[at]):
                if words[at : at + len(wanted)] == wanted:
                    parts += [text[done : found[at].start()], mark]
                    at += len(wanted)
                    done = found[at - 1].end()
                    break
            else:
                at += 1
        parts.append(text[done:])
        return _CONTACT.sub(lambda match: self._value("Contact", match[0]), "".join(parts))

    def _learn(self, node: Node) -> None:
        ref = self.ref(node.ref)
        own = node.ref.key.partition("/")[2] or node.ref.key
        shown = self._name(node.ref)
        texts = {node.ref.key: ref.key, own: shown, own.removeprefix("name:").rpartition("|")[0]: shown}
        for name, word in _IDENTIFYING.items():
            for value in _values(node.fields.get(name)):
                texts[value] = self._value(word, value) if word else shown
        texts[node.name] = texts.get(node.name, shown)
        for text, mark in texts.items():
            words = [word.casefold() for word in _WORD.findall(text)]
            if sum(map(len, words)) >= _SHORTEST:
                self._known.execute("INSERT OR IGNORE INTO known VALUES (?, ?, ?)", (words[0], " ".join(words), mark))

    def _read_candidates(self, first: str) -> list[tuple[list[str], str]]:
        rows = self._known.execute(
            "SELECT words, mark FROM known WHERE first = ? ORDER BY length(words) DESC, words", (first,)
        )
        return [(words.split(" "), mark) for words, mark in rows]

    def _mark(self, kind: str, value: str) -> str:
        digest = hmac.digest(self._key, f"{kind}\0{value}".encode(), hashlib.sha256)
        return base64.b32encode(digest).decode()[:_LENGTH]

    def _name(self, ref: Ref) -> str:
        return f"{ref.type} {self._mark(ref.type, ref.key)}"

    def _value(self, word: str, value: str) -> str:
        return f"{word} {self._mark(word, value)}"

    def _node(self, node: Node) -> Node:
        veiled = node.ref.type in VEILED
        fields = {name: self._field(node.ref, name, value) for name, value in node.fields.items()}
        name = self.text(node.name)
        if veiled and node.name:
            name = self._name(node.ref)
        community = None if node.community is None else self.community(node.community)
        return replace(node, ref=self.ref(node.ref), name=name, fields=fields, community=community)

    def _edge(self, edge: Edge) -> Edge:
        start, link, end = edge.link
        fields = {name: self._field(start, name, value) for name, value in edge.fields.items()}
        return replace(edge, link=LinkRef(self.ref(start), link, self.ref(end)), fields=fields)

    def _field(self, ref: Ref, name: str, value: str) -> str:
        if ref.type in VEILED and name in _IDENTIFYING:
            word = _IDENTIFYING[name]
            if name in ("aliases", "identifiers"):
                return canonical(sorted(self._value(word or "Alias", one) for one in _values(value)))
            return self._value(word, value) if word else self._name(ref)
        if name == "extra":
            return canonical_json(self._inside(json.loads(value)))
        return self.text(value) if name in _TEXTS else value

    def _inside(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name): self._inside(item) for name, item in value.items()}
        return [self._inside(item) for item in value] if isinstance(value, list) else value


def former(view: GraphStore, portion: Portion) -> Iterator[Node]:
    """Yield the parties of a portion once with every value of an identifying field that was ever said of them."""
    for node in portion.nodes():
        found = view.get(node.ref, limit=1) if node.ref.type in VEILED else None
        for span in found.thing.spans if found is not None else ():
            if span.field in _IDENTIFYING and node.fields.get(span.field) != span.value:
                yield Node(node.ref, "", {span.field: span.value})


def canonical_json(value: Any) -> str:
    """Return an object as the records write it: compact, with sorted names."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _values(text: str | None) -> list[str]:
    """Return the values of a field: the one, or those of a set."""
    if not text:
        return []
    if text.startswith("["):
        try:
            return [str(item) for item in json.loads(text)]
        except ValueError:
            pass
    return [text]
