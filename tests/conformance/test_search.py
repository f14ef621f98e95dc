"""What a text finds, in every store alike: held to the reference, which scores everything."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchmarks.search import WAYS
from graph.records import Ref
from graph.search import MOST, Hit
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from graph.store.reference import ReferenceStore
from ingest.load import load
from tests.conformance.loads import batch, chunk
from tests.ingest.loading import DECLARATION, write
from tests.statements import table

_COLUMNS = ("declaration_id", "importer_id", "importer_name", "importer_address", "importer_email", "goods_description")
_TELEPHONED = tuple(column.replace("email", "phone") for column in _COLUMNS)
_ROWS = (
    ("D1", "Q1", "Müller Maschinenbau GmbH", "Hauptstraße 12, Hamburg", "sales@mueller.example", "frozen shrimp"),
    ("D2", "Q2", "Blue Sky Trading Co., Ltd.", "88 Nanjing Road, Shanghai", "info@bluesky.example", "cotton shirts"),
    ("D3", "Q3", "Газпром Нефть", "Nevsky prospekt 1", "office@neft.example", "lubricating oil"),
    ("D4", "Q4", "Northwind Fasteners Limited", "88 Nanjing Road, Shanghai", "info@northwind.example", "steel bolts"),
    ("D5", "Q5", "Northwind Fastening", "5 Harbour Lane", "hello@fastening.example", "steel bolts M8"),
    ("D6", "Q6", "Orient Pearl Shipping LLC", "Pearl Tower 9", "desk@orient.example", "cotton shirts"),
)
_TEXTS = (
    *("Müller Maschinenbau GmbH", "MULLER MASCHINENBAU", "maschinenbau muller", "Muler Maschinebau", "Mullre"),
    *("bluesky trading", "blue skytrading", "trading blue sky", "blu sky tradin", "Gazprom Neft", "газпром", "gazprm"),
    *(
        "northwind fast",
        "northwnd fasteners ltd",
        "norhtwind",
        "88 nanjing road",
        "nanjng rd shanghai",
        "hauptstrasse 12",
    ),
    *(
        "info@bluesky.example",
        "sales mueller",
        "cotton shirts",
        "shirts coton",
        "steel bolts",
        "stel bolt",
        "Q4",
        "kr/Q4",
    ),
    *("trader:northwind", "shipment:cotton", "address:pearl", "trader:Q2", "D1/1", "nothing like it", "", "  ", "!?"),
    *("DE111", "DE11", "orient pearl", "perl orient shiping"),
)


def _write(folder: Path, *rows: tuple[str, ...], day: str = "2024-01-02", name: str = "declarations.csv") -> Path:
    return write(
        folder / name,
        [
            {
                **DECLARATION,
                **dict(zip(_COLUMNS, row, strict=True)),
                "accepted_on": day,
                "importer_tax_id": f"DE11{row[1][1:]}",
            }
            for row in rows
        ],
    )


def _loaded(store: GraphStore, path: Path) -> str:
    return load(store, path, mapping="native", source="kr").batch.id


def _same(store: GraphStore, reference: ReferenceStore, *texts: str) -> None:
    for text in texts:
        assert store.search(text) == reference.search(text), text


def test_every_store_finds_the_same(store: GraphStore, tmp_path: Path) -> None:
    reference = ReferenceStore()
    path = _write(tmp_path, *_ROWS)
    _loaded(store, path)
    _loaded(reference, path)
    _same(store, reference, *_TEXTS)
    for text in ("northwind", "cotton shirts"):
        for types in (["trader"], ["Shipment", "address"], []):
            assert store.search(text, types=types) == reference.search(text, types=types)
        assert store.search(text, limit=1) == reference.search(text, limit=1)


def test_of_many_that_fit_equally_well_every_store_finds_the_same(store: GraphStore, tmp_path: Path) -> None:
    drawn = random.Random(9)
    first = [a + b for a in ("Wick", "Red", "Wal", "Mer", "Wyn") for b in ("ham", "fern", "den", "bury", "cotte")]
    trades, forms = ("Merchants", "Foods", "Goods"), ("Ltd", "PLC", "LLP")
    rows = [
        (
            f"D{number}",
            f"Q{number}",
            f"{drawn.choice(first)} {drawn.choice(first)} {drawn.choice(trades)} {drawn.choice(forms)}",
            f"{drawn.randrange(40)} {drawn.choice(first)} Road, Hull HU{drawn.randrange(99)}",
            f"+44 7512 66{drawn.randrange(10_000):04}",
            f"{drawn.choice(('fresh', 'frozen', 'dried'))} {drawn.choice(('shrimp', 'plums', 'peas'))}",
        )
        for number in range(600)
    ]
    reference = ReferenceStore()
    path = write(
        tmp_path / "declarations.csv", [{**DECLARATION, **dict(zip(_TELEPHONED, row, strict=True))} for row in rows]
    )
    _loaded(store, path)
    _loaded(reference, path)
    said = [text for row in drawn.sample(rows, 12) for text in row[2:]]
    disturbed = [disturb(drawn, text) for text in said for disturb in drawn.sample(list(WAYS.values()), 2)]
    _same(
        store,
        reference,
        *disturbed,
        "wickam merchants",
        "merchants",
        "ltd",
        "44",
        "road hull",
        "wi",
        "redf",
        "fresh",
        "1 2 3 4 5 " * 9,
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Müller Maschinenbau GmbH", "kr/Q1"),
        ("muler maschinenbua", "kr/Q1"),
        ("BLUESKY", "kr/Q2"),
        ("ltd sky trading blue", "kr/Q2"),
        ("gazprom neft", "kr/Q3"),
        ("gasprom", "kr/Q3"),
        ("northwind fasteners", "kr/Q4"),
        ("DE116", "kr/Q6"),
        ("northwi", "kr/Q5"),
    ],
)
def test_a_name_is_found_however_it_is_written(store: GraphStore, tmp_path: Path, text: str, key: str) -> None:
    _loaded(store, _write(tmp_path, *_ROWS))
    assert Ref("Trader", key) in [hit.ref for hit in store.search(text, types=["trader"], limit=5)]
    best, *_ = store.search(text, types=["trader"], limit=2)
    assert best.ref == Ref("Trader", key)


def test_a_hit_says_what_matched(store: GraphStore, tmp_path: Path) -> None:
    _loaded(store, _write(tmp_path, *_ROWS))
    name = "Müller Maschinenbau GmbH"
    assert store.search(name)[0] == Hit(Ref("Trader", "kr/Q1"), name, "name", name, 1.0)
    assert store.search("trader:de111")[0] == Hit(Ref("Trader", "kr/Q1"), name, "tax_id", "DE111", 1.0)
    assert store.search("Q1")[0] == Hit(Ref("Trader", "kr/Q1"), name, "id", "kr/Q1", 1.0)
    assert [hit.ref.key for hit in store.search("cotton shirts")] == ["kr/D2/1", "kr/D6/1"]
    assert store.search("ofice@neft.example")[0].field == "contact"


def test_an_earlier_name_is_an_alias_and_an_earlier_description_of_goods_is_gone(
    store: GraphStore, tmp_path: Path
) -> None:
    reference = ReferenceStore()
    first = ("D1", "Q1", "Former Name", "Old Street 1", "a@b.example", "rubber ducks")
    later = ("D1", "Q1", "Present Style", "Old Street 1", "a@b.example", "plastic ducks")
    other = ("D2", "Q1", "Third Label", "Old Street 1", "a@b.example", "tin ducks")
    paths = [
        _write(tmp_path, first, name="a.csv"),
        _write(tmp_path, later, day="2024-03-01", name="b.csv"),
        _write(tmp_path, other, day="2023-12-01", name="c.csv"),
    ]
    for path in paths:
        *_, batch = _loaded(reference, path), _loaded(store, path)
    texts = ("former name", "present style", "third label", "rubber ducks", "plastic ducks", "ducks", "old street")
    _same(store, reference, *texts)
    assert [(hit.name, hit.field) for hit in store.search("former name")] == [("Present Style", "alias")]
    assert store.search("third label") and not [
        hit for hit in store.search("rubber ducks") if hit.text == "rubber ducks"
    ]
    store.remove_batch(batch)
    reference.remove_batch(batch)
    _same(store, reference, *texts)
    assert not store.search("third label")


def test_what_only_a_removed_batch_said_is_not_found(store: GraphStore, tmp_path: Path) -> None:
    kept = _loaded(store, _write(tmp_path, *_ROWS[:3], name="a.csv"))
    before = {text: store.search(text) for text in _TEXTS}
    batch = _loaded(store, _write(tmp_path, *_ROWS[2:], name="b.csv"))
    assert store.search("northwind")
    store.remove_batch(batch)
    assert {text: store.search(text) for text in _TEXTS} == before
    store.remove_batch(kept)
    assert not any(store.search(text) for text in _TEXTS)


_HOSTILE = (
    *(
        '"',
        "a' OR 1=1 --",
        "*",
        "NEAR(muller gmbh)",
        "muller AND NOT gmbh",
        "muller~",
        "name:muller",
        "((",
        "\0",
        "a\0b",
    ),
    *("x" * 100_000, "🚢 muller", "\u202emuller", "شركة", "'}) DETACH DELETE n //", "%", "_____", "{", "\ud800"),
)


@pytest.mark.parametrize("text", _HOSTILE, ids=range(len(_HOSTILE)))
def test_hostile_text_is_text(store: GraphStore, tmp_path: Path, text: str) -> None:
    reference = ReferenceStore()
    for held in (store, reference):
        _loaded(held, _write(tmp_path, _ROWS[0]))
    assert store.search(text) == reference.search(text)
    assert (store.version(), len(store.batches())) == (1, 1)
    assert store.search("Q1")[0].ref == Ref("Trader", "kr/Q1")


def test_a_list_entry_is_found_by_what_its_latest_version_says(store: GraphStore) -> None:
    def listing(**said: Any) -> Statements:
        row = {"source": "kr", "entry": "OFAC/1", "name": "Bright Shipping", **said}
        return Statements(listing=table("listing", [row]))

    reference = ReferenceStore()
    for held in (store, reference):
        held.add_batch(batch("a"), [chunk(listing(known_on=date(2024, 1, 1), aliases=["Brilliant Lines"]))])
        held.add_batch(
            batch("b"),
            [chunk(listing(known_on=date(2024, 2, 1), aliases=["Luminous Carriers"], identifiers=["IMO 9300001"]))],
        )
    texts = ("bright shipping", "brilliant lines", "luminos cariers", "imo9300001", "listentry:bright", "1")
    _same(store, reference, *texts)
    assert [hit.field for hit in store.search("luminous carriers")] == ["alias"]
    assert not store.search("brilliant lines")
    for held in (store, reference):
        held.remove_batch("b")
    _same(store, reference, *texts)
    assert store.search("brilliant lines")


def test_a_search_is_refused_where_it_asks_for_what_there_is_not(store: GraphStore) -> None:
    with pytest.raises(StoreError, match="no type 'Ship'"):
        store.search("x", types=["Ship"])
    for limit in (0, MOST + 1):
        with pytest.raises(StoreError, match="answers"):
            store.search("x", limit=limit)
