"""Letting the network follow the ledger: which loads came and went since, and what of them is to be merged."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from neo4j import ManagedTransaction

from graph.schema import ROLES
from graph.statements import SHAPES, Statements
from graph.store.neo4j import folded, ledger
from graph.store.neo4j.chunks import LATE, NAMED, joined, unpacked
from graph.store.neo4j.layout import CHUNK, STORE
from graph.store.neo4j.said import Keys, Part, keys_of, part_of
from graph.store.neo4j.undated import merge_undated
from graph.store.neo4j.writer import Writer

_SHAPES = [*SHAPES, NAMED]
_PIECES = f"MATCH (c:{CHUNK} {{load: $load}}) WHERE c.shape IN $shapes"

# What a row without a day, or a listing, may name.
_ASIDE = {*(role.node for role in ROLES if role.described), "Address", "Contact", "ListEntry"}


def settle(writer: Writer) -> None:
    """Make the network that of the ledger."""
    now, imported = writer.read(ledger.read), writer.read(_imported)
    loads = [entry.load for entry in now.entries]
    here = {entry.load for entry in now.entries if entry.batch.version <= now.folded}
    # A list entry, or a row without a day, depends on what other loads say; most stores have neither.
    aside = writer.read(_exists_aside, loads)
    changed: list[Keys] = []
    for load in writer.read(ledger.struck, now.folded):
        named = _named(writer, load)
        folded.reset(writer, _parts(writer, load), named)
        for other in (load for load in loads if load in here):
            folded.add(writer, _parts(writer, other), named)
        folded.drop(writer, named)
        changed.append(named)
    for load in loads:
        if load not in here:
            if not imported:
                folded.add(writer, _parts(writer, load))
            if aside:
                changed.append({kind: keys for kind, keys in _named(writer, load).items() if kind in _ASIDE})
    if aside:
        _settle_aside(writer, loads, folded.united(changed))
    writer.change(f"MATCH (s:{STORE}) SET s.folded = $version REMOVE s.imported", version=now.version)


def _settle_aside(writer: Writer, loads: Sequence[str], named: Keys) -> None:
    merge_undated(writer, _undated(writer, loads), named)
    if "ListEntry" in named:
        listings = [unpacked(data) for data in writer.read(_listings, loads)]
        folded.list_entries(writer, pa.concat_tables([SHAPES["listing"].empty_table(), *listings]), named["ListEntry"])


def _parts(writer: Writer, load: str) -> Iterator[Callable[[], Part]]:
    """Yield what reads each part of a load, by itself, so that no transaction stays open while it is merged."""
    for part in writer.read(_numbers, load):
        yield partial(_part, writer, load, part)


def _part(writer: Writer, load: str, part: int) -> Part:
    rows = writer.read(_pieces, load, part, _SHAPES)
    return part_of({shape: (number, unpacked(data)) for shape, number, data in rows})


def _named(writer: Writer, load: str) -> Keys:
    """Return all that a load names."""
    lists = (writer.read(_pieces, load, part, [NAMED]) for part in writer.read(_numbers, load))
    return folded.united(keys_of(unpacked(data)) for rows in lists for _, _, data in rows)


def _undated(writer: Writer, loads: Sequence[str]) -> Statements:
    """Return all live rows of entities and ownerships without a day."""
    found = []
    for load, part in writer.read(_parts_aside, loads):
        for shape, _, data in writer.read(_pieces, load, part, ["description", *LATE]):
            table = unpacked(data)
            found.append((shape, table.filter(pc.is_null(table["known_on"])) if shape in LATE else table))
    statements = joined(found)
    spoken = pc.is_in(statements.description["id"], value_set=statements.entity["thing"].combine_chunks())
    return Statements(
        description=statements.description.filter(spoken), entity=statements.entity, ownership=statements.ownership
    )


def _numbers(tx: ManagedTransaction, load: str) -> list[int]:
    return tx.run(f"{_PIECES} RETURN c.part AS part ORDER BY part", load=load, shapes=[NAMED]).value()


def _pieces(tx: ManagedTransaction, load: str, part: int, shapes: Sequence[str]) -> list[tuple[Any, ...]]:
    text = f"{_PIECES} AND c.part = $part RETURN c.shape, c.number, c.data"
    return [tuple(row) for row in tx.run(text, load=load, part=part, shapes=list(shapes))]


def _parts_aside(tx: ManagedTransaction, loads: Sequence[str]) -> list[tuple[Any, ...]]:
    text = f"MATCH (c:{CHUNK}) WHERE c.undated AND c.load IN $loads RETURN DISTINCT c.load, c.part"
    return [tuple(row) for row in tx.run(text, loads=loads)]


def _listings(tx: ManagedTransaction, loads: Sequence[str]) -> list[bytes]:
    text = f"UNWIND $loads AS load MATCH (c:{CHUNK} {{load: load, shape: 'listing'}}) RETURN c.data"
    return tx.run(text, loads=loads).value()


def _imported(tx: ManagedTransaction) -> bool:
    """Tell whether the network was imported with the one load that there is, and is done but for what stands aside."""
    return bool(tx.run(f"MATCH (s:{STORE}) RETURN coalesce(s.imported, false)").single(strict=True)[0])


def _exists_aside(tx: ManagedTransaction, loads: Sequence[str]) -> bool:
    text = f"RETURN EXISTS {{ MATCH (c:{CHUNK}) WHERE c.load IN $loads AND (c.undated OR c.shape = 'listing') }}"
    return bool(tx.run(text, loads=loads).single(strict=True)[0])
