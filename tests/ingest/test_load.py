"""Accounting for rows, doing the same load twice, and independence of order and chunks."""

from collections import Counter
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.store.base import GraphStore
from ingest import reading
from ingest.duplicates import Digests, Seen, digests
from ingest.load import load
from tests.ingest.loading import DECLARATION, OUTCOME, Sink, comparable, load_all, write

VALUES = st.sampled_from(["", "a", "b", "a\x1f", "\x1fa", "\\", "\\u", "\x1f", "é"])
ROWS = st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=30)


def table(rows: list[tuple[str, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip("abc", columns, strict=True)})


@given(st.lists(ROWS, max_size=6))
def test_a_row_is_a_duplicate_where_all_its_values_came_before(parts: list[list[tuple[str, ...]]]) -> None:
    seen, before = Seen(), set()
    for rows in parts:
        expected = []
        for row in rows:
            expected.append(row not in before)
            before.add(row)
        first = seen.first(digests(table(rows), "abc"))
        assert Counter(row for row, new in zip(rows, first, strict=True) if new) == Counter(
            row for row, new in zip(rows, expected, strict=True) if new
        )


def test_a_column_that_a_file_lacks_counts_as_empty() -> None:
    full = table([("a", "", "b")])
    assert digests(full, "abc") == digests(full.select(["a", "c"]), "abc")
    assert digests(full, "abc") != digests(full.rename_columns(["a", "c", "b"]), "abc")


def test_digests_that_agree_in_their_first_half_are_told_apart() -> None:
    def of(*pairs: tuple[int, int]) -> Digests:
        return np.array(list(pairs), dtype=[("high", "<u8"), ("low", "<u8")])

    seen = Seen()
    assert seen.first(of((1, 1), (1, 2), (1, 3), (2, 1))).tolist() == [True] * 4
    assert seen.first(of((1, 3), (1, 4), (0, 1), (2, 1), (2, 2), (1, 4))).tolist().count(True) == 3
    assert seen.first(of((1, 4), (2, 2), (0, 1), (3, 1))).tolist() == [False, False, False, True]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "2", "3"]),
            st.sampled_from(["847130", "bad", ""]),
            st.sampled_from(["", "clean", "infraction"]),
            st.sampled_from(["", "Acme", "Änderung"]),
        ),
        min_size=1,
        max_size=25,
    ),
    st.integers(1, 7),
    st.randoms(use_true_random=False),
)
def test_every_row_is_accounted_for_and_order_and_parts_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, ...]], size: int, random: object
) -> None:
    names = ("line_no", "hs_code", "outcome", "exporter_name")
    rows = [{**DECLARATION, **dict(zip(names, row, strict=True))} for row in said]
    folder = tmp_path_factory.mktemp("load")
    whole = load_all(write(folder / "declarations.csv", rows))

    bad = sum(row["hs_code"] != "847130" for row in rows)
    good = {tuple(row.items()) for row in rows if row["hs_code"] == "847130"}
    assert whole.counts == (len(rows), len(good), bad, len(rows) - bad - len(good))

    shuffled = rows[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_PIECE_ROWS", size)
        again = load_all(write(folder / "declarations.csv", shuffled))
    assert again.counts == whole.counts
    assert comparable(again.rows) == comparable(whole.rows)


def test_the_same_content_again_is_a_no_op_that_says_so(tmp_path: Path) -> None:
    sink = Sink()
    path = write(tmp_path / "declarations.csv", [DECLARATION, DECLARATION])
    first = load_all(path, sink=sink).result
    assert not first.already_loaded
    assert (first.batch.mapping, first.batch.source, first.batch.name) == ("native", "native", "declarations.csv")
    assert load_all(path, sink=sink).result == type(first)(first.batch, True, ())
    assert load_all(path.rename(tmp_path / "copy.csv"), sink=sink).result.already_loaded
    other = load_all(tmp_path / "copy.csv", source="kr", sink=sink).result
    assert not other.already_loaded
    assert other.batch.id != first.batch.id
    assert len(sink.batches) == 2


def test_duplicates_count_within_a_kind_of_file_only(tmp_path: Path) -> None:
    write(tmp_path / "declarations.csv", [DECLARATION, DECLARATION])
    write(tmp_path / "outcomes.csv", [OUTCOME, OUTCOME, {**OUTCOME, "line_no": "2"}])
    loaded = load_all(tmp_path)
    assert loaded.counts == (5, 3, 0, 2)
    assert len(loaded.rows["declaration"]) == 1
    assert len(loaded.rows["inspection"]) == 2


def test_rows_that_differ_in_an_unknown_column_alone_are_duplicates(tmp_path: Path) -> None:
    rows = [{**DECLARATION, "remark": "a"}, {**DECLARATION, "remark": "b"}]
    assert load_all(write(tmp_path / "declarations.csv", rows)).counts == (2, 1, 0, 1)


def test_progress_tells_the_rows_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PIECE_ROWS", 4)
    path = write(tmp_path / "declarations.csv", [{**DECLARATION, "line_no": str(n % 5)} for n in range(10)])
    told: list[int] = []
    load(cast(GraphStore, Sink()), path, mapping="native", progress=told.append)
    assert told == [4, 8, 10]


def test_equal_descriptions_of_importer_and_exporter_are_one(tmp_path: Path) -> None:
    sink = Sink()
    rows = [
        {**DECLARATION, "exporter_id": "Q1"},
        {**DECLARATION, "line_no": "2", "exporter_id": "Q2"},
        {**DECLARATION, "line_no": "3", "importer_id": "Q2"},
    ]
    load_all(write(tmp_path / "declarations.csv", rows), sink=sink)
    (chunk,) = sink.chunks
    assert sorted(chunk.statements.description["key"].to_pylist()) == ["native/Q1", "native/Q2"]
