"""Prediction: of a row alone, by names, with what training did not know."""

from dataclasses import replace

import numpy as np
import pytest

from gnn.model import BATCHES, GnnModel, inputs, predict
from gnn.tokens import Category, Tokens
from gnn.train import fit
from tests.gnn.worlds import artificial, same_bits


@pytest.fixture(scope="module")
def model() -> GnnModel:
    tokens, labels, days = artificial(300)
    return fit(tokens, labels, days, seed=2)[0]


def test_a_row_is_said_the_same_alone_in_any_order_and_across_batches(model: GnnModel) -> None:
    tokens, _, _ = artificial(5000, seed=9)
    whole = predict(model, tokens)
    order = np.random.default_rng(0).permutation(len(tokens))
    assert same_bits(whole[order], predict(model, tokens.take(order)))
    for row in (0, 2047, 2048, 4999):
        assert same_bits(whole[[row]], predict(model, tokens.take(np.array([row]))))
    assert same_bits(whole[1000:3500], predict(model, tokens.take(np.arange(1000, 3500))))
    assert ((whole > 0) & (whole < 1)).all()


def test_progress_reaches_the_end_and_no_row_is_no_fault(model: GnnModel) -> None:
    parts: list[float] = []
    predict(model, artificial(5000)[0], progress=parts.append)
    assert len(parts) == -(-5000 // BATCHES[-1])
    assert parts[-1] == 1.0
    assert len(predict(model, artificial(0)[0])) == 0


def test_features_are_found_by_name_whatever_else_there_is(model: GnnModel) -> None:
    tokens, _, _ = artificial(50, seed=3)
    widened = np.zeros((50, 7), dtype=np.float32)
    # In another order, with one more feature in the first token and one more token in front.
    widened[:, [2, 1, 4, 5, 6]] = tokens.values
    widened[:, [0, 3]] = 99.0
    features = {"new": ("x",), "declared": ("b", "a", "more"), "shipment>importer>shipments": ("c", "d", "same")}
    more = replace(
        tokens,
        features=features,
        values=widened,
        categories={**tokens.categories, "office": Category(np.zeros(50, dtype=np.int32), ("016",))},
    )
    assert same_bits(predict(model, tokens), predict(model, more))


def test_what_a_model_was_trained_on_must_be_there(model: GnnModel) -> None:
    tokens, _, _ = artificial(10)
    fewer = replace(tokens, features={"declared": ("a", "z"), "shipment>importer>shipments": ("c", "d", "same")})
    with pytest.raises(ValueError, match="the feature 'b' of 'declared', which the data no longer has; train again"):
        predict(model, fewer)
    with pytest.raises(ValueError, match="the column 'origin', which the data no longer has; train again"):
        predict(model, replace(tokens, categories={}))


def test_values_are_standardised_clipped_and_categories_numbered_by_text(model: GnnModel) -> None:
    values = np.array([[0, 0, 0, 0, 7], [1e9, -1e9, 0, 0, 7]], dtype=np.float32)
    texts = Category(np.array([1, 0], dtype=np.int32), ("XX", "DE"))
    tokens = Tokens(np.array(["a", "b"], dtype=object), model.features, values, {"origin": texts})
    found, numbers = inputs(model, tokens)
    assert found[0, :4] == pytest.approx(-model.mean[:4] / model.scale[:4], rel=1e-5)
    # A feature that never varied says nothing.
    assert found[:, 4].tolist() == [0.0, 0.0]
    assert found[1, :2].tolist() == [6.0, -6.0]
    assert model.vocabularies == {"origin": ("CN", "DE", "FR")}
    assert numbers[:, 0].tolist() == [2, 0]


def test_a_blank_category_is_as_unknown_as_a_new_one(model: GnnModel) -> None:
    tokens, _, _ = artificial(40)
    blank = replace(tokens, categories={"origin": Category(np.full(40, -1, dtype=np.int32), ("CN",))})
    new = replace(tokens, categories={"origin": Category(np.zeros(40, dtype=np.int32), ("ZZ",))})
    assert same_bits(predict(model, blank), predict(model, new))
