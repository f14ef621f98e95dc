"""The weights of linked risk: learnt, not below 0, and few enough to print."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from graph.evidence import PARAMETERS, ROLES, Parameters
from graph.linked_risk import linked_risk
from graph.records import Ref
from targeting.days import day_number
from targeting.link_weights import learn
from targeting.paths import paths_now, weights_of
from targeting.publish import score_store
from tests.graph import networks
from tests.graph.networks import FIRST, snapshot
from tests.targeting.conftest import Saved, World


def weights(found: Parameters) -> list[float]:
    return list(found.roles)


def drawn(seed: int, size: int, true: list[float]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    columns = rng.exponential(0.5, (size, len(ROLES)))
    chance = 1 / (1 + np.exp(-(columns @ np.array(true) - 2)))
    return columns, (rng.random(size) < chance).astype(np.int64)


def test_what_tells_more_weighs_more_and_nothing_weighs_less_than_nothing() -> None:
    columns, labels = drawn(1, 20_000, [2.0, 1.0, 0.0, -1.0])
    found = weights(learn(columns, labels, np.arange(20_000, dtype=np.int32), np.arange(20_000)))
    assert found[0] == 1.0 and found[1] == pytest.approx(0.5, abs=0.06)
    assert found[2] < 0.1 and found[3] == 0.0
    assert found == [round(value, 2) for value in found]


def test_only_the_first_of_each_importer_teaches() -> None:
    columns, labels = drawn(2, 3_000, [1.0, 1.0, 1.0, 1.0])
    days, importers = np.arange(3_000, dtype=np.int32), np.arange(3_000)
    alone = learn(columns, labels, days, importers)
    later, wrong = drawn(3, 3_000, [0.0, 0.0, 0.0, 4.0])
    both = learn(
        np.concatenate([later, columns]),
        np.concatenate([wrong, labels]),
        np.concatenate([days + 3_000, days]).astype(np.int32),
        np.concatenate([importers, importers]),
    )
    assert both == alone


def test_from_few_outcomes_or_without_any_tie_nothing_is_learnt() -> None:
    columns, labels = drawn(4, 60, [1.0, 1.0, 1.0, 1.0])
    assert learn(columns, labels, np.arange(60, dtype=np.int32), np.arange(60)) == PARAMETERS
    columns, labels = drawn(5, 5_000, [-2.0, -2.0, -2.0, -2.0])
    assert learn(columns, labels, np.arange(5_000, dtype=np.int32), np.arange(5_000)) == PARAMETERS


def test_the_columns_of_the_roles_add_up_to_the_risk_by_their_weights() -> None:
    view = snapshot(networks.world(4))
    found = linked_risk(view, day_number(FIRST) + 300)
    rows = np.arange(len(view.declarations))
    whole = found.of_roles(rows) @ np.array(weights(PARAMETERS))
    assert whole == pytest.approx(found.of_rows(rows), rel=1e-9, abs=1e-12) and whole.max() > 0


def test_what_weighs_nothing_is_on_no_path() -> None:
    view = snapshot(networks.world(4))
    found = linked_risk(view, day_number(FIRST) + 300, PARAMETERS.weighed([1.0, 0.5, 0.0, 0.0]))
    rows = np.arange(len(view.declarations))
    for row, value in zip(rows.tolist(), found.of_rows(rows).tolist(), strict=True):
        paths = found.paths(row, 10**9).paths
        assert all(path.value > 0 and path.steps[-1].link in ("IMPORTED_BY", "EXPORTED_BY") for path in paths)
        assert sum(path.value for path in paths) == pytest.approx(value, rel=1e-9, abs=1e-12)


def test_a_set_is_taken_apart_by_the_weights_of_its_model(world: World, saved: Saved) -> None:
    other = replace(saved.model, linked=PARAMETERS.weighed([0.25, 1.0, 0.5, 0.0]))
    heading = score_store(world.store, other, "other")
    assert weights_of(heading) == other.linked and weights_of(None) == PARAMETERS
    decided = (
        row
        for batch in world.store.results("shipment")
        for row in batch.to_pylist()
        if row["decided"] and row["linked"] > 0
    )
    for row in islice(decided, 3):
        found = paths_now(world.store, Ref("Shipment", row["shipment"]), heading.as_of)
        assert found is not None and found["value"] == row["linked"]


def test_a_model_keeps_its_weights(saved: Saved) -> None:
    assert max(weights(saved.model.linked)) == 1.0 and min(weights(saved.model.linked)) >= 0.0
