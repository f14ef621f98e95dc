"""The Korea Customs Service's published declarations."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from tests.ingest.loading import comparable, load_all, write

KCS = Path(os.environ.get("TIDEWAITER_DATA", "../shared/data")) / "kcs"

ROW = {
    "Declaration ID": "00123",
    "Date": "2020-01-01",
    "Office ID": "30",
    "Process Type": "B",
    "Import Type": "11",
    "Import Use": "21",
    "Payment Type": "43",
    "Mode of Transport": "40",
    "Declarant ID": "ZZR1LT6",
    "Importer ID": "QLRUBN9",
    "Seller ID": "",
    "Courier ID": "DHL",
    "HS6 Code": "440890",
    "Country of Departure": "BE",
    "Country of Origin": "NA",
    "Tax Rate": "8.0",
    "Tax Type": "FEU1",
    "Country of Origin Indicator": "G",
    "Net Mass": "108.0",
    "Item Price": "372254.4",
    "Fraud": "1",
    "Critical Fraud": "2",
}


def test_a_row(tmp_path: Path) -> None:
    loaded = load_all(write(tmp_path / "any name.csv", [ROW]), "kcs")
    (declaration,) = loaded.rows["declaration"]
    assert declaration["shipment"] == "kcs/00123"
    assert declaration["known_on"] == declaration["accepted_on"] == date(2020, 1, 1)
    assert (declaration["importer"]["type"], declaration["importer"]["key"]) == ("Trader", "kcs/QLRUBN9")
    assert (declaration["declarant"]["type"], declaration["declarant"]["key"]) == ("Forwarder", "kcs/ZZR1LT6")
    assert (declaration["carrier"]["type"], declaration["carrier"]["key"]) == ("Carrier", "kcs/DHL")
    assert declaration["exporter"] is None
    assert declaration["route"] == "kcs/4:BE>30"
    assert declaration["transport_mode"] == "4"
    assert declaration["office"] == "kcs/30"
    assert declaration["commodity"] == "440890"
    assert declaration["origin"] == "NA"
    assert declaration["duty_rate"] == 8.0
    assert declaration["net_mass_kg"] == 108.0
    assert declaration["customs_value"] == 372254.4
    assert declaration["currency"] is None
    assert json.loads(declaration["extra"]) == {
        "import_type": "11",
        "import_use": "21",
        "origin_indicator": "G",
        "payment_type": "43",
        "process_type": "B",
        "tax_type": "FEU1",
    }
    (inspection,) = loaded.rows["inspection"]
    assert inspection["inspection"] == "kcs/00123/2020-01-01"
    assert inspection["known_on"] == date(2020, 1, 1)
    assert (inspection["outcome"], inspection["severity"]) == ("infraction", "2")
    assert loaded.result.unknown_columns == ()


@pytest.mark.parametrize(
    ("code", "mode"), [("10", "1"), ("20", "2"), ("30", "3"), ("40", "4"), ("50", "5"), ("90", "9")]
)
def test_transport_modes(tmp_path: Path, code: str, mode: str) -> None:
    loaded = load_all(write(tmp_path / "a.csv", [{**ROW, "Mode of Transport": code}]), "kcs")
    assert loaded.rows["declaration"][0]["transport_mode"] == mode


def test_outcomes_that_a_tool_wrote_as_decimals(tmp_path: Path) -> None:
    rows = [{**ROW, "Fraud": "1.0", "Critical Fraud": "2.0"}, ROW]
    loaded = load_all(write(tmp_path / "a.csv", rows), "kcs")
    first, second = loaded.rows["inspection"]
    assert first == second


@pytest.mark.parametrize(
    ("column", "value"), [("Critical Fraud", "3"), ("Mode of Transport", "60"), ("Fraud", "2"), ("Fraud", "clean")]
)
def test_an_unknown_code_is_refused(tmp_path: Path, column: str, value: str) -> None:
    loaded = load_all(write(tmp_path / "a.csv", [{**ROW, column: value}]), "kcs")
    (refused,) = loaded.quarantined
    assert (refused.column, refused.value) == (column, value)
    assert refused.rule.startswith("value table: one of ")


def test_a_quarter_without_outcomes(tmp_path: Path) -> None:
    blank = {**ROW, "Fraud": "", "Critical Fraud": ""}
    absent = {name: value for name, value in ROW.items() if "Fraud" not in name}
    clean = load_all(write(tmp_path / "clean.csv", [{**ROW, "Fraud": "0", "Critical Fraud": "0"}]), "kcs")
    assert [row["outcome"] for row in clean.rows["inspection"]] == ["clean"]
    for row in (blank, absent):
        loaded = load_all(write(tmp_path / "a.csv", [row]), "kcs")
        assert loaded.rows["inspection"] == []
        assert loaded.rows["declaration"] == clean.rows["declaration"]


def test_only_necessary_columns_are_required(tmp_path: Path) -> None:
    needed = (
        "Declaration ID",
        "Date",
        "Office ID",
        "Importer ID",
        "HS6 Code",
        "Country of Origin",
        "Item Price",
    )
    loaded = load_all(write(tmp_path / "a.csv", [{name: ROW[name] for name in needed}]), "kcs")
    assert loaded.counts == (1, 1, 0, 0)
    assert loaded.rows["declaration"][0]["route"] == "kcs/30"


needs_data = pytest.mark.skipif(not KCS.is_dir(), reason=f"{KCS} is missing; set TIDEWAITER_DATA")


@needs_data
def test_the_published_year_is_accounted_for() -> None:
    loaded = load_all(KCS / "train.csv", "kcs")
    assert loaded.counts == (37385, 37385, 0, 0)
    assert len(loaded.rows["inspection"]) == 37385
    assert sum(row["outcome"] == "infraction" for row in loaded.rows["inspection"]) == 8114
    assert sum(row["exporter"] is None for row in loaded.rows["declaration"]) == 3715


@needs_data
def test_a_folder_of_parts_says_what_the_whole_says(tmp_path: Path) -> None:
    header, *rows = (KCS / "valid.csv").read_text().splitlines(keepends=True)
    for part in range(3):
        (tmp_path / f"part {part}.csv").write_text(header + "".join(rows[part::3][::-1]))
    whole, parts = load_all(KCS / "valid.csv", "kcs"), load_all(tmp_path, "kcs")
    assert parts.counts == whole.counts == (8134, 8134, 0, 0)
    assert comparable(parts.rows) == comparable(whole.rows)
