"""From log odds to probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.snapshot import Flag, Long, Real
from targeting.calibration import FEWEST, Calibration, calibrate, logit, of_mean


def drawn(slope: float, intercept: float, size: int, seed: int = 3) -> tuple[Real, Long]:
    """Return log odds and labels whose true probability is that of the distorted log odds."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1.0, 2.0, size)
    probability = 1.0 / (1.0 + np.exp(-(slope * logits + intercept)))
    return logits, (rng.random(size) < probability).astype(np.int64)


def nobody(size: int) -> Flag:
    return np.zeros(size, dtype=bool)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -1.0), (1.8, 0.7)])
def test_a_known_distortion_is_recovered(slope: float, intercept: float) -> None:
    logits, labels = drawn(slope, intercept, 20_000)
    found = calibrate(logits, labels, nobody(len(labels)), nobody(len(labels)))
    assert found.arm == "all"
    assert found.slope == pytest.approx(slope, rel=0.06)
    assert found.intercept == pytest.approx(intercept, abs=0.1)
    assert found.probabilities(logits).mean() == pytest.approx(labels.mean(), abs=1e-3)


def test_a_random_arm_that_contradicts_alone_tells_the_level() -> None:
    """The selected are three times likelier to be guilty than their log odds say of those who arrive."""
    logits, labels = drawn(1.0, 1.5, 6000)
    arriving, theirs = drawn(1.0, -1.0, 3000, seed=9)
    random = np.arange(9000) >= 6000
    found = calibrate(np.append(logits, arriving), np.append(labels, theirs), random, nobody(9000))
    assert found.arm == "random"
    assert found.probabilities(arriving).mean() == pytest.approx(theirs.mean(), abs=0.005)
    assert found.intercept == pytest.approx(-1.0, abs=0.15)


@pytest.mark.parametrize(("infractions", "clean", "arm"), [(10, 10, "random"), (9, 40, "all"), (40, 9, "all")])
def test_a_small_random_arm_is_not_used(infractions: int, clean: int, arm: str) -> None:
    assert FEWEST == 10
    logits, labels = drawn(1.0, 0.0, 400)
    outcome = np.append(labels, [1] * infractions + [0] * clean)
    lots = np.random.default_rng(1).normal(size=infractions + clean)
    random = np.arange(len(outcome)) >= 400
    assert calibrate(np.append(logits, lots), outcome, random, nobody(len(outcome))).arm == arm


def test_a_random_arm_moves_the_level_as_far_as_its_number_allows() -> None:
    """Those who arrive are less guilty than the selected: the more of them, the more they tell, and not by the slope.

    The log odds are as low as those of shipments, where 390 have some 20 infractions.
    """
    rng = np.random.default_rng(3)
    logits = rng.normal(-2.9, 0.8, 60_000)
    labels = (rng.random(60_000) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    moved = {}
    for size in (390, 10_000):
        arriving = rng.normal(-2.9, 0.8, size)
        lower = 1 / (1 + np.exp(-(arriving - 0.15)))
        levels = []
        for _ in range(20):
            theirs = (rng.random(size) < lower).astype(np.int64)
            random = np.arange(60_000 + size) >= 60_000
            found = calibrate(np.append(logits, arriving), np.append(labels, theirs), random, nobody(60_000 + size))
            assert found.slope == pytest.approx(1.0, abs=0.12)
            levels.append(-2.9 - float(logit(found.probabilities(np.array([-2.9])))[0]))
        moved[size] = np.mean(levels) / 0.15
    assert 0.03 < moved[390] < 0.35 and 0.7 < moved[10_000] < 0.98


def test_what_followed_a_tip_tells_nothing_of_those_who_arrive() -> None:
    """Of the tipped, guilt is likelier than their log odds say; only where nothing else is known are they used."""
    logits, labels = drawn(1.0, 0.0, 6000)
    tipped, theirs = drawn(1.0, 3.0, 1000, seed=5)
    every, outcome, tip = np.append(logits, tipped), np.append(labels, theirs), np.arange(7000) >= 6000
    found = calibrate(every, outcome, nobody(7000), tip)
    assert found == calibrate(logits, labels, nobody(6000), nobody(6000))
    assert found.probabilities(logits).mean() == pytest.approx(labels.mean(), abs=1e-3)
    assert calibrate(tipped, theirs, nobody(1000), nobody(1000) | True).intercept > 2


def test_a_small_random_arm_moves_the_slope_little() -> None:
    """Twenty that were selected at random seem to be ranked the wrong way round; the others' shape stands."""
    logits, labels = drawn(1.0, 0.0, 5000)
    wrong = np.linspace(1, -1, 20)
    outcome = np.append(labels, (np.arange(20) >= 10).astype(np.int64))
    found = calibrate(np.append(logits, wrong), outcome, np.arange(5020) >= 5000, nobody(5020))
    assert found.arm == "random"
    assert 0.7 < found.slope < 1.0


@given(st.lists(st.tuples(st.floats(-30, 30), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_ranking_stays(rows: list[tuple[float, bool, bool, bool]]) -> None:
    logits = np.array([row[0] for row in rows])
    labels, random, tip = (np.array([row[at] for row in rows]) for at in (1, 2, 3))
    found = calibrate(logits, labels.astype(np.int64), random, tip)
    assert found.slope > 0 and np.isfinite([found.slope, found.intercept]).all()
    rising = found.probabilities(np.sort(logits))
    assert (np.diff(rising) >= 0).all() and ((rising >= 0) & (rising <= 1)).all()


def test_classes_that_can_be_told_apart_stay_finite() -> None:
    logits = np.array([-3.0, -2.0, 2.0, 3.0] * 5)
    found = calibrate(logits, (logits > 0).astype(np.int64), nobody(20), nobody(20))
    assert 0 < found.slope < 5
    assert found.probabilities(np.array([-3.0]))[0] < 0.1 < 0.9 < found.probabilities(np.array([3.0]))[0]


def test_the_probability_is_the_formula() -> None:
    found = Calibration(2.0, -1.0, "all").probabilities(np.array([0.5, 0.0]))
    assert found == pytest.approx([0.5, 1 / (1 + np.e)])


def test_a_mean_of_models_means_more_than_each_of_them() -> None:
    """What is fitted on one noisy model at a time gets the slope that the mean of three has, and keeps its level."""
    rng = np.random.default_rng(3)
    signal = rng.normal(-2, 1, 20_000)
    labels = (rng.random(20_000) < 1 / (1 + np.exp(-signal))).astype(np.int64)
    alone = signal + rng.normal(0, 1, (3, 20_000))
    together = alone.mean(axis=0)
    none = np.zeros(20_000, dtype=bool)
    one, direct = calibrate(alone[0], labels, none, none), calibrate(together, labels, none, none)
    found = of_mean(one, alone, together)
    assert abs(found.slope - direct.slope) < abs(one.slope - direct.slope) / 5
    level = one.probabilities(alone).mean()
    assert found.probabilities(together).mean() == pytest.approx(level, abs=1e-9)
    assert found.arm == one.arm


def test_models_that_agree_leave_the_calibration_as_it_is() -> None:
    one = Calibration(0.8, -0.3, "all")
    logits = np.linspace(-4, 2, 50)
    found = of_mean(one, np.stack([logits, logits]), logits)
    assert (found.slope, found.intercept) == pytest.approx((0.8, -0.3))
    assert of_mean(one, np.zeros((2, 5)), np.zeros(5)) == one
