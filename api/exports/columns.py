"""The attributes of things and links as every tabular format names and types them, in one table."""

from collections.abc import Iterable, Mapping
from datetime import date

from api.exports.portion import Edge, Node
from graph.schema import LINK, NODE, Kind

Value = str | float | int | None

_HEAD_OF_NODE = ("type", "key", "name")
_HEAD_OF_EDGE = ("source", "target", "type")
_GRADE = ("kind", "reliability", "credibility")
_TAIL_OF_NODE = ("first_on", "last_on", "risk", "community", "sources", *_GRADE)
_TAIL_OF_EDGE = ("first_on", "last_on", "sources", *_GRADE)
# A party's name is the node's own.
_OF_NODES = [field for kind in NODE.values() for field in kind.fields if field.name != "name"]
_OF_EDGES = [field for kind in LINK.values() for field in kind.fields]
_NODE_FIELDS = tuple(sorted({field.name for field in _OF_NODES}))
_EDGE_FIELDS = tuple(sorted({field.name for field in _OF_EDGES}))

NODE_COLUMNS = ("id", *_HEAD_OF_NODE, *_NODE_FIELDS, *_TAIL_OF_NODE)
EDGE_COLUMNS = ("id", *_HEAD_OF_EDGE, *_EDGE_FIELDS, *_TAIL_OF_EDGE)

NUMBERS = frozenset({"risk", *(field.name for field in (*_OF_NODES, *_OF_EDGES) if field.kind is Kind.NUMBER)})
"""Columns that hold numbers (double); all others hold text, days in ISO form."""


def node_values(node: Node) -> dict[str, Value]:
    """Return a thing by column, blanks left out."""
    return _filled(
        {
            "id": str(node.ref),
            "type": node.ref.type,
            "key": node.ref.key,
            "name": node.name or None,
            **_fields(node.fields, _NODE_FIELDS),
            "first_on": _day(node.first_on),
            "last_on": _day(node.last_on),
            "risk": node.risk,
            "community": node.community,
            "sources": ";".join(node.sources) or None,
            **_graded(node),
        }
    )


def edge_values(edge: Edge, number: int) -> dict[str, Value]:
    """Return a link by column, blanks left out; `number` counts the links from 1."""
    return _filled(
        {
            "id": f"link:{number}",
            "source": str(edge.link.start),
            "target": str(edge.link.end),
            "type": edge.link.type,
            **_fields(edge.fields, _EDGE_FIELDS),
            "first_on": _day(edge.first_on),
            "last_on": _day(edge.last_on),
            "sources": ";".join(edge.sources) or None,
            **_graded(edge),
        }
    )


def _fields(fields: Mapping[str, str], names: Iterable[str]) -> dict[str, Value]:
    return {name: float(fields[name]) if name in NUMBERS else fields[name] for name in names if name in fields}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _graded(item: Node | Edge) -> dict[str, Value]:
    credibility = None if item.grade.credibility is None else str(item.grade.credibility)
    return {"kind": item.grade.kind, "reliability": item.grade.reliability, "credibility": credibility}


def _filled(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}
