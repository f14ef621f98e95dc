"""The fold in tables, held to the fold by definition."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.columns import UNDATED_FIRST, date_undated, known_before
from graph.fold import Link, Network, Thing, fold
from graph.fold import known_before as records_before
from graph.hash import network_hash, whole_hash
from graph.records import records
from graph.statements import SHAPES, Statements
from graph.whole import Whole, fold_whole
from tests.statements import statements

Flat = tuple[dict[Any, list[Any]], dict[Any, list[Any]]]


def as_network(whole: Whole) -> Flat:
    def day(number: int) -> date | None:
        return None if number in (UNDATED_FIRST, -(2**31)) else date(1970, 1, 1) + timedelta(days=number)

    things: dict[Any, list[Any]] = {}
    links: dict[Any, list[Any]] = {}
    for kind, table in whole.things.items():
        for row in table.to_pylist():
            things[kind, row["key"]] = [day(row["first"]), day(row["last"]), []]
    for kind, table in whole.spans.items():
        for row in table.to_pylist():
            things[kind, row["key"]][2].append((row["field"], row["value"], day(row["first"]), day(row["last"])))
    for triple, table in whole.links.items():
        for row in table.to_pylist():
            links[triple, row["start"], row["end"]] = [day(row["first"]), day(row["last"]), []]
    for triple, table in whole.link_spans.items():
        for row in table.to_pylist():
            links[triple, row["start"], row["end"]][2].append(
                (row["field"], row["value"], day(row["first"]), day(row["last"]))
            )
    return things, links


def flat(network: Network) -> Flat:
    def spans(folded: Thing | Link) -> list[Any]:
        return [(s.field, s.value, s.first_on, s.last_on) for s in folded.spans]

    things = {(r.type, r.key): [t.first_on, t.last_on, spans(t)] for r, t in network.things.items()}
    links = {
        ((r.start.type, r.type, r.end.type), r.start.key, r.end.key): [k.first_on, k.last_on, spans(k)]
        for r, k in network.links.items()
    }
    return things, links


@settings(max_examples=60)
@given(statements())
def test_tables_fold_as_defined(given_statements: Statements) -> None:
    whole = fold_whole(date_undated(given_statements))
    network = fold(records(given_statements))
    assert as_network(whole) == flat(network)
    assert whole_hash(whole) == network_hash(network)


@settings(max_examples=25)
@given(statements(), st.dates(date(2023, 1, 1), date(2023, 4, 1)))
def test_tables_fold_as_known_before_a_day(given_statements: Statements, day: date) -> None:
    whole = fold_whole(known_before(date_undated(given_statements), day))
    assert as_network(whole) == flat(fold(records_before(records(given_statements), day)))


@settings(max_examples=25)
@given(statements(), st.integers(0, 2**32))
def test_hash_does_not_depend_on_order_or_repetition(given_statements: Statements, seed: int) -> None:
    dice = random.Random(seed)

    def mixed(table: pa.Table) -> pa.Table:
        rows = list(range(len(table))) + dice.choices(range(len(table)), k=3) if len(table) else []
        dice.shuffle(rows)
        return table.take(pa.array(rows, pa.int64()))

    shuffled = replace(given_statements, **{n: mixed(t) for n, t in given_statements.items() if n != "description"})
    expected = whole_hash(fold_whole(date_undated(given_statements)))
    assert whole_hash(fold_whole(date_undated(shuffled))) == expected


@settings(max_examples=25)
@given(statements())
def test_every_value_counts_in_the_hash(given_statements: Statements) -> None:
    network = fold(records(given_statements))
    whole = network_hash(network)
    for ref in network.things:
        fewer = {key: thing for key, thing in network.things.items() if key != ref}
        assert network_hash(Network(fewer, network.links)) != whole
        break


def test_separators_in_a_value_do_not_blur_the_hash() -> None:
    def named(name: str, country: str) -> str:
        row = {"id": 0, "type": "Trader", "key": "s/a", "name": name, "country": country}
        described = pa.Table.from_pylist([row], schema=SHAPES["description"])
        entity = pa.Table.from_pylist(
            [{"source": "s", "thing": 0, "known_on": date(2023, 1, 1)}], schema=SHAPES["entity"]
        )
        return whole_hash(fold_whole(date_undated(Statements(description=described, entity=entity))))

    assert len({named("a\x1fb", "c"), named("a", "b\x1fc"), named("a\\ub", "c"), named("a\x1eb", "c")}) == 4
