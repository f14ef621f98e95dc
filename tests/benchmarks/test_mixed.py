"""Other patterns mixed into a world: its files stay whole, and the patterns are what they say."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.quality import worlds
from benchmarks.quality.mixed import DAYS, FIRST, FREE_ZONE, KINDS, ROTATING, SHARE, SPLIT, THRESHOLD, mix_in
from graph.store.reference import ReferenceStore
from ingest.load import load
from ingest.synthetic import simulate

SHIPMENTS = 6_000
FILES = ("declarations.csv", "truth.csv", "truth_entities.csv")


def tables(folder: Path) -> tuple[pd.DataFrame, ...]:
    return tuple(pd.read_csv(folder / name, dtype=str, keep_default_na=False) for name in FILES)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A world as it was, and mixed."""
    plain, mixed = (tmp_path_factory.mktemp(name) / "world" for name in ("plain", "mixed"))
    for folder in (plain, mixed):
        simulate(folder, shipments=SHIPMENTS, seed=101)
    mix_in(mixed, 101)
    return plain, mixed


@pytest.fixture(scope="module")
def added(folders: tuple[Path, Path]) -> pd.DataFrame:
    """The rows that were added, with their truth."""
    plain, mixed = folders
    declared, truth, _ = tables(mixed)
    declared = declared.iloc[len(tables(plain)[0]) :]
    declared = declared.assign(shipment_id=declared["declaration_id"] + "/" + declared["line_no"])
    return declared.merge(truth, on="shipment_id", validate="one_to_one")


def test_the_world_itself_stays_as_it_was(folders: tuple[Path, Path]) -> None:
    for before, after in zip(*map(tables, folders), strict=True):
        assert after.iloc[: len(before)].equals(before)
        assert len(after) > len(before)


def test_one_seed_gives_one_mixture(folders: tuple[Path, Path], tmp_path: Path) -> None:
    for seed in (101, 102):
        simulate(tmp_path / str(seed), shipments=SHIPMENTS, seed=101)
        mix_in(tmp_path / str(seed), seed)
    again, other = ([(tmp_path / str(seed) / name).read_bytes() for name in FILES] for seed in (101, 102))
    assert again == [(folders[1] / name).read_bytes() for name in FILES]
    assert other[0] != again[0]


def test_all_is_loaded(folders: tuple[Path, Path]) -> None:
    with ReferenceStore() as store:
        batch = load(store, folders[1], mapping="native").batch
        assert batch.rows_in == batch.rows_loaded and not list(store.quarantined())


def test_each_pattern_has_its_share_and_as_many_innocent_shipments(added: pd.DataFrame) -> None:
    guilty = added[added["infraction"] == "1"]
    assert set(guilty["pattern"]) == set(KINDS) and (added.loc[added["infraction"] == "0", "pattern"] == "").all()
    sizes = guilty["pattern"].value_counts()
    assert sizes.min() >= SHARE * SHIPMENTS and sizes.max() < 5 * SHARE * SHIPMENTS
    assert 0.5 < len(guilty) / (len(added) - len(guilty)) < 2
    found = added[added["outcome"] == "infraction"]
    assert len(found) and (found["infraction"] == "1").all()
    assert (found["infraction_type"] == found["pattern"].map(KINDS)).all()
    examined = added[added["outcome"] != ""]
    assert (examined["outcome_known_on"] > examined["accepted_on"]).all()
    assert (examined["outcome_known_on"] < str(FIRST + DAYS)).all()


def test_the_patterns_are_what_they_say(added: pd.DataFrame) -> None:
    of = {pattern: added[added["pattern"] == pattern] for pattern in KINDS}
    assert of[ROTATING].groupby("importer_id")["declarant_id"].nunique().min() >= 5
    assert set(of[FREE_ZONE]["departure_place"]) == {"AEJEA"} and set(of[FREE_ZONE]["origin_country"]) == {"AE"}
    assert of[FREE_ZONE].groupby("ring_id")["exporter_id"].nunique().max() <= 2
    parcels = of[SPLIT]
    assert (parcels["customs_value"].astype(float) < THRESHOLD).all()
    assert (parcels.groupby("ring_id")["importer_address"].nunique() <= 3).all()
    assert (parcels.groupby("ring_id")["importer_id"].nunique() >= 20).all()


def test_the_truth_names_members_and_their_innocent_twins(folders: tuple[Path, Path], added: pd.DataFrame) -> None:
    plain, mixed = (tables(folder)[2] for folder in folders)
    named = mixed.iloc[len(plain) :]
    assert set(named["entity_id"]) == set(added["importer_id"])
    twins = named["innocent_lookalike"] == "1"
    assert named.loc[twins, "role"].str.endswith("_twin").all() and (named.loc[twins, "ring_id"] == "").all()
    assert (named.loc[~twins, "ring_id"] != "").all()


def test_one_world_of_the_report_is_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of: list[frozenset[str]] = []

    def evaluated(here: object, first: object, last: object, *, truth: Path, **_: object) -> dict[str, object]:
        of.append(frozenset(tables(truth)[1]["pattern"]))
        return {}

    monkeypatch.setattr("benchmarks.quality.invented.SHIPMENTS", 1_000)
    monkeypatch.setattr(worlds, "SEEDS", (1, worlds.MIXED))
    monkeypatch.setattr(worlds, "evaluate", evaluated)
    monkeypatch.setattr(worlds, "means", lambda *_: {})
    worlds.measure(tmp_path, tmp_path, 1, lambda _: None)
    assert [set(KINDS) <= patterns for patterns in of] == [False, True]
