"""Each rule refuses the row that breaks it, says where, and leaves the others alone."""

from pathlib import Path

import pytest

from graph.store.batches import Quarantined
from ingest import reading
from ingest.forms import KINDS
from ingest.mapping import load_mapping
from tests.ingest.loading import DECLARATION, OUTCOME, load_all, write

DATE = "date that exists, as year-month-day"
DAY = "date that exists, from 1970 to 2099, as year-month-day"
NO_DAY = "this or inspected_on needed: the file has no day of acceptance"
AMOUNT = "finite number, not negative"
COUNTRY = "ISO 3166 alpha-2 code (two capital letters)"
LOCODE = "UN/LOCODE (five capital letters and digits)"
INFRACTIONS = "one of undervaluation, misclassification, origin, quantity, contraband, counterfeit, prohibited, other"

BROKEN = [
    *((column, "", "required") for column in DECLARATION),
    ("importer_id", " \u3000", "required"),
    ("line_no", "1/2", "text without /"),
    *(
        ("accepted_on", value, DAY)
        for value in ("2024-02-30", "01.03.2024", "20240301", "2024-3-1", "2024-03-01T00:00")
    ),
    *((column, "x", DAY) for column in ("amended_on", "inspected_on", "outcome_known_on")),
    ("amended_on", "2024-02-29", "not before the day of acceptance"),
    *(("hs_code", value, "HS code of 6 to 10 digits") for value in ("84713", "84713000000", "8471.30", "847130 ")),
    *(("origin_country", value, COUNTRY) for value in ("cn", "CHN", "C1", "C")),
    *((f"{role}_country", "x", COUNTRY) for role in ("importer", "exporter", "declarant", "carrier")),
    *((f"{end}_country", "x", COUNTRY) for end in ("departure", "destination")),
    *((f"{end}_place", "CN SHA", LOCODE) for end in ("departure", "arrival")),
    ("transit_places", "SGSIN,MYPKG", "UN/LOCODEs split by ;"),
    ("transport_mode", "10", "UN/ECE Recommendation 19 code (one digit)"),
    *(
        ("container_ids", value, "ISO 6346 numbers (four capital letters, seven digits) split by ;")
        for value in ("MSCU123456", "MSCU1234565;x", ";MSCU1234565", "mscu1234565")
    ),
    *(("vessel_imo", value, "IMO number of 7 digits") for value in ("907472", "IMO9074729")),
    ("importer_aeo", "yes", "one of AEOC, AEOS, AEOF"),
    *(
        ("customs_value", value, AMOUNT)
        for value in ("-1", "-0.01", "nan", "inf", "1e999", "1,5", "1 000", "12€", "+-1", ".", "0x10", "1_0")
    ),
    *(
        (column, "-1", AMOUNT)
        for column in ("quantity", "net_mass_kg", "gross_mass_kg", "packages", "duty_rate", "duty_amount")
    ),
    ("currency", "usd", "ISO 4217 code (three capital letters)"),
    ("revenue_recovered", "much", AMOUNT),
    ("selected_by", "chance", "one of random, rule, score, tip"),
    ("outcome", "0", "one of clean, infraction"),
    ("outcome", "clean ", "one of clean, infraction"),
    ("infraction_type", "theft", INFRACTIONS),
]


@pytest.mark.parametrize(("column", "value", "rule"), BROKEN)
def test_a_broken_rule_of_a_declaration(tmp_path: Path, column: str, value: str, rule: str) -> None:
    good = {**DECLARATION, "declaration_id": "D2"}
    loaded = load_all(write(tmp_path / "declarations.csv", [good, {**DECLARATION, column: value}]))
    assert loaded.quarantined == [Quarantined("declarations.csv", 3, rule, column, value)]
    assert [row["shipment"] for row in loaded.rows["declaration"]] == ["native/D2/1"]
    assert loaded.counts == (2, 1, 1, 0)


OTHER = [
    ("outcomes", OUTCOME, "inspected_on", "", NO_DAY, "outcome_known_on"),
    (
        "outcomes",
        {**OUTCOME, "outcome_known_on": ""},
        "inspected_on",
        "",
        NO_DAY,
        "outcome_known_on",
    ),
    ("entities", {"entity_type": "trader", "entity_id": "Q1"}, "entity_id", "", "required", None),
    (
        "entities",
        {"entity_type": "trader", "entity_id": "Q1"},
        "entity_type",
        "bank",
        "one of trader, forwarder, carrier, vessel",
        None,
    ),
    ("entities", {"entity_type": "vessel", "entity_id": "9074729"}, "entity_id", "Q1", "IMO number of 7 digits", None),
    ("ownership", {"owner_id": "Q1", "owned_id": "Q2"}, "share", "1.01", "number from 0 to 1", None),
    ("ownership", {"owner_id": "Q1", "owned_id": "Q2"}, "share", "-0.1", "number from 0 to 1", None),
    ("ownership", {"owner_id": "Q1", "owned_id": "Q2"}, "owned_id", "", "required", None),
    ("listings", {"list_id": "UN", "entry_id": "1"}, "list_id", "U/N", "text without /", None),
    ("listings", {"list_id": "UN", "entry_id": "1"}, "expires_on", "never", DATE, None),
]


@pytest.mark.parametrize(("kind", "row", "column", "value", "rule", "named"), OTHER)
def test_a_broken_rule_of_another_file(
    tmp_path: Path, kind: str, row: dict[str, str], column: str, value: str, rule: str, named: str | None
) -> None:
    loaded = load_all(write(tmp_path / f"{kind}.csv", [row, {**row, column: value}]))
    (refused,) = loaded.quarantined
    assert (refused.row, refused.rule) == (3, rule)
    assert refused.column == (named or ("outcome_known_on" if kind == "outcomes" else column))
    assert loaded.counts == (2, 1, 1, 0)


def test_every_field_with_a_form_has_a_row_above() -> None:
    native = load_mapping("native")
    tested = {column for column, _, _ in BROKEN} | {column for _, _, column, _, _, _ in OTHER}
    for file in native.files:
        for field in file.columns:
            form = KINDS[file.kind.name].fields[field]
            party = field.split("_", 1)[0] in ("exporter", "declarant", "carrier")
            if (form.pattern or form.holds in ("date", "number")) and file.kind.name == "declarations" and not party:
                assert field in tested, field


def test_rows_with_a_wrong_number_of_fields_do_not_stop_the_load(tmp_path: Path) -> None:
    path = write(tmp_path / "declarations.csv", [{**DECLARATION, "declaration_id": f"D{n}"} for n in range(3)])
    lines = path.read_text().splitlines()
    lines[2:2] = ["", "only,three,fields"]
    lines.append(lines[1] + ",more")
    path.write_text("\n".join(lines))
    loaded = load_all(path)
    assert loaded.quarantined == [
        Quarantined("declarations.csv", 3, "number of fields", "", "only,three,fields"),
        Quarantined("declarations.csv", 6, "number of fields", "", lines[-1]),
    ]
    assert loaded.counts == (5, 3, 2, 0)


def test_rows_keep_their_number_after_refused_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CSV_BLOCK", 300)
    monkeypatch.setattr(reading, "_PIECE_ROWS", 2)
    rows = [{**DECLARATION, "declaration_id": str(n), "hs_code": "x" if n % 5 == 0 else "847130"} for n in range(2, 60)]
    path = write(tmp_path / "declarations.csv", rows)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line if not line.startswith(("7,", "14,", "21,")) else line[:5] for line in lines))
    loaded = load_all(path)
    by_rule = {
        rule: [q.row for q in loaded.quarantined if q.rule == rule] for rule in {q.rule for q in loaded.quarantined}
    }
    assert by_rule == {
        "number of fields": [7, 14, 21],
        "HS code of 6 to 10 digits": list(range(5, 60, 5)),
    }
    assert loaded.counts == (58, 58 - 14, 14, 0)


def test_the_first_broken_rule_in_column_order_is_told_and_long_values_are_cut(tmp_path: Path) -> None:
    row = {**DECLARATION, "customs_value": "x", "hs_code": "y" * 1000, "origin_country": "z"}
    loaded = load_all(write(tmp_path / "declarations.csv", [row]))
    (refused,) = loaded.quarantined
    assert refused.column == "origin_country"
    loaded = load_all(write(tmp_path / "declarations.csv", [{**row, "origin_country": "CN"}]))
    (refused,) = loaded.quarantined
    assert (refused.column, refused.value) == ("hs_code", "y" * reading.SHOWN)


def test_a_bad_check_digit_is_no_reason_to_refuse(tmp_path: Path) -> None:
    row = {**DECLARATION, "container_ids": "MSCU0000000", "vessel_imo": "1234560"}
    assert load_all(write(tmp_path / "declarations.csv", [row])).counts == (1, 1, 0, 0)


def test_number_parsing_agrees_with_python(tmp_path: Path) -> None:
    texts = ["1", "0.1", "1e-5", "1E+05", "00012.50", "+7", ".25", "5.", "123456789.123456789", "-0"]
    rows = [{**DECLARATION, "declaration_id": str(n), "customs_value": text} for n, text in enumerate(texts)]
    loaded = load_all(write(tmp_path / "declarations.csv", rows))
    assert [repr(row["customs_value"]) for row in loaded.rows["declaration"]] == [repr(float(t) + 0.0) for t in texts]
