"""Training: what it learns, that it can be repeated, what it refuses."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from gnn import train
from gnn.model import GnnModel, predict
from gnn.train import fit, fold_of
from tests.gnn.worlds import artificial, same_bits


def same_model(one: GnnModel, other: GnnModel) -> bool:
    pairs: list[tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]] = [(one.mean, other.mean)]
    pairs.append((one.scale, other.scale))
    for member, again in zip(one.members, other.members, strict=True):
        assert list(member) == list(again)
        pairs += [(member[name], again[name]) for name in member]
    return all(same_bits(first, second) for first, second in pairs)


def test_one_seed_gives_the_same_bits_and_another_seed_others() -> None:
    tokens, labels, days = artificial()
    model, out_of_fold = fit(tokens, labels, days, seed=7)
    again, repeated = fit(tokens, labels, days, seed=7)
    assert same_model(model, again)
    assert same_bits(out_of_fold, repeated)
    assert model.metrics == again.metrics
    other, _ = fit(tokens, labels, days, seed=8)
    assert not same_model(model, other)


def test_it_learns_from_features_and_from_categories() -> None:
    tokens, labels, days = artificial(1200)
    parts: list[float] = []
    model, _ = fit(tokens, labels, days, seed=1, snapshot_version=4, as_of="2024-01-01", progress=parts.append)
    assert model.metrics["out_of_fold_auc"] > 0.8
    assert (model.metrics["rows"], model.metrics["infractions"]) == (1200, labels.sum())
    assert (model.snapshot_version, model.as_of) == (4, "2024-01-01")
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    fresh, truth, _ = artificial(1200, seed=1)
    said = predict(model, fresh)
    assert said[truth == 1].mean() > said[truth == 0].mean() + 0.2
    # On average it says what share there is.
    assert said.mean() == pytest.approx(truth.mean(), abs=0.06)
    # DE adds 1.5 to the logit of CN, all else equal.
    ordinary = np.broadcast_to(model.mean.astype(np.float32), fresh.values.shape)
    said, origin = predict(model, replace(fresh, values=ordinary)), fresh.categories["origin"].codes
    assert said[origin == 1].mean() > said[origin == 0].mean() + 0.05


def test_a_feature_that_never_varied_in_the_training_says_nothing() -> None:
    tokens, labels, days = artificial(200)
    constant = np.ptp(tokens.values, axis=0) == 0
    assert constant.sum() == 1
    model, _ = fit(tokens, labels, days, seed=1)
    changed = replace(tokens, values=np.where(constant, np.float32(1000.0), tokens.values))
    assert same_bits(predict(model, tokens), predict(model, changed))


def test_what_is_said_out_of_fold_comes_from_the_network_that_did_not_see_the_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Only the number of epochs is chosen with a network that may see it.
    monkeypatch.setattr(train, "_choose_epochs", lambda *_: (3, {}))
    tokens, labels, days = artificial()
    _, before = fit(tokens, labels, days, seed=1)
    row = 5
    labels[row] = 1 - labels[row]
    _, after = fit(tokens, labels, days, seed=1)
    fold = fold_of(tokens.keys, 3)
    assert same_bits(before[fold == fold[row]], after[fold == fold[row]])
    assert (before[fold != fold[row]] != after[fold != fold[row]]).mean() > 0.9


def test_a_fold_goes_by_the_key_alone() -> None:
    keys = np.array([f"s/D{at}" for at in range(3000)], dtype=object)
    fold = fold_of(keys, 3)
    assert np.bincount(fold, minlength=3).min() > 900
    assert fold_of(keys[::-1], 3).tolist() == fold[::-1].tolist()


@pytest.mark.parametrize(("infractions", "clean"), [(0, 40), (40, 0), (2, 40), (40, 2), (0, 0)])
def test_too_few_outcomes_of_a_kind_are_refused(infractions: int, clean: int) -> None:
    tokens, _, days = artificial(infractions + clean)
    labels = np.repeat([1, 0], [infractions, clean])
    with pytest.raises(ValueError, match=f"{infractions} infractions and {clean} clean outcomes; at least 3 of each"):
        fit(tokens, labels, days, seed=1)


@pytest.mark.parametrize("labels", [[1, 0, 1], [0, 1, 2, 1], [0, 1, 1, -1]])
def test_labels_that_are_no_labels_are_refused(labels: list[int]) -> None:
    tokens, _, days = artificial(4)
    with pytest.raises(ValueError, match="one label per shipment, 1 for infraction or 0 for clean"):
        fit(tokens, np.array(labels), days, seed=1)


@pytest.mark.parametrize("pace", [0, 1])
def test_the_least_that_is_enough_is_enough(pace: int) -> None:
    # With all outcomes of one day (pace 0) no later ones can be set aside.
    tokens, _, days = artificial(6)
    _, out_of_fold = fit(tokens, np.array([0, 1, 0, 1, 0, 1]), days * np.int32(pace), seed=1)
    assert np.isfinite(out_of_fold).all()
