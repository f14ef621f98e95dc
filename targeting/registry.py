"""Models on disk: a folder per model, named by its content, readable by people and never executed.

LightGBM models are text dumps, network weights safetensors, everything else JSON. `latest` names the model that was
trained last. Nothing is pickled. A model whose feature list is not the one it was saved with, or not the one this
version computes, is refused.
"""

import hashlib
import json
import shutil
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save_file

from graph.evidence import Parameters
from targeting import TargetingError
from targeting.boosting import Ensemble
from targeting.calibration import Calibration
from targeting.card import INTENDED_USE, LIMITS
from targeting.days import day_text
from targeting.declared import Vocabulary
from targeting.model import Model
from targeting.network import NAMES
from targeting.profiles import Plan

FORMAT = 3
CARD, TRAINED, GNN, LATEST = "model.json", "trained.safetensors", "gnn", "latest"
TREES = ("declared", "profile", "score")
LIBRARIES = ("lightgbm", "networkit", "numpy", "torch", "torch-geometric")


def save(model: Model, folder: Path) -> str:
    """Write a model into the registry, make it the latest, and return its id.

    The files are written beside their place and put there by a rename, so that no reader finds half a model.
    """
    from gnn.registry import save as save_gnn

    folder.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".model-", dir=folder))
    try:
        for name in TREES:
            for number, member in enumerate(getattr(model, name).members):
                (fresh / f"{name}-{number}.txt").write_text(member.model_to_string(), encoding="utf-8")
        save_file({"trained": model.trained}, fresh / TRAINED)
        save_gnn(model.gnn, fresh / GNN)
        (fresh / CARD).write_text(json.dumps(_card(model), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        fresh.chmod(0o755)
        identity = _identity(fresh)
        place = folder / identity
        if place.exists() and _identity(place) != identity:
            # Damaged: what was trained again has the same id and takes its place.
            shutil.rmtree(place)
        if not place.exists():
            fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    pointer = folder / f".{LATEST}.partial"
    pointer.write_text(identity + "\n", encoding="utf-8")
    pointer.replace(folder / LATEST)
    return identity


def _identity(folder: Path) -> str:
    """Return the id of the files in a folder; hidden ones, which a file browser may leave, are none of the model's."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("[!.]*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def feature_hash(features: dict[str, Any]) -> str:
    """Return the SHA-256 of a feature list."""
    return hashlib.sha256(json.dumps(features, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _features(model: Model) -> dict[str, Any]:
    return {
        "categories": {name: list(known) for name, known in model.vocabulary.categories.items()},
        "numbers": list(model.vocabulary.numbers),
        "profiles": [list(profile) for profile in model.plan.profiles],
        "network": list(NAMES),
    }


def _card(model: Model) -> dict[str, Any]:
    features = _features(model)
    return {
        "format": FORMAT,
        "as_of": day_text(model.as_of),
        "seed": model.seed,
        "snapshot_version": model.snapshot_version,
        "resolution": model.resolution,
        "linked_risk": asdict(model.linked),
        "calibration": vars(model.calibration),
        "members": {name: len(getattr(model, name).members) for name in TREES},
        "metrics": dict(model.metrics),
        "gnn": {"features": list(model.gnn.token_names), "metrics": dict(model.gnn.metrics)},
        "trained_sha256": hashlib.sha256(model.trained.tobytes()).hexdigest(),
        "intended_use": INTENDED_USE,
        "limits": LIMITS,
        "libraries": {name: version(name) for name in LIBRARIES},
        "features_sha256": feature_hash(features),
        "features": features,
    }


def listed(folder: Path) -> list[dict[str, Any]]:
    """Return id, as-of day, snapshot version, metrics and whether it is the latest, of every model that can be read."""
    latest = _latest(folder)
    models = []
    for path in sorted(folder.glob(f"[!.]*/{CARD}")) if folder.is_dir() else []:
        try:
            card = _read_card(path)
        except (ValueError, TypeError, OSError):
            continue
        name = path.parent.name
        told = {key: card.get(key) for key in ("as_of", "seed", "snapshot_version", "metrics")}
        models.append({"id": name, "latest": name == latest, **told})
    return models


def _read_card(path: Path) -> dict[str, Any]:
    """Return a model's card; raises ValueError or TypeError where it is none."""
    card = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(card, dict):
        raise TypeError("the card is no JSON object")
    return card


def _latest(folder: Path) -> str | None:
    try:
        return (folder / LATEST).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def card_of(folder: Path, identity: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return the id and the card of the model asked for, by default of the one trained last.

    Raises:
        TargetingError: there is none, or its card cannot be read or is of another format.
    """
    name, here = _place(folder, identity)
    try:
        card = _read_card(here / CARD)
    except FileNotFoundError as error:
        raise TargetingError(f"The model {here} is not whole ({error.filename} is missing); train again.") from None
    except (ValueError, TypeError) as error:
        raise TargetingError(f"The model {here} is damaged ({error}); train again.") from None
    if card.get("format") != FORMAT:
        raise TargetingError(f"The model {here} has format {card.get('format')}, not {FORMAT}; train again.")
    return name, card


def _place(folder: Path, identity: str | None) -> tuple[str, Path]:
    """Return the id and the folder of the model asked for, by default of the one trained last."""
    name = identity or _latest(folder)
    if name is None:
        raise TargetingError(f"There is no model in {folder} yet; run `tidewaiter train` first.")
    here = folder / name
    if not here.is_dir():
        raise TargetingError(
            f"There is no model {name!r} in {folder}; set TIDEWAITER_MODELS to the folder that has it, or train again."
        )
    return name, here


def load(folder: Path, identity: str | None = None) -> tuple[str, Model]:
    """Return the id and the model asked for, by default the one trained last.

    Raises:
        TargetingError: there is none, it is damaged, or its feature list is not what this version computes.
    """
    from gnn.registry import load as load_gnn

    name, here = _place(folder, identity)
    try:
        card = _read_card(here / CARD)
        if card["format"] != FORMAT:
            raise TargetingError(f"The model {here} has format {card['format']}, not {FORMAT}; train again.")
        features = card["features"]
        if feature_hash(features) != card["features_sha256"]:
            raise TargetingError(
                f"The feature list of the model {here} is not the one it was trained with; train again."
            )
        if features["network"] != list(NAMES):
            raise TargetingError(
                f"The model {here} was trained on other features than this version computes; train again."
            )
        texts = {part: _texts(here, part, card["members"][part]) for part in TREES}
        weights = (here / TRAINED).read_bytes()
        gnn = load_gnn(here / GNN)
    except FileNotFoundError as error:
        raise TargetingError(f"The model {here} is not whole ({error.filename} is missing); train again.") from None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise TargetingError(f"The model {here} is damaged ({error}); train again.") from None
    except ValueError as error:
        raise TargetingError(str(error)) from None
    if _identity(here) != name:
        raise TargetingError(f"The model {here} is damaged (its files are not those that were saved); train again.")
    trees = {part: Ensemble(tuple(lightgbm.Booster(model_str=text) for text in texts[part])) for part in TREES}
    return name, Model(
        as_of=int(np.datetime64(card["as_of"], "D").astype(int)),
        seed=card["seed"],
        snapshot_version=card["snapshot_version"],
        vocabulary=Vocabulary(
            {name: tuple(known) for name, known in features["categories"].items()}, tuple(features["numbers"])
        ),
        plan=Plan(tuple(tuple(profile) for profile in features["profiles"])),
        resolution=card["resolution"],
        linked=Parameters(**card["linked_risk"]),
        declared=trees["declared"],
        profile=trees["profile"],
        gnn=gnn,
        score=trees["score"],
        calibration=Calibration(**card["calibration"]),
        trained=load_arrays(weights)["trained"],
        metrics=card["metrics"],
    )


def _texts(here: Path, name: str, members: int) -> list[str]:
    return [(here / f"{name}-{number}.txt").read_text(encoding="utf-8") for number in range(members)]
