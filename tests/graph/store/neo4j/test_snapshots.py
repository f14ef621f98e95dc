"""The same files loaded in each store give the same snapshot, bit for bit."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv

from graph.build import snapshot
from graph.store.base import GraphStore
from graph.store.sqlite import SqliteStore
from ingest.load import load
from ingest.synthetic import simulate
from tests.graph.store.neo4j.loading import opened
from tests.neo4j.server import Server


def parts(held: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield all that a snapshot is made of, with where it stands: the bytes of arrays, columns and numbers."""
    if is_dataclass(held):
        for field in fields(held):
            yield from parts(getattr(held, field.name), f"{path}.{field.name}")
    elif isinstance(held, Mapping):
        for name, value in held.items():
            yield from parts(value, f"{path}[{name}]")
    elif isinstance(held, np.ndarray):
        yield path, (held.dtype, held.shape, held.tobytes())
    elif isinstance(held, pa.Table):
        for name in held.column_names:
            yield f"{path}[{name}]", held[name].combine_chunks()
    else:
        assert isinstance(held, (pa.Array, str, int)), path
        yield path, held


def loaded(store: GraphStore, *worlds: Path) -> dict[str, Any]:
    for world in worlds:
        load(store, world, mapping="native")
    return dict(parts(snapshot(store), "snapshot"))


def test_each_store_gives_the_same_snapshot(neo4j_database: Server, tmp_path: Path) -> None:
    world, later = tmp_path / "world", tmp_path / "later"
    simulate(world, shipments=1_500, seed=23)
    # Amendments come in a load of their own, after what they amend.
    whole = csv.read_csv(
        world / "declarations.csv",
        convert_options=csv.ConvertOptions(column_types={"amended_on": pa.string()}, strings_can_be_null=True),
    )
    assert 0 < whole["amended_on"].null_count < len(whole)
    lines = (world / "declarations.csv").read_text("utf-8").splitlines(keepends=True)
    amends = [value is not None for value in whole["amended_on"].to_pylist()]
    assert len(amends) == len(lines) - 1
    later.mkdir()
    for folder, taken in ((world, False), (later, True)):
        rows = [line for line, amending in zip(lines[1:], amends, strict=True) if amending == taken]
        (folder / "declarations.csv").write_text("".join([lines[0], *rows]), "utf-8")
    with SqliteStore(tmp_path / "store.db") as embedded, opened(neo4j_database) as server:
        there, here = loaded(server, world, later), loaded(embedded, world, later)
    assert len(here["snapshot.declarations.shipment"][2]) > 4 * 1_500
    assert list(there) == list(here)
    for path, part in here.items():
        assert there[path] == part, path
