"""Loads into real stores: the same rows give the same network, whatever the batches."""

import random
from pathlib import Path

import pytest

from graph.columns import date_undated
from graph.hash import whole_hash
from graph.store.base import GraphStore
from graph.store.open import open_store
from graph.whole import fold_whole, read
from ingest import reading
from ingest.load import InputError, load
from tests.ingest.loading import DECLARATION, OUTCOME, write

ADDRESSES = ("memory:", "sqlite:///{folder}/{name}.db")


def rows(count: int) -> list[dict[str, str]]:
    draw = random.Random(3)
    return [
        {
            **DECLARATION,
            "declaration_id": str(draw.randrange(count // 2)),
            "accepted_on": f"2024-03-{draw.randrange(1, 5):02}",
            "importer_id": draw.choice("abc"),
            "importer_name": draw.choice(["Acme Ltd", "ACME limited", "한국무역 🚢", ""]),
            "importer_address": draw.choice(["1 Main Street", "1 main st.", ""]),
            "exporter_name": draw.choice(["Exporter & Söhne", "", "x" * 300]),
            "transit_places": draw.choice(["", "SGSIN", "SGSIN;MYPKG"]),
            "hs_code": draw.choice(["847130", "84713000", "bad"]),
            "outcome": draw.choice(["", "", "clean", "infraction"]),
            "extra.regime": draw.choice(["", "7", "B"]),
        }
        for _ in range(count)
    ]


def network(store: GraphStore) -> str:
    return whole_hash(fold_whole(date_undated(read(store))))


@pytest.mark.parametrize("address", ADDRESSES)
def test_shuffled_split_and_repeated_loads_give_the_same_network(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = rows(60)
    hashes = []
    for name, size, parts in (("whole", 1000, 1), ("small pieces", 7, 1), ("three", 7, 3)):
        monkeypatch.setattr(reading, "_PIECE_ROWS", size)
        if name != "whole":
            random.Random(name).shuffle(said)
        with open_store(address.format(folder=tmp_path, name=name.replace(" ", "-"))) as store:
            for part in reversed(range(parts)):
                path = write(tmp_path / f"{name} {part}.csv", said[part::parts])
                result = load(store, path, mapping="native")
                assert not result.already_loaded
                assert load(store, path, mapping="native").already_loaded
                batch = result.batch
                assert batch.rows_in == batch.rows_loaded + batch.rows_quarantined + batch.rows_duplicate
            assert len(store.batches()) == parts
            refused = [row for _, row in store.quarantined()]
            assert len(refused) == sum(row["hs_code"] == "bad" for row in said)
            hashes.append(network(store))
    assert len(set(hashes)) == 1


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_removed_load_was_never_there(address: str, tmp_path: Path) -> None:
    first, second = rows(60)[:40], rows(60)[20:]
    with open_store(address.format(folder=tmp_path, name="a")) as store:
        load(store, write(tmp_path / "first.csv", first), mapping="native")
        before = network(store)
        added = load(store, write(tmp_path / "second.csv", second), mapping="native").batch
        load(store, write(tmp_path / "outcomes.csv", [OUTCOME]), mapping="native", source="other")
        assert network(store) != before
        store.remove_batch(store.batches()[-1].id)
        store.remove_batch(added.id)
        assert network(store) == before
        assert not load(store, tmp_path / "second.csv", mapping="native").already_loaded


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_load_that_fails_half_way_leaves_nothing(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_CSV_BLOCK", 2000)
    path = write(tmp_path / "declarations.csv", rows(60))
    path.write_text(path.read_text() + '"never closed,\nand,more\n')
    with open_store(address.format(folder=tmp_path, name="a")) as store:
        version = store.version()
        with pytest.raises(InputError, match="opens a quote"):
            load(store, path, mapping="native")
        assert store.batches() == []
        assert store.version() == version
        assert not list(store.quarantined())
        assert not any(len(batch) for batch in store.scan("declaration"))
