"""What each token contributed, and the words for it."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from gnn.explain import contributions, phrase
from gnn.features import tokens
from gnn.model import GnnModel, predict
from gnn.tokens import Category, Tokens
from gnn.train import fit
from tests.gnn.worlds import artificial, labelled
from tests.graph.networks import snapshot, world

Real = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def model() -> GnnModel:
    found, labels, days = artificial(600)
    return fit(found, labels, days, seed=5)[0]


def log_odds(probability: Real) -> Real:
    odds: Real = np.log(probability / (1 - probability))
    return odds


def ordinary(model: GnnModel, found: Tokens) -> Tokens:
    """Return the same rows with the mean of the training everywhere and all categories unknown."""
    values = np.broadcast_to(model.mean.astype(np.float32), found.values.shape).copy()
    blank = {name: Category(np.full(len(found), -1, dtype=np.int32), ()) for name in found.categories}
    return replace(found, values=values, categories=blank)


def test_contributions_sum_to_the_difference_from_the_ordinary_shipment(model: GnnModel) -> None:
    found, _, _ = artificial(200, seed=6)
    moved = contributions(model, found)
    assert list(moved) == ["declared", "shipment>importer>shipments", "category:origin"]
    difference = log_odds(predict(model, found)) - log_odds(predict(model, ordinary(model, found)))
    assert np.sum(list(moved.values()), axis=0) == pytest.approx(difference, abs=0.005)
    assert np.abs(difference).max() > 1


def test_a_token_like_that_of_the_ordinary_shipment_contributes_nothing(model: GnnModel) -> None:
    found, _, _ = artificial(100, seed=6)
    plain = ordinary(model, found)
    assert all(np.abs(part).max() < 1e-6 for part in contributions(model, plain).values())
    values = found.values.copy()
    values[:, 2:] = plain.values[:, 2:]
    moved = contributions(model, replace(found, values=values, categories=plain.categories))
    assert np.abs(moved["shipment>importer>shipments"]).max() < 1e-6
    assert np.abs(moved["category:origin"]).max() == 0
    assert np.abs(moved["declared"]).max() > 0.5


def test_what_decides_contributes_most(model: GnnModel) -> None:
    found, _, _ = artificial(300, seed=7)
    moved = contributions(model, found)
    size = {name: float(np.abs(part).mean()) for name, part in moved.items()}
    assert size["declared"] > 3 * size["shipment>importer>shipments"]
    # A higher value of the first feature speaks for an infraction, and so does DE beside CN.
    assert np.corrcoef(moved["declared"], found.values[:, 0])[0, 1] > 0.8
    origin = found.categories["origin"].codes
    assert moved["category:origin"][origin == 1].mean() > moved["category:origin"][origin == 0].mean() + 0.2


def test_every_token_has_words_of_its_own() -> None:
    here = snapshot(world(1, shipments=120))
    known = labelled(here)
    trained, _ = fit(tokens(here, known.rows, known.days), known.labels, known.days, seed=1)
    assert any(name.startswith("category:") for name in trained.token_names)
    said = {name: phrase(name) for name in trained.token_names}
    assert len(set(said.values())) == len(said)
    assert not [words for words in said.values() if not words or set(words) & set(">_:;.") or len(words) > 60]


def test_words_name_what_is_meant() -> None:
    assert phrase("shipment>importer>AT_ADDRESS>shipments") == "traders at the importer's address"
    assert phrase("with>commodity") == "earlier findings with this commodity"
    assert phrase("with>power_of_two_of_customs_value") == "earlier findings at about this value"
    assert phrase("category:extra.tax_type") == "the declared tax type"
    with pytest.raises(ValueError, match="no token 'nothing'"):
        phrase("nothing")
