"""Models on disk: weights as safetensors, everything else as JSON, never pickle."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from gnn.model import GnnModel, feature_hash

FORMAT = 1
WEIGHTS, CARD = "weights.safetensors", "model.json"


def save(model: GnnModel, directory: Path) -> None:
    """Write a model into a directory of its own; what stood there before is replaced as a whole.

    The files are written beside it first and put in place by a rename, so that no reader finds half a model.
    """
    directory = Path(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        arrays: dict[str, npt.NDArray[Any]] = {
            f"{number}.{name}": np.ascontiguousarray(array)
            for number, member in enumerate(model.members)
            for name, array in member.items()
        }
        arrays |= {"mean": model.mean, "scale": model.scale}
        save_file(arrays, fresh / WEIGHTS)
        (fresh / CARD).write_text(json.dumps(_card(model), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        fresh.chmod(0o755)
        _put(fresh, directory)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _put(fresh: Path, directory: Path) -> None:
    if not directory.exists():
        fresh.rename(directory)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    directory.replace(old)
    fresh.rename(directory)
    shutil.rmtree(old)


def _card(model: GnnModel) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "features": {name: list(listed) for name, listed in model.features.items()},
        "features_sha256": feature_hash(model.features, tuple(model.vocabularies)),
        "vocabularies": {name: list(known) for name, known in model.vocabularies.items()},
        "members": len(model.members),
        "hidden": model.hidden,
        "top": model.top,
        "dropout": model.dropout,
        "seed": model.seed,
        "metrics": dict(model.metrics),
        "snapshot_version": model.snapshot_version,
        "as_of": model.as_of,
    }


def load(directory: Path) -> GnnModel:
    """Read a model.

    Raises:
        ValueError: there is no model, it is of another format, or its feature list is not the one it was saved with.
    """
    directory = Path(directory)
    try:
        card = json.loads((directory / CARD).read_text(encoding="utf-8"))
        arrays = load_file(directory / WEIGHTS)
    except FileNotFoundError:
        raise ValueError(f"There is no model in {directory}; train one.") from None
    except (json.JSONDecodeError, UnicodeDecodeError, SafetensorError) as error:
        raise ValueError(f"The model in {directory} is damaged ({error}); train again.") from None
    if card.get("format") != FORMAT:
        raise ValueError(f"The model in {directory} has format {card.get('format')}, not {FORMAT}; train again.")
    features = {name: tuple(listed) for name, listed in card["features"].items()}
    vocabularies = {name: tuple(known) for name, known in card["vocabularies"].items()}
    if feature_hash(features, tuple(vocabularies)) != card["features_sha256"]:
        raise ValueError(
            f"The feature list of the model in {directory} is not the one it was trained with; train again."
        )
    width = sum(len(listed) for listed in features.values())
    if len(arrays["mean"]) != width:
        raise ValueError(
            f"The model in {directory} lists {width} features and has weights for {len(arrays['mean'])}; train again."
        )
    members: list[dict[str, Any]] = [{} for _ in range(card["members"])]
    for name, array in arrays.items():
        number, _, weight = name.partition(".")
        if weight:
            members[int(number)][weight] = array
    return GnnModel(
        features=features,
        vocabularies=vocabularies,
        mean=arrays["mean"],
        scale=arrays["scale"],
        members=tuple(members),
        hidden=card["hidden"],
        top=card["top"],
        dropout=card["dropout"],
        seed=card["seed"],
        metrics=card["metrics"],
        snapshot_version=card["snapshot_version"],
        as_of=card["as_of"],
    )
