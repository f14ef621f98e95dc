"""The inspection queue and its file."""

import csv
import json
import re
from collections.abc import Sequence
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graph.store.reference import ReferenceStore
from graph.store.results import ENTITY_RESULT, SHIPMENT_RESULT, PublishedSet
from targeting import TargetingError
from targeting.queue import COLUMNS, rows, write

DAY = date(2024, 3, 1)
PAGE = Path(__file__).parents[2] / "docs" / "native-format.md"


def line(key: str, score: float | None, *, on: date = DAY, decided: bool = False, **more: Any) -> dict[str, Any]:
    named = {"declared": 0.1, "profile": 0.2, "linked": 0.3, "gnn": 0.4, "lane": "green", "community": None}
    source = key.partition("/")[0]
    reasons = json.dumps(more.pop("reasons", []), ensure_ascii=False)
    return {
        **named,
        **more,
        "shipment": key,
        "source": source,
        "accepted_on": on,
        "score": score,
        "decided": decided,
        "reasons": reasons,
    }


def store(lines: Sequence[dict[str, Any]], model: str = "m1") -> ReferenceStore:
    made = ReferenceStore()
    heading = PublishedSet("set", 0, date(2024, 4, 1), model, {"red": 0.5, "yellow": 0.2} if model else {})
    table = pa.RecordBatch.from_pylist(list(lines), schema=SHIPMENT_RESULT)
    made.publish(heading, {"shipment": [table], "entity": [pa.RecordBatch.from_pylist([], schema=ENTITY_RESULT)]})
    return made


LINES = [
    line("a/z", 0.5),
    line("a/blank", None, decided=True),
    line("a/b", 0.5),
    line("b/a", 0.9, on=date(2024, 3, 5)),
    line("a/known", 0.95, decided=True),
    line("a/early", 0.99, on=date(2024, 2, 29)),
    line("a/late", 0.99, on=date(2024, 3, 6)),
    line("a/low", 0.0),
]


def ids(**choice: Any) -> list[str]:
    return [row["shipment_id"] for row in rows(store(LINES), DAY, date(2024, 3, 5), **choice)]


def test_the_undecided_of_the_period_come_by_score_and_then_by_key() -> None:
    assert ids() == ["a", "b", "z", "low"]


def test_everything_holds_the_decided_too_those_without_a_score_last() -> None:
    assert ids(everything=True) == ["known", "a", "b", "z", "low", "blank"]


@pytest.mark.parametrize("capacity", [0, 1, 3, 4, 99])
def test_the_capacity_cuts_what_is_left_after_the_decided(capacity: int) -> None:
    assert ids(capacity=capacity) == ["a", "b", "z", "low"][:capacity]
    assert ids(capacity=capacity, everything=True) == ["known", "a", "b", "z", "low", "blank"][:capacity]


def test_the_columns_are_those_of_the_page() -> None:
    said = re.search(r"^## What scoring writes.*?(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert said is not None
    body = said.group(0).split("\n", 1)[1].split("Sorted by")[0]
    named = [word for word in re.findall(r"`([a-z_]+)`", body) if word in COLUMNS or "_" in word]
    assert list(dict.fromkeys(named)) == list(COLUMNS)
    assert all(tuple(row) == COLUMNS for row in rows(store(LINES), DAY, DAY, everything=True))


def test_an_identifier_keeps_its_slashes_and_loses_its_source_only() -> None:
    (row,) = rows(store([line("kr/kr/1/2", 0.1)]), DAY, DAY)
    assert (row["source"], row["shipment_id"]) == ("kr", "kr/1/2")


ODD = [
    'O\'Hara "& Sons", Ltd',
    "two\nlines\r\nand, commas",
    "株式会社 三井 🚢",
    "=HYPERLINK(1)",
    "<b>x</b>",
    "é" * 300,
]


def test_odd_texts_survive_the_file(tmp_path: Path) -> None:
    lines = [line(f"s/{text}", 0.5 - at / 100, reasons=[text, "b", text]) for at, text in enumerate(ODD)]
    target = tmp_path / "scores.csv"
    with target.open("w", newline="", encoding="utf-8") as file:
        assert write(store(lines), DAY, DAY, file) == len(ODD)
    with target.open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == list(COLUMNS)
    assert [row["shipment_id"] for row in read] == ODD
    assert [row["reasons"] for row in read] == [f"{text}; b; {text}" for text in ODD]
    assert [float(row["score"]) for row in read] == [0.5 - at / 100 for at in range(len(ODD))]


def test_blanks_are_empty_and_numbers_come_back_to_the_last_bit() -> None:
    file = StringIO(newline="")
    exact = line("a/a", 1 / 3, linked=0.1 + 0.2, decided=True)
    assert write(store([exact, line("a/b", None, decided=True)]), DAY, DAY, file, everything=True) == 2
    first, second = csv.DictReader(StringIO(file.getvalue(), newline=""))
    assert (float(first["score"]), float(first["linked"])) == (1 / 3, 0.1 + 0.2)
    assert (second["score"], second["community_id"], second["reasons"]) == ("", "", "")
    assert first["accepted_on"] == "2024-03-01"


def test_an_empty_period_writes_the_header_alone() -> None:
    file = StringIO(newline="")
    assert write(store(LINES), date(2025, 1, 1), date(2025, 1, 2), file) == 0
    assert file.getvalue().splitlines() == [",".join(COLUMNS)]


@pytest.mark.parametrize("model", ["", None])
def test_without_scores_there_is_no_queue(model: str | None) -> None:
    held = ReferenceStore() if model is None else store([], model)
    with pytest.raises(TargetingError, match=r"tidewaiter train.*tidewaiter score"):
        list(rows(held, DAY, DAY))
    with pytest.raises(TargetingError):
        write(held, DAY, DAY, StringIO())


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(TargetingError, match="2024-03-01, before it begins on 2024-03-05"):
        list(rows(store(LINES), date(2024, 3, 5), DAY))
