"""The negative control, on a small world."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.quality import control
from benchmarks.quality.control import ROLES, compared, dealt_out, differences, same_party, without_parties
from graph.build import from_statements
from graph.columns import date_undated, description_rows
from graph.snapshot import Long, Snapshot
from graph.statements import Statements
from graph.store.reference import ReferenceStore
from graph.whole import read
from ingest.load import load
from ingest.synthetic import simulate
from targeting.days import day_number
from targeting.truth import read_truth


class World(NamedTuple):
    """A world in its folder, and what it says."""

    folder: Path
    statements: Statements


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("control") / "world"
    simulate(folder, shipments=1_500, seed=101)
    with ReferenceStore() as store:
        load(store, folder, mapping="native")
        return World(folder, date_undated(read(store)))


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "DRAWN", 100)


def named(statements: Statements, role: str) -> list[dict[str, object] | None]:
    """Return who is named in a role, row by row."""
    described = [*statements.description.drop_columns("id").to_pylist(), None]
    return [described[at] for at in description_rows(statements, statements.declaration[role])]


@pytest.mark.parametrize("role", ROLES)
def test_parties_are_dealt_out_and_what_a_row_states_of_them_stays(world: World, role: str) -> None:
    before, after = named(world.statements, role), named(dealt_out(world.statements, 1), role)
    assert Counter(map(str, before)) == Counter(map(str, after))
    assert np.mean([one != other for one, other in zip(before, after, strict=True)]) > 0.3
    for one, other in zip(before, after, strict=True):
        if one is None or other is None:
            assert one == other
        else:
            assert (one["country"], one["aeo"]) == (other["country"], other["aeo"])


@pytest.mark.parametrize(("arm", "parties"), [(without_parties, 0), (same_party, 1)])
def test_nobody_or_one_party_is_named_and_all_else_stays(
    world: World, arm: Callable[[Snapshot], Snapshot], parties: int
) -> None:
    here = from_statements(world.statements)
    plain = arm(here)
    assert (plain.declarations.keys["importer"] != plain.declarations.keys["exporter"]).any() == (parties == 1)
    for name, column in plain.declarations.keys.items():
        if name in ROLES:
            named = here.declarations.keys[name] >= 0
            assert len(np.unique(column[named])) == 1 and (column[~named] == -1).all()
            assert (column[named] >= 0).all() == (parties == 1)
        elif name.partition("_")[0] in ROLES:
            assert (column == -1).all()
        else:
            assert np.array_equal(column, here.declarations.keys[name])
    assert (here.declarations.keys["importer"] >= 0).all() and (here.declarations.keys["exporter_phone"] >= 0).any()
    assert plain.declarations.texts is here.declarations.texts


def test_all_are_compared_on_the_same_resamples() -> None:
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, 400)
    one = np.stack([label + rng.normal(size=400)] * 2)
    found = differences({"a": one, "b": one, "c": rng.normal(size=(2, 400))}, label, 1)
    assert list(found["auc"]) == ["a", "b", "c", "less b", "less c"]
    assert found["auc"]["less b"] == (0.0, 0.0, 0.0)
    assert 0.6 < found["auc"]["a"].low < found["auc"]["a"].value < found["auc"]["a"].high < 0.9
    assert found["auc"]["less c"].low > 0 and found["average_precision"]["less c"].low > 0


def test_what_repeats_differ_in_widens_the_interval() -> None:
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, 4000)
    good, bad = label + rng.normal(size=4000), rng.normal(size=4000)
    found = differences({"a": np.stack([good, bad]), "b": np.stack([bad, bad])}, label, 1)["auc"]["less b"]
    assert found.low < 0.02 < found.value < 0.2 < found.high


def test_a_world_is_compared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "REPEATS", 1)
    first = date(2023, 11, 1)

    def true(here: Snapshot, rows: Long) -> npt.NDArray[np.integer]:
        return read_truth(world.folder, here, rows, day_number(first)).infraction.astype(np.int64)

    found = compared(world.statements, first, date(2024, 3, 31), true, 1, lambda _: None)
    assert found["shipments"] > 500
    for measured in (found["auc"], found["average_precision"]):
        for other in ("one party for all", "no parties"):
            assert measured[f"less {other}"].low <= 0 <= measured[f"less {other}"].high
