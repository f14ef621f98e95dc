"""Names that look like a question to a database, from a file into every store and back: values and nothing else."""

from pathlib import Path

import pytest

from graph.records import Ref
from graph.store.base import GraphStore
from ingest.errors import InputError
from ingest.load import load
from tests.conformance.loads import thing
from tests.ingest.loading import DECLARATION, write

NAMES = (
    "'}) DETACH DELETE n //",
    "x'); DROP TABLE statement; --",
    "`a``b` SET n:`Batch`",
    "$param {rows} $rows",
    "\\u0027 \\' \\",
    "\"double\" 'single' |pipe|",
    "🚢 👩‍👩‍👧",
    "\u202egpj.exe",
    "Ü" + "x" * 1_000_000,
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("+44 7512 662119", "+447512662119"),
        ("+44 (0)7512-662119", "+447512662119"),
        ("0044 7512/662119", "+447512662119"),
        ("contact:+44 7512 662119", "+447512662119"),
        (" Sales@Example.COM ", "sales@example.com"),
        ("0451 12-34", "04511234"),
    ],
)
def test_a_contact_is_named_as_it_is_written(store: GraphStore, tmp_path: Path, text: str, key: str) -> None:
    told = {"importer_phone": "+44 7512 662119", "importer_email": "sales@example.com", "importer_tax_id": "GB04511234"}
    further = {"declaration_id": "D2", "importer_phone": "04511234", "importer_country": ""}
    rows = [{**DECLARATION, **told}, {**DECLARATION, **told, **further}]
    load(store, write(tmp_path / "declarations.csv", rows), mapping="native", source="kr")
    assert store.resolve(text) == [Ref("Contact", key)]
    hit, *others = store.search(text)
    assert hit.ref == Ref("Contact", key) and hit.identified and not any(one.identified for one in others)
    # Letters make it something else.
    assert not any(one.ref.type == "Contact" and one.identified for one in store.search("GB04511234"))


def test_a_name_is_found_as_it_was_declared(store: GraphStore, tmp_path: Path) -> None:
    """In a key, in a field and in what is linked to."""
    rows = [
        {**DECLARATION, "declaration_id": name, "importer_id": name, "importer_name": name, "importer_address": name}
        | {"importer_country": "GB", "goods_description": name, "extra.remark": name}
        for name in NAMES
    ]
    batch = load(store, write(tmp_path / "declarations.csv", rows), mapping="native", source="kr").batch
    assert (batch.rows_loaded, list(store.quarantined())) == (len(NAMES), [])
    for name in NAMES:
        trader, shipment = Ref("Trader", f"kr/{name}"), Ref("Shipment", f"kr/{name}/1")
        assert thing(store.get(trader)).thing.shown()["name"] == name
        shown = thing(store.get(shipment)).thing.shown()
        assert shown["goods_description"] == name
        assert store.resolve(f"trader:{name}") == store.resolve(name) == [trader]
        assert store.resolve(f"{name}/1") == [shipment]
        linked = {row.link: row.end for row in store.neighbours([trader]).rows}
        assert set(linked) == {"IMPORTED_BY", "AT_ADDRESS"}
        assert linked["IMPORTED_BY"] == shipment
        assert thing(store.get(linked["AT_ADDRESS"])).thing.shown() == {"address": name}
        assert [row.end for row in store.neighbours([linked["AT_ADDRESS"]]).rows] == [trader]


def test_a_file_with_a_zero_byte_is_refused_and_nothing_of_it_is_stored(store: GraphStore, tmp_path: Path) -> None:
    path = write(tmp_path / "declarations.csv", [DECLARATION, {**DECLARATION, "importer_name": "a\0b"}])
    with pytest.raises(InputError, match="is not a text file in UTF-8"):
        load(store, path, mapping="native")
    assert (store.version(), store.batches(), store.resolve("Q1")) == (0, [], [])
