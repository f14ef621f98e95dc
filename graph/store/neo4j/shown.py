"""What is shown of many things, and of links themselves: it stands on the nodes and relationships."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from neo4j import ManagedTransaction, Transaction
from neo4j.time import Date

from graph.records import LinkRef, Ref, canonical
from graph.schema import LINK, NODE, Field
from graph.store.neo4j.layout import bounded
from graph.store.neo4j.writer import pieces_of

_Tx = ManagedTransaction | Transaction


def shown(tx: _Tx, refs: Iterable[Ref], only: Collection[str] | None = None) -> dict[Ref, Mapping[str, str]]:
    """Return what is shown of each of these things that has any value; `only` narrows it to some fields."""
    found: dict[Ref, Mapping[str, str]] = {}
    wanted = {ref for ref in refs if ref.type in NODE}
    for kind in sorted({ref.type for ref in wanted}):
        fields = [field for field in NODE[kind].fields if only is None or field.name in only]
        if not fields:
            continue
        text = (
            f"UNWIND $keys AS key MATCH (n:{kind} {{key: key}}) "
            f"RETURN coalesce(n._whole_key, n.key) AS key, {_values('n', fields)}"
        )
        for piece in pieces_of(sorted(bounded(ref.key) for ref in wanted if ref.type == kind)):
            for row in tx.run(text, keys=piece):
                if values := _shown(fields, row["values"]):
                    found[Ref(kind, row["key"])] = values
    return found


def link_values(tx: _Tx, links: Iterable[LinkRef]) -> dict[LinkRef, Mapping[str, str]]:
    """Return what is shown of each of these links that has any value."""
    found: dict[LinkRef, Mapping[str, str]] = {}
    wanted = {link for link in links if link.type in LINK and LINK[link.type].fields}
    for start, kind, end in sorted({(link.start.type, link.type, link.end.type) for link in wanted}):
        fields = LINK[kind].fields
        mine = {
            (bounded(link.start.key), bounded(link.end.key)): link
            for link in wanted
            if (link.start.type, link.type, link.end.type) == (start, kind, end)
        }
        text = (
            f"UNWIND $rows AS row MATCH (a:{start} {{key: row[0]}}) MATCH (b:{end} {{key: row[1]}}) "
            f"CALL (a, b) {{ MATCH (a)-[r:{kind}]->(b) RETURN r }} RETURN a.key AS start, b.key AS end, "
            f"{_values('r', fields)}"
        )
        for piece in pieces_of(sorted(mine)):
            for row in tx.run(text, rows=[list(at) for at in piece]):
                if values := _shown(fields, row["values"]):
                    found[mine[row["start"], row["end"]]] = values
    return found


def _values(of: str, fields: Sequence[Field]) -> str:
    return f"[{', '.join(f'{of}.{field.name}' for field in fields)}] AS values"


def _shown(fields: Sequence[Field], values: Sequence[Any]) -> dict[str, str]:
    return {
        field.name: value.iso_format() if isinstance(value, Date) else canonical(value)
        for field, value in zip(fields, values, strict=True)
        if value is not None
    }
