"""Models on disk: the same bits again, and no other than what was saved."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from gnn.model import GnnModel, predict
from gnn.registry import CARD, WEIGHTS, load, save
from gnn.train import fit
from tests.gnn.worlds import artificial, same_bits


@pytest.fixture(scope="module")
def model() -> GnnModel:
    tokens, labels, days = artificial(200)
    return fit(tokens, labels, days, seed=3, snapshot_version=9, as_of="2024-05-01")[0]


@pytest.fixture
def saved(model: GnnModel, tmp_path: Path) -> Path:
    save(model, tmp_path / "models" / "one")
    return tmp_path / "models" / "one"


def test_what_is_loaded_is_what_was_saved_to_the_last_bit(model: GnnModel, saved: Path) -> None:
    again = load(saved)
    tokens, _, _ = artificial(500, seed=4)
    assert same_bits(predict(model, tokens), predict(again, tokens))
    assert {name: getattr(again, name) for name in PLAIN} == {name: getattr(model, name) for name in PLAIN}
    assert sorted(path.name for path in saved.iterdir()) == [CARD, WEIGHTS]


PLAIN = ("features", "vocabularies", "hidden", "top", "dropout", "seed", "metrics", "snapshot_version", "as_of")


def test_saving_again_replaces_the_whole_and_leaves_nothing_beside_it(model: GnnModel, saved: Path) -> None:
    (saved / "stray").write_text("", encoding="utf-8")
    save(replace(model, seed=99), saved)
    assert load(saved).seed == 99
    assert [path.name for path in saved.parent.iterdir()] == ["one"]
    assert not (saved / "stray").exists()


def test_a_failed_save_leaves_what_was_there(model: GnnModel, saved: Path) -> None:
    with pytest.raises(TypeError):
        save(replace(model, metrics={"bad": object()}), saved)
    assert load(saved).seed == model.seed
    assert [path.name for path in saved.parent.iterdir()] == ["one"]


@pytest.mark.parametrize("lost", [CARD, WEIGHTS])
def test_a_missing_file_is_said(saved: Path, lost: str) -> None:
    (saved / lost).unlink()
    with pytest.raises(ValueError, match=r"There is no whole model in .*one; train one"):
        load(saved)


def test_a_folder_that_is_none_is_said(saved: Path) -> None:
    for path in (saved.parent / "two", saved / CARD):
        with pytest.raises(ValueError, match=r"There is no whole model in"):
            load(path)


def test_damaged_weights_are_refused(saved: Path) -> None:
    whole = (saved / WEIGHTS).read_bytes()
    for damaged in (b"", whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b"\xff" * 100):
        (saved / WEIGHTS).write_bytes(damaged)
        with pytest.raises(
            ValueError, match=r"weights of the model in .* are not those it was saved with; train again"
        ):
            load(saved)


def test_weights_of_another_model_are_refused(saved: Path) -> None:
    arrays = load_file(saved / WEIGHTS)
    arrays["0.bias"] = np.zeros_like(arrays["0.bias"])
    save_file(arrays, saved / WEIGHTS)
    with pytest.raises(ValueError, match="are not those it was saved with"):
        load(saved)


def test_a_damaged_card_is_refused(saved: Path) -> None:
    text = (saved / CARD).read_text(encoding="utf-8")
    for damaged in (b"", text[: len(text) // 2].encode(), b"[]", b"7", b"\xff\xfe", b"{}"):
        (saved / CARD).write_bytes(damaged)
        with pytest.raises(ValueError, match=r"The model in .* is damaged .*; train again"):
            load(saved)


def _drop_feature(card: dict[str, Any]) -> None:
    card["features"]["declared"].pop()


def _swap_features(card: dict[str, Any]) -> None:
    card["features"]["declared"].reverse()


def _swap_tokens(card: dict[str, Any]) -> None:
    card["features"] = dict(reversed(card["features"].items()))


def _swap_values(card: dict[str, Any]) -> None:
    card["vocabularies"]["origin"].reverse()


@pytest.mark.parametrize("change", [_drop_feature, _swap_features, _swap_tokens, _swap_values])
def test_a_changed_feature_list_is_refused(saved: Path, change: Callable[[dict[str, Any]], None]) -> None:
    edit(saved, change)
    with pytest.raises(ValueError, match=r"feature list of the model in .* is not the one it was trained with"):
        load(saved)


def test_another_format_is_refused(saved: Path) -> None:
    edit(saved, lambda card: card.update(format=1))
    with pytest.raises(ValueError, match="has format 1, not 2; train again"):
        load(saved)


@pytest.mark.parametrize("name", ["members", "hidden", "features_sha256", "weights_sha256", "metrics"])
def test_a_card_that_lacks_something_is_refused(saved: Path, name: str) -> None:
    edit(saved, lambda card: card.pop(name))
    with pytest.raises(ValueError, match=rf"damaged \(model.json lacks '{name}'\)"):
        load(saved)


def edit(saved: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((saved / CARD).read_text(encoding="utf-8"))
    change(card)
    (saved / CARD).write_text(json.dumps(card), encoding="utf-8")
