"""What holds a shipment in its lane."""

import json
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

from graph.records import LinkRef, Ref
from graph.supposed import Supposition, suppose
from targeting.features import Block
from targeting.inputs import capped_days, read
from targeting.model import components, on_top
from targeting.network import Network
from targeting.publish import score_store
from tests.targeting.conftest import Saved, World


@pytest.fixture(scope="module")
def told(world: World, saved: Saved) -> list[dict[str, Any]]:
    """The waiting shipments above the green lane, with their paths and what holds them."""
    score_store(world.store, saved.model, saved.identity)
    rows = [row for batch in world.store.results("shipment", undecided=True) for row in batch.to_pylist()]
    return [{**row, **json.loads(row["paths"])} for row in rows if row["paths"] and row["lane"] != "green"]


def test_some_are_held_by_links_and_some_by_none(told: list[dict[str, Any]]) -> None:
    held = [row["fragility"] for row in told if row["fragility"]]
    assert {one["links"] is None for one in held} == {True, False}
    assert len(held) > 0.9 * len(told) and all(one["lane"] in ("red", "yellow") for one in held)


def test_without_the_links_the_score_lies_below_the_line_by_linked_risk_alone(
    world: World, saved: Saved, around: Network, told: list[dict[str, Any]]
) -> None:
    from gnn.model import predict

    model, published = saved.model, world.store.published()
    assert published is not None
    declarations, keys = world.snapshot.declarations, world.snapshot.things["Shipment"].keys
    fragile = [row for row in told if row["fragility"] and row["fragility"]["links"]][:12]
    assert fragile
    for row in fragile:
        number = pc.index(keys, row["shipment"]).as_py()
        at = declarations.first[declarations.shipment[declarations.first] == number]
        days = capped_days(world.snapshot, at, int(around.cutoffs[-1]))
        links = [
            LinkRef(Ref.read(one["start"]), one["link"], Ref.read(one["end"])) for one in row["fragility"]["links"]
        ]
        supposed = suppose(world.snapshot, Supposition(removed=links))
        here = Network(supposed.snapshot, around.cutoffs, around.communities, model.linked, supposed.shares)
        inputs = read(around, model.vocabulary, model.plan, at, days)
        top = on_top(components(model, inputs, predict(model.gnn, inputs.tokens)), inputs.network)
        values = top.values.copy()
        line = published.thresholds[row["lane"]]

        def score(linked: float, values: Any = values, top: Block = top) -> float:
            values[:, top.names.index("linked_risk")] = linked
            changed = Block(top.names, top.categorical, values)
            return float(model.calibration.probabilities(model.score.logits(changed))[0])

        assert score(row["linked"]) == pytest.approx(row["score"], abs=1e-9) and row["score"] >= line
        assert score(float(here.linked(at, days)[0])) < line
        assert np.isclose(inputs.linked[0], row["linked"])
