"""The trees that the score and the baselines are made of."""

import numpy as np
import pytest

from graph.snapshot import Int, Long
from targeting.boosting import FOLDS, READ, TELLING, UNCHECKED_ROUNDS, fit, latest, most_telling
from targeting.features import Block, Matrix
from targeting.metrics import auc

SIZE = 900


def drawn(seed: int = 1) -> tuple[Block, Long, Int, Long]:
    """Return features of which the first and a category tell something, labels, days and folds."""
    rng = np.random.default_rng(seed)
    number, noise = rng.normal(size=SIZE), rng.normal(size=SIZE)
    category = rng.integers(0, 4, SIZE).astype(np.float64)
    category[rng.random(SIZE) < 0.1] = np.nan
    odds = 2 * number + 2 * (category == 3) - 1
    labels = (rng.random(SIZE) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    values: Matrix = np.stack([number, noise, category], axis=1).astype(np.float32)
    days = np.sort(rng.integers(100, 200, SIZE)).astype(np.int32)
    return Block(("number", "noise", "category"), (False, False, True), values), labels, days, rng.integers(0, 3, SIZE)


def test_one_seed_gives_one_result() -> None:
    features, labels, days, fold = drawn()
    one, other, third = (fit(features, labels, days, fold, seed) for seed in (1, 1, 2))
    assert one[1].tobytes() == other[1].tobytes() != third[1].tobytes()
    assert [m.model_to_string() for m in one[0].members] == [m.model_to_string() for m in other[0].members]


def test_what_is_out_of_fold_is_what_the_member_says_that_did_not_see_it() -> None:
    features, labels, days, fold = drawn()
    ensemble, out_of_fold = fit(features, labels, days, fold, 1)
    assert len(ensemble.members) == FOLDS
    said = np.stack([np.asarray(member.predict(features.values, raw_score=True)) for member in ensemble.members])
    assert out_of_fold.tolist() == said[fold, np.arange(SIZE)].tolist()
    assert ensemble.logits(features) == pytest.approx(said.mean(axis=0), abs=1e-12)
    assert auc(labels, out_of_fold) > 0.8


def test_no_member_is_moved_by_the_labels_of_its_own_fold() -> None:
    features, labels, days, fold = drawn()
    # All early enough to have no part in the number of rounds, which is chosen once for all members.
    early = ~latest(days)
    turned = labels.copy()
    turned[(fold == 0) & early] = 1 - turned[(fold == 0) & early]
    members = []
    for said in (labels, turned):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("targeting.boosting._rounds", lambda *_: 30)
            members.append(fit(features, said, days, fold, 1)[0].members)
    assert members[0][0].model_to_string() == members[1][0].model_to_string()
    assert members[0][1].model_to_string() != members[1][1].model_to_string()


def test_features_that_tell_little_are_left_out() -> None:
    features, labels, days, _ = drawn()
    noise = np.random.default_rng(2).normal(size=(SIZE, 12)).astype(np.float32)
    names = tuple(f"noise {at}" for at in range(12))
    block = Block((*names, *features.names), (False,) * 12 + features.categorical, np.hstack([noise, features.values]))
    kept = [block.names[at] for at in most_telling(block, labels, days, 1)[0]]
    assert {"number", "category"} <= set(kept) and len(kept) < len(block.names)
    assert kept == [name for name in block.names if name in kept]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("targeting.boosting.TELLING", TELLING / 3)
        assert [block.names[at] for at in most_telling(block, labels, days, 1)[0]] == ["number"]


def test_where_it_cannot_be_seen_what_tells_all_features_stay() -> None:
    features, labels, days, _ = drawn()
    one_kind = np.where(latest(days), 0, labels)
    constant = Block(("one",), (False,), np.ones((SIZE, 1), dtype=np.float32))
    nothing = Block((), (), np.empty((SIZE, 0), dtype=np.float32))
    for block, said in ((features, one_kind), (constant, labels), (nothing, labels)):
        assert most_telling(block, said, days, 1)[0].tolist() == list(range(len(block.names)))


def test_contributions_and_a_constant_are_the_log_odds() -> None:
    features, labels, days, fold = drawn()
    ensemble, _ = fit(features, labels, days, fold, 1)
    added = ensemble.contributions(features)
    constant = ensemble.logits(features) - added.sum(axis=1)
    assert added.shape == (SIZE, 3)
    assert constant == pytest.approx(np.full(SIZE, constant[0]), abs=1e-9)
    assert np.abs(added[:, 1]).mean() < np.abs(added[:, 2]).mean() < np.abs(added[:, 0]).mean()


def test_a_row_is_scored_by_itself() -> None:
    features, labels, days, fold = drawn()
    ensemble, _ = fit(features, labels, days, fold, 1)
    everything = ensemble.logits(features)
    alone = [float(ensemble.logits(features.take(np.array([at])))[0]) for at in range(0, SIZE, 50)]
    assert alone == everything[::50].tolist()


def test_without_features_the_trees_say_the_rate() -> None:
    _, labels, days, fold = drawn()
    nothing = Block((), (), np.empty((SIZE, 0), dtype=np.float32))
    ensemble, out_of_fold = fit(nothing, labels, days, fold, 1)
    said = ensemble.logits(nothing)
    assert (said == said[0]).all() and len(np.unique(out_of_fold)) <= FOLDS
    assert 1 / (1 + np.exp(-said[0])) == pytest.approx(labels.mean(), abs=0.02)
    assert ensemble.contributions(nothing).shape == (SIZE, 0)


def test_a_fold_with_all_infractions_leaves_no_member_without_any() -> None:
    features, labels, days, _ = drawn()
    fold = np.where(labels == 1, 0, 1 + np.arange(SIZE) % 2)
    ensemble, out_of_fold = fit(features, labels, days, fold, 1)
    assert np.abs(ensemble.logits(features)).max() < 10 and np.abs(out_of_fold).max() < 10


def test_all_rows_in_one_fold_or_on_one_day_still_train() -> None:
    features, labels, days, fold = drawn()
    _, out_of_fold = fit(features, labels, days, np.zeros(SIZE, dtype=np.int64), 1)
    assert np.isfinite(out_of_fold).all()
    ensemble, _ = fit(features, labels, np.full(SIZE, 7, dtype=np.int32), fold, 1)
    assert ensemble.members[0].num_trees() == UNCHECKED_ROUNDS


def test_the_latest_rows_are_whole_days() -> None:
    days = np.array([5, 1, 2, 4, 4, 4, 3, 1, 1, 2], dtype=np.int32)
    assert latest(days).tolist() == [day >= 4 for day in days]
    assert latest(np.array([9], dtype=np.int32)).tolist() == [True]


def test_how_much_a_tree_may_read_is_part_of_the_training() -> None:
    features, labels, days, fold = drawn()
    usual, more = (fit(features, labels, days, fold, 1, read=read)[0].members[0] for read in (READ, 0.8))
    assert f"[feature_fraction: {READ}]" in usual.model_to_string()
    assert "[feature_fraction: 0.8]" in more.model_to_string()
