"""Search: a full-text index brings things that have words close to those asked for; they are scored as everywhere.

What is given to the index is written of the words of a search form alone, small Latin letters and digits, so that
nothing of what somebody typed can be an operator of its query language.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from neo4j import ManagedTransaction, Transaction

from graph.records import Ref
from graph.schema import NODE
from graph.search import (
    Asked,
    Form,
    Found,
    Hit,
    best,
    edits,
    hit,
    identified,
    joined_pairs,
    name_of,
    rank,
    splits,
)
from graph.store.neo4j.accumulated import day, kinds_of, layers_of, shown, widest
from graph.store.neo4j.layout import bounded
from graph.store.neo4j.network import resolve

_SCORED = 300
_GOODS = 60
"""Descriptions of goods that are scored, each with its newest shipments."""
_LOOKED_AT = 20_000
_PROPERTIES = "properties(n) AS found, labels(n)[0] AS type, coalesce(n._whole_key, n.key) AS key"
_PARTIES = (
    "CALL db.index.fulltext.queryNodes('Tidewaiter_search', $query, {limit: $looked_at}) YIELD node AS n, score "
    f"WHERE any(label IN labels(n) WHERE label IN $types) WITH n, score ORDER BY score DESC, n.key LIMIT {_SCORED} "
    f"RETURN {_PROPERTIES}"
)
_SHIPMENTS = (
    "CALL db.index.fulltext.queryNodes('Tidewaiter_goods', $query, {limit: $looked_at}) YIELD node AS n, score "
    "WITH n, score ORDER BY n._day DESC, n.key "
    "WITH n.goods_description AS text, max(score) AS best, collect(n)[..$limit] AS newest "
    f"ORDER BY best DESC, text LIMIT {_GOODS} UNWIND newest AS n RETURN {_PROPERTIES}"
)
_Text = tuple[str, str, date | None]


def search(tx: ManagedTransaction | Transaction, asked: Asked, limit: int) -> list[Hit]:
    """Return the things that a text may mean, best first."""
    found: dict[Ref, tuple[Found, str]] = {}
    for ref, properties in _candidates(tx, asked, limit):
        texts, name = _searched(ref, properties)
        if fits := best(texts, asked.form):
            found[ref] = fits, name
    for ref in resolve(tx, asked.text, _SCORED):
        if ref.type in asked.types:
            row = tx.run(f"MATCH (n:{ref.type} {{key: $key}}) RETURN {_PROPERTIES}", key=bounded(ref.key)).single()
            found[ref] = identified(ref), "" if row is None else _searched(ref, row["found"])[1]
    first = sorted(found, key=lambda ref: rank(ref, found[ref][0]))[:limit]
    return [hit(ref, found[ref][1], found[ref][0]) for ref in first]


def _candidates(
    tx: ManagedTransaction | Transaction, asked: Asked, limit: int
) -> Iterator[tuple[Ref, Mapping[str, Any]]]:
    if not asked.form.words:
        return
    query = full_text(asked.form)
    texts = [_PARTIES] if asked.types - {"Shipment"} else []
    for text in [*texts, _SHIPMENTS] if "Shipment" in asked.types else texts:
        rows = tx.run(text, {"query": query}, types=sorted(asked.types), looked_at=_LOOKED_AT, limit=limit)
        for row in rows:
            yield Ref(row["type"], row["key"]), row["found"]


def full_text(wanted: Form) -> str:
    """Return the query for words that are close to those of a form, that begin with the last, or are two of one."""
    typed = (wanted.words[-1], wanted.compact)
    parts: dict[str, None] = {}
    for word in dict.fromkeys((*wanted.words, *joined_pairs(wanted.words), wanted.compact)):
        parts[f"{word}^4"] = None
        if most := edits(len(word)):
            parts[f"{word}~{most}"] = None
        if word in typed and len(word) > 1:
            parts[f"{word}*"] = None
    for word in dict.fromkeys(wanted.words):
        parts |= {f"(+{one} +{other})": None for one, other in splits(word)}
    return " ".join(parts)


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
