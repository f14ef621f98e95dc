"""On a graphics card: the same features to the last bit, one model for one seed, and what the processor says of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from gnn.explain import contributions
from gnn.features import tokens
from gnn.model import predict
from gnn.runtime import quiet_import
from gnn.train import fit
from tests.gnn.worlds import artificial, labelled, named, same_bits
from tests.graph.networks import snapshot, world

pytestmark = pytest.mark.usefixtures("cuda_needed")


@contextmanager
def on(kind: str) -> Iterator[None]:
    """Compute on `cpu` or on `cuda` for a while."""
    import torch

    quiet_import()
    with pytest.MonkeyPatch.context() as patch:
        for module in ("explain", "known", "model", "train"):
            patch.setattr(f"gnn.{module}.device", lambda: torch.device(kind))
        yield


def test_features_are_the_same_bits_as_on_the_processor() -> None:
    here = snapshot(world(3, shipments=120))
    asked = labelled(here)
    found = []
    for kind in ("cpu", "cuda"):
        with on(kind):
            found.append(named(tokens(here, asked.rows, asked.days)))
    one, other = found
    assert all(same_bits(one[name], other[name]) for name in one)


def test_a_model_is_trained_and_says_what_it_says_on_the_processor() -> None:
    read, labels, days = artificial(600)
    with on("cuda"):
        trained, out_of_fold = fit(read, labels, days, seed=7)
        said, moved = predict(trained, read), contributions(trained, read)
    assert trained.metrics["out_of_fold_auc"] > 0.8 and np.isfinite(out_of_fold).all()
    with on("cpu"):
        assert predict(trained, read) == pytest.approx(said, abs=1e-6)
        for name, part in contributions(trained, read).items():
            assert moved[name] == pytest.approx(part, abs=1e-3)


def test_one_seed_gives_one_model() -> None:
    read, labels, days = artificial(300)
    with on("cuda"):
        (one, _), (other, _) = (fit(read, labels, days, seed=7) for _ in range(2))
    for first, second in zip(one.members, other.members, strict=True):
        assert all(same_bits(first[name], second[name]) for name in first)
