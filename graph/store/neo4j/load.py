"""A load: pieces that nobody reads, which its row in the ledger makes part of the store."""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from itertools import count

from neo4j.exceptions import DriverError, Neo4jError

from graph.store.batches import Batch, LoadChunk, already_there
from graph.store.errors import StoreError
from graph.store.neo4j import checking, ledger
from graph.store.neo4j.chunks import is_undated, packed, pieces
from graph.store.neo4j.layout import CHUNK
from graph.store.neo4j.settle import settle
from graph.store.neo4j.writer import Writer

# Doing it twice changes nothing more.
_ENTER = f"MERGE (c:{CHUNK} {{number: $piece.number}}) SET c = $piece"


def load(writer: Writer, before: ledger.Ledger, batch: Batch, chunks: Iterable[LoadChunk]) -> Batch:
    """Store all chunks as one batch and let the network follow; return the row of the ledger."""
    writer.read(checking.refuse_failed_indexes)
    held = before.find(batch.content_hash, batch.source, batch.mapping, batch.mapping_version)
    if held is not None or batch.id in {entry.batch.id for entry in before.entries}:
        raise already_there(held or batch)
    name = uuid.uuid4().hex
    entered = batch.heading().entered(before.version + 1)
    try:
        numbers = count(ledger.first_number(entered))
        for part, chunk in enumerate(chunks):
            for shape, table in pieces(chunk):
                piece = {"number": next(numbers), "load": name, "part": part, "shape": shape}
                if is_undated(shape, table):
                    piece["undated"] = True
                writer.change(_ENTER, piece={**piece, "data": packed(table)})
            entered = entered.counting(chunk)
        ledger.enter(writer, entered, name)
    except BaseException:
        # Where that fails, too, the next writer does it.
        with suppress(StoreError, Neo4jError, DriverError):
            ledger.sweep(writer)
        raise
    settle(writer)
    return entered
