"""Shapley values of trees: LightGBM's own, for whatever a row may hold."""

import lightgbm
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targeting.shapley import contributions, trees

FEATURES = 6
VALUES = st.sampled_from(
    [0.0, -0.0, 1.0, 2.0, 3.0, 7.0, -1.0, -2.5, 0.1, 1e-36, 1e30, float("inf"), float("-inf"), float("nan")]
)
ROWS = st.lists(st.lists(VALUES, min_size=FEATURES, max_size=FEATURES), min_size=1, max_size=30)


def trained(leaves: int, *, missing: bool = True, zero: bool = False) -> lightgbm.Booster:
    """Train trees on numbers and categories, many of which are blank, and an outcome that depends on both."""
    rng = np.random.default_rng(leaves)
    values = rng.choice([0.0, 1.0, 2.0, 3.0, 4.0, -1.5, 0.1], (4_000, FEATURES)).astype(np.float32)
    values[:, 5] = np.abs(np.rint(values[:, 5]))
    values[rng.random(values.shape) < 0.2] = np.nan
    told = np.nan_to_num(values[:, 0]) * np.isnan(values[:, 1]) + np.isin(values[:, 5], [1, 3]) - values[:, 2] ** 2 / 9
    outcome = rng.random(4_000) < 1 / (1 + np.exp(-np.nan_to_num(told, nan=1.0)))
    parameters = {"num_leaves": leaves, "min_child_samples": 5, "verbose": -1, "seed": 1, "objective": "binary"}
    parameters |= {"use_missing": missing, "zero_as_missing": zero, "max_cat_to_onehot": 1, "num_threads": 1}
    data = lightgbm.Dataset(values, outcome.astype(int), categorical_feature=[5], params={"verbose": -1})
    return lightgbm.train(parameters, data, num_boost_round=15)


def theirs(booster: lightgbm.Booster, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.asarray(booster.predict(values, pred_contrib=True), dtype=np.float64)[:, :-1]


@pytest.mark.parametrize("leaves", [2, 3, 15, 31])
@pytest.mark.parametrize("missing", [True, False])
def test_they_are_those_of_the_trees_own_library(leaves: int, missing: bool) -> None:
    booster = trained(leaves, missing=missing)
    found = trees(booster)
    assert any(len(tree.splits.features) == leaves - 1 for tree in found)

    @settings(max_examples=60)
    @given(ROWS)
    def same(rows: list[list[float]]) -> None:
        values = np.array(rows, dtype=np.float32)
        assert np.allclose(contributions(found, values), theirs(booster, values), rtol=0, atol=1e-12)

    same()


def test_with_a_constant_they_sum_to_the_log_odds() -> None:
    booster = trained(15)
    values = np.random.default_rng(0).choice([0.0, 1.0, 3.0, np.nan], (500, FEATURES)).astype(np.float32)
    rest = booster.predict(values, raw_score=True) - contributions(trees(booster), values).sum(axis=1)
    assert np.ptp(rest) < 1e-12


def test_trees_that_ask_nothing_add_nothing() -> None:
    data = lightgbm.Dataset(np.zeros((50, 1), dtype=np.float32), np.arange(50) % 2, params={"verbose": -1})
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, data, num_boost_round=3)
    assert contributions(trees(booster), np.zeros((4, 0), dtype=np.float32)).shape == (4, 0)
    assert not contributions(trees(booster), np.zeros((4, 1), dtype=np.float32)).any()


def test_a_row_is_told_the_same_alone_and_among_others() -> None:
    rng = np.random.default_rng(3)
    # Trees of one feature, whose leaves could be summed up in another order where there is but one row.
    values = rng.normal(size=(2_000, 1)).astype(np.float32)
    outcome = rng.random(2_000) < 1 / (1 + np.exp(-np.sin(4 * values[:, 0])))
    parameters = {"num_leaves": 15, "verbose": -1, "seed": 1, "objective": "binary", "num_threads": 1}
    data = lightgbm.Dataset(values, outcome.astype(int), params={"verbose": -1})
    found = trees(lightgbm.train(parameters, data, num_boost_round=40))
    together = contributions(found, values[:50])
    alone = np.concatenate([contributions(found, values[at : at + 1]) for at in range(50)])
    assert np.array_equal(together, alone)


@pytest.mark.parametrize(("leaves", "zero", "said"), [(70, False, "at most 53"), (15, True, "zero for missing")])
def test_trees_that_could_not_be_read_rightly_are_refused(leaves: int, zero: bool, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        trees(trained(leaves, zero=zero))
