"""The file of the embedded store: killed writers, several writers and threads, and everything that can be wrong."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graph.records import Ref
from graph.schema import NODES
from graph.statements import SHAPES, Statements
from graph.store.batches import LoadChunk
from graph.store.errors import StoreError
from graph.store.sqlite import SqliteStore, load, scan, store
from graph.store.sqlite.connect import connect
from graph.store.sqlite.layout import APPLICATION_ID, USER_VERSION
from tests.conformance.loads import content, ledger
from tests.graph.store.many import batch, chunk, many

ROOT = Path(__file__).parents[3]


_WRITER = """
import sys, time
from graph.store.sqlite import SqliteStore
from tests.graph.store.many import batch, chunk, many

def chunks():
    for at in range(3):
        print(at, flush=True)
        yield chunk(many(at * 1000, 1000))
    print("finish", flush=True)

SqliteStore(sys.argv[1]).add_batch(batch("two"), chunks())
print("done", flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Any]]]:
    """Make a store with one batch; yield its file, and what it holds before and after another batch."""
    folder = tmp_path_factory.mktemp("states")
    with SqliteStore(folder / "one.db") as one:
        one.add_batch(batch("one"), [chunk(many(0, 300))])
        held = [_answers(one)]
    shutil.copy(folder / "one.db", folder / "two.db")
    with SqliteStore(folder / "two.db") as two:
        two.add_batch(batch("two"), (chunk(many(at * 1000, 1000)) for at in range(3)))
        held.append(_answers(two))
    yield folder / "one.db", held


def _answers(opened: SqliteStore) -> Any:
    refs = [Ref("Trader", "a/Q7"), Ref("Shipment", "a/4")]
    return (
        ledger(opened),
        content(opened),
        [opened.neighbours([ref]) for ref in refs],
        [opened.get(ref) for ref in refs],
    )


@pytest.mark.parametrize(("line", "wait"), [("1", 0.0), ("2", 0.02), ("finish", 0.0), ("finish", 0.03), ("done", 0.0)])
def test_a_killed_load_leaves_no_trace_and_a_committed_one_stays(
    states: tuple[Path, list[Any]], tmp_path: Path, line: str, wait: float
) -> None:
    path, (before, after) = tmp_path / "store.db", states[1]
    shutil.copy(states[0], path)
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with writer:
        assert writer.stdout is not None
        for told in writer.stdout:
            if told.strip() == line:
                break
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    with SqliteStore(path) as opened:
        if line != "done" and opened.version() == 1:
            assert _answers(opened) == before
            opened.add_batch(batch("two"), (chunk(many(at * 1000, 1000)) for at in range(3)))
        assert _answers(opened) == after
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_second_writer_is_refused_after_a_bounded_wait(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore(path) as first, SqliteStore(path, wait=0.2) as second:

        def chunks() -> Iterator[LoadChunk]:
            yield chunk(many(0, 10))
            started = time.monotonic()
            with pytest.raises(StoreError, match="Another process is writing to the store"):
                second.add_batch(batch("two"), [chunk(many(10, 10))])
            assert 0.1 < time.monotonic() - started < 5
            assert second.version() == 0

        first.add_batch(batch("one"), chunks())
        assert second.add_batch(batch("two"), [chunk(many(10, 10))]).version == 2


def test_a_view_can_only_be_read(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.db") as opened, opened.reading() as view:
        with pytest.raises(StoreError, match="only be read"):
            view.add_batch(batch("one"), [])
        view.close()
        assert view.version() == 0


def test_threads_share_a_store(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.db") as shared:
        shared.add_batch(batch("one"), [chunk(many(0, 2000))])
        refs = [Ref("Trader", f"a/Q{at}") for at in range(50)]
        expected = [shared.neighbours([ref]) for ref in refs]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda ref: shared.neighbours([ref]), refs)) == expected


def test_pieces_of_a_scan_are_bounded_and_of_one_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_PIECE", 30)
    with SqliteStore(tmp_path / "store.db") as opened:
        opened.add_batch(batch("one"), [chunk(many(0, 100))])
        pieces = opened.scan("declaration", ["shipment", "containers", "office"])
        sizes = [len(next(pieces))]
        opened.remove_batch("one")
        sizes.extend(map(len, pieces))
        assert sizes == [30, 30, 30, 10]


def test_reading_a_thing_reads_no_large_table_whole(tmp_path: Path) -> None:
    """Whatever figures mislead the planner, each query about one thing goes by the index of what names the thing."""
    keys = {"Commodity": "8471", "Place": "CN", "Address": "1 main|KR"}
    refs = [Ref(node.name, keys.get(node.name, "a/1")) for node in NODES]
    asked: list[str] = []
    with SqliteStore(tmp_path / "store.db") as opened:
        opened.add_batch(batch("one"), [chunk(many(0, 1000))])
        with closing(sqlite3.connect(opened.path)) as figures:
            figures.execute("ANALYZE")
        with opened.reading() as view:
            connection = view._held
            assert connection is not None
            connection.set_trace_callback(asked.append)
            for ref in refs:
                view.get(ref)
                view.get(ref, until=date(2023, 2, 1))
                view.neighbours([ref])
                view.resolve(str(ref))
            connection.set_trace_callback(None)
            plans = {step[3] for query in set(asked) for step in connection.execute(f"EXPLAIN QUERY PLAN {query}")}
    assert any(plan.startswith("SEARCH d USING COVERING INDEX declaration_") for plan in plans)
    scanned = {plan.split()[1] for plan in plans if plan.startswith("SCAN")}
    assert (
        scanned & {"declaration", "d", "description", "p", "way", "w", "stop", "s", "held", "h", "inspection"} == set()
    )
    assert not [plan for plan in plans if "declaration_batch" in plan]


def test_descriptions_are_found_again_when_they_are_too_many_to_remember(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "_REMEMBERED", 7)
    monkeypatch.setattr(load, "_LOOKUP", 3)
    with SqliteStore(tmp_path / "store.db") as opened:
        opened.add_batch(batch("one"), (chunk(many(at, 60)) for at in range(0, 300, 60)))
        descriptions = pa.Table.from_batches(opened.scan("description"), SHAPES["description"])
        assert sorted(descriptions["key"].to_pylist()) == sorted(f"a/Q{at}" for at in range(50))


def test_columns_may_be_dictionary_encoded_and_in_pieces(tmp_path: Path) -> None:
    plain = many(0, 50)
    encoded = {
        shape: pa.table(
            {
                name: column.dictionary_encode() if column.type == pa.string() else column
                for name, column in zip(held.column_names, held.columns, strict=True)
            }
        )
        for shape, held in plain.items()
    }
    pieces = pa.concat_tables([encoded["declaration"].slice(0, 20), encoded["declaration"].slice(20)])
    with SqliteStore(tmp_path / "a.db") as first, SqliteStore(tmp_path / "b.db") as second:
        first.add_batch(batch("one"), [chunk(plain)])
        second.add_batch(batch("one"), [chunk(replace(Statements(**encoded), declaration=pieces))])
        assert content(first) == content(second)


def test_the_file_tells_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore(path) as opened:
        opened.add_batch(batch("one"), [chunk(many(0, 10))])
        assert opened.version() == 1
    assert [held.name for held in tmp_path.iterdir()] == ["store.db"]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA user_version").fetchone() == (USER_VERSION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def refused(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        SqliteStore(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (1000, "a newer Tidewaiter (layout 2.2, this is 1.2); upgrade"),
        (-1, "1.1, this is 1.2); bring it forward with"),
        (-2, "1.0, this is 1.2), and cannot be brought"),
    ],
)
def test_a_store_of_another_version_is_refused(tmp_path: Path, change: int, said: str) -> None:
    path = tmp_path / "store.db"
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {USER_VERSION + change}")
    connection.close()
    assert said in refused(path)


def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    for content_of in (b"declaration_id,line_no\n" * 200, os.urandom(4096), b"short"):
        path.write_bytes(content_of)
        assert "is not a Tidewaiter store" in refused(path)
        assert path.read_bytes() == content_of
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert "is not a Tidewaiter store" in refused(path)
    assert "is a folder" in refused(tmp_path)
    assert "does not exist; create it first" in refused(tmp_path / "missing" / "x.db")
    assert "cannot be" in refused(path / "x.db") or "does not exist" in refused(path / "x.db")


def test_a_damaged_store_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore(path) as opened:
        opened.add_batch(batch("one"), [chunk(many(0, 3000))])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 4] + os.urandom(len(whole) * 3 // 4))
    with pytest.raises(StoreError, match=r"is damaged .*; restore it or load"), SqliteStore(path) as opened:
        list(opened.scan("declaration"))


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"

    def small(path: Path, wait: float) -> sqlite3.Connection:
        connection = connect(path, wait)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 50}")
        return connection

    with SqliteStore(path) as opened:
        opened.add_batch(batch("one"), [chunk(many(0, 100))])
        seen = ledger(opened), content(opened)
        monkeypatch.setattr(store, "connect", small)
        with pytest.raises(StoreError, match="is full; nothing was changed, free some space and try again"):
            opened.add_batch(batch("two"), [chunk(many(0, 5000))])
        monkeypatch.undo()
        assert (ledger(opened), content(opened)) == seen
        assert opened.add_batch(batch("two"), [chunk(many(0, 5000))]).version == 2


def _child(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_file_that_may_not_grow_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteStore(path) as opened:
        opened.add_batch(batch("one"), [chunk(many(0, 100))])
    told = _child(
        f"""
        import resource, sys
        from graph.store.errors import StoreError
        from graph.store.sqlite import SqliteStore
        from tests.graph.store.many import batch, chunk, many
        resource.setrlimit(resource.RLIMIT_FSIZE, ({path.stat().st_size + 200_000}, {resource.RLIM_INFINITY}))
        try:
            SqliteStore(sys.argv[1]).add_batch(batch("two"), [chunk(many(0, 5000))])
        except StoreError as error:
            print(error)
        """,
        str(path),
    )
    assert "check the disk and its free space" in told or "is full" in told
    with SqliteStore(path) as opened:
        assert opened.version() == 1
        assert len(content(opened)["declaration"]) == 100


def test_a_file_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteStore(path).close()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        told = _child(
            """
            import os, sys
            from graph.store.errors import StoreError
            from graph.store.sqlite import SqliteStore
            folder, name = os.path.split(sys.argv[1])
            os.chdir(folder)
            if os.getuid() == 0:
                os.setuid(65534)
            for path in (name, "new.db"):
                try:
                    SqliteStore(path).version()
                except StoreError as error:
                    print(error)
            """,
            str(path),
        )
    finally:
        tmp_path.chmod(0o755)
    first, second = told.splitlines()
    assert "may only be read; allow writing" in first or "cannot be opened; check" in first
    assert second == "The store new.db cannot be made: Permission denied; choose another path."
