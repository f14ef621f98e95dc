"""A first load as CSV files for `neo4j-admin database import`, which fills an empty database fastest.

The files hold what a load over the wire would leave in the database, pieces and ledger included. Two things are left to
the first opening: the constraints (the import tool makes none on Community Edition), and what depends on other rows
(`settle.py`: rows without a day, list entries). Shipments are spooled to buckets on the disk, since the versions of one
may stand anywhere in the source.
"""

import shutil
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import Triple, fold_spans
from graph.schema import LINK, NODE, Field, Kind
from graph.statements import SHAPES, Statements
from graph.store.batches import Batch, LoadChunk
from graph.store.errors import StoreError
from graph.store.neo4j import ledger
from graph.store.neo4j.accumulated import kinds_of, properties_of, searched
from graph.store.neo4j.chunks import NAMED, is_undated, joined, packed, pieces
from graph.store.neo4j.import_files import Files
from graph.store.neo4j.layout import BATCH, CHUNK, LOCK, SEARCHED, STORE, VERSION, bounded, identified
from graph.store.neo4j.said import VERSIONS, Part, Said, part_of
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
    (SEARCHED, "string", pa.string()),
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
    said, buckets = Said(), _Buckets(spool)
    described: list[tuple[str, pa.Table]] = []
    for part, chunk in enumerate(chunks):
        found = {}
        for shape, table in pieces(chunk):
            found[shape] = next(numbers), table
            _write_piece(files, found[shape][0], load, part, shape, table)
        if NAMED in found:
            held = part_of(found)
            said.add(held)
            buckets.add(held)
            described = [
                ("description", joined([*described, ("description", held.statements.description)]).description)
            ]
        entered = entered.counting(chunk)
    _write_things(files, said)
    _write_links(files, said)
    # By number, in which order they are found fastest.
    buckets.write(files, joined(described).description.sort_by("id"))
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
    files.nodes(LOCK, ["id:long"], pa.Table.from_pylist([{"id": 1}, {"id": 2}]))


def _header(first: Sequence[str], columns: _Columns) -> list[str]:
    return [*first, *(f"{name}:{kind}" for name, kind, _ in columns)]


def _fields(fields: Iterable[Field]) -> _Columns:
    return [(field.name, *_FIELD[field.kind]) for field in fields]


def _chunk_text(numbers: Sequence[int]) -> str:
    return ";".join(map(str, sorted(set(numbers))))


def _write_things(files: Files, said: Said) -> None:
    for kind, things, chunks in said.things():
        # What a list entry shows is left to the first opening.
        fields = () if kind == "ListEntry" else NODE[kind].fields
        columns = [*_OWN, *_fields(fields)]
        schema = pa.schema([("key", pa.string()), *((name, data) for name, _, data in columns)])
        rows = [
            {
                **identified(key),
                **properties_of(things.get((key,), {}), {}, kinds_of(fields)),
                "_chunks": _chunk_text(numbers),
            }
            for key, numbers in chunks.items()
        ]
        files.nodes(kind, _header([f"key:ID({kind})"], columns), pa.Table.from_pylist(rows, schema))


def _write_links(files: Files, said: Said) -> None:
    for (start, link, end), links in said.links():
        fields = LINK[link].fields
        columns = [*_DAYS, ("_said", "string", pa.string()), *_fields(fields)]
        schema = pa.schema([("start", pa.string()), ("end", pa.string()), *((name, data) for name, _, data in columns)])
        rows = [
            {"start": bounded(one), "end": bounded(other), **properties_of(layer, {}, kinds_of(fields))}
            for (one, other), layer in links.items()
        ]
        header = _header([f":START_ID({start})", f":END_ID({end})"], columns)
        files.links(start, link, end, header, pa.Table.from_pylist(rows, schema))


class _Buckets:
    """Declarations and inspections on the disk, so dealt out that all versions of a shipment are in one bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[Path, pa.ipc.RecordBatchStreamWriter] = {}

    def _path(self, shape: str, bucket: int) -> Path:
        return self._folder / f"{shape}-{bucket}"

    def add(self, part: Part) -> None:
        """Deal out what a part says."""
        for shape in ("declaration", "inspection"):
            table = getattr(part.statements, shape)
            keys = np.array(table["shipment"].to_pylist(), dtype=object)
            buckets = pd.util.hash_array(keys) % BUCKETS if len(keys) else np.array([], dtype=np.uint64)
            table = table.append_column("chunk", pa.array([part.number] * len(table), pa.int64()))
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
    at = pc.index_in(named["key"], value_set=current[VERSIONS[kind]].combine_chunks())
    found = [identified(key) for key in named["key"].to_pylist()]
    written = {
        "key": pa.array([row["key"] for row in found], pa.string()),
        "_whole_key": pa.array([row.get("_whole_key") for row in found], pa.string()),
        "_bare": pa.array([row.get("_bare") for row in found], pa.string()),
        "first_on": named["day_min"],
        "last_on": named["day_max"],
        "_said": pa.nulls(len(named), pa.string()),
        "_chunks": pa.array(map(_chunk_text, named["chunk_list"].to_pylist()), pa.string()),
        "_day": current["known_on"].cast(pa.int32()).cast(pa.int64()).take(at),
    }
    described = current["goods_description"].take(at).to_pylist() if kind == "Shipment" else [None] * len(named)
    words = (searched([] if text is None else [text]).get(SEARCHED) for text in described)
    written[SEARCHED] = pa.array(words, pa.string())
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
