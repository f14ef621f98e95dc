"""Strategies that draw small sets of statements, dense in what makes folding hard.

Few keys and days, so that rows of one shipment, of one day and of several batches meet; blanks, odd texts, rows without
a day, inspections before their declaration, equal rows under different description numbers.
"""

import functools
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from graph.schema import ROLES
from graph.statements import SHAPES, Statements

SOURCES = ("a", "b")
_OF_SOURCES = ("a", "a", "a", "b")
DAYS = tuple(date(2023, 1, 1) + timedelta(days=d) for d in (0, 1, 2, 31, 60, 88))
# Most rows meet on two days and two shipments.
_BUSY_DAYS = (DAYS[1], DAYS[1], DAYS[1], DAYS[3], DAYS[3], *DAYS)
_OFTEN_NO_DAY = (None, None, None, *DAYS)
_SHIPMENTS = ("D1/1", "D1/1", "D1/1", "97061800", "97061800", "D1/2")

TEXTS = (
    None,
    "Acme",
    "ACME Ltd",
    'Zoë & "Söhne" <b>',
    "株式会社 三井 🚢",
    "O'Hara; DROP",
    "\\u\x1f\x1e",
    "é",
    "e\u0301",
)
COUNTRIES = (None, "CN", "DE")
NUMBERS = (None, 0.0, -0.0, 1.0, 0.1, 1 / 3, 1e22, 9.0, 10.0)

_PARTY_IDS = {
    "Trader": ("Q1", "Q2", "name:acme|CN"),
    "Forwarder": ("F1", "F2"),
    "Carrier": ("C1", "Q1"),
}
_ADDRESSES = ((None, None), ("1 Main St.", "1 main street|CN"), ("1, MAIN Street", "1 main street|CN"), ("X", "x|DE"))
_EMAILS = ((None, None), ("A@x.org", "a@x.org"), ("a@x.org", "a@x.org"))
_PHONES = ((None, None), ("+49 1", "+491"))

_COMMODITIES = (None, "84", "8471", "847130", "8471301000", "84714", "850440", "NA")
_ROUTES = (None, "1:CNSHA>016", "4:DE>016")
_PLACES = (None, "CNSHA", "CNNGB", "DEHAM")
_CONTAINERS: Sequence[Sequence[str] | None] = (None, [], ["MSKU1"], ["MSKU2", "MSKU1"], ["MSKU1", "MSKU1"])
_TRANSIT: Sequence[Sequence[str] | None] = (None, [], ["SGSIN"], ["SGSIN", "CNSHA"], ["CNSHA", "SGSIN", "CNSHA"])
_EXTRAS = (None, '{"tax":"11"}', '{"lane":2.5,"tax":"A"}')


def table(shape: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows as a table of the shape; what a row leaves out is blank."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=SHAPES[shape])


# Hypothesis draws what makes rows meet (keys, days) and one number per row, from which the rest is picked: drawing
# forty columns one by one would cost more than the tests themselves.
_SEEDS = st.integers(0, 2**20)
_one = functools.cache(st.sampled_from)


def _key(source: str, bare: str | None) -> str | None:
    return None if bare is None else f"{source}/{bare}"


@st.composite
def _description(draw: st.DrawFn, source: str, kind: str) -> dict[str, Any]:
    if kind == "Vessel":
        key: str | None = draw(_one(("9300001", "9300002")))
    else:
        key = _key(source, draw(_one(_PARTY_IDS[kind])))
    pick = random.Random(draw(_SEEDS)).choice
    address, address_key = pick(_ADDRESSES)
    email, email_key = pick(_EMAILS)
    phone, phone_key = pick(_PHONES)
    return {
        "type": kind,
        "key": key,
        "name": pick(TEXTS),
        "country": pick(COUNTRIES),
        "tax_id": pick((None, "00123", "1e5")),
        "aeo": pick((None, "AEOC", "AEOF")),
        "registered_on": pick((None, date(1999, 12, 31), DAYS[1])),
        "address": address,
        "address_key": address_key,
        "email": email,
        "email_key": email_key,
        "phone": phone,
        "phone_key": phone_key,
    }


class _Described:
    """Collects the descriptions of one set of statements and numbers them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def refer(self, draw: st.DrawFn, source: str, kind: str) -> int:
        """Return the number of a description of this kind, new or used before."""
        held = [
            row["id"]
            for row in self.rows
            if row["type"] == kind and (kind == "Vessel" or row["key"].startswith(f"{source}/"))
        ]
        again = draw(_one((None, *held)))
        if again is not None:
            return int(again)
        number = 7 * len(self.rows) + 3
        self.rows.append({"id": number, **draw(_description(source, kind))})
        return number


def _declaration(draw: st.DrawFn, described: _Described) -> dict[str, Any]:
    source = draw(_one(_OF_SOURCES))
    pick = random.Random(draw(_SEEDS)).choice
    row: dict[str, Any] = {
        "source": source,
        "shipment": _key(source, draw(_one(_SHIPMENTS))),
        "known_on": draw(_one(_BUSY_DAYS)),
        "accepted_on": pick(DAYS),
        "route": _key(source, pick(_ROUTES)),
        "commodity": pick(_COMMODITIES),
        "origin": pick(("CN", "DE", "NA", None)),
        "office": _key(source, pick((None, "016", "020"))),
        "document": _key(source, pick((None, "BL1", "BL2"))),
        "containers": pick(_CONTAINERS),
        "transit_places": pick(_TRANSIT),
        "departure_place": pick(_PLACES),
        "departure_country": pick(COUNTRIES),
        "arrival_place": pick((None, "KRPUS")),
        "destination_country": pick((None, "KR")),
        "transport_mode": pick((None, "1", "4")),
        "procedure": pick((None, "4000")),
        "goods_description": pick(TEXTS),
        "quantity": pick(NUMBERS),
        "net_mass_kg": pick(NUMBERS),
        "customs_value": pick(NUMBERS),
        "extra": pick(_EXTRAS),
    }
    for role in ROLES:
        if role.described and pick((True, False)):
            row[role.column] = described.refer(draw, source, role.node)
    return row


def _inspection(draw: st.DrawFn) -> dict[str, Any]:
    source = draw(_one(_OF_SOURCES))
    shipment = _key(source, draw(_one((*_SHIPMENTS, "D9/1"))))
    inspected = draw(_one(DAYS[:2]))
    return {
        "source": source,
        "inspection": f"{shipment}/{inspected.isoformat()}",
        "shipment": shipment,
        "known_on": draw(_one(DAYS)),
        "inspected_on": inspected,
        "selected_by": draw(_one((None, "random", "rule"))),
        "outcome": draw(_one((None, "clean", "infraction"))),
        "infraction_type": draw(_one((None, "origin", "quantity"))),
        "revenue_recovered": draw(_one(NUMBERS)),
    }


def _entity(draw: st.DrawFn, described: _Described) -> dict[str, Any]:
    source = draw(_one(_OF_SOURCES))
    kind = draw(_one(("Trader", "Trader", "Forwarder", "Carrier", "Vessel")))
    return {
        "source": source,
        "thing": described.refer(draw, source, kind),
        "known_on": draw(_one(_OFTEN_NO_DAY)),
    }


def _ownership(draw: st.DrawFn) -> dict[str, Any]:
    source = draw(_one(_OF_SOURCES))
    ends = [_key(source, draw(_one((*_PARTY_IDS["Trader"], "Q9")))) for _ in range(2)]
    return {
        "source": source,
        "owned": ends[0],
        "owner": ends[1],
        "known_on": draw(_one(_OFTEN_NO_DAY)),
        "share": draw(_one((None, 0.5, 1.0))),
        "valid_from": draw(_one((None, *DAYS[:2]))),
        "valid_to": draw(_one((None, DAYS[3]))),
    }


def _listing(draw: st.DrawFn) -> dict[str, Any]:
    source = draw(_one(_OF_SOURCES))
    pick = random.Random(draw(_SEEDS)).choice
    return {
        "source": source,
        "entry": draw(_one(("un/1", "un/2", "eu/1"))),
        "known_on": draw(_one(_OFTEN_NO_DAY)),
        "name": draw(_one(TEXTS)),
        "aliases": pick((None, [], ["B", "A"], ["A", "B", "A"], ["Ö"])),
        "country": draw(_one(COUNTRIES)),
        "identifiers": pick((None, ["1", "00123"])),
        "owner": draw(_one((None, "UN"))),
        "listed_on": draw(_one((None, *DAYS[:2]))),
    }


@st.composite
def statements(draw: st.DrawFn, most: int = 6) -> Statements:
    """Draw statements with at most `most` declarations and about half as many rows of every other shape."""
    described = _Described()

    def some(count: int) -> range:
        return range(draw(st.integers(0, count)))

    rest = (most + 1) // 2
    declarations = [_declaration(draw, described) for _ in some(most)]
    entities = [_entity(draw, described) for _ in some(rest)]
    inspections = [_inspection(draw) for _ in some(rest)]
    ownerships = [_ownership(draw) for _ in some(rest)]
    listings = [_listing(draw) for _ in some(rest)]
    return Statements(
        description=table("description", described.rows),
        declaration=table("declaration", declarations),
        inspection=table("inspection", inspections),
        entity=table("entity", entities),
        ownership=table("ownership", ownerships),
        listing=table("listing", listings),
    )
