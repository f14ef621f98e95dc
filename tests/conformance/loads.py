"""Loads for tests, and what a store says when it is asked everything."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa

from graph.fold import Network, fold
from graph.records import LinkRef, Ref, records
from graph.schema import LINKS, ROLES
from graph.statements import SHAPES, Statements
from graph.store.base import GraphStore
from graph.store.batches import Batch, LoadChunk, Quarantined
from graph.store.things import ThingWithRecords

_REFERRING = ("thing", *(role.column for role in ROLES if role.described))

UNTILS = (None, date(2022, 12, 31), date(2023, 1, 2), date(2023, 1, 3), date(2023, 3, 1), date(2024, 1, 1))


def batch(name: str) -> Batch:
    """Return the heading of a load."""
    return Batch(name, f"hash of {name}", "a", "native", "1", f"{name}.csv")


def chunk(statements: Statements, quarantined: Sequence[Quarantined] = ()) -> LoadChunk:
    """Return statements as a chunk; every third row had come before."""
    rows = sum(len(table) for shape, table in statements.items() if shape != "description")
    return LoadChunk(statements, quarantined, rows + rows // 3 + len(quarantined), rows, rows // 3)


def split(statements: Statements, pieces: int) -> list[Statements]:
    """Deal the rows out to several chunks, each with all descriptions."""
    dealt = []
    for piece in range(pieces):
        rows = {}
        for shape, table in statements.items():
            mine = pa.array(range(piece, len(table), pieces), pa.int64())
            rows[shape] = table if shape == "description" else table.take(mine)
        dealt.append(Statements(**rows))
    return dealt


def everything(store: GraphStore) -> Statements:
    """Return all that a store scans, of one version."""
    with store.reading() as view:
        return Statements(
            **{shape: pa.Table.from_batches(view.scan(shape), schema) for shape, schema in SHAPES.items()}
        )


def content(store: GraphStore) -> dict[str, list[Any]]:
    """Return all that a store scans without regard to order, numbers of descriptions, and spelling of blanks."""
    said = everything(store)
    described = {row.pop("id"): tuple(row.values()) for row in said.description.to_pylist()}
    found: dict[str, list[Any]] = {"description": sorted(described.values(), key=repr)}
    for shape, table in said.items():
        if shape != "description":
            listed = [
                tuple(
                    described[value] if name in _REFERRING and value is not None else value or None
                    for name, value in row.items()
                )
                for row in table.to_pylist()
            ]
            found[shape] = sorted(listed, key=repr)
    return found


def network(store: GraphStore) -> Network:
    """Return the fold of all that a store scans."""
    return fold(records(everything(store)))


def things(store: GraphStore) -> Iterator[tuple[Any, ...]]:
    """Yield what a store says of every thing that it holds, on several days."""
    for ref in sorted(network(store).things):
        for until in UNTILS:
            yield ref, until, store.get(ref, until=until)
        yield ref, "short", store.get(ref, limit=1)
        yield ref, "resolved", store.resolve(str(ref)), store.resolve(ref.key), store.resolve(bare(ref), limit=3)


def bare(ref: Ref) -> str:
    """Return the key without its source."""
    return ref.key.partition("/")[2] or ref.key


def links(store: GraphStore) -> Iterator[Any]:
    """Yield what a store says of the neighbours of every thing that it holds."""
    refs = sorted(network(store).things)
    yield store.neighbours(refs)
    strangers = [Ref("Trader", "nobody"), Ref("Place", "ZZ"), Ref("Nothing", "x")]
    yield [store.exists(ref) for ref in (*refs, *strangers)]
    yield sorted(store.shown([*refs, *strangers]).items())
    yield sorted(store.shown(refs, ["country", "contact", "goods_description", "aliases"]).items())
    held = network(store).links
    yield sorted(store.link_values([*held, LinkRef(Ref("Trader", "a"), "OWNED_BY", Ref("Trader", "nobody"))]).items())
    yield store.neighbours(refs[::-1], limit=1)
    for link in LINKS[::5]:
        yield store.neighbours(refs, links=[link.name], limit=2)


def ledger(store: GraphStore) -> tuple[Any, ...]:
    """Return version, batches (without their times) and refused rows."""
    return (
        store.version(),
        [replace(held, loaded_at=None) for held in store.batches()],
        list(store.quarantined()),
        [list(store.quarantined(held.id)) for held in store.batches()],
    )


def rows(pieces: Iterable[pa.RecordBatch], schema: pa.Schema) -> list[dict[str, Any]]:
    """Return Arrow pieces as rows."""
    return list(pa.Table.from_batches(list(pieces), schema).to_pylist())


def thing(found: ThingWithRecords | None) -> ThingWithRecords:
    """Return what was found, which must be something."""
    assert found is not None
    return found
