"""What each neighbour contributed: all of them and the rest are the token's contribution."""

from typing import NamedTuple

import numpy as np
import pytest

from gnn.explain import contributions
from gnn.features import CIRCLE_FEATURES, tokens
from gnn.hetero import declared_logs
from gnn.metapaths import CIRCLES, Circle
from gnn.model import GnnModel
from gnn.neighbours import divided, neighbours
from gnn.runtime import quiet_import
from gnn.tokens import Tokens
from gnn.train import fit
from graph.snapshot import Long, Snapshot
from tests.gnn.worlds import labelled
from tests.graph.networks import FIRST, Rows, day_number, snapshot, world

CUTOFF = day_number(FIRST) + 240
DIVIDED = [name for name in CIRCLE_FEATURES if name not in ("log_shared", "log_weight", "log_fewest")]


class Trained(NamedTuple):
    """A network, its model, and the tokens of shipments that come after all else."""

    here: Snapshot
    model: GnnModel
    rows: Long
    tokens: Tokens


def known_at(here: Snapshot, cutoff: int):  # type: ignore[no-untyped-def]  # its type is of a module that brings torch in
    quiet_import()
    from gnn.known import Known

    return Known(here, cutoff, declared_logs(here))


@pytest.fixture(scope="module")
def trained() -> Trained:
    here = snapshot(world(1, shipments=160))
    asked = labelled(here)
    model, _ = fit(tokens(here, asked.rows, asked.days), asked.labels, asked.days, seed=1)
    rows = here.declarations.first[here.declarations.accepted_on[here.declarations.first] >= CUTOFF - 60]
    days = np.full(len(rows), CUTOFF - 60, dtype=np.int32)
    return Trained(here, model, rows, tokens(here, rows, days, CUTOFF - 60))


@pytest.mark.parametrize("path", CIRCLES, ids=lambda path: path.name)
def test_neighbours_and_rest_are_the_contribution_of_the_circle(trained: Trained, path: Circle) -> None:
    here, model, rows, read = trained
    known = known_at(here, CUTOFF - 60)
    whole = contributions(model, read)[path.name]
    reached = 0
    for at, row in enumerate(rows):
        one = read.take(np.array([at]))
        found = neighbours(model, one, here, known, int(row), path)
        assert found.moved.sum() + found.rest == pytest.approx(whole[at], abs=2e-4)
        assert len(np.unique(found.traders)) == len(found.traders) == len(found.moved)
        assert int(here.declarations.keys[path.member][row]) not in found.traders
        reached += len(found.traders)
        values = dict(zip(CIRCLE_FEATURES, one.values[0, one.columns()[path.name]].astype(float), strict=True))
        _, parts = divided(here, known, int(row), path, values)
        sums = dict(zip(CIRCLE_FEATURES, parts.sum(axis=0), strict=True))
        assert {name: sums[name] for name in DIVIDED} == pytest.approx(
            {name: values[name] for name in DIVIDED}, abs=1e-3
        )
    assert reached or path.relation == "OWNED_BY"


def test_a_guilty_neighbour_has_the_infractions_and_a_clean_one_the_clean_outcomes() -> None:
    rows = Rows.new()
    for at, trader in enumerate(("s/BAD", "s/GOOD", "s/BAD", "s/GOOD")):
        rows.declare(f"s/D{at}/1", at, trader, f"s/E{at}", None, address="1 Main")
        rows.find(f"s/D{at}/1", at + 2, "infraction" if trader == "s/BAD" else "clean")
    rows.declare("s/N/1", 40, "s/NEW", "s/E9", None, address="1 Main")
    here = rows.snapshot()
    keys = here.things["Shipment"].keys.to_pylist()
    row = int(here.declarations.first[keys.index("s/N/1")])
    cutoff = day_number(FIRST) + 40
    read = tokens(here, np.array([row]), np.array([cutoff], dtype=np.int32), cutoff)
    path = CIRCLES[0]
    values = dict(zip(CIRCLE_FEATURES, read.values[0, read.columns()[path.name]].astype(float), strict=True))
    traders, parts = divided(here, known_at(here, cutoff), row, path, values)
    names = here.things["Trader"].keys.take(traders).to_pylist()
    of = {name: dict(zip(CIRCLE_FEATURES, part, strict=True)) for name, part in zip(names, parts, strict=True)}
    assert set(of) == {"s/BAD", "s/GOOD"}
    assert of["s/BAD"]["log_infractions"] == pytest.approx(np.log(3)) and of["s/GOOD"]["log_infractions"] == 0
    assert of["s/BAD"]["log_odds"] > 0 > of["s/GOOD"]["log_odds"]
    assert of["s/BAD"]["log_parties"] == of["s/GOOD"]["log_parties"] == pytest.approx(np.log(3) / 2)
