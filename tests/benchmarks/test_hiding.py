"""The benchmark of hiding, on a small world."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import hiding
from benchmarks.quality.hiding import CLONE, GOALS, KINDS, LINKS, World
from benchmarks.quality.invented import FIRST
from graph.build import snapshot
from graph.store.sqlite import SqliteStore
from ingest.load import load
from ingest.synthetic import simulate
from targeting.days import day_number

SEED = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("hiding") / "world"
    simulate(folder, shipments=4_000, seed=101)
    with SqliteStore(folder.with_suffix(".db")) as store:
        load(store, folder, mapping="native")
        yield hiding.learnt(store, folder, SEED, lambda _: None)


def test_hiding_is_measured_and_leaves_no_trace(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hiding, "TRADERS", 1)
    batches = world.store.batches()
    found = hiding.hidden(world, tmp_path, lambda _: None)
    assert list(found) == list(GOALS)
    assert [len(found[way]) for way in GOALS] == [len(world.bad), *(1 for _ in KINDS)]
    assert all(0 <= part <= 1 for pairs in found.values() for pair in pairs for part in pair)
    assert any(before != after for pairs in found.values() for before, after in pairs)
    assert world.store.batches() == batches


def test_every_world_is_measured(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hiding, "TRADERS", 1)
    monkeypatch.setattr(hiding, "SEEDS", (1, 2))
    monkeypatch.setattr("benchmarks.quality.invented.SHIPMENTS", 1_000)
    monkeypatch.setattr(hiding, "learnt", lambda *_: world)
    report = hiding.measure(tmp_path, tmp_path, SEED, lambda _: None)
    assert list(report["worlds"]) == ["1", "2"] and list(report["mean"]) == list(GOALS)


def test_a_clone_has_the_place_and_the_trade_of_the_original_and_nothing_else(world: World) -> None:
    clones = hiding.cloned(world)
    originals = world.declared.loc[clones.index]
    assert len(clones) and set(originals["importer_id"]) == set(world.bad)
    assert (clones["accepted_on"] >= FIRST.isoformat()).all()
    changed = [name for name in clones.columns if (clones[name] != originals[name]).any()]
    kept = {"importer_address", "declarant_id", "exporter_id", "hs_code", "customs_value"}
    assert not kept & set(changed)
    assert {name for name in changed if name.startswith("importer_")} <= {
        "importer_id", "importer_name", "importer_email", "importer_phone", "importer_tax_id", "importer_aeo"
    }  # fmt: skip
    assert not set(clones["declaration_id"]) & set(world.declared["declaration_id"])
    assert (clones["outcome"] == "").all() and (clones["importer_phone"] == "").all()


@pytest.mark.parametrize("kind", KINDS)
def test_links_are_to_different_trusted_traders_and_known_before_the_quarter(world: World, kind: str) -> None:
    bad = world.bad[0]
    ((name, table),) = hiding.linked(world, bad, kind, np.random.default_rng(1)).items()
    declared = world.declared
    trusted = declared[declared["importer_aeo"] != ""]
    assert 5 < len(table) <= LINKS
    day, column, known = {
        "addresses": ("known_on", "address", trusted["importer_address"]),
        "e-mail addresses": ("known_on", "email", trusted["importer_email"]),
        "owners": ("known_on", "owner_id", trusted["importer_id"]),
        "trade": ("accepted_on", "exporter_id", trusted["exporter_id"]),
    }[kind]
    assert (table[day] < FIRST.isoformat()).all()
    assert set(table[column]) <= set(known) and "" not in set(table[column])
    theirs = {"entities": "entity_id", "ownership": "owned_id", "declarations": "importer_id"}[name]
    assert set(table[theirs]) == {bad}
    if name == "declarations":
        assert (table["outcome"] == "").all()
    else:
        assert not table[column].duplicated().any()


def test_what_is_left_is_of_all_traders_together() -> None:
    pairs = {way: [(0.8, 0.8), (0.4, 0.2)] for way in GOALS}
    found = hiding.means({"1": pairs}, seed=1)
    assert found[CLONE]["left"].value == pytest.approx(1.0 / 1.2)
    assert found[CLONE]["left"].low <= found[CLONE]["left"].value <= found[CLONE]["left"].high
    assert found["owners"]["reached"].value == 0.5
    assert found["owners"]["before"].value == pytest.approx(0.6)


def test_who_was_caught_and_goes_on_is_bad(world: World) -> None:
    """An infraction was found before the quarter, as the store knows it, too; and there is something to be scored."""
    here = snapshot(world.store)
    declarations, found = here.declarations, here.outcomes
    caught = found.shipment[found.infraction & (found.known_on < day_number(FIRST))]
    rows = declarations.first
    importers = declarations.keys["importer"][rows[np.isin(declarations.shipment[rows], caught)]]
    known = here.things["Trader"].keys.take(np.unique(importers)).to_pylist()
    assert world.bad and {f"native/{importer}" for importer in world.bad} < set(known)
    assert set(hiding.percentiles(world, world.bad)) == set(world.bad)
