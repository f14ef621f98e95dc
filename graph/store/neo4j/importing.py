"""A first load as CSV files for `neo4j-admin database import`, which fills an empty database fastest.

The files hold what a load over the wire would leave in the database, pieces and ledger included. Two things are left to
the first opening: the constraints (the import tool makes none on Community Edition), and what depends on other rows
(`settle.py`: rows without a day, list entries). Shipments are spooled to buckets on the disk, since the versions of one
may stand anywhere in the source.
"""

import shutil
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import Triple, fold_spans, say
from graph.schema import LINK, NODE, NODES, Field, Kind
from graph.statements import SHAPES, Statements
from graph.store.base import Batch, LoadChunk, StoreError
from graph.store.neo4j import ledger
from graph.store.neo4j.accumulated import kinds_of, layers, properties_of
from graph.store.neo4j.chunks import NAMED, is_undated, joined, packed, pieces
from graph.store.neo4j.folded import dated_only
from graph.store.neo4j.import_files import Files
from graph.store.neo4j.layout import BATCH, CHUNK, LOCK, STORE, VERSION, bounded, identified
from graph.store.neo4j.versioned import KEYS
from graph.whole import Versions, links_of_versions, versions_of

BUCKETS = 32
_ROWS = 50_000
_BYTES = [str(byte - 256 if byte > 127 else byte) for byte in range(256)]
_OWN = (
    ("_whole_key", "string", pa.string()),
    ("_bare", "string", pa.string()),
    ("first_on", "date", pa.date32()),
    ("last_on", "date", pa.date32()),
    ("_said", "string", pa.string()),
    ("_chunks", "long[]", pa.string()),
    ("_day", "long", pa.int64()),
)
_DAYS = (("first_on", "date", pa.date32()), ("last_on", "date", pa.date32()))
_FIELD = {
    Kind.TEXT: ("string", pa.string()),
    Kind.NUMBER: ("double", pa.float64()),
    Kind.DATE: ("date", pa.date32()),
}
_Columns = Sequence[tuple[str, str, pa.DataType]]


class ImportFolder:
    """Where a first load is written instead of a store; the folder is made, and must not be there."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self._folder = folder

    def find_batch(self, content_hash: str, source: str, mapping: str, mapping_version: str) -> Batch | None:
        """Return nothing: the database is empty."""
        return None

    def add_batch(self, batch: Batch, chunks: Iterable[LoadChunk]) -> Batch:
        """Write the files of the whole batch; an error while iterating leaves none."""
        try:
            self._folder.mkdir()
        except OSError as error:
            raise StoreError(f"The folder {self._folder} cannot be made ({error.strerror}); name a new one.") from error
        try:
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="spool-") as spool:
                return _write(Files(self._folder), Path(spool), batch, chunks)
        except BaseException:
            shutil.rmtree(self._folder)
            raise


def _write(files: Files, spool: Path, batch: Batch, chunks: Iterable[LoadChunk]) -> Batch:
    entered, load = batch.heading().entered(1), uuid.uuid4().hex
    numbers = count(ledger.first_number(entered))
    said, buckets = _Said(), _Buckets(spool)
    for part, chunk in enumerate(chunks):
        tables = []
        for shape, table in pieces(chunk):
            number = next(numbers)
            _write_piece(files, number, load, part, shape, table)
            if shape == NAMED:
                said.named(table, number)
                named_in = number
            elif shape in SHAPES:
                tables.append((shape, table))
        if tables:
            statements = dated_only(joined(tables))
            said.add(statements)
            buckets.add(statements, named_in)
        entered = entered.counting(chunk)
    said.write(files)
    buckets.write(files, said.descriptions())
    _write_ledger(files, entered, load)
    files.close()
    return entered


def _write_piece(files: Files, number: int, load: str, part: int, shape: str, table: pa.Table) -> None:
    data = ";".join([_BYTES[byte] for byte in packed(table)])
    row = {
        "number": number,
        "load": load,
        "part": part,
        "shape": shape,
        "undated": is_undated(shape, table) or None,
        "data": data,
    }
    header = ["number:long", "load:string", "part:long", "shape:string", "undated:boolean", "data:byte[]"]
    schema = pa.schema(
        [
            ("number", pa.int64()),
            ("load", pa.string()),
            ("part", pa.int64()),
            ("shape", pa.string()),
            ("undated", pa.bool_()),
            ("data", pa.large_string()),
        ]
    )
    files.nodes(CHUNK, header, pa.Table.from_pylist([row], schema))


def _write_ledger(files: Files, entered: Batch, load: str) -> None:
    values = ledger.properties(entered, load)
    header = [f"{name}:{'long' if isinstance(value, int) else 'string'}" for name, value in values.items()]
    files.nodes(BATCH, header, pa.Table.from_pylist([values]))
    # Not folded yet, for what is left to the first opening.
    store = {"id": 1, "layout": VERSION, "version": entered.version, "folded": 0, "imported": True}
    header = [f"{name}:{'boolean' if value is True else 'long'}" for name, value in store.items()]
    files.nodes(STORE, header, pa.Table.from_pylist([store]))
    files.nodes(LOCK, ["id:long"], pa.Table.from_pylist([{"id": 1}]))


def _header(first: Sequence[str], columns: _Columns) -> list[str]:
    return [*first, *(f"{name}:{kind}" for name, kind, _ in columns)]


def _fields(fields: Iterable[Field]) -> _Columns:
    return [(field.name, *_FIELD[field.kind]) for field in fields]


def _chunk_texts(lists: Iterable[Sequence[int]]) -> list[str]:
    return [";".join(map(str, sorted(set(numbers)))) for numbers in lists]


class _Said:
    """What the parts say of all but shipments and inspections: span tables, folded part by part."""

    def __init__(self) -> None:
        self._things: dict[str, list[pa.Table]] = defaultdict(list)
        self._spans: dict[str, list[pa.Table]] = defaultdict(list)
        self._links: dict[Triple, list[pa.Table]] = defaultdict(list)
        self._link_spans: dict[Triple, list[pa.Table]] = defaultdict(list)
        self._named: dict[str, list[pa.Table]] = defaultdict(list)
        self._described: list[tuple[str, pa.Table]] = []

    def named(self, table: pa.Table, number: int) -> None:
        """Note what a piece names."""
        for kind in pc.unique(table["type"]).to_pylist():
            if kind not in KEYS:
                keys = table["key"].filter(pc.equal(table["type"], kind))
                self._named[kind].append(pa.table({"key": keys, "chunk": pa.array([number] * len(keys), pa.int64())}))

    def add(self, statements: Statements) -> None:
        """Add what a part says."""
        said = say(statements)
        for kind, tables in said.things.items():
            if kind not in KEYS:
                self._things[kind].append(fold_spans(tables))
        for kind, tables in said.spans.items():
            self._spans[kind].append(fold_spans(tables))
        for triple, tables in said.links.items():
            self._links[triple].append(fold_spans(tables))
        for triple, tables in said.link_spans.items():
            self._link_spans[triple].append(fold_spans(tables))
        described = [*self._described, ("description", statements.description)]
        self._described = [("description", joined(described).description)]

    def descriptions(self) -> pa.Table:
        """Return all descriptions, by number, in which order they are found fastest."""
        return joined(self._described).description.sort_by("id")

    def write(self, files: Files) -> None:
        """Write the things and the links between them."""
        for node in NODES:
            if node.name in self._named:
                self._write_things(files, node.name)
        for triple in self._links:
            self._write_links(files, triple)

    def _write_things(self, files: Files, kind: str) -> None:
        # What a list entry shows is left to the first opening.
        fields = () if kind == "ListEntry" else NODE[kind].fields
        columns = [*_OWN, *_fields(fields)]
        schema = pa.schema([("key", pa.string()), *((name, data) for name, _, data in columns)])
        named = pa.concat_tables(self._named.pop(kind)).group_by("key").aggregate([("chunk", "list")])
        table, spans = _folded(self._things.pop(kind, [])), _folded(self._spans.pop(kind, []))
        for start in range(0, len(named), _ROWS):
            piece = named.slice(start, _ROWS)
            keys = piece["key"].to_pylist()
            said = layers(_of(table, "key", piece["key"]), _of(spans, "key", piece["key"]), ("key",))
            texts = _chunk_texts(piece["chunk_list"].to_pylist())
            rows = [
                {**identified(key), **properties_of(said.get((key,), {}), {}, kinds_of(fields)), "_chunks": text}
                for key, text in zip(keys, texts, strict=True)
            ]
            files.nodes(kind, _header([f"key:ID({kind})"], columns), pa.Table.from_pylist(rows, schema))

    def _write_links(self, files: Files, triple: Triple) -> None:
        start, link, end = triple
        fields = LINK[link].fields
        columns = [*_DAYS, ("_said", "string", pa.string()), *_fields(fields)]
        schema = pa.schema([("start", pa.string()), ("end", pa.string()), *((name, data) for name, _, data in columns)])
        header = _header([f":START_ID({start})", f":END_ID({end})"], columns)
        table, spans = fold_spans(self._links[triple]), _folded(self._link_spans.get(triple, []))
        # There are few links with fields of their own.
        for at in range(0, len(table), _ROWS if spans is None else max(1, len(table))):
            said = layers(table.slice(at, _ROWS if spans is None else None), spans, ("start", "end"))
            rows = [
                {"start": bounded(one), "end": bounded(other), **properties_of(layer, {}, kinds_of(fields))}
                for (one, other), layer in said.items()
            ]
            files.links(start, link, end, header, pa.Table.from_pylist(rows, schema))


class _Buckets:
    """Declarations and inspections on the disk, so dealt out that all versions of a shipment are in one bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[Path, pa.ipc.RecordBatchStreamWriter] = {}

    def _path(self, shape: str, bucket: int) -> Path:
        return self._folder / f"{shape}-{bucket}"

    def add(self, statements: Statements, number: int) -> None:
        """Deal out what a part says; `number` is the piece that names it."""
        for shape in ("declaration", "inspection"):
            table = getattr(statements, shape)
            keys = np.array(table["shipment"].to_pylist(), dtype=object)
            buckets = pd.util.hash_array(keys) % BUCKETS if len(keys) else np.array([], dtype=np.uint64)
            table = table.append_column("chunk", pa.array([number] * len(table), pa.int64()))
            table = table.take(pa.array(np.argsort(buckets, kind="stable")))
            ends = np.cumsum(np.bincount(buckets.astype(np.int64), minlength=BUCKETS))
            for bucket, end in enumerate(ends):
                start = ends[bucket - 1] if bucket else 0
                if end > start:
                    path = self._path(shape, bucket)
                    if path not in self._open:
                        self._open[path] = pa.ipc.new_stream(str(path), table.schema)
                    self._open[path].write_table(table.slice(start, end - start))

    def write(self, files: Files, descriptions: pa.Table) -> None:
        """Write the shipments and inspections, and their links."""
        for writer in self._open.values():
            writer.close()
        for bucket in range(BUCKETS):
            declaration, inspection = (self._read(shape, bucket) for shape in ("declaration", "inspection"))
            said = Statements(
                description=descriptions,
                declaration=declaration.drop_columns(["chunk"]),
                inspection=inspection.drop_columns(["chunk"]),
            )
            kept = versions_of(said)
            named = {"Shipment": [(declaration, "shipment"), (inspection, "shipment")]}
            named["Inspection"] = [(inspection, "inspection")]
            for kind, tables in named.items():
                _write_versions(files, kind, kept[kind], _days(tables))
            for (start, link, end), table in links_of_versions(kept, said):
                _write_links_of_versions(files, (start, link, end), fold_spans([table]))

    def _read(self, shape: str, bucket: int) -> pa.Table:
        path = self._path(shape, bucket)
        if path not in self._open:
            return SHAPES[shape].append(pa.field("chunk", pa.int64())).empty_table()
        with pa.OSFile(str(path)) as file:
            return pa.ipc.open_stream(file).read_all().combine_chunks()


def _days(tables: Iterable[tuple[pa.Table, str]]) -> pa.Table:
    """Return for each thing its first and last day and the pieces that name it."""
    whole = pa.concat_tables(
        pa.table({"key": table[name], "day": table["known_on"], "chunk": table["chunk"]}) for table, name in tables
    )
    return whole.group_by("key").aggregate([("day", "min"), ("day", "max"), ("chunk", "list")])


def _write_versions(files: Files, kind: str, held: Versions, named: pa.Table) -> None:
    columns = [*_OWN, *_fields(NODE[kind].fields)]
    current = held.current()
    at = pc.index_in(named["key"], value_set=current[KEYS[kind]].combine_chunks())
    found = [identified(key) for key in named["key"].to_pylist()]
    written = {
        "key": pa.array([row["key"] for row in found], pa.string()),
        "_whole_key": pa.array([row.get("_whole_key") for row in found], pa.string()),
        "_bare": pa.array([row.get("_bare") for row in found], pa.string()),
        "first_on": named["day_min"],
        "last_on": named["day_max"],
        "_said": pa.nulls(len(named), pa.string()),
        "_chunks": pa.array(_chunk_texts(named["chunk_list"].to_pylist()), pa.string()),
        "_day": current["known_on"].cast(pa.int32()).cast(pa.int64()).take(at),
    }
    for name, _, data in columns[len(_OWN) :]:
        column = current[name].take(at)
        # Minus zero is zero, as in the canonical text.
        written[name] = pc.add(column, 0.0) if pa.types.is_floating(data) else column
    files.nodes(kind, _header([f"key:ID({kind})"], columns), pa.table(written))


def _write_links_of_versions(files: Files, triple: Triple, table: pa.Table) -> None:
    start, link, end = triple
    day = table["first"].cast(pa.date32())
    ends = {name: pa.array(map(bounded, table[name].to_pylist()), pa.string()) for name in ("start", "end")}
    header = _header([f":START_ID({start})", f":END_ID({end})"], _DAYS)
    files.links(start, link, end, header, pa.table({**ends, "first_on": day, "last_on": day}))


def _folded(tables: Sequence[pa.Table]) -> pa.Table | None:
    return fold_spans(tables) if tables else None


def _of(table: pa.Table | None, column: str, keys: pa.ChunkedArray) -> pa.Table | None:
    return None if table is None else table.filter(pc.is_in(table[column], value_set=keys.combine_chunks()))
