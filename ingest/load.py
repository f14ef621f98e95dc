"""Load a file, or a folder's files together, into a store as one batch."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from graph.store.base import LoadTarget
from graph.store.batches import Batch, LoadChunk
from graph.store.errors import AlreadyThereError
from ingest.checking import check
from ingest.duplicates import Seen, digests
from ingest.errors import InputError
from ingest.mapping import SourceMapping, check_source, load_mapping
from ingest.parties import Keys
from ingest.reading import SourceFile, content_hash, find_files, pieces
from ingest.statements import statements

__all__ = ["InputError", "LoadResult", "chunks", "load"]


@dataclass(frozen=True)
class LoadResult:
    """What became of a load.

    Attributes:
        batch: the ledger row, with the counts of rows.
        already_loaded: the same content was there from before, and nothing was changed.
        unknown_columns: (file, column) of the columns that were kept out because the mapping does not name them.
        zero_values: how many of the rows loaded now declare a customs value of 0.
    """

    batch: Batch
    already_loaded: bool
    unknown_columns: tuple[tuple[str, str], ...]
    zero_values: int = 0


def load(
    store: LoadTarget,
    path: Path,
    *,
    mapping: str,
    source: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> LoadResult:
    """Load what stands at a path as one batch.

    Args:
        store: where to.
        path: a file, or a folder whose files are loaded together.
        mapping: name of a built-in mapping, or path of one in TOML.
        source: who keeps the numbering; by default the mapping's name.
        progress: is told the number of rows read so far.

    Raises:
        InputError: the input or the mapping cannot be used; nothing was written.
        StoreError: the store refused the batch; nothing was written.
    """
    of = load_mapping(mapping)
    source = check_source(of.name if source is None else source)
    files = find_files(path, of)
    unknown = tuple((file.path.name, column) for file in files for column in file.unknown)
    content = content_hash(files)
    before = store.find_batch(content, source, of.name, of.version)
    if before is not None:
        return LoadResult(before, already_loaded=True, unknown_columns=unknown)
    identity = hashlib.sha256("\n".join([content, source, of.name, of.version]).encode()).hexdigest()[:12]
    batch = Batch(identity, content, source, of.name, of.version, path.resolve().name)
    zeros: list[int] = []

    def counted() -> Iterator[LoadChunk]:
        for chunk in chunks(files, of, source, progress):
            zeros.append(pc.sum(pc.equal(chunk.statements.declaration["customs_value"], 0.0)).as_py() or 0)
            yield chunk

    try:
        loaded = store.add_batch(batch, counted())
    except AlreadyThereError:
        # Another process may have loaded the same meanwhile.
        before = store.find_batch(content, source, of.name, of.version)
        if before is None:
            raise
        return LoadResult(before, already_loaded=True, unknown_columns=unknown)
    return LoadResult(loaded, already_loaded=False, unknown_columns=unknown, zero_values=sum(zeros))


def chunks(
    files: list[SourceFile], mapping: SourceMapping, source: str, progress: Callable[[int], None] | None = None
) -> Iterator[LoadChunk]:
    """Yield what the files' rows say, in bounded chunks.

    Raises:
        InputError: no file has a row below its header, or the rows of one cannot be told apart.
    """
    keys = Keys(source)
    kinds = {file.mapping.kind.name for file in files}
    seen = {kind: Seen() for kind in kinds}
    layout = {
        kind: sorted({column for file in files if file.mapping.kind.name == kind for column in file.used})
        for kind in kinds
    }
    rows_in = 0
    for file in files:
        kind = file.mapping.kind.name
        for piece in pieces(file, mapping):
            checked = check(piece, file, mapping)
            table = piece.table if not checked.refused else piece.table.filter(pa.array(checked.good))
            first = seen[kind].first(digests(table, layout[kind]))
            new = int(first.sum())
            fields = checked.columns
            if new < len(first):
                fields = {field: column.where(first) for field, column in fields.items()}
            refused = [*piece.refused, *checked.refused]
            chunk = LoadChunk(
                statements=statements(kind, fields, new, keys, mapping.outcome_delay_days),
                quarantined=refused,
                rows_in=len(piece.table) + len(piece.refused),
                rows_loaded=new,
                rows_duplicate=len(first) - new,
            )
            rows_in += chunk.rows_in
            yield chunk
            if progress is not None:
                progress(rows_in)
    if not rows_in:
        names = " and ".join(str(file.path) for file in files)
        raise InputError(f"{names} has a header and no rows; give a file with rows.")
