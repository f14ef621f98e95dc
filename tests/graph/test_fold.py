"""The fold: what it is by examples, and that order, repetition and overlap of what was said do not matter."""

import random
from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.fold import Link, Network, Span, Thing, accumulate, fold, known_before, merge
from graph.records import LinkRef, Record, Ref, records
from graph.statements import Statements
from tests.statements import DAYS, statements

BOUNDED = settings(max_examples=60, deadline=None, derandomize=True)

SHIPMENT, ACME, BOLT = Ref("Shipment", "a/D1"), Ref("Trader", "a/Q1"), Ref("Trader", "a/Q2")
CONTAINER = LinkRef(SHIPMENT, "IN_CONTAINER", Ref("Container", "C1"))
OWNED = LinkRef(ACME, "OWNED_BY", BOLT)


def said(subject: Ref | LinkRef, day: int | None, fields: dict[str, str] | None = None) -> Record:
    return Record(subject, fields, "a", None if day is None else date(2023, 1, day))


def thing(network: Network, ref: Ref) -> Thing:
    return network.things[ref]


def test_the_latest_version_counts_as_a_whole_and_with_it_its_links() -> None:
    network = fold(
        [
            said(SHIPMENT, 1, {"procedure": "4000", "packages": "2.0", "importer": "a/Q1"}),
            said(CONTAINER, 1, {}),
            said(SHIPMENT, 3, {"procedure": "5100", "importer": "a/Q2"}),
        ]
    )
    assert thing(network, SHIPMENT).shown() == {"procedure": "5100"}
    assert (thing(network, SHIPMENT).first_on, thing(network, SHIPMENT).last_on) == (date(2023, 1, 1), date(2023, 1, 3))
    assert list(network.links) == [LinkRef(SHIPMENT, "IMPORTED_BY", BOLT)]


def test_versions_of_one_day_are_merged_field_by_field() -> None:
    network = fold(
        [
            said(SHIPMENT, 3, {"procedure": "4000", "importer": "a/Q1"}),
            said(SHIPMENT, 3, {"procedure": "40", "exporter": "a/Q1", "importer": "a/Q2"}),
            said(CONTAINER, 3, {}),
        ]
    )
    assert thing(network, SHIPMENT).shown() == {"procedure": "4000"}
    assert set(network.links) == {
        LinkRef(SHIPMENT, "IMPORTED_BY", BOLT),
        LinkRef(SHIPMENT, "EXPORTED_BY", ACME),
        CONTAINER,
    }


def test_every_value_said_of_a_party_is_kept_and_the_last_seen_is_shown() -> None:
    network = fold(
        [
            said(ACME, 5, {"name": "Acme"}),
            said(ACME, 2, {"name": "Acme Ltd"}),
            said(ACME, 9),
            said(ACME, 4, {"name": "Acme Ltd"}),
            said(ACME, 5, {"name": "ACME"}),
            said(ACME, None, {"name": "Zeta", "aeo": "AEOC"}),
        ]
    )
    party = thing(network, ACME)
    assert party.spans == (
        Span("aeo", "AEOC", None, None),
        Span("name", "ACME", date(2023, 1, 5), date(2023, 1, 5)),
        Span("name", "Acme", date(2023, 1, 5), date(2023, 1, 5)),
        Span("name", "Acme Ltd", date(2023, 1, 2), date(2023, 1, 4)),
        Span("name", "Zeta", None, None),
    )
    assert party.shown() == {"aeo": "AEOC", "name": "Acme"}
    assert (party.first_on, party.last_on) == (date(2023, 1, 2), date(2023, 1, 9))


def test_what_no_dated_record_names_counts_as_the_oldest() -> None:
    entry = Ref("ListEntry", "un/1")
    network = fold([said(entry, None, {"name": "Z"}), said(entry, None, {"name": "A", "owner": "UN"})])
    assert thing(network, entry).shown() == {"name": "Z", "owner": "UN"}
    assert thing(network, entry).last_on is None
    network = fold([said(entry, None, {"name": "Z"}), said(entry, 1, {"owner": "UN"})])
    assert thing(network, entry).shown() == {"owner": "UN"}


def test_a_link_accumulates_its_values() -> None:
    network = fold([said(OWNED, 1, {"share": "0.5"}), said(OWNED, 4, {"share": "1.0"}), said(OWNED, None, {})])
    assert network.links[OWNED].shown() == {"share": "1.0"}
    assert (network.links[OWNED].first_on, network.links[OWNED].last_on) == (date(2023, 1, 1), date(2023, 1, 4))


def test_a_stub_has_no_version() -> None:
    assert thing(fold([said(SHIPMENT, 4)]), SHIPMENT) == Thing(SHIPMENT, date(2023, 1, 4), date(2023, 1, 4))


def test_known_before_leaves_out_the_day_itself_and_what_has_no_day() -> None:
    held = [said(ACME, 1), said(ACME, 2), said(ACME, None)]
    assert known_before(held, date(2023, 1, 2)) == held[:1]


_VERSIONS = st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "10", "9", "é", "Z"])), max_size=5)


@BOUNDED
@given(_VERSIONS, _VERSIONS, st.randoms())
def test_merging_is_a_union_of_maxima(some: list[dict[str, str]], more: list[dict[str, str]], dice: Any) -> None:
    merged = merge([*some, *more])
    assert merged == {
        name: max(values) for name in "abc" if (values := [fields[name] for fields in (*some, *more) if name in fields])
    }
    assert merge([merge(more), merge(some), merged]) == merged
    dice.shuffle(some)
    assert merge([*more, *some, *more]) == merged


@BOUNDED
@given(statements(), st.integers(0, 2**32))
def test_order_and_repetition_of_records_do_not_matter(drawn: Statements, seed: int) -> None:
    dice = random.Random(seed)
    held = records(drawn)
    mixed = held + dice.choices(held, k=len(held)) if held else []
    dice.shuffle(mixed)
    assert fold(mixed) == fold(held)


def _rows(drawn: Statements, keep: Iterable[bool]) -> Statements:
    """Return the rows for which `keep` says so, of all shapes but the descriptions."""
    choice = iter(keep)
    tables = {
        shape: table
        if shape == "description"
        else table.filter(pa.array([next(choice) for _ in range(len(table))], pa.bool_()))
        for shape, table in drawn.items()
    }
    return Statements(**tables)


@BOUNDED
@given(statements(), st.sampled_from(DAYS))
def test_what_becomes_known_later_changes_nothing_before(drawn: Statements, day: date) -> None:
    """Nor does it date a row without a day to before that day."""
    known = [
        row["known_on"] is None or row["known_on"] < day
        for shape, table in drawn.items()
        if shape != "description"
        for row in table.to_pylist()
    ]
    earlier = _rows(drawn, known)
    assert fold(known_before(records(drawn), day)) == fold(known_before(records(earlier), day))


@BOUNDED
@given(statements())
def test_a_network_is_made_of_what_was_said(drawn: Statements) -> None:
    held = records(drawn)
    network = fold(held)
    assert set(network.things) == {record.subject for record in held if isinstance(record.subject, Ref)}
    for link in network.links.values():
        assert {link.ref.start, link.ref.end} <= set(network.things)
    everything: list[Thing | Link] = [*network.things.values(), *network.links.values()]
    for folded in everything:
        assert list(folded.spans) == sorted(folded.spans, key=lambda span: (span.field, span.value))
        for span in folded.spans:
            assert (span.first_on is None) == (span.last_on is None)
            if span.first_on is not None and span.last_on is not None:
                assert folded.first_on is not None
                assert folded.last_on is not None
                assert folded.first_on <= span.first_on <= span.last_on <= folded.last_on


@BOUNDED
@given(statements(), st.integers(0, 2**32))
def test_accumulating_can_be_split(drawn: Statements, seed: int) -> None:
    """First and last days of two parts make those of the whole."""
    held = [record for record in records(drawn) if record.subject[0] == "Trader"]
    cut = random.Random(seed).randint(0, len(held))
    days: dict[tuple[str, str], list[date | None]] = {}
    for part in (held[:cut], held[cut:]):
        for span in accumulate(part):
            days.setdefault((span.field, span.value), []).extend([span.first_on, span.last_on])
    expected = []
    for (name, value), ends in sorted(days.items()):
        dated = [end for end in ends if end is not None]
        expected.append(Span(name, value, min(dated, default=None), max(dated, default=None)))
    assert list(accumulate(held)) == expected
