"""Declarations that come as rows."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.statements import Statements
from graph.store.batches import Quarantined
from ingest.errors import InputError
from ingest.load import chunks
from ingest.mapping import load_mapping
from ingest.reading import find_files
from ingest.rows import read_file, read_rows

ROW: dict[str, Any] = {
    "declaration_id": "D1",
    "line_no": 1,
    "accepted_on": "2024-03-01",
    "office": "KR016",
    "importer_id": "00123",
    "importer_name": "Example Ltd",
    "origin_country": "CN",
    "hs_code": "010121",
    "customs_value": 1250.5,
}


def declared(statements: Statements) -> list[dict[str, Any]]:
    """Return the declarations with whom they name in place of the numbers of descriptions."""
    described = {row["id"]: {**row, "id": 0} for row in statements.description.to_pylist()}
    roles = ("importer", "exporter", "declarant", "carrier", "vessel")
    return [row | {role: described.get(row[role]) for role in roles} for row in statements.declaration.to_pylist()]


def test_text_and_numbers_are_read_as_a_file_would_be() -> None:
    found = read_rows([ROW, {**ROW, "line_no": "2", "extra.weight": 0.25, "extra.note": "x", "net_mass_kg": None}])
    assert found.good == (0, 1) and found.refused == [] and found.unknown == ()
    first, second = declared(found.statements)
    assert (first["shipment"], second["shipment"]) == ("native/D1/1", "native/D1/2")
    assert first["importer"]["key"] == "native/00123" and first["customs_value"] == 1250.5
    assert second["extra"] == '{"note":"x","weight":0.25}' and second["net_mass_kg"] is None


def test_refused_rows_come_back_with_rule_column_and_value() -> None:
    rows = [
        {**ROW, "hs_code": "12"},
        ROW,
        {**ROW, "customs_value": -1},
        {column: value for column, value in ROW.items() if column != "office"},
        {**ROW, "importer_name": True},
        {**ROW, "net_mass_kg": float("nan")},
        {**ROW, "extra.list": [1]},
        {**ROW, "importer_name": "half \ud83d"},
    ]
    found = read_rows(rows)
    assert found.good == (1,) and len(found.statements.declaration) == 1
    assert found.refused == [
        Quarantined("declarations", 0, "HS code of 6 to 10 digits", "hs_code", "12"),
        Quarantined("declarations", 2, "finite number, not negative", "customs_value", "-1"),
        Quarantined("declarations", 3, "required", "office", ""),
        Quarantined("declarations", 4, "text or number", "importer_name", "True"),
        Quarantined("declarations", 5, "text or number", "net_mass_kg", "nan"),
        Quarantined("declarations", 6, "text or number", "extra.list", "[1]"),
        Quarantined("declarations", 7, "text or number", "importer_name", "'half \\ud83d'"),
    ]


def test_none_and_all_refused() -> None:
    assert read_rows([]).good == () and len(read_rows([]).statements.declaration) == 0
    found = read_rows([{}, {"line_no": "1"}])
    assert [row.row for row in found.refused] == [0, 1] and not len(found.statements.declaration)


def test_columns_that_the_mapping_does_not_name_are_kept_out() -> None:
    found = read_rows([{**ROW, "colour": {"not": "read"}, "b": 1}])
    assert found.unknown == ("b", "colour") and found.good == (0,)


def test_outcomes_are_left_out_and_the_source_is_named() -> None:
    found = read_rows([{**ROW, "outcome": "clean", "inspected_on": "2024-03-02"}], source="kr")
    assert not len(found.statements.inspection)
    assert declared(found.statements)[0]["shipment"] == "kr/D1/1"
    with pytest.raises(InputError, match="cannot be used"):
        read_rows([ROW], source="a/b")


def test_equal_rows_are_all_kept() -> None:
    assert len(read_rows([ROW, ROW]).statements.declaration) == 2


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs", "Cc"]), max_size=8)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(ROW, texts)), min_size=1, max_size=4))
def test_the_same_is_said_as_by_a_file(changes: list[dict[str, str]]) -> None:
    rows = [
        {**{name: str(value) for name, value in ROW.items()}, **change, "line_no": str(at)}
        for at, change in enumerate(changes)
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROW), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    found = read_rows(rows)
    mapping = load_mapping("native")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "declarations.csv"
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        loaded = list(chunks(find_files(path, mapping), mapping, "native"))
    said = [row for chunk in loaded for row in declared(chunk.statements)]
    assert declared(found.statements) == said
    refused = [(row.row - 2, row.rule, row.column, row.value) for chunk in loaded for row in chunk.quarantined]
    assert [(row.row, row.rule, row.column, row.value) for row in found.refused] == refused


def written(folder: Path, rows: list[dict[str, Any]], name: str = "declarations.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_file_is_read_in_parts_with_its_row_numbers(tmp_path: Path) -> None:
    rows = [{**ROW, "line_no": at, "colour": "x"} for at in range(5)]
    rows[3]["office"] = ""
    path = written(tmp_path, rows)
    with path.open("a", encoding="utf-8") as lines:
        lines.write("too,few\n")
    parts = list(read_file(path, at_a_time=2))
    assert [part.good for part in parts] == [(2, 3), (4,), (6,)]
    refused = [(row.row, row.rule) for part in parts for row in part.refused]
    assert sorted(refused) == [(5, "required"), (7, "number of fields")]
    assert {part.unknown for part in parts} == {("colour",)}
    assert declared(parts[0].statements)[1]["shipment"] == "native/D1/1"


def test_files_without_declarations_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, [{"declaration_id": "D1", "line_no": "1", "outcome": "clean"}], "outcomes.csv")
    with pytest.raises(InputError, match=r"holds outcomes and no declarations"):
        next(read_file(path, at_a_time=2))
    with pytest.raises(InputError, match="does not exist"):
        next(read_file(tmp_path / "nothing.csv", at_a_time=2))
