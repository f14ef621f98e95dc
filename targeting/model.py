"""The model behind the score: four models, frozen at training.

Three models stand side by side: one of the row's declared data alone, one of the profiles alone, and the graph neural
network. A fourth takes what they say, together with linked risk, the structure of the network and the communities, and
is the score. What the first three say of a training row comes from the one of their members that did not see it
(stacking: Wolpert, Neural Networks 5, 1992), so that the fourth learns how far each can be trusted.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from graph.evidence import Parameters
from graph.snapshot import Real
from targeting import declared as declared_data
from targeting.boosting import Ensemble
from targeting.calibration import Calibration, logit
from targeting.features import Block, beside, quantities
from targeting.inputs import Inputs
from targeting.profiles import Plan

if TYPE_CHECKING:
    from gnn.model import GnnModel


COMPONENTS = ("declared", "profile", "gnn")
"""The features of the score that are models themselves, in log odds."""

Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Model:
    """Everything that scoring needs, frozen at training.

    Attributes:
        as_of: the day before which everything learnt was known; days since 1970-01-01.
        seed: seed of the training.
        snapshot_version: version of the snapshot trained on.
        vocabulary, plan: which declared features and profiles there are.
        resolution: of the communities.
        linked: parameters of linked risk.
        declared, profile, gnn: the component models.
        score: the model on top.
        calibration: from its log odds to the probability.
        trained: digests of the shipments whose outcome was in the training, sorted.
        metrics: what was measured in training, out of fold.
    """

    as_of: int
    seed: int
    snapshot_version: int
    vocabulary: declared_data.Vocabulary
    plan: Plan
    resolution: float
    linked: Parameters
    declared: Ensemble
    profile: Ensemble
    gnn: "GnnModel"
    score: Ensemble
    calibration: Calibration
    trained: Digests
    metrics: Mapping[str, float]


def components(model: Model, inputs: Inputs, gnn: Real) -> dict[str, Real]:
    """Return what each of `COMPONENTS` says of the rows, in log odds."""
    return {
        "declared": model.declared.logits(inputs.declared),
        "profile": model.profile.logits(inputs.profile),
        "gnn": _log_odds(gnn),
    }


def _log_odds(probability: Real) -> Real:
    return logit(np.clip(probability, 1e-6, 1.0 - 1e-6))


def on_top(said: Mapping[str, Real], block: Block) -> Block:
    """Return what the score reads: what the components say of rows, beside the features of the network."""
    own = quantities(COMPONENTS, [said[name] for name in COMPONENTS], len(block.values))
    return beside(own, block)


def digests(keys: npt.NDArray[np.object_]) -> Digests:
    """Return a stable 64-bit digest of each key."""
    found = (hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.array([int.from_bytes(digest, "big") for digest in found], dtype=np.uint64)
