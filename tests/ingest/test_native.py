"""What the native format says becomes statements to the letter."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from graph.statements import DECLARATION as SHAPE
from tests.ingest.loading import DECLARATION, OUTCOME, load_all, write

FULL = {
    **DECLARATION,
    "amended_on": "2024-03-04",
    "procedure": "4000",
    "transport_mode": "1",
    "transport_document": "BL/7",
    "container_ids": "MSCU1234565;TGHU7654321;MSCU1234565",
    "vessel_imo": "9074729",
    "vessel_name": "EVER GIVEN",
    "voyage": "012W",
    "importer_name": "Acme Ltd",
    "importer_address": "12 Main Street",
    "importer_country": "NA",
    "importer_email": "Info@Acme.example",
    "importer_phone": "+264 61 123 4567",
    "importer_tax_id": "00123",
    "importer_aeo": "AEOC",
    "exporter_name": "Müller, GmbH",
    "exporter_country": "DE",
    "declarant_id": "1e5",
    "declarant_name": "Broker",
    "carrier_id": "C1",
    "carrier_name": "Line",
    "carrier_country": "DK",
    "departure_country": "CN",
    "destination_country": "NA",
    "departure_place": "CNSHA",
    "arrival_place": "NAWVB",
    "transit_places": "SGSIN; MYPKG",
    "goods_description": 'laptops, "new"\nand used',
    "quantity": "10",
    "quantity_unit": "C62",
    "net_mass_kg": "1.5e2",
    "gross_mass_kg": "0160.0",
    "packages": "3",
    "customs_value": "0",
    "currency": "USD",
    "duty_rate": "2.5",
    "duty_amount": ".5",
    "selected_by": "random",
    "inspected_on": "2024-03-05",
    "outcome_known_on": "2024-03-09",
    "outcome": "infraction",
    "infraction_type": "origin",
    "revenue_recovered": "99.5",
    "extra.licence": "00123",
    "extra.rate": "1.50",
    "extra.empty": "",
    "remark": "kept out",
}


def party(kind: str, key: str, **said: Any) -> dict[str, Any]:
    names = ("name", "country", "tax_id", "aeo", "registered_on", "address", "address_key")
    blank = dict.fromkeys((*names, "email", "email_key", "phone", "phone_key"))
    return {"type": kind, "key": key, **blank, **said}


def test_a_full_row_is_mapped_to_the_letter(tmp_path: Path) -> None:
    loaded = load_all(write(tmp_path / "declarations.csv", [FULL]), source="kr")

    (declaration,) = loaded.rows["declaration"]
    assert declaration == {
        "source": "kr",
        "shipment": "kr/D1/1",
        "known_on": date(2024, 3, 4),
        "accepted_on": date(2024, 3, 1),
        "importer": party(
            "Trader",
            "kr/Q1",
            name="Acme Ltd",
            country="NA",
            tax_id="00123",
            aeo="AEOC",
            address="12 Main Street",
            address_key="12 main st|NA",
            email="Info@Acme.example",
            email_key="info@acme.example",
            phone="+264 61 123 4567",
            phone_key="+264611234567",
        ),
        "exporter": party("Trader", "kr/name:muller gmbh|DE", name="Müller, GmbH", country="DE"),
        "declarant": party("Forwarder", "kr/1e5", name="Broker"),
        "carrier": party("Carrier", "kr/C1", name="Line", country="DK"),
        "vessel": party("Vessel", "9074729", name="EVER GIVEN"),
        "route": "kr/1:CNSHA>SGSIN>MYPKG>016",
        "commodity": "847130",
        "origin": "CN",
        "office": "kr/016",
        "document": "kr/BL/7",
        "containers": ["MSCU1234565", "TGHU7654321"],
        "transit_places": ["SGSIN", "MYPKG"],
        "departure_place": "CNSHA",
        "departure_country": "CN",
        "arrival_place": "NAWVB",
        "destination_country": "NA",
        "transport_mode": "1",
        "procedure": "4000",
        "voyage": "012W",
        "goods_description": 'laptops, "new"\nand used',
        "quantity": 10.0,
        "quantity_unit": "C62",
        "net_mass_kg": 150.0,
        "gross_mass_kg": 160.0,
        "packages": 3.0,
        "customs_value": 0.0,
        "currency": "USD",
        "duty_rate": 2.5,
        "duty_amount": 0.5,
        "extra": '{"licence":"00123","rate":1.5}',
    }
    assert loaded.rows["inspection"] == [
        {
            "source": "kr",
            "inspection": "kr/D1/1/2024-03-05",
            "shipment": "kr/D1/1",
            "known_on": date(2024, 3, 9),
            "inspected_on": date(2024, 3, 5),
            "selected_by": "random",
            "outcome": "infraction",
            "infraction_type": "origin",
            "revenue_recovered": 99.5,
            "severity": None,
        }
    ]
    assert loaded.result.unknown_columns == (("declarations.csv", "remark"),)
    assert loaded.counts == (1, 1, 0, 0)


def test_a_least_row_leaves_everything_else_null(tmp_path: Path) -> None:
    loaded = load_all(write(tmp_path / "declarations.csv", [DECLARATION]))

    (declaration,) = loaded.rows["declaration"]
    filled = {name for name in SHAPE.names if declaration[name] is not None}
    said = {"source", "shipment", "known_on", "accepted_on", "importer", "commodity", "origin", "office", "route"}
    assert filled == said | {"customs_value"}
    assert declaration["route"] == "native/016"
    assert declaration["importer"] == party("Trader", "native/Q1")
    assert loaded.rows["inspection"] == []


@pytest.mark.parametrize(
    ("said", "route"),
    [
        ({"transport_mode": "4"}, "4:016"),
        ({"departure_country": "CN"}, "CN>016"),
        ({"departure_country": "CN", "departure_place": "HKHKG", "transport_mode": "4"}, "4:HKHKG>016"),
        ({"transit_places": "SGSIN;MYPKG"}, "SGSIN>MYPKG>016"),
        ({"transport_mode": "1", "departure_country": "CN", "transit_places": "SGSIN"}, "1:CN>SGSIN>016"),
    ],
)
def test_empty_parts_of_a_route_are_left_out(tmp_path: Path, said: dict[str, str], route: str) -> None:
    loaded = load_all(write(tmp_path / "declarations.csv", [{**DECLARATION, **said}]))
    assert loaded.rows["declaration"][0]["route"] == f"native/{route}"


@pytest.mark.parametrize(
    ("said", "known_on", "key"),
    [
        ({"outcome": "clean"}, date(2024, 3, 31), "2024-03-31"),
        ({"outcome": "clean", "inspected_on": "2024-03-02"}, date(2024, 3, 2), "2024-03-02"),
        ({"outcome": "clean", "outcome_known_on": "2024-04-02"}, date(2024, 4, 2), "2024-04-02"),
        (
            {"outcome": "clean", "inspected_on": "2024-03-02", "outcome_known_on": "2024-04-02"},
            date(2024, 4, 2),
            "2024-03-02",
        ),
        ({"outcome": "clean", "amended_on": "2024-03-20"}, date(2024, 3, 31), "2024-03-31"),
        ({"selected_by": "tip"}, date(2024, 3, 31), "2024-03-31"),
        ({"inspected_on": "2024-03-02"}, date(2024, 3, 2), "2024-03-02"),
        ({"revenue_recovered": "0"}, date(2024, 3, 31), "2024-03-31"),
    ],
)
def test_when_an_outcome_is_known(tmp_path: Path, said: dict[str, str], known_on: date, key: str) -> None:
    loaded = load_all(write(tmp_path / "declarations.csv", [{**DECLARATION, **said}]))
    (inspection,) = loaded.rows["inspection"]
    assert inspection["known_on"] == known_on
    assert inspection["inspection"] == f"native/D1/1/{key}"


def test_a_blank_outcome_says_nothing(tmp_path: Path) -> None:
    row = {**DECLARATION, "outcome": "", "outcome_known_on": "2024-04-02", "selected_by": " "}
    assert load_all(write(tmp_path / "declarations.csv", [row])).rows["inspection"] == []


def test_a_repeated_shipment_adds_its_outcome_to_an_equal_declaration(tmp_path: Path) -> None:
    rows = [DECLARATION, {**DECLARATION, "outcome": "infraction"}]
    loaded = load_all(write(tmp_path / "declarations.csv", rows))
    first, second = loaded.rows["declaration"]
    assert first == second
    assert [row["outcome"] for row in loaded.rows["inspection"]] == ["infraction"]
    assert loaded.counts == (2, 2, 0, 0)


def test_a_party_with_neither_identifier_nor_name_is_no_party(tmp_path: Path) -> None:
    row = {**DECLARATION, "exporter_address": "1 Main St", "exporter_country": "DE", "vessel_name": "Ever Given"}
    loaded = load_all(write(tmp_path / "declarations.csv", [row]))
    assert loaded.rows["declaration"][0]["exporter"] is None
    assert loaded.rows["declaration"][0]["vessel"] == party("Vessel", "native/name:ever given", name="Ever Given")


@pytest.mark.parametrize(
    "text", ["NA", "null", "NaN", "00123", "1e5", "-", "None", "무역 (주)", "ش" * 300, "<b>🚢</b>", " x "]
)
def test_identifiers_and_names_stay_as_they_are(tmp_path: Path, text: str) -> None:
    row = {**DECLARATION, "importer_id": text, "importer_name": text, "declaration_id": text}
    (declaration,) = load_all(write(tmp_path / "declarations.csv", [row])).rows["declaration"]
    assert declaration["importer"] == party("Trader", f"native/{text}", name=text)
    assert declaration["shipment"] == f"native/{text}/1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3.50", -3.5),
        ("0", 0),
        ("0.1", 0.1),
        ("00123", "00123"),
        ("1e5", "1e5"),
        ("+5", "+5"),
        ("5.", "5."),
        ("123456789012345", 123456789012345),
        ("1234567890123456", "1234567890123456"),
        ("nan", "nan"),
        ("B", "B"),
        ('say "x"\\', 'say "x"\\'),
        ("한국", "한국"),
    ],
)
def test_an_extra_is_a_number_where_its_text_is_a_plain_one(tmp_path: Path, text: str, value: object) -> None:
    rows = [{**DECLARATION, "extra.b": "x", "extra.a": text, "extra.": "no name"}]
    loaded = load_all(write(tmp_path / "declarations.csv", rows))
    said = json.loads(loaded.rows["declaration"][0]["extra"])
    assert said == {"a": value, "b": "x"}
    assert list(said) == ["a", "b"]
    assert loaded.result.unknown_columns == (("declarations.csv", "extra."),)


def test_optional_files_are_loaded_with_the_declarations(tmp_path: Path) -> None:
    write(tmp_path / "declarations.csv", [DECLARATION])
    write(tmp_path / "outcomes.csv", [OUTCOME])
    entity = {"entity_type": "trader", "entity_id": "Q1", "name": "Acme", "registered_on": "2020-01-02"}
    vessel = {"entity_type": "vessel", "entity_id": "9074729", "country": "PA", "known_on": "2021-01-02"}
    write(tmp_path / "entities.csv", [entity, vessel, {"entity_type": "forwarder", "entity_id": "F1"}])
    owned = {"owner_id": "Q2", "owned_id": "Q1", "share": "0.5", "valid_from": "2019-01-01", "valid_to": "2025-01-01"}
    write(tmp_path / "ownership.csv", [owned, {**owned, "valid_from": "", "known_on": ""}])
    listing = {"list_id": "UN", "entry_id": "7/a", "name": "X", "aliases": "Y; Z;", "listed_on": "2022-01-01"}
    write(tmp_path / "listings.csv", [listing, {"list_id": "UN", "entry_id": "8", "identifiers": "A"}])
    write(tmp_path / "truth.csv", [{"shipment_id": "D1/1", "infraction": "1"}])

    loaded = load_all(tmp_path)

    assert loaded.counts == (9, 9, 0, 0)
    assert loaded.result.unknown_columns == ()
    (inspection,) = loaded.rows["inspection"]
    assert (inspection["shipment"], inspection["known_on"]) == ("native/D1/1", date(2024, 3, 5))
    assert loaded.rows["entity"] == [
        {
            "source": "native",
            "thing": party("Trader", "native/Q1", name="Acme", registered_on=date(2020, 1, 2)),
            "known_on": date(2020, 1, 2),
        },
        {"source": "native", "thing": party("Vessel", "9074729", country="PA"), "known_on": date(2021, 1, 2)},
        {"source": "native", "thing": party("Forwarder", "native/F1"), "known_on": None},
    ]
    first, second = loaded.rows["ownership"]
    assert first == {
        "source": "native",
        "owned": "native/Q1",
        "owner": "native/Q2",
        "known_on": date(2019, 1, 1),
        "share": 0.5,
        "valid_from": date(2019, 1, 1),
        "valid_to": date(2025, 1, 1),
    }
    assert second["known_on"] is None
    first, second = loaded.rows["listing"]
    assert (first["entry"], first["aliases"], first["known_on"]) == ("UN/7/a", ["Y", "Z"], date(2022, 1, 1))
    assert (second["identifiers"], second["aliases"], second["known_on"]) == (["A"], None, None)


@pytest.mark.parametrize("name", ["outcomes.csv", "Outcomes.CSV"])
def test_an_optional_file_can_be_loaded_alone(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / name, [OUTCOME])
    # Named itself, or found in a folder that has nothing else.
    for path in (file, tmp_path):
        loaded = load_all(path)
        assert [row["outcome"] for row in loaded.rows["inspection"]] == ["clean"]
        assert loaded.rows["declaration"] == []


def test_a_single_file_of_another_name_holds_declarations(tmp_path: Path) -> None:
    assert load_all(write(tmp_path / "march.csv", [DECLARATION])).counts == (1, 1, 0, 0)


def test_byte_order_mark_column_order_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    plain = load_all(write(tmp_path / "declarations.csv", [FULL, DECLARATION]))
    columns = list(reversed(FULL))
    other = write(tmp_path / "other.csv", [FULL, DECLARATION], columns)
    other.write_bytes(b"\xef\xbb\xbf" + other.read_bytes().replace(b"\r\n", b"\n") + b"\n\n")
    assert load_all(other).rows == plain.rows
