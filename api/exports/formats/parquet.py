"""Parquet: things and links as two tables with a schema, for data scientists."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from api.exports.columns import EDGE_COLUMNS, NODE_COLUMNS, NUMBERS, edge_values, node_values
from api.exports.portion import Edge, Heading, Node, Portion

_ROWS = 2_000
_TYPES = {"first_on": pa.date32(), "last_on": pa.date32(), "sources": pa.list_(pa.string()), "credibility": pa.int8()}


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write `nodes.parquet` and `links.parquet`; what stands above the portion is in their metadata."""
    about = {"title": heading.title, "query": heading.query, "tlp": heading.tlp, "caveat": heading.caveat}
    nodes = (_typed(node_values(node), node) for node in portion.nodes())
    links = (_typed(edge_values(edge, number), edge) for number, edge in enumerate(portion.edges(), start=1))
    return [
        _table(folder / "nodes.parquet", _schema(NODE_COLUMNS, about), nodes),
        _table(folder / "links.parquet", _schema(EDGE_COLUMNS, about), links),
    ]


def _schema(columns: Iterable[str], about: dict[str, str]) -> pa.Schema:
    return pa.schema(
        [(name, _TYPES.get(name, pa.float64() if name in NUMBERS else pa.string())) for name in columns], about
    )


def _typed(values: dict[str, Any], item: Node | Edge) -> dict[str, Any]:
    return values | {
        "first_on": item.first_on,
        "last_on": item.last_on,
        "sources": list(item.sources),
        "credibility": item.grade.credibility,
    }


def _table(path: Path, schema: pa.Schema, rows: Iterator[dict[str, Any]]) -> Path:
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while some := list(islice(rows, _ROWS)):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))
    return path
