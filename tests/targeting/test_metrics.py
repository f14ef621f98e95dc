"""Measures against scikit-learn and against sums done by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from targeting import metrics
from targeting.metrics import BINS, auc, measure, rank, reliability, top

# Few values, so that most rankings have ties.
_ROWS = st.lists(st.tuples(st.booleans(), st.integers(-3, 4)), min_size=2, max_size=60)
HIGHEST_FIRST = np.arange(100, 0, -1, dtype=np.float64)


def value(found: dict[str, object], name: str) -> float | None:
    entry = found[name]
    assert isinstance(entry, dict)
    number = entry["value"]
    assert number is None or isinstance(number, float)
    return number


@given(_ROWS)
def test_auc_and_average_precision_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    labels = np.array([hit for hit, _ in rows])
    values = np.array([number / 4 for _, number in rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "RESAMPLES", 1)
        found = measure(rank(values, labels, np.zeros(len(rows)), seed=1), seed=1)
    if labels.all() or not labels.any():
        assert np.isnan(auc(labels, values)) and value(found, "auc") is None
    else:
        expected = roc_auc_score(labels, values)
        assert auc(labels, values) == pytest.approx(expected, abs=1e-12)
        assert value(found, "auc") == pytest.approx(expected, abs=1e-12)
    if labels.any():
        assert value(found, "average_precision") == pytest.approx(average_precision_score(labels, values), abs=1e-12)
    else:
        assert value(found, "average_precision") is None


def test_precision_recall_and_revenue_at_a_share_are_what_is_counted_by_hand() -> None:
    labels = np.zeros(100, dtype=np.int64)
    labels[[0, 3, 4, 9, 50, 51, 52, 53]] = 1
    revenue = np.where(labels == 1, 100.0, 0.0)
    revenue[0] = 900.0
    found = measure(rank(HIGHEST_FIRST, labels, revenue, seed=1), seed=1)
    expected = {"1%": (1, 1, 900), "2%": (2, 1, 900), "5%": (5, 3, 1100), "10%": (10, 4, 1200)}
    for share, (examined, caught, recovered) in expected.items():
        assert value(found, f"precision_at_{share}") == pytest.approx(caught / examined)
        assert value(found, f"recall_at_{share}") == pytest.approx(caught / 8)
        assert value(found, f"revenue_at_{share}") == pytest.approx(recovered / 1600)


def test_at_least_one_shipment_is_examined() -> None:
    labels = np.array([0, 1, 0])
    found = measure(rank(np.array([0.1, 0.9, 0.5]), labels, labels * 5.0, seed=1), seed=1)
    assert value(found, "precision_at_1%") == value(found, "recall_at_1%") == value(found, "revenue_at_1%") == 1.0


def test_without_infractions_or_revenue_what_divides_by_them_is_none() -> None:
    found = measure(rank(HIGHEST_FIRST, np.zeros(100, dtype=np.int64), np.zeros(100), seed=1), seed=1)
    assert value(found, "precision_at_5%") == 0.0
    assert value(found, "recall_at_5%") is value(found, "revenue_at_5%") is None
    assert found["auc"] == {"value": None, "interval": [None, None]}


def test_ties_are_broken_by_the_seed_and_not_by_the_order_of_rows() -> None:
    labels = np.arange(1000) < 100
    values = np.zeros(1000)
    found = [measure(rank(values, labels, np.zeros(1000), seed), seed) for seed in range(8)]
    caught = [value(one, "precision_at_10%") for one in found]
    assert len(set(caught)) > 1
    assert np.mean([share for share in caught if share is not None]) == pytest.approx(0.1, abs=0.05)
    assert {value(one, "auc") for one in found} == {0.5}
    again = measure(rank(values, labels, np.zeros(1000), 3), 3)
    assert again == found[3]


def test_blank_values_stand_last() -> None:
    values = np.array([0.2, np.nan, 0.9, np.nan, 0.5])
    ranking = rank(values, np.array([0, 1, 0, 1, 0]), np.zeros(5), seed=1)
    assert ranking.order[:3].tolist() == [2, 4, 0]
    assert set(ranking.order[3:].tolist()) == {1, 3}
    assert ranking.group[:3].tolist() == [0, 1, 2]
    assert (ranking.group[3:] == 3).all()
    assert top(ranking, 0.2).tolist() == [2]
    assert value(measure(ranking, seed=1), "auc") == 0.0


@pytest.mark.parametrize("separation", [0.0, 1.0])
def test_an_interval_covers_what_it_estimates(separation: float) -> None:
    from scipy.stats import norm

    rng = np.random.default_rng(7)
    truth = float(norm.cdf(separation / np.sqrt(2)))
    covered = 0
    for seed in range(25):
        labels = rng.random(300) < 0.3
        values = rng.normal(size=300) + separation * labels
        entry = measure(rank(values, labels, np.ones(300), seed), seed)["auc"]
        low, high = entry["interval"]
        assert low <= entry["value"] <= high and high - low < 0.3
        covered += low <= truth <= high
    assert covered >= 21


def test_the_interval_of_a_share_belongs_to_its_resamples() -> None:
    labels = np.arange(100) < 10
    found = measure(rank(HIGHEST_FIRST, labels, np.ones(100), seed=1), seed=1)
    assert found["recall_at_10%"]["value"] == 1.0
    low, high = found["recall_at_10%"]["interval"]
    assert 0.5 < low < 1.0 and high == 1.0
    assert all(0.0 <= found[name]["interval"][0] <= found[name]["interval"][1] <= 1.0 for name in found)


def test_calibration_error_is_the_weighted_distance_of_the_bins() -> None:
    probability = np.repeat([0.1, 0.5], [15, 15])
    labels = np.concatenate([np.arange(15) < 3, np.arange(15) < 9])
    found = reliability(probability, labels)
    assert len(found["bins"]) == BINS == 15
    assert [row["shipments"] for row in found["bins"]] == [2] * 15
    by_hand = sum(2 * abs(row["rate"] - row["mean_probability"]) for row in found["bins"]) / 30
    assert found["expected_calibration_error"] == pytest.approx(by_hand)
    rates = [labels[at : at + 2].mean() for at in range(0, 30, 2)]
    means = [probability[at : at + 2].mean() for at in range(0, 30, 2)]
    assert found["expected_calibration_error"] == pytest.approx(np.abs(np.subtract(rates, means)).mean())


def test_a_perfect_probability_has_no_error_and_a_wrong_one_has_its_distance() -> None:
    labels = np.tile(np.arange(10) < 2, 30)
    assert reliability(np.full(300, 0.2), labels)["expected_calibration_error"] == pytest.approx(0.0)
    assert reliability(np.full(300, 0.7), labels)["expected_calibration_error"] == pytest.approx(0.5)


def test_fewer_shipments_than_bins_make_a_bin_each() -> None:
    found = reliability(np.array([0.25, 0.5]), np.array([0, 1]))
    assert found["bins"] == [
        {"shipments": 1, "mean_probability": 0.25, "rate": 0.0},
        {"shipments": 1, "mean_probability": 0.5, "rate": 1.0},
    ]
    assert found["expected_calibration_error"] == pytest.approx((0.25 + 0.5) / 2)
