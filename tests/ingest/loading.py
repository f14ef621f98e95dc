"""Loads into memory: what a store would be given, in a form that tests can compare."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from graph.schema import ROLES
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.batches import Batch, LoadChunk, Quarantined
from ingest.load import LoadResult, load

REFERENCES = [role.column for role in ROLES if role.described] + ["thing"]

# The least that a declaration must say.
DECLARATION = {
    "declaration_id": "D1",
    "line_no": "1",
    "accepted_on": "2024-03-01",
    "office": "016",
    "importer_id": "Q1",
    "origin_country": "CN",
    "hs_code": "847130",
    "customs_value": "10.5",
}
OUTCOME = {"declaration_id": "D1", "line_no": "1", "outcome": "clean", "inspected_on": "2024-03-05"}


@dataclass
class Sink:
    """Takes the one batch that a test loads."""

    batches: list[Batch] = field(default_factory=list)
    chunks: list[LoadChunk] = field(default_factory=list)

    def find_batch(self, content_hash: str, source: str, mapping: str, mapping_version: str) -> Batch | None:
        wanted = (content_hash, source, mapping, mapping_version)
        return next(
            (b for b in self.batches if (b.content_hash, b.source, b.mapping, b.mapping_version) == wanted), None
        )

    def add_batch(self, batch: Batch, chunks: Iterable[LoadChunk]) -> Batch:
        added = list(chunks)
        self.chunks.extend(added)
        batch = replace(
            batch,
            rows_in=sum(chunk.rows_in for chunk in added),
            rows_loaded=sum(chunk.rows_loaded for chunk in added),
            rows_quarantined=sum(len(chunk.quarantined) for chunk in added),
            rows_duplicate=sum(chunk.rows_duplicate for chunk in added),
        )
        self.batches.append(batch)
        return batch


@dataclass(frozen=True)
class Loaded:
    """What came of a load: rows by shape with their descriptions in place of the numbers, and the refused rows."""

    result: LoadResult
    rows: Mapping[str, list[dict[str, Any]]]
    quarantined: list[Quarantined]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        batch = self.result.batch
        return batch.rows_in, batch.rows_loaded, batch.rows_quarantined, batch.rows_duplicate


def load_all(path: Path, mapping: str = "native", source: str | None = None, sink: Sink | None = None) -> Loaded:
    sink = sink or Sink()
    result = load(cast(GraphStore, sink), path, mapping=mapping, source=source)
    rows: dict[str, list[dict[str, Any]]] = {}
    for chunk in sink.chunks:
        for shape, found in plain(chunk.statements).items():
            rows.setdefault(shape, []).extend(found)
    return Loaded(result, rows, [refused for chunk in sink.chunks for refused in chunk.quarantined])


def plain(statements: Statements) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each shape, references resolved; a description that nothing refers to is a fault."""
    described = {row.pop("id"): row for row in statements.description.to_pylist()}
    assert len({tuple(row.items()) for row in described.values()}) == len(described)
    referred = set()
    found = {}
    for shape, table in statements.items():
        table.validate(full=True)
        if shape == "description":
            continue
        found[shape] = table.to_pylist()
        for row in found[shape]:
            for column in REFERENCES:
                if row.get(column) is not None:
                    referred.add(row[column])
                    row[column] = described[row[column]]
    assert referred == set(described)
    return found


def write(path: Path, rows: Sequence[Mapping[str, str]], header: Sequence[str] | None = None) -> Path:
    """Write rows as CSV with the columns that any of them has."""
    columns = header or list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def comparable(rows: Mapping[str, list[dict[str, Any]]]) -> dict[str, set[str]]:
    """Return the rows as sets, to compare loads in which order and repetition do not count."""
    return {shape: {repr(row) for row in found} for shape, found in rows.items()}
