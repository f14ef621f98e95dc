"""Models on disk: weights as safetensors, everything else as JSON, never pickle."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save_file

from gnn.model import GnnModel, feature_hash

FORMAT = 2
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
        card = _card(model) | {"weights_sha256": hashlib.sha256((fresh / WEIGHTS).read_bytes()).hexdigest()}
        (fresh / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
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
        "features_sha256": feature_hash(model.features, model.vocabularies),
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
        ValueError: there is no model, it is damaged or of another format, or its weights or its feature list are not
            those that it was saved with.
    """
    directory = Path(directory)
    try:
        text, weights = (directory / CARD).read_text(encoding="utf-8"), (directory / WEIGHTS).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"There is no whole model in {directory}; train one.") from None
    except UnicodeDecodeError as error:
        raise _damaged(directory, error) from None
    try:
        card = json.loads(text)
        if card["format"] != FORMAT:
            raise ValueError(f"The model in {directory} has format {card['format']}, not {FORMAT}; train again.")
        features = {name: tuple(listed) for name, listed in card["features"].items()}
        vocabularies = {name: tuple(known) for name, known in card["vocabularies"].items()}
        if feature_hash(features, vocabularies) != card["features_sha256"]:
            raise ValueError(
                f"The feature list of the model in {directory} is not the one it was trained with; train again."
            )
        if hashlib.sha256(weights).hexdigest() != card["weights_sha256"]:
            raise ValueError(f"The weights of the model in {directory} are not those it was saved with; train again.")
        arrays = load_arrays(weights)
        return GnnModel(
            features=features,
            vocabularies=vocabularies,
            mean=arrays["mean"],
            scale=arrays["scale"],
            members=_members(arrays, card["members"]),
            hidden=card["hidden"],
            top=card["top"],
            dropout=card["dropout"],
            seed=card["seed"],
            metrics=card["metrics"],
            snapshot_version=card["snapshot_version"],
            as_of=card["as_of"],
        )
    except json.JSONDecodeError as error:
        raise _damaged(directory, error) from None
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise _damaged(directory, f"{CARD} lacks {error}" if isinstance(error, KeyError) else error) from None


def _damaged(directory: Path, why: object) -> ValueError:
    return ValueError(f"The model in {directory} is damaged ({why}); train again.")


def _members(arrays: dict[str, npt.NDArray[Any]], number: int) -> tuple[dict[str, npt.NDArray[np.float32]], ...]:
    """Return the weights of each network by name; in the file they begin with the number of the network."""
    members: list[dict[str, npt.NDArray[np.float32]]] = [{} for _ in range(number)]
    for name, array in arrays.items():
        at, _, weight = name.partition(".")
        if weight:
            members[int(at)][weight] = array
    return tuple(members)
