"""Search: a full-text index brings things that have words close to those asked for; they are scored as everywhere.

What is given to the index is written of the words of a search form alone, small Latin letters and digits, so that
nothing of what somebody typed can be an operator of its query language.
"""

import heapq
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from neo4j import ManagedTransaction, Transaction

from graph.likeness import (
    JOINED,
    ROUNDED,
    SHORT,
    Bounds,
    Fit,
    Form,
    begun,
    edited,
    edits,
    form,
    joined_pairs,
    splits,
    weight,
)
from graph.records import Ref
from graph.schema import NODE
from graph.search import MINIMUM, Asked, Found, Hit, best, hit, identified, name_of, rank
from graph.store.neo4j.accumulated import day, kinds_of, layers_of, shown, widest
from graph.store.neo4j.layout import SEARCHED, bounded
from graph.store.neo4j.network import resolve

_NAMED = 300
"""Things of one identifier."""
_LOOKED_AT = 20_000
"""Things that one word brings at most."""
_LOOKED_INTO = 8_000
"""Things whose texts are fetched at most."""
_BOUNDED, _SCORED = 200, 50
"""Things whose words, and whose texts, are fetched at once."""
_MET = (
    "UNWIND $words AS word CALL db.index.fulltext.queryNodes($index, word.query, {limit: $looked_at}) YIELD node AS n "
    "WITH n, word.at AS at, max(word.weight) AS weight WITH n, sum(weight) AS weight WHERE weight >= $least "
)
# In one row each, since a row of its own costs more than what is in it.
_PROPERTIES = "[labels(n)[0], coalesce(n._whole_key, n.key), properties(n)]"
_PARTIES = (
    f"{_MET} AND any(label IN labels(n) WHERE label IN $types) "
    "WITH weight, collect(elementId(n)) AS ids RETURN weight, ids ORDER BY weight DESC"
)
_WORDS = f"UNWIND $ids AS id MATCH (n) WHERE elementId(n) = id RETURN collect([id, n.{SEARCHED}])"
_TEXTS = f"UNWIND $ids AS id MATCH (n) WHERE elementId(n) = id RETURN collect({_PROPERTIES})"
_SHIPMENTS = (
    f"{_MET} WITH n, weight ORDER BY n._day DESC, n.key WITH n.goods_description AS text, max(weight) AS weight, "
    "collect([coalesce(n._whole_key, n.key), n._day])[..$limit] AS newest "
    "RETURN weight, text, newest ORDER BY weight DESC, text"
)
_Text = tuple[str, str, date | None]


class Word(NamedTuple):
    """What brings the things that have a word close to one that is asked for, and how much that counts at most.

    Of what is asked for in one place (`at`), a thing counts by what counts most.
    """

    at: str
    query: str
    weight: float


def search(tx: ManagedTransaction | Transaction, asked: Asked, limit: int) -> list[Hit]:
    """Return the things that a text may mean, best first."""
    found: dict[Ref, tuple[Found, str]] = {}
    for ref in resolve(tx, asked.text, _NAMED):
        if ref.type in asked.types:
            row = tx.run(f"MATCH (n:{ref.type} {{key: $key}}) RETURN properties(n)", key=bounded(ref.key)).single()
            found[ref] = identified(ref), "" if row is None else _searched(ref, row.value())[1]
    if asked.form.words:
        if asked.types - {"Shipment"}:
            _add_others(tx, asked, limit, found)
        if "Shipment" in asked.types:
            _add_shipments(tx, asked, limit, found)
    first = sorted(found, key=lambda ref: rank(ref, found[ref][0]))[:limit]
    return [hit(ref, found[ref][1], found[ref][0]) for ref in first]


def _enough(found: Mapping[Ref, tuple[Found, str]], limit: int, bound: float) -> bool:
    """Tell whether nothing that a bound holds for can be among the answers."""
    return bound < MINIMUM or sum(fits.score > bound for fits, _ in found.values()) >= limit


class _Met:
    """How things are asked for by the words that they have, and what the weight of these words says of their score.

    Words that together are too little for an answer, as legal forms are, need not bring anything: what else is looked
    for must.
    """

    def __init__(self, wanted: Form) -> None:
        self.words, self._left_out = asked_words(wanted)
        self._whole = sum(map(weight, wanted.words))

    def parameters(self, index: str) -> dict[str, Any]:
        """Return the parameters of a query."""
        words = [word._asdict() for word in self.words]
        least = (MINIMUM - ROUNDED) * self._whole - self._left_out
        return {"words": words, "index": index, "looked_at": _LOOKED_AT, "least": least}

    def bound(self, met: float) -> float:
        """Return what bounds the score of a thing by the weight of the words that brought it."""
        return min((met + self._left_out) / self._whole, 1.0) + ROUNDED


def _add_others(
    tx: ManagedTransaction | Transaction, asked: Asked, limit: int, found: dict[Ref, tuple[Found, str]]
) -> None:
    """Add what is no shipment: things by the weight of the words that brought them, then by all of their words."""
    met, bounds, fit = _Met(asked.form), Bounds(asked.form), Fit(asked.form)
    groups = tx.run(_PARTIES, met.parameters("Tidewaiter_search"), types=sorted(asked.types))
    unseen = [(met.bound(row["weight"]), id) for row in groups for id in row["ids"]][::-1]
    waiting: list[tuple[float, str]] = []
    looked_into = 0
    while (unseen or waiting) and looked_into < _LOOKED_INTO:
        seen, further = -waiting[0][0] if waiting else 0.0, unseen[-1][0] if unseen else 0.0
        if _enough(found, limit, max(seen, further)):
            return
        if seen >= further:
            ids = [heapq.heappop(waiting)[1] for _ in range(min(_SCORED, len(waiting)))]
            looked_into += len(ids)
            for kind, key, properties in tx.run(_TEXTS, ids=ids).single(strict=True).value():
                ref = Ref(kind, key)
                texts, name = _searched(ref, properties)
                if fits := best(texts, fit):
                    found.setdefault(ref, (fits, name))
        else:
            ids = [unseen.pop()[1] for _ in range(min(_BOUNDED, len(unseen)))]
            read = tx.run(_WORDS, ids=ids).single(strict=True).value()
            words = {id: frozenset(said.split()) for id, said in read}
            for id, most in zip(words, bounds.of(words.values()), strict=True):
                if most >= MINIMUM:
                    heapq.heappush(waiting, (-most, id))


def _add_shipments(
    tx: ManagedTransaction | Transaction, asked: Asked, limit: int, found: dict[Ref, tuple[Found, str]]
) -> None:
    """Add the newest shipments of each description of goods."""
    met, fit = _Met(asked.form), Fit(asked.form)
    described = tx.run(_SHIPMENTS, met.parameters("Tidewaiter_goods"), limit=limit)
    for row in described:
        if _enough(found, limit, met.bound(row["weight"])):
            break
        text = row["text"]
        if (value := fit.of("goods_description", form(text))) >= MINIMUM:
            for key, on in row["newest"]:
                found.setdefault(Ref("Shipment", key), (Found(value, "goods_description", text, day(on)), text))
    described.consume()


def asked_words(wanted: Form) -> tuple[list[Word], float]:
    """Return what to ask the index for, and the weight of the words that need not bring anything."""
    weights: dict[str, float] = {}
    for word in wanted.words:
        weights[word] = weights.get(word, 0.0) + weight(word)
    total, left_out = sum(weights.values()), 0.0
    asked: list[Word] = []
    for word, weighs in sorted(weights.items(), key=lambda one: (one[1], len(one[0]))):
        if left_out + weighs < (MINIMUM - ROUNDED) * total:
            left_out += weighs
        else:
            queries = full_text(word, typed=word == wanted.words[begun(wanted.words)])
            asked.extend(Word(word, query, weighs * likeness) for query, likeness in queries.items())
    joined: dict[str, float] = {}
    for pair, words in zip(joined_pairs(wanted.words), pairwise(wanted.words), strict=True):
        joined[pair] = joined.get(pair, 0.0) + JOINED * sum(map(weight, words))
    asked.extend(Word(f"joined {pair}", pair, weighs) for pair, weighs in joined.items())
    if len(wanted.words) > 1:
        asked.append(Word("", " ".join(full_text(wanted.compact, typed=True)), total))
    return asked, left_out


def full_text(word: str, *, typed: bool) -> dict[str, float]:
    """Return the queries for a word and for those close to it, with how alike they can be.

    Close are also two words that it joins and, if `typed`, what it may begin. The index looks at no more than fifty
    words within some edits, of which there can be more among short ones: so these are named.
    """
    queries = {word: 1.0}
    if edits(len(word)):
        queries[" ".join(dict.fromkeys(edited(word))) if len(word) <= SHORT else f"{word}~{edits(len(word))}"] = (
            1 - 1 / (len(word) + 1)
        )
    further = [f"{word}*"] if typed and len(word) > 1 else []
    if further := [*further, *(f"(+{one} +{other})" for one, other in splits(word))]:
        queries[" ".join(further)] = JOINED
    return queries


def _searched(ref: Ref, properties: Mapping[str, Any]) -> tuple[list[_Text], str]:
    """Return what of a thing is searched, as `graph.search.searched` has it, and what says most about it."""
    if ref.type == "Shipment":
        described, on = properties.get("goods_description"), properties.get("_day")
        return ([] if described is None else [("goods_description", described, day(on))]), described or ""
    if ref.type == "ListEntry":
        lists = (("alias", "aliases"), ("id", "identifiers"))
        texts: list[_Text] = [(field, text, None) for field, name in lists for text in properties.get(name) or ()]
        name = properties.get("name")
        return [*texts, *([] if name is None else [("name", name, None)])], name or ""
    layer = widest(*layers_of(properties))
    seen = shown(layer, kinds_of(NODE[ref.type].fields))
    fields = ("name", "tax_id", "address", "contact")
    said: list[_Text] = [
        ("alias" if field == "name" and value != seen["name"] else field, value, None)
        for field, value in layer
        if field in fields
    ]
    return said, name_of(seen)
