"""Models on disk: what was saved comes back, and nothing else is taken for it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from targeting import TargetingError, registry
from targeting.card import markdown
from targeting.registry import CARD, GNN, LATEST, TRAINED, feature_hash
from tests.targeting.conftest import Saved


@pytest.fixture
def copy(saved: Saved, tmp_path: Path) -> Saved:
    """A registry of its own, to be damaged."""
    return Saved(saved.model, Path(shutil.copytree(saved.folder, tmp_path / "models")), saved.identity)


def test_everything_comes_back(saved: Saved) -> None:
    name, back = registry.load(saved.folder)
    model = saved.model
    assert name == saved.identity
    for field in ("as_of", "seed", "snapshot_version", "plan", "resolution", "linked", "calibration"):
        assert getattr(back, field) == getattr(model, field), field
    assert back.vocabulary.names == model.vocabulary.names
    assert dict(back.vocabulary.categories) == dict(model.vocabulary.categories)
    assert dict(back.metrics) == dict(model.metrics)
    assert back.trained.tolist() == model.trained.tolist()
    assert back.trained.dtype == np.uint64
    assert [len(getattr(back, part).members) for part in registry.TREES] == [3, 3, 3]
    assert registry.load(saved.folder, saved.identity)[0] == name


def test_saving_what_was_loaded_changes_nothing(saved: Saved, tmp_path: Path) -> None:
    _, back = registry.load(saved.folder)
    assert registry.save(back, tmp_path) == saved.identity


def test_nothing_is_pickled_and_all_is_text_or_safetensors(saved: Saved) -> None:
    here = saved.folder / saved.identity
    files = [path for path in here.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".txt", ".json", ".safetensors"}
    for path in files:
        if path.suffix != ".safetensors":
            path.read_text(encoding="utf-8")
    card = json.loads((here / CARD).read_text(encoding="utf-8"))
    assert card["as_of"] and card["seed"] == saved.model.seed and "lightgbm" in card["libraries"]
    assert card["features_sha256"] == feature_hash(card["features"])


def test_the_card_says_what_the_model_is_and_what_for(saved: Saved) -> None:
    name, card = registry.card_of(saved.folder)
    assert (name, card) == registry.card_of(saved.folder, saved.identity)
    assert card["intended_use"] and card["limits"]
    assert card["gnn"]["metrics"]["rows"] == saved.model.metrics["rows"] and card["gnn"]["features"]
    text = markdown(name, card)
    assert text.startswith(f"# Model {name}\n")
    for said in (*card["intended_use"], *card["limits"], card["as_of"], card["features_sha256"][:16], "lightgbm"):
        assert said in text
    assert f"| `score` | {saved.model.metrics['auc_score']:.3f} |" in text
    assert f"| profiles | {len(saved.model.plan.profiles)} |" in text


def test_the_card_of_an_older_model_can_be_read(saved: Saved) -> None:
    name, card = registry.card_of(saved.folder)
    older = {key: card[key] for key in card if key not in ("gnn", "trained_sha256", "intended_use", "limits")}
    assert "not kept" in markdown(name, older)


@pytest.mark.parametrize(
    ("content", "said"), [("{", "is damaged"), ("[]", "is damaged"), ('{"format": 1}', "format 1")]
)
def test_a_card_that_cannot_be_read_is_refused(copy: Saved, content: str, said: str) -> None:
    path = copy.folder / copy.identity / CARD
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TargetingError, match=f"{said}.*train again"):
        registry.card_of(copy.folder)
    path.unlink()
    with pytest.raises(TargetingError, match="is not whole"):
        registry.card_of(copy.folder)


def test_the_list_says_which_is_the_latest(copy: Saved) -> None:
    other = copy.folder / "0123456789abcdef"
    shutil.copytree(copy.folder / copy.identity, other)
    shutil.copytree(other, copy.folder / ".model-left")
    (copy.folder / "broken").mkdir()
    (copy.folder / "broken" / CARD).write_text("{", encoding="utf-8")
    found = registry.listed(copy.folder)
    assert [(row["id"], row["latest"]) for row in found] == sorted([(other.name, False), (copy.identity, True)])
    assert all(row["metrics"]["rows"] == copy.model.metrics["rows"] for row in found)
    assert found[0]["seed"] == copy.model.seed and found[0]["as_of"] > "2024"


def test_an_empty_registry_has_no_model(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        assert registry.listed(folder) == []
        with pytest.raises(TargetingError, match=r"There is no model in .* yet; run `tidewaiter train` first\."):
            registry.load(folder)


def test_an_unknown_model_is_refused(saved: Saved) -> None:
    with pytest.raises(TargetingError, match="There is no model 'fedcba' in"):
        registry.load(saved.folder, "fedcba")


def test_a_latest_that_was_deleted_is_refused(copy: Saved) -> None:
    shutil.rmtree(copy.folder / copy.identity)
    with pytest.raises(TargetingError, match=f"There is no model '{copy.identity}'"):
        registry.load(copy.folder)


def renamed(card: dict[str, Any]) -> None:
    card["features"]["profiles"][0] = ["office"]


def renamed_and_signed(card: dict[str, Any]) -> None:
    renamed(card)
    card["features_sha256"] = feature_hash(card["features"])


def other_network(card: dict[str, Any]) -> None:
    card["features"]["network"] = card["features"]["network"][:-1]
    card["features_sha256"] = feature_hash(card["features"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (renamed, "The feature list of the model .* is not the one it was trained with"),
        (renamed_and_signed, "is damaged .its files are not those that were saved"),
        (other_network, "was trained on other features than this version computes"),
        (lambda card: card.update(format=99), "has format 99, not 3"),
        (lambda card: card.pop("format"), "is damaged"),
        (lambda card: card.pop("features"), "is damaged"),
        (lambda card: card.pop("members"), "is damaged"),
        (lambda card: card.update(resolution=9.0), "is damaged"),
    ],
)
def test_a_changed_card_is_refused(copy: Saved, change: Callable[[dict[str, Any]], Any], said: str) -> None:
    path = copy.folder / copy.identity / CARD
    card = json.loads(path.read_text(encoding="utf-8"))
    change(card)
    path.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(TargetingError, match=said) as raised:
        registry.load(copy.folder)
    assert "\n" not in str(raised.value) and "train again" in str(raised.value)


@pytest.mark.parametrize("content", ["[]", "7", "null", "{", "é"])
def test_a_card_that_is_none_is_refused(copy: Saved, content: str) -> None:
    (copy.folder / copy.identity / CARD).write_bytes(content.encode("latin-1"))
    with pytest.raises(TargetingError, match=r"is damaged .*; train again"):
        registry.load(copy.folder)
    assert registry.listed(copy.folder) == []


FILES = [CARD, TRAINED, "declared-0.txt", "profile-2.txt", "score-1.txt", f"{GNN}/model.json"]


@pytest.mark.parametrize("name", [*FILES, f"{GNN}/weights.safetensors"])
def test_a_missing_file_is_refused(copy: Saved, name: str) -> None:
    (copy.folder / copy.identity / name).unlink()
    with pytest.raises(TargetingError, match=r"not whole|no whole model"):
        registry.load(copy.folder)


@pytest.mark.parametrize("name", [*FILES, f"{GNN}/weights.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "turned", "empty"])
def test_a_damaged_file_is_refused(copy: Saved, name: str, damage: str) -> None:
    path = copy.folder / copy.identity / name
    content = path.read_bytes()
    middle = len(content) // 2
    turned = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes({"cut": content[:middle], "turned": turned, "empty": b""}[damage])
    with pytest.raises(TargetingError, match="train again") as raised:
        registry.load(copy.folder)
    assert "\n" not in str(raised.value)


def test_training_again_mends_a_damaged_model(copy: Saved) -> None:
    (copy.folder / copy.identity / "score-1.txt").write_text("tree", encoding="utf-8")
    assert registry.save(copy.model, copy.folder) == copy.identity
    assert registry.load(copy.folder)[0] == copy.identity


def test_a_hidden_file_does_not_matter(copy: Saved) -> None:
    (copy.folder / copy.identity / ".DS_Store").write_bytes(b"x")
    assert registry.load(copy.folder)[0] == copy.identity


@pytest.mark.parametrize("place", ["save_file", "_identity", "_card"])
def test_an_interrupted_save_leaves_the_old_model(copy: Saved, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(path.name for path in copy.folder.iterdir())
    monkeypatch.setattr(registry, place, full)
    with pytest.raises(OSError, match="No space"):
        registry.save(replace(copy.model, seed=77), copy.folder)
    monkeypatch.undo()
    assert sorted(path.name for path in copy.folder.iterdir()) == before
    name, model = registry.load(copy.folder)
    assert (name, model.seed) == (copy.identity, copy.model.seed)


def test_a_save_that_ends_before_the_switch_leaves_the_old_latest(copy: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if Path(target).name == LATEST:
            raise OSError(5, "Input/output error")
        return old(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="Input/output"):
        registry.save(replace(copy.model, seed=77), copy.folder)
    monkeypatch.undo()
    assert registry.load(copy.folder)[0] == copy.identity
    fresh = registry.save(replace(copy.model, seed=77), copy.folder)
    assert registry.load(copy.folder)[0] == fresh != copy.identity
    assert registry.load(copy.folder, copy.identity)[1].seed == copy.model.seed


def test_others_may_read_a_saved_model(saved: Saved) -> None:
    assert (saved.folder / saved.identity).stat().st_mode & 0o777 == 0o755
