"""Statements as pieces of Arrow: how they are written, found again and read.

What a description says decides its number, so that pieces need no common numbering: 63 bits of its digest. Beside the
statements each piece of a load notes the things that it names, so that the pieces behind a thing can be found.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import description_rows, fold_spans, plain, say
from graph.schema import ROLES
from graph.statements import SHAPES, Statements
from graph.store.batches import LoadChunk

NAMED, REFUSED = "named", "quarantine"
NAMED_SCHEMA = pa.schema([("type", pa.string()), ("key", pa.string())])
REFUSED_SCHEMA = pa.schema(
    [("file", pa.string()), ("row", pa.int64()), ("rule", pa.string()), ("column", pa.string()), ("value", pa.string())]
)
SCHEMAS: Mapping[str, pa.Schema] = {**SHAPES, NAMED: NAMED_SCHEMA, REFUSED: REFUSED_SCHEMA}

LATE = ("entity", "ownership", "listing")
"""The shapes whose rows may come without a day."""

_REFERRING = {
    "declaration": tuple(role.column for role in ROLES if role.described),
    "entity": ("thing",),
}


def packed(table: pa.Table) -> bytes:
    """Return a table as compressed Arrow IPC."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def unpacked(data: bytes) -> pa.Table:
    """Return the table that was packed."""
    return pa.ipc.open_stream(pa.py_buffer(bytes(data))).read_all()


def pieces(chunk: LoadChunk) -> Iterator[tuple[str, pa.Table]]:
    """Yield what is stored of a chunk of a load, by shape; what is empty is left out."""
    statements = chunk.statements
    tables = {shape: plain(table).cast(SHAPES[shape]) for shape, table in statements.items()}
    described = tables["description"]
    numbers = _numbers(described)
    used = np.zeros(len(described), dtype=bool)
    for shape, columns in _REFERRING.items():
        for column in columns:
            rows = description_rows(statements, tables[shape][column])
            used[rows[rows >= 0]] = True
            ids = pa.array(np.append(numbers, 0)[rows], pa.int64(), mask=rows < 0)
            at = tables[shape].column_names.index(column)
            tables[shape] = tables[shape].set_column(at, SHAPES[shape].field(column), ids)
    described = described.set_column(0, SHAPES["description"].field("id"), pa.array(numbers, pa.int64()))
    tables["description"] = described.filter(pa.array(used))
    for shape, table in tables.items():
        if len(table):
            yield shape, table
    named = _named(Statements(**tables))
    if len(named):
        yield NAMED, named
    if chunk.quarantined:
        yield REFUSED, pa.Table.from_pylist([row._asdict() for row in chunk.quarantined], schema=REFUSED_SCHEMA)


def is_undated(shape: str, table: pa.Table) -> bool:
    """Tell whether a piece has rows without a day."""
    return shape in LATE and bool(table["known_on"].null_count)


def _numbers(described: pa.Table) -> npt.NDArray[np.int64]:
    rows = zip(*(described[name].to_pylist() for name in described.column_names if name != "id"), strict=True)
    digests = (hashlib.blake2b(repr(row).encode(), digest_size=8).digest() for row in rows)
    return np.array([int.from_bytes(digest, "big") >> 1 for digest in digests], dtype=np.int64)


def _named(statements: Statements) -> pa.Table:
    """Return the things that statements name; days do not matter."""
    found = []
    for kind, tables in say(statements).things.items():
        keys = fold_spans(tables)["key"]
        found.append(pa.table({"type": pa.array([kind] * len(keys), pa.string()), "key": keys}, schema=NAMED_SCHEMA))
    return pa.concat_tables(found) if found else NAMED_SCHEMA.empty_table()


def joined(tables: Sequence[tuple[str, pa.Table]]) -> Statements:
    """Return pieces of several shapes as statements; a description that several bring comes once."""
    found = {}
    for shape, schema in SHAPES.items():
        of_shape = [table for name, table in tables if name == shape]
        found[shape] = pa.concat_tables(of_shape).combine_chunks() if of_shape else schema.empty_table()
    _, first = np.unique(found["description"]["id"].to_numpy(), return_index=True)
    found["description"] = found["description"].take(pa.array(np.sort(first)))
    return Statements(**found)


def naming(statements: Statements, kind: str, key: str) -> Statements:
    """Return the statements that may name a thing: all that do, and perhaps a few more.

    A wider commodity or place is named by whatever the narrower ones are.
    """
    described = statements.description
    mine = pc.and_(pc.equal(described["type"], kind), pc.equal(described["key"], key))
    for column, node in (("address_key", "Address"), ("email_key", "Contact"), ("phone_key", "Contact")):
        if node == kind:
            mine = pc.or_(mine, pc.fill_null(pc.equal(described[column], key), False))
    ids = described["id"].filter(mine)
    kept = {
        "declaration": _any(statements.declaration, _REFERRING["declaration"], lambda c: pc.is_in(c, value_set=ids)),
        "inspection": pa.array(np.zeros(len(statements.inspection), dtype=bool)),
        "entity": _any(statements.entity, ("thing",), lambda c: pc.is_in(c, value_set=ids)),
        "ownership": pa.array(np.zeros(len(statements.ownership), dtype=bool)),
        "listing": pa.array(np.zeros(len(statements.listing), dtype=bool)),
    }
    columns = _COLUMNS.get(kind, {})
    for shape, (names, wide) in columns.items():
        test = _begins(key) if wide else _equals(key)
        kept[shape] = pc.or_(kept[shape], _any(getattr(statements, shape), names, test))
    rows = {shape: getattr(statements, shape).filter(mask) for shape, mask in kept.items()}
    used = [rows[shape][column] for shape, columns in _REFERRING.items() for column in columns]
    referred = pa.chunked_array([piece for column in used for piece in column.chunks], pa.int64())
    return Statements(description=described.filter(pc.is_in(described["id"], value_set=referred)), **rows)


_STOPS = ("origin", "office", "departure_place", "departure_country", "arrival_place", "transit_places")
# By type of thing, the columns that name it by shape; `True` where what begins with the key names it too.
_COLUMNS: Mapping[str, Mapping[str, tuple[tuple[str, ...], bool]]] = {
    "Trader": {"ownership": (("owned", "owner"), False)},
    "Shipment": {"declaration": (("shipment",), False), "inspection": (("shipment",), False)},
    "Inspection": {"inspection": (("inspection",), False)},
    "ListEntry": {"listing": (("entry",), False)},
    "Route": {"declaration": (("route",), False)},
    "Commodity": {"declaration": (("commodity",), True)},
    "Place": {"declaration": (_STOPS, True)},
    "Container": {"declaration": (("containers",), False)},
    "TransportDocument": {"declaration": (("document",), False)},
}


_Test = Callable[[pa.Array], pa.Array]


def _equals(key: str) -> _Test:
    return lambda column: pc.equal(column, key)


def _begins(key: str) -> _Test:
    return lambda column: pc.starts_with(column, key)


def _any(table: pa.Table, names: Sequence[str], test: _Test) -> pa.Array:
    """Return which rows have a value in one of the columns that passes the test."""
    mask = np.zeros(len(table), dtype=bool)
    for name in names:
        column = table[name].combine_chunks()
        if pa.types.is_list(column.type):
            hit = pc.fill_null(test(pc.list_flatten(column)), False).to_numpy(zero_copy_only=False)
            mask[pc.list_parent_indices(column).to_numpy()[hit]] = True
        else:
            mask |= pc.fill_null(test(column), False).to_numpy(zero_copy_only=False)
    return pa.array(mask)
