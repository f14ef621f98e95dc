"""What is written keeps to the native format, to the letter."""

import re

import pandas as pd
import pytest

from tests.ingest.synthetic.conftest import FIRST_DAY, LAST_DAY, SHIPMENTS, SimulatedWorld

OUTCOME = ["selected_by", "inspected_on", "outcome_known_on", "outcome", "infraction_type", "revenue_recovered"]
# The header lines as the format has them, written out here once more so that a slip in the generator shows.
HEADERS = {
    "declarations": (
        "declaration_id,line_no,accepted_on,amended_on,office,procedure,transport_mode,transport_document,"
        "container_ids,vessel_imo,vessel_name,voyage,"
        "importer_id,importer_name,importer_address,importer_country,importer_email,importer_phone,importer_tax_id,"
        "importer_aeo,"
        "exporter_id,exporter_name,exporter_address,exporter_country,exporter_email,exporter_phone,exporter_tax_id,"
        "declarant_id,declarant_name,declarant_address,declarant_country,declarant_email,declarant_phone,"
        "declarant_tax_id,"
        "carrier_id,carrier_name,carrier_country,"
        "origin_country,departure_country,destination_country,departure_place,arrival_place,transit_places,"
        "hs_code,goods_description,quantity,quantity_unit,net_mass_kg,gross_mass_kg,packages,"
        "customs_value,currency,duty_rate,duty_amount,"
        "selected_by,inspected_on,outcome_known_on,outcome,infraction_type,revenue_recovered"
    ),
    "outcomes": (
        "declaration_id,line_no,selected_by,inspected_on,outcome_known_on,outcome,infraction_type,revenue_recovered"
    ),
    "entities": "entity_type,entity_id,name,address,country,email,phone,tax_id,registered_on,aeo,known_on",
    "ownership": "owner_id,owned_id,share,valid_from,valid_to,known_on",
    "truth": "shipment_id,infraction,pattern,ring_id",
    "truth_entities": "entity_type,entity_id,role,ring_id,innocent_lookalike",
}
DATE = r"20\d\d-\d\d-\d\d"
AMOUNT = r"\d+\.\d\d"
FORMS = {
    "declaration_id": r"2[34]GB\d{9}",
    "line_no": r"[1-9]\d?",
    "accepted_on": DATE,
    "amended_on": rf"({DATE})?",
    "office": r"GB\d{3}",
    "procedure": r"\d{4}",
    "transport_mode": r"[1-5]",
    "transport_document": r".{8,}",
    "container_ids": r"([A-Z]{3}U\d{7}(;[A-Z]{3}U\d{7})*)?",
    "vessel_imo": r"(\d{7})?",
    "importer_id": r"GB\d{12}",
    "importer_name": r".+",
    "importer_country": r"GB",
    "importer_aeo": r"(AEO[CSF])?",
    "importer_email": r"([a-z]+\.[a-z]+@[a-z0-9]+\.example)?",
    "importer_phone": r"(\+[\d ()-]{8,})?",
    "exporter_country": r"[A-Z]{2}",
    "exporter_name": r".+",
    "exporter_phone": r"(\+[\d ()-]{8,})?",
    "carrier_country": r"[A-Z]{2}",
    "origin_country": r"[A-Z]{2}",
    "departure_country": r"[A-Z]{2}",
    "destination_country": r"GB",
    "departure_place": r"([A-Z]{2}[A-Z2-9]{3})?",
    "arrival_place": r"GB[A-Z]{3}",
    "transit_places": r"([A-Z]{2}[A-Z2-9]{3}(;[A-Z]{2}[A-Z2-9]{3})*)?",
    "hs_code": r"\d{6}",
    "quantity": r"\d+(\.\d\d)?",
    "quantity_unit": r"[A-Z0-9]{2,3}",
    "net_mass_kg": AMOUNT,
    "gross_mass_kg": rf"({AMOUNT})?",
    "packages": r"(\d+)?",
    "customs_value": AMOUNT,
    "currency": r"GBP",
    "duty_rate": AMOUNT,
    "duty_amount": AMOUNT,
    "selected_by": r"(random|rule|score|tip)?",
    "outcome": r"(clean|infraction)?",
    "infraction_type": r"(undervaluation|misclassification|origin|quantity|contraband|counterfeit|prohibited|other)?",
    "revenue_recovered": rf"({AMOUNT})?",
}


@pytest.mark.parametrize("name", HEADERS)
def test_columns_are_those_of_the_format(world: SimulatedWorld, name: str) -> None:
    with (world.folder / f"{name}.csv").open(encoding="utf-8") as file:
        assert file.readline() == HEADERS[name] + "\n"


@pytest.mark.parametrize("column", FORMS)
def test_every_value_has_its_form(world: SimulatedWorld, column: str) -> None:
    values = world.declarations[column].unique()
    wrong = [value for value in values if not re.fullmatch(FORMS[column], value)]
    assert not wrong[:5]


def test_only_these_files_are_written(world: SimulatedWorld) -> None:
    assert sorted(path.name for path in world.folder.iterdir()) == sorted(f"{name}.csv" for name in HEADERS)


def test_shipments_are_counted_and_unique(world: SimulatedWorld) -> None:
    first = world.declarations[world.declarations["amended_on"] == ""]
    assert len(first) == SHIPMENTS == world.summary.shipments
    assert first["shipment_id"].is_unique
    assert first["accepted_on"].is_monotonic_increasing
    assert first["accepted_on"].between(FIRST_DAY, LAST_DAY).all()


def test_several_lines_of_a_declaration_share_its_head(world: SimulatedWorld) -> None:
    first = world.declarations[world.declarations["amended_on"] == ""]
    several = first[first["declaration_id"].duplicated(keep=False)]
    assert 0.1 < len(several) / len(first) < 0.5
    head = ["accepted_on", "office", "importer_id", "exporter_name", "declarant_id", "container_ids", "vessel_imo"]
    assert (several.groupby("declaration_id")[head].nunique() == 1).all(axis=None)
    assert (several.groupby("declaration_id")["hs_code"].nunique() > 1).any()


def test_an_amended_declaration_is_a_later_version_of_one_that_is_there(world: SimulatedWorld) -> None:
    amended = world.declarations[world.declarations["amended_on"] != ""]
    first = world.declarations[world.declarations["amended_on"] == ""].set_index("shipment_id")
    assert 0.005 < len(amended) / SHIPMENTS < 0.02
    assert amended["shipment_id"].is_unique
    before = first.loc[amended["shipment_id"]]
    assert (amended["amended_on"].to_numpy() > before["accepted_on"].to_numpy()).all()
    assert (amended["accepted_on"].to_numpy() == before["accepted_on"].to_numpy()).all()
    assert (amended["importer_id"].to_numpy() == before["importer_id"].to_numpy()).all()
    assert (amended["customs_value"].to_numpy() != before["customs_value"].to_numpy()).mean() > 0.9
    assert (amended["amended_on"] <= LAST_DAY).all()


def test_an_outcome_is_said_once_whole_and_in_order(world: SimulatedWorld) -> None:
    told = world.examinations
    assert told["shipment_id"].is_unique
    assert len(told) == len(world.outcomes) + (world.declarations["outcome"] != "").sum()
    assert (told[["selected_by", "inspected_on", "outcome_known_on", "outcome"]] != "").all(axis=None)
    assert (told["accepted_on"] <= told["inspected_on"]).all()
    days = pd.to_datetime(told["outcome_known_on"]) - pd.to_datetime(told["inspected_on"])
    assert days.dt.days.between(1, 60).all()
    assert ((told["outcome"] == "infraction") == (told["infraction_type"] != "")).all()
    assert ((told["outcome"] == "infraction") == (told["revenue_recovered"] != "")).all()


def test_outcomes_come_back_both_ways_and_none_from_the_future(world: SimulatedWorld) -> None:
    told = world.declarations[world.declarations["outcome"] != ""]
    assert len(told) > 100
    assert len(world.outcomes) > 100
    assert (told["outcome_known_on"].str[:7] == told["accepted_on"].str[:7]).all()
    accepted = world.shipments.set_index("shipment_id").loc[world.outcomes["shipment_id"], "accepted_on"]
    assert (world.outcomes["outcome_known_on"].str[:7].to_numpy() > accepted.str[:7].to_numpy()).all()
    assert world.outcomes["outcome_known_on"].max() <= LAST_DAY
    assert world.outcomes["outcome_known_on"].is_monotonic_increasing
    untold = world.declarations[world.declarations["outcome"] == ""]
    assert (untold[OUTCOME] == "").all(axis=None)


def test_truth_covers_every_shipment_and_nothing_else(world: SimulatedWorld) -> None:
    assert set(world.truth["shipment_id"]) == set(world.declarations["shipment_id"])
    assert world.truth["shipment_id"].is_unique
    assert set(world.truth["infraction"]) == {"0", "1"}
    assert (world.truth.loc[world.truth["pattern"] == "", "infraction"] == "0").all()
    patterns = ["shell_ring", "reborn", "origin_laundering", "undervaluation_seller", "misclassification_seller"]
    patterns += ["office_collusion", "contraband_line"]
    in_ring = world.truth["pattern"].isin(patterns)
    assert ((world.truth["ring_id"] != "") == in_ring).all()
    assert set(world.truth["pattern"]) == {"", "opportunist", *patterns}


def test_registers_name_what_is_declared(world: SimulatedWorld) -> None:
    declared = world.declarations
    for kind, column in (
        ("trader", "importer_id"),
        ("forwarder", "declarant_id"),
        ("carrier", "carrier_id"),
        ("vessel", "vessel_imo"),
    ):
        known = world.entities.loc[world.entities["entity_type"] == kind, "entity_id"]
        assert known.is_unique
        assert set(declared[column]) - {""} <= set(known)
    register = world.entities[world.entities["entity_type"] == "trader"].set_index("entity_id")
    registered = register.loc[declared["importer_id"], "registered_on"].to_numpy()
    assert (registered < declared["accepted_on"].to_numpy()).all()
    assert set(world.ownership["owner_id"]) | set(world.ownership["owned_id"]) <= set(register.index)
    assert world.ownership["share"].astype(float).between(0.01, 1).all()
    assert (world.ownership["owner_id"] != world.ownership["owned_id"]).all()


def test_true_entities_are_entities(world: SimulatedWorld) -> None:
    declared = world.declarations
    ids = {
        "trader": set(declared["exporter_id"])
        | set(world.entities.loc[world.entities["entity_type"] == "trader", "entity_id"]),
        "forwarder": set(world.entities.loc[world.entities["entity_type"] == "forwarder", "entity_id"]),
        "vessel": set(world.entities.loc[world.entities["entity_type"] == "vessel", "entity_id"]),
    }
    unknown = [
        row.entity_id for row in world.truth_entities.itertuples() if row.entity_id not in ids[str(row.entity_type)]
    ]
    assert not unknown
    assert set(world.truth_entities["innocent_lookalike"]) == {"0", "1"}


def imo_is_valid(number: str) -> bool:
    total = sum(int(figure) * weight for figure, weight in zip(number, range(7, 1, -1), strict=False))
    return total % 10 == int(number[6])


def container_is_valid(number: str) -> bool:
    values = {}
    value = 10
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        if value % 11 == 0:
            value += 1
        values[letter] = value
        value += 1
    total = sum((values[sign] if sign.isalpha() else int(sign)) << place for place, sign in enumerate(number[:10]))
    return total % 11 % 10 == int(number[10])


def test_check_digits(world: SimulatedWorld) -> None:
    assert imo_is_valid("9074729")
    assert not imo_is_valid("9074728")
    assert container_is_valid("CSQU3054383")
    assert not container_is_valid("CSQU3054384")
    vessels = set(world.declarations["vessel_imo"]) - {""}
    assert len(vessels) > 20
    assert all(map(imo_is_valid, vessels))
    containers = {box for boxes in world.declarations["container_ids"] for box in boxes.split(";") if box}
    assert len(containers) > 500
    assert all(map(container_is_valid, containers))
    air = world.declarations.loc[world.declarations["transport_document"].str.match(r"\d{3}-"), "transport_document"]
    assert len(air) > 500
    assert (air.str[4:11].astype(int) % 7 == air.str[11].astype(int)).all()


def test_sea_goods_have_ships_and_others_have_none(world: SimulatedWorld) -> None:
    at_sea = world.declarations["transport_mode"] == "1"
    assert ((world.declarations["vessel_imo"] != "") == at_sea).all()
    assert (world.declarations.loc[~at_sea, "container_ids"] == "").all()
    assert (world.declarations.loc[at_sea, "container_ids"] != "").mean() > 0.8
    with_place = world.declarations[world.declarations["departure_place"] != ""]
    assert len(with_place) > 0.5 * len(world.declarations)
    assert (with_place["departure_place"].str[:2] == with_place["departure_country"]).all()
