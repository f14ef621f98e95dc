"""What the parts of a load say of all whose values accumulate: things, and the links between them.

It is folded part by part before anything of it is written, because a broker or an address is named by every part.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import Triple, fold_spans, say
from graph.schema import NODES
from graph.statements import SHAPES, Statements
from graph.store.neo4j.accumulated import At, Layer, layers
from graph.store.neo4j.chunks import NAMED, joined

Keys = Mapping[str, pa.Array]
"""Keys of things by type."""

VERSIONS: Mapping[str, str] = {"Shipment": "shipment", "Inspection": "inspection"}
"""The types of which a version counts (`versioned.py`), and the column of a version that names its thing."""

MOST = 3_000_000
"""Rows of span tables that are held at once, a few hundred bytes each."""

_SLICE = 50_000


class Part(NamedTuple):
    """A bounded part of a load: its statements, the keys that they name by type, and the number of that list."""

    statements: Statements
    named: Keys
    number: int


def part_of(pieces: Mapping[str, tuple[int, pa.Table]]) -> Part:
    """Return a part from its pieces: number and table by shape."""
    number, named = pieces[NAMED]
    said = joined([(shape, table) for shape, (_, table) in pieces.items() if shape in SHAPES])
    return Part(said, keys_of(named), number)


def keys_of(named: pa.Table) -> Keys:
    """Return what a piece names."""
    kinds = pc.unique(named["type"]).to_pylist()
    return {kind: named["key"].filter(pc.equal(named["type"], kind)).combine_chunks() for kind in kinds}


def dated_only(statements: Statements) -> Statements:
    """Return the statements without the rows that came without a day."""
    late = {name: getattr(statements, name) for name in ("entity", "ownership", "listing")}
    return replace(statements, **{name: table.filter(pc.is_valid(table["known_on"])) for name, table in late.items()})


def among(table: pa.Table, only: Keys | None, **kinds: str) -> pa.Table:
    """Return the rows whose columns hold only these keys of their type."""
    if only is not None:
        for column, kind in kinds.items():
            table = table.filter(pc.is_in(table[column], value_set=only.get(kind, pa.array([], pa.string()))))
    return table


class _Spans:
    """A span table that grows, folded whenever it has doubled."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []
        self._folded = self.rows = 0

    def add(self, table: pa.Table) -> None:
        self._tables.append(table)
        self.rows += len(table)
        if self.rows > 2 * max(self._folded, _SLICE):
            self.whole()

    def whole(self) -> pa.Table:
        if len(self._tables) > 1:
            self._tables = [fold_spans(self._tables)]
        self._folded = self.rows = len(self._tables[0])
        return self._tables[0]


class Said:
    """What parts say on a day; `only` narrows it to some things and the links between them."""

    def __init__(self, only: Keys | None = None) -> None:
        """Begin with nothing."""
        self._only = only
        self._spans: dict[tuple[str, str | Triple], _Spans] = defaultdict(_Spans)
        self._named: dict[str, list[pa.Table]] = defaultdict(list)

    @property
    def full(self) -> bool:
        """Whether so much is held that it should be written."""
        return sum(spans.rows for spans in self._spans.values()) > MOST

    def add(self, part: Part) -> None:
        """Add what a part says."""
        for kind, keys in part.named.items():
            if kind not in VERSIONS:
                named = pa.table({"key": keys, "chunk": pa.array([part.number] * len(keys), pa.int64())})
                self._named[kind].append(among(named, self._only, key=kind))
        said = say(dated_only(part.statements))
        for what, found in (("thing", said.things), ("value", said.spans)):
            for kind, tables in found.items():
                if kind not in VERSIONS and tables:
                    self._spans[what, kind].add(among(fold_spans(tables), self._only, key=kind))
        for what, linked in (("link", said.links), ("value of link", said.link_spans)):
            for triple, tables in linked.items():
                if tables:
                    start, _, end = triple
                    self._spans[what, triple].add(among(fold_spans(tables), self._only, start=start, end=end))

    def things(self) -> Iterator[tuple[str, Mapping[At, Layer], Mapping[str, list[int]]]]:
        """Yield by type, in bounded pieces, what is said of things, and the pieces of the store that name them."""
        for node in NODES:
            if not self._named[node.name]:
                continue
            named = pa.concat_tables(self._named[node.name]).group_by("key").aggregate([("chunk", "list")])
            table, values = self._whole("thing", node.name), self._whole("value", node.name)
            for start in range(0, len(named), _SLICE):
                piece = named.slice(start, _SLICE)
                mine = {node.name: piece["key"].combine_chunks()}
                said = layers(_of(table, mine, node.name), _of(values, mine, node.name), ("key",))
                yield node.name, said, dict(zip(*(piece[name].to_pylist() for name in piece.column_names), strict=True))

    def links(self) -> Iterator[tuple[Triple, Mapping[At, Layer]]]:
        """Yield by type, in bounded pieces, what is said of links."""
        for what, triple in list(self._spans):
            if what == "link" and isinstance(triple, tuple):
                table, values = self._whole("link", triple), self._whole("value of link", triple)
                # There are few links with values of their own.
                size = _SLICE if values is None else max(1, len(table))
                for start in range(0, len(table), size):
                    yield triple, layers(table.slice(start, size), values, ("start", "end"))

    def _whole(self, what: str, of: str | Triple) -> Any:
        """Return a span table, None where nothing of this was said."""
        return self._spans[what, of].whole() if (what, of) in self._spans else None


def _of(spans: pa.Table | None, only: Keys, kind: str) -> pa.Table | None:
    return None if spans is None else among(spans, only, key=kind)
