"""The public KCS year, loaded as it is, again, in pieces, and interrupted: always the same graph."""

import csv
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.settings import Settings
from graph.columns import date_undated
from graph.hash import whole_hash
from graph.store.sqlite import SqliteStore
from graph.whole import fold_whole, read
from ingest.load import LoadResult, load

TRAIN = Settings().data / "kcs" / "train.csv"
ROWS = 37_385

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TRAIN.exists(), reason=f"needs the KCS data at {TRAIN}; set TIDEWAITER_DATA to its folder"),
]


def put(store: Path, *files: Path) -> list[LoadResult]:
    with SqliteStore(store) as opened:
        return [load(opened, file, mapping="kcs", source=None) for file in files]


def graph_hash(store: Path) -> str:
    with SqliteStore(store) as opened:
        return whole_hash(fold_whole(date_undated(read(opened))))


def written(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def rows() -> tuple[list[str], list[list[str]]]:
    with TRAIN.open(newline="", encoding="utf-8") as file:
        header, *body = csv.reader(file)
    return header, body


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    store = tmp_path_factory.mktemp("once") / "store.db"
    (result,) = put(store, TRAIN)
    batch = result.batch
    assert (batch.rows_in, batch.rows_loaded, batch.rows_quarantined, batch.rows_duplicate) == (ROWS, ROWS, 0, 0)
    return graph_hash(store)


def test_the_same_file_again_changes_nothing(expected: str, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    _, again = put(store, TRAIN, TRAIN)
    assert again.already_loaded
    assert graph_hash(store) == expected
    with SqliteStore(store) as opened:
        assert len(opened.batches()) == 1


def test_shuffled_split_and_overlapping_files_give_the_same_graph(
    expected: str, tmp_path: Path, rows: tuple[list[str], list[list[str]]]
) -> None:
    header, body = rows
    shuffled = random.Random(7).sample(body, len(body))
    whole = written(tmp_path / "shuffled.csv", header, shuffled)
    thirds = [written(tmp_path / f"part{n}.csv", header, shuffled[n::3]) for n in (2, 0, 1)]
    put(tmp_path / "shuffled.db", whole)
    put(tmp_path / "split.db", *thirds)
    put(tmp_path / "overlapping.db", thirds[0], whole)
    assert graph_hash(tmp_path / "shuffled.db") == expected
    assert graph_hash(tmp_path / "split.db") == expected
    assert graph_hash(tmp_path / "overlapping.db") == expected


def test_removing_a_batch_leaves_the_graph_of_a_store_that_never_had_it(
    tmp_path: Path, rows: tuple[list[str], list[list[str]]]
) -> None:
    header, body = rows
    first = written(tmp_path / "first.csv", header, body[:25_000])
    second = written(tmp_path / "second.csv", header, body[20_000:])
    put(tmp_path / "first.db", first)
    _, removed = put(tmp_path / "both.db", first, second)
    with SqliteStore(tmp_path / "both.db") as opened:
        opened.remove_batch(removed.batch.id)
    assert graph_hash(tmp_path / "both.db") == graph_hash(tmp_path / "first.db")


@pytest.mark.parametrize("kills", [8, pytest.param(30, marks=pytest.mark.long)])
def test_killed_at_random_moments_and_resumed(expected: str, tmp_path: Path, kills: int) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from graph.store.sqlite import SqliteStore\n"
        "from ingest.load import load\n"
        "with SqliteStore(Path(sys.argv[1])) as store: load(store, Path(sys.argv[2]), mapping='kcs', source=None)"
    )

    def start(store: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", program, str(store), str(TRAIN)])

    began = time.monotonic()
    assert start(tmp_path / "timed.db").wait() == 0
    duration = time.monotonic() - began
    dice = random.Random(11)
    stores = [tmp_path / "killed0.db"]
    killed = 0
    for _ in range(3 * kills):
        process = start(stores[-1])
        try:
            # Finished before its moment came: the next kill needs a store that is not loaded yet.
            process.wait(dice.uniform(0.05, 1.0) * duration)
            stores.append(tmp_path / f"killed{len(stores)}.db")
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
        if killed == kills:
            break
    assert killed == kills
    for store in stores:
        put(store, TRAIN)
        assert graph_hash(store) == expected
        with SqliteStore(store) as opened:
            assert [batch.rows_loaded for batch in opened.batches()] == [ROWS]
