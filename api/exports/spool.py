"""A portion on disk: as large as it may be, it takes little memory.

It lies in a temporary database without a name, which the system removes with the process, whatever ends it.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from types import TracebackType
from typing import Any, Self

from api.exports.portion import Edge, Grade, Node
from graph.records import LinkRef, Ref

_LAYOUT = """
CREATE TABLE node (type TEXT, key TEXT, content TEXT NOT NULL, PRIMARY KEY (type, key)) WITHOUT ROWID;
CREATE TABLE edge (
    start_type TEXT, start_key TEXT, link TEXT, end_type TEXT, end_key TEXT, content TEXT NOT NULL,
    PRIMARY KEY (start_type, start_key, link, end_type, end_key)
) WITHOUT ROWID;
"""
_CACHE_KIB = 16_384


class Spool:
    """A portion that is filled once and then read again and again; equal things and links count once."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_CACHE_KIB}; {_LAYOUT}"
        )
        self._cut: Counter[str] = Counter()

    def __enter__(self) -> Self:
        """Return the portion itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it."""
        self._database.close()

    def add(self, nodes: Iterable[Node] = (), edges: Iterable[Edge] = ()) -> None:
        """Add things and links."""
        self._database.executemany("INSERT OR REPLACE INTO node VALUES (?, ?, ?)", map(_node_row, nodes))
        self._database.executemany("INSERT OR REPLACE INTO edge VALUES (?, ?, ?, ?, ?, ?)", map(_edge_row, edges))

    def add_cut(self, counts: Mapping[str, int]) -> None:
        """Count links that were cut at the border, by link type."""
        self._cut.update(counts)

    def has(self, ref: Ref) -> bool:
        """Tell whether a thing is in the portion."""
        return self._database.execute("SELECT 1 FROM node WHERE type = ? AND key = ?", ref).fetchone() is not None

    @property
    def node_count(self) -> int:
        """How many things there are."""
        return int(self._database.execute("SELECT count(*) FROM node").fetchone()[0])

    @property
    def edge_count(self) -> int:
        """How many links there are."""
        return int(self._database.execute("SELECT count(*) FROM edge").fetchone()[0])

    @property
    def cut(self) -> Mapping[str, int]:
        """How many links were cut at the border, by link type."""
        return {link: count for link, count in sorted(self._cut.items()) if count}

    def nodes(self) -> Iterator[Node]:
        """Yield the things, by type and key."""
        for kind, key, content in self._database.execute("SELECT * FROM node ORDER BY type, key"):
            yield _node(Ref(kind, key), json.loads(content))

    def edges(self) -> Iterator[Edge]:
        """Yield the links, by start, type and end."""
        ordered = "start_type, start_key, link, end_type, end_key"
        for *ends, content in self._database.execute(f"SELECT * FROM edge ORDER BY {ordered}"):
            start_type, start_key, link, end_type, end_key = ends
            yield _edge(LinkRef(Ref(start_type, start_key), link, Ref(end_type, end_key)), json.loads(content))


def _node_row(node: Node) -> tuple[str, str, str]:
    content = [
        node.name,
        dict(node.fields),
        _text(node.first_on),
        _text(node.last_on),
        node.risk,
        node.community,
        list(node.sources),
        list(node.grade),
    ]
    return (*node.ref, json.dumps(content, ensure_ascii=False))


def _edge_row(edge: Edge) -> tuple[str, str, str, str, str, str]:
    start, link, end = edge.link
    content = [dict(edge.fields), _text(edge.first_on), _text(edge.last_on), list(edge.sources), list(edge.grade)]
    return (*start, link, *end, json.dumps(content, ensure_ascii=False))


def _node(ref: Ref, content: list[Any]) -> Node:
    name, fields, first, last, risk, community, sources, grade = content
    return Node(ref, name, fields, _day(first), _day(last), risk, community, sources, Grade(*grade))


def _edge(link: LinkRef, content: list[Any]) -> Edge:
    fields, first, last, sources, grade = content
    return Edge(link, fields, _day(first), _day(last), sources, Grade(*grade))


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
