"""The parts below the world: text columns, identifiers, shared contacts, time."""

import csv
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.synthetic import lettering, period
from ingest.synthetic.columns import Columns
from ingest.synthetic.facts import load_facts
from ingest.synthetic.identifiers import air_waybills, containers, imo_numbers, unique_numbers
from ingest.synthetic.parties import OWN, PREMISES, UNKNOWN, Parties, resolve
from ingest.synthetic.world import Lanes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(TEXT, TEXT, st.none() | TEXT), min_size=1, max_size=5))
def test_lines_are_read_back_as_they_were(rows: list[tuple[str, str, str | None]]) -> None:
    columns = [lettering.quoted(pa.array(column, pa.string())) for column in zip(*rows, strict=True)]
    text = "".join(lettering.csv_lines(columns).to_pylist())
    assert [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))] == [
        tuple(value or "" for value in row) for row in rows
    ]


@given(st.lists(st.integers(-(10**15), 10**15), max_size=5))
def test_amounts_have_two_decimals(hundredths: list[int]) -> None:
    texts = lettering.decimal_text(np.array(hundredths, dtype=np.int64)).to_pylist()
    for text, value in zip(texts, hundredths, strict=True):
        assert round(float(text) * 100) == value or abs(value) > 2**52
        assert text[-3] == "."


def test_templates_are_filled_row_by_row() -> None:
    rng = np.random.default_rng(1)
    texts = lettering.fill(rng, ["A%#", "Łódź @", "plain"], np.array([1, 0, 2, 0, 1])).to_pylist()
    assert [text[0] for text in texts] == ["Ł", "A", "p", "A", "Ł"]
    assert all(text[1] in "123456789" and text[2].isdigit() for text in (texts[1], texts[3]))
    assert texts[0][:-1] == "Łódź "
    assert texts[0][-1].isupper()


def test_fixed_width_cuts_rows_and_leaves_out_empty_ones() -> None:
    rows = np.frombuffer(b"abcdefghi", dtype=np.uint8).reshape(3, 3)
    assert lettering.fixed_width(rows).to_pylist() == ["abc", "def", "ghi"]
    assert lettering.fixed_width(rows, np.array([1, 0, 3])).to_pylist() == ["a", None, "ghi"]


def test_known_identifiers() -> None:
    assert imo_numbers(np.array([907472])).tolist() == [9074729]
    owner = np.frombuffer(b"CSQ", dtype=np.uint8)[None, :]
    assert containers(owner, np.array([305438])).tobytes() == b"CSQU3054383"
    assert air_waybills(np.array([125]), np.array([1234567])).tobytes() == b"125-12345675"


def test_unique_numbers_are_unique_even_where_the_range_is_tight() -> None:
    numbers = unique_numbers(np.random.default_rng(0), 95, 10, 110)
    assert len(set(numbers.tolist())) == 95
    assert numbers.min() >= 10
    assert numbers.max() < 110
    assert numbers.tolist() != sorted(numbers.tolist())


def test_shared_contacts_are_followed_to_the_one_who_has_them() -> None:
    references = np.array([OWN, 0, 1, UNKNOWN, PREMISES + 1, 4])
    assert resolve(references, 6).tolist() == [0, 0, 0, -1, 7, 7]


def test_columns_grow_copy_and_refuse_what_they_do_not_have() -> None:
    parties = Parties()
    assert parties.append(2, country=3).tolist() == [0, 1]
    assert parties.copy_rows(np.array([1]), phone_of=0).tolist() == [2]
    assert parties.country.tolist() == [3, 3, 3]
    assert parties.phone_of.tolist() == [OWN, OWN, 0]
    with pytest.raises(TypeError, match="no such columns: colour"):
        parties.append(1, colour=1)
    assert len(Columns.append.__doc__ or "") > 0


@pytest.mark.parametrize("shipments", [1_000, 12_345, 10_000_000])
def test_weeks_hold_all_shipments_and_all_days(shipments: int) -> None:
    weeks = period.weeks(shipments)
    assert sum(int(week.shipments.sum()) for week in weeks) == shipments
    assert [week.stop for week in weeks[:-1]] == [week.start for week in weeks[1:]]
    assert weeks[-1].stop == period.DAYS
    assert all(len(week.shipments) == week.stop - week.start for week in weeks)


def test_month_ends() -> None:
    days = np.array([0, 30, 31, 364, 365, 424])
    assert period.month_ends(days).tolist() == [30, 30, 58, 364, 395, 424]


def test_expected_shipments_count_only_weeks_of_the_world() -> None:
    lanes = Lanes()
    lanes.append(3, rate=[1.0, 2.0, 1.0], start=[-period.NEVER, 449, 500], end=[7, period.NEVER, 600])
    assert lanes.expected().tolist() == pytest.approx([1.0, 2.0, 0.0])


def test_facts_fit_together() -> None:
    facts = load_facts()
    assert len(facts.commodities.hs6) == len(set(facts.commodities.hs6)) > 250
    assert len(set(facts.ports.locodes)) > 150
    for number, sector in enumerate(facts.sectors):
        assert len(sector.commodities) >= 3, sector.name
        assert (facts.commodities.sector[sector.commodities] == number).all()
        assert sector.nouns
    # Goods can leave every country by sea or by air.
    assert set(facts.ports.serves.tolist()) >= set(range(len(facts.countries))) - {facts.country("GB")}
    assert all(len(hubs) for region, hubs in zip(facts.regions, facts.hubs, strict=True) if region != "home")
    assert {int(mode) for mode in facts.offices.mode} == {1, 2, 3, 4, 5}
