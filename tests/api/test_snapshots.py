"""The snapshot as files: read again by pandas and torch-geometric, it says the same."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api import snapshots
from api.commands.errors import UsageError
from api.snapshots import write_snapshot
from gnn.files import ARRAYS, CARD, load_graph
from gnn.hetero import as_known, declared_logs
from graph.build import snapshot
from graph.snapshot import NEVER, Snapshot
from graph.store.sqlite import SqliteStore
from ingest.load import load
from ingest.synthetic import simulate
from targeting.publish import default_as_of
from tests.api.commands import run

DAY = date(2023, 11, 1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshots")
    simulate(folder / "native", shipments=1_000, seed=11)
    with SqliteStore(folder / "world.db") as held:
        load(held, folder / "native", mapping="native")
    return folder / "world.db"


def days(column: "pd.Series[pd.Timestamp]") -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    """Return dates as days since 1970, NEVER where blank."""
    numbers = pd.to_datetime(column).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(numbers), NEVER, numbers.astype(np.int64)).astype(np.int32)


def assert_same(folder: Path, expected: Snapshot) -> None:
    for kind, things in expected.things.items():
        frame = pd.read_parquet(folder / "nodes" / f"{kind}.parquet")
        assert frame["number"].tolist() == list(range(len(things))) and frame["key"].tolist() == things.keys.to_pylist()
        assert np.array_equal(days(frame["first_on"]), things.first_on)
        for name in things.shown.column_names:
            shown = things.shown[name].to_pylist()
            held = frame[name].tolist() if name in frame else [None] * len(frame)
            assert [None if pd.isna(value) else value for value in held] == shown
    for (start, link, end), adjacency in expected.links.items():
        frame = pd.read_parquet(folder / "links" / f"{start}-{link}-{end}.parquet")
        assert np.array_equal(frame["start"], adjacency.starts) and np.array_equal(frame["end"], adjacency.indices)
        assert np.array_equal(days(frame["last_on"]), adjacency.last_on)
    frame, declarations = pd.read_parquet(folder / "declarations.parquet"), expected.declarations
    assert np.array_equal(days(frame["until"]), declarations.until)
    assert np.array_equal(days(frame["accepted_on"]), declarations.accepted_on)
    for name, numbers in declarations.keys.items():
        assert np.array_equal(frame[name].fillna(-1).astype(np.int32), numbers)
    for name, column in declarations.texts.items():
        assert [None if pd.isna(value) else value for value in frame[name]] == column.to_pylist()
    for name, amounts in declarations.numbers.items():
        assert np.array_equal(frame[name].to_numpy(np.float64), amounts, equal_nan=True)
    sizes = frame["containers"].map(len).to_numpy()
    assert np.array_equal(sizes, np.diff(declarations.container_ptr))
    assert np.array_equal(np.concatenate(frame["containers"].to_list()), declarations.containers)
    frame = pd.read_parquet(folder / "outcomes.parquet")
    assert np.array_equal(frame["infraction"], expected.outcomes.infraction)
    assert np.array_equal(frame["revenue"], expected.outcomes.revenue)
    assert np.array_equal(days(pd.read_parquet(folder / "ownership.parquet")["since"]), expected.ownership.since)


@pytest.mark.parametrize("until", [None, DAY])
def test_what_is_read_back_is_the_snapshot(store: Path, tmp_path: Path, until: date | None) -> None:
    out = tmp_path / "network"
    words = ["--as-of", until] if until else []
    told = run("snapshot", "--output", out, *words, "--json", store=store).json
    with SqliteStore(store) as held:
        expected = snapshot(held, until)
    assert_same(out, expected)
    readme = json.loads((out / "README.json").read_text(encoding="utf-8"))
    assert told == {"folder": str(out), **readme}
    cutoff = default_as_of(expected) if until is None else (until - date(1970, 1, 1)).days
    assert readme["as_of"] == str(np.datetime64(cutoff, "D")) and readme["everything"] is (until is None)
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert files == {table["file"] for table in readme["tables"].values()} | {"README.json", ARRAYS, CARD}
    for table in readme["tables"].values():
        frame = pd.read_parquet(out / table["file"])
        assert len(frame) == table["rows"] and list(frame) == [column["name"] for column in table["columns"]]
    data, same = load_graph(out), as_known(expected, cutoff, declared_logs(expected))
    assert data.node_types == same.node_types and data.edge_types == same.edge_types
    for kind in same.node_types:
        assert data[kind].num_nodes == same[kind].num_nodes
    assert (data["Shipment"].x == same["Shipment"].x).all() and (data["Trader"].age == same["Trader"].age).all()
    for triple in same.edge_types:
        assert (data[triple].edge_index == same[triple].edge_index).all()
    assert len(data["Shipment"].x) > 100


def test_it_says_what_was_written(store: Path, tmp_path: Path) -> None:
    found = run("snapshot", "--output", tmp_path / "network", store=store)
    assert found.status == 0 and "tables in" in found.out and "README.json" in found.out


def test_a_folder_that_is_there_stays_as_it_is(store: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    for out, said in ((tmp_path / "mine", "exists already"), (tmp_path / "no" / "where", "does not exist")):
        found = run("snapshot", "--output", out, store=store)
        assert found.status == 2 and said in found.err
    assert (tmp_path / "mine").read_text() == "kept" and len(list(tmp_path.iterdir())) == 1


def test_nothing_is_left_of_what_failed(store: Path, tmp_path: Path) -> None:
    def full(_: str) -> None:
        if any(tmp_path.iterdir()):
            raise OSError("full")

    with SqliteStore(store) as held, pytest.raises(OSError, match="full"):
        write_snapshot(held, tmp_path / "network", progress=full)
    assert not list(tmp_path.iterdir())


def test_a_damaged_graph_is_refused(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "network"
    with SqliteStore(store) as held:
        write_snapshot(held, out)
    card = json.loads((out / CARD).read_text(encoding="utf-8"))
    (out / CARD).write_text(json.dumps({**card, "format": 99}))
    with pytest.raises(ValueError, match="format 99"):
        load_graph(out)
    (out / CARD).write_text(json.dumps({**card, "sha256": "0"}))
    with pytest.raises(ValueError, match="is damaged"):
        load_graph(out)
    (out / CARD).write_text("[")
    with pytest.raises(ValueError, match="is damaged"):
        load_graph(out)
    (out / ARRAYS).unlink()
    (out / CARD).write_text(json.dumps(card))
    with pytest.raises(ValueError, match="is missing"):
        load_graph(out)
    with pytest.raises(UsageError, match="exists already"):
        snapshots.check_new_folder(out)
