"""What the command says of declarations that arrive."""

import csv
from pathlib import Path

import pytest

from graph.store.open import open_store
from tests.api.commands import run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world that has been scored."""
    folder = tmp_path_factory.mktemp("arrivals")
    store = folder / "world.db"
    assert run("simulate", folder / "native", "--shipments", 1500, "--seed", 3).status == 0
    for words in (("ingest", folder / "native", "--mapping", "native"), ("train",), ("score",)):
        assert run(*words, store=store).status == 0
    return store


@pytest.fixture(scope="module")
def file(store: Path) -> Path:
    """Declarations that come after it: one as before, one of a new importer, one again, one known, one refused."""
    with (store.parent / "native" / "declarations.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if not row["selected_by"] and not row["outcome"]][-4:]
    for at, row in enumerate(rows[:3]):
        row.update(declaration_id=f"NEW{at}", accepted_on="2024-04-02", colour="red")
    rows[1]["importer_id"] = "NOBODY"
    rows = [*rows[:2], rows[0], rows[3], {**rows[2], "hs_code": "12"}]
    path = store.parent / "today.csv"
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_arrivals_come_as_data(store: Path, file: Path) -> None:
    found = run("arrivals", file, "--json", store=store).json
    assert found["published"]["model"] and found["store_version"] == found["published"]["store_version"]
    first, new, again, known = found["arrivals"]
    assert [arrival["row"] for arrival in found["arrivals"]] == [2, 3, 4, 5]
    assert first["shipment"].startswith("shipment:native/NEW0/") and first["unknown"] == []
    assert new["unknown"] == ["importer"] and new["parties"]["importer"] == "trader:native/NOBODY"
    assert again["repeats"] == 2 and {**again, "row": 2, "repeats": None} == first
    assert known["in_store"] and not first["in_store"]
    assert 0 < first["score"] < 1 and first["lane"] in ("red", "yellow", "green") and first["as_of"] == "2024-04-01"
    assert found["refused"] == [{"row": 6, "rule": "HS code of 6 to 10 digits", "column": "hs_code", "value": "12"}]
    assert found["unknown_columns"] == ["colour"]
    with open_store(f"sqlite:///{store}") as held:
        assert not held.resolve("trader:native/NOBODY")


def test_arrivals_are_printed_with_remarks(store: Path, file: Path) -> None:
    found = run("arrivals", file, store=store)
    assert found.status == 0 and "4 declarations scored, from set" in found.out
    assert (
        "importer not known before" in found.out and "in the store already" in found.out and "comes again" in found.out
    )
    assert "Row 6 was refused: hs_code '12' (rule: HS code of 6 to 10 digits)" in found.err
    assert "colour" in found.err


def test_without_scores_it_says_what_to_run(tmp_path: Path, file: Path, store: Path) -> None:
    empty = tmp_path / "empty.db"
    assert run("ingest", store.parent / "native", "--mapping", "native", store=empty).status == 0
    found = run("arrivals", file, store=empty)
    assert found.status == 1 and "No scores are published yet" in found.err


def test_a_file_that_is_not_there_is_a_users_mistake(store: Path, tmp_path: Path) -> None:
    found = run("arrivals", tmp_path / "nothing.csv", store=store)
    assert found.status == 2 and "does not exist" in found.err and not found.out
    # It is told before the store is read, which may take long.
    found = run("arrivals", tmp_path / "nothing.csv", store=tmp_path / "no.db")
    assert found.status == 2 and "does not exist" in found.err
