"""Records by examples, and that they do not depend on the order and the numbers in which statements came."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.records import LinkRef, Record, Ref, canonical, records, wider_commodities, wider_place
from graph.schema import LINK, NODE, ROLES
from graph.statements import Statements
from tests.statements import statements, table

BOUNDED = settings(max_examples=60, deadline=None, derandomize=True)

DAY, LATER = date(2023, 1, 1), date(2023, 2, 1)


def of(held: list[Record]) -> dict[Any, Any]:
    return {record.subject: record.fields for record in held}


def test_a_reference_is_written_as_type_and_key() -> None:
    assert str(Ref("Trader", "kr/Q12")) == "trader:kr/Q12"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("NA", "NA"),
        ("00123", "00123"),
        (date(2023, 1, 2), "2023-01-02"),
        (0.1, "0.1"),
        (-0.0, "0.0"),
        (3, "3.0"),
        (1e22, "1e+22"),
        (["b", "ä"], '["b","ä"]'),
    ],
)
def test_values_have_one_text(value: Any, text: str) -> None:
    assert canonical(value) == text


@BOUNDED
@given(st.floats(allow_nan=False))
def test_numbers_can_be_read_back(number: float) -> None:
    assert float(canonical(number)) == number
    assert canonical(number) == canonical(float(canonical(number)))


def test_codes_imply_the_codes_above() -> None:
    assert wider_commodities("8471301000") == ["847130", "8471", "84"]
    assert wider_commodities("8471") == ["84"]
    assert wider_commodities("84") == []
    assert (wider_place("CNSHA"), wider_place("CN"), wider_place("kr/16"), wider_place("kr/016")) == (
        "CN",
        None,
        None,
        None,
    )


def test_a_declaration_says_its_version_and_all_that_it_names() -> None:
    party = {"id": 9, "type": "Trader", "key": "a/Q1", "name": "Acme", "address": "1 Main", "address_key": "1 main|"}
    row = {
        "source": "a",
        "shipment": "a/D1",
        "known_on": DAY,
        "accepted_on": DAY,
        "importer": 9,
        "commodity": "847130",
        "route": "a/1:CNSHA>016",
        "office": "a/016",
        "departure_place": "CNSHA",
        "departure_country": "CN",
        "transit_places": ["SGSIN"],
        "containers": ["C1"],
        "packages": 2.0,
    }
    held = records(Statements(description=table("description", [party]), declaration=table("declaration", [row])))
    shipment, trader, route = Ref("Shipment", "a/D1"), Ref("Trader", "a/Q1"), Ref("Route", "a/1:CNSHA>016")
    found = of(held)
    assert found[shipment] == {
        "accepted_on": "2023-01-01",
        "packages": "2.0",
        "departure_place": "CNSHA",
        "departure_country": "CN",
        "importer": "a/Q1",
        "commodity": "847130",
        "route": "a/1:CNSHA>016",
    }
    assert found[trader] == {"name": "Acme"}
    assert found[Ref("Address", "1 main|")] == {"address": "1 Main"}
    assert found[LinkRef(trader, "AT_ADDRESS", Ref("Address", "1 main|"))] == {}
    assert found[LinkRef(route, "VIA", Ref("Place", "SGSIN"))] == {"order": "1.0"}
    links = {(record.subject[1], record.subject[2]) for record in held if isinstance(record.subject, LinkRef)}
    assert links == {
        ("AT_ADDRESS", Ref("Address", "1 main|")),
        ("PART_OF", Ref("Commodity", "8471")),
        ("PART_OF", Ref("Commodity", "84")),
        ("PART_OF", Ref("Place", "CN")),
        ("PART_OF", Ref("Place", "SG")),
        ("IN_CONTAINER", Ref("Container", "C1")),
        ("DEPARTS_FROM", Ref("Place", "CNSHA")),
        ("VIA", Ref("Place", "SGSIN")),
        ("CLEARED_AT", Ref("Place", "a/016")),
    }
    assert {record.known_on for record in held} == {DAY}


def test_places_are_named_only_by_the_route() -> None:
    row = {"source": "a", "shipment": "a/D1", "known_on": DAY, "office": "a/016", "departure_place": "CNSHA"}
    held = records(Statements(declaration=table("declaration", [row])))
    assert [record.subject for record in held] == [Ref("Shipment", "a/D1")]


def test_rows_without_a_day_take_the_first_on_which_their_thing_is_named() -> None:
    parties = [{"id": at, "type": "Trader", "key": f"a/Q{at}"} for at in (1, 2)]
    drawn = Statements(
        description=table("description", parties),
        declaration=table(
            "declaration",
            [
                {"source": "a", "shipment": "a/D1", "known_on": LATER, "importer": 1},
                {"source": "a", "shipment": "a/D2", "known_on": DAY, "exporter": 1},
            ],
        ),
        entity=table("entity", [{"source": "a", "thing": 1}, {"source": "a", "thing": 2}]),
        ownership=table("ownership", [{"source": "a", "owned": "a/Q1", "owner": "a/Q2"}]),
        listing=table("listing", [{"source": "a", "entry": "un/1"}]),
    )
    days = {(record.subject, record.known_on) for record in records(drawn)}
    owned = LinkRef(Ref("Trader", "a/Q1"), "OWNED_BY", Ref("Trader", "a/Q2"))
    assert {day for subject, day in days if subject == Ref("Trader", "a/Q1")} == {DAY, LATER, None}
    assert {day for subject, day in days if subject in (Ref("Trader", "a/Q2"), owned, Ref("ListEntry", "un/1"))} == {
        None
    }
    named = table("ownership", [{"source": "a", "owned": "a/Q2", "owner": "a/Q9", "known_on": LATER}])
    dated = replace(drawn, ownership=pa.concat_tables([drawn.ownership, named]))
    days = {(record.subject, record.known_on) for record in records(dated)}
    assert {day for subject, day in days if subject == owned} == {LATER}
    assert {day for subject, day in days if subject == Ref("Trader", "a/Q2")} == {LATER}


@BOUNDED
@given(statements(), st.integers(0, 2**32))
def test_order_and_numbers_of_statements_do_not_matter(drawn: Statements, seed: int) -> None:
    dice = random.Random(seed)
    old = drawn.description["id"].to_pylist()
    new = dict(zip(old, dice.sample(range(10**6), len(old)), strict=True)) | {None: None}
    referring = {"id", "thing", *(role.column for role in ROLES if role.described)}
    tables = {}
    for shape, held in drawn.items():
        rows = [{n: new[v] if n in referring else v for n, v in row.items()} for row in held.to_pylist()]
        dice.shuffle(rows)
        tables[shape] = table(shape, rows)

    def count(held: list[Record]) -> Counter[tuple[Any, ...]]:
        return Counter((r.subject, repr(sorted((r.fields or {"": ""}).items())), r.source, r.known_on) for r in held)

    assert count(records(Statements(**tables))) == count(records(drawn))


@BOUNDED
@given(statements())
def test_records_keep_to_the_schema(drawn: Statements) -> None:
    roles = {role.column for role in ROLES}
    for record in records(drawn):
        fields = set(record.fields or ())
        if isinstance(record.subject, Ref):
            named = {field.name for field in NODE[record.subject.type].fields}
            assert fields <= (named | roles if record.subject.type == "Shipment" else named)
        else:
            link = LINK[record.subject.type]
            assert (record.subject.start.type, record.subject.end.type) in link.ends
            assert fields <= {field.name for field in link.fields}
        assert all((record.fields or {}).values())
