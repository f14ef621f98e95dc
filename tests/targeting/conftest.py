"""One small synthetic world, with a model trained on it, for all tests of the score."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from graph.build import snapshot
from graph.columns import date_undated
from graph.snapshot import Snapshot
from graph.statements import Statements
from graph.store.sqlite import SqliteStore
from graph.whole import read
from ingest.load import load
from ingest.synthetic import simulate
from targeting import registry
from targeting.model import Model
from targeting.network import Network, network
from targeting.publish import default_as_of
from targeting.scoring import Scores, score
from targeting.training import train

SHIPMENTS, SEED = 2_500, 5


@dataclass(frozen=True)
class World:
    """A world in a folder and in a store; `statements` have their days."""

    folder: Path
    store: SqliteStore
    statements: Statements
    snapshot: Snapshot


@dataclass(frozen=True)
class Saved:
    """A model and where it is saved."""

    model: Model
    folder: Path
    identity: str


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world") / "native"
    simulate(folder, shipments=SHIPMENTS, seed=SEED)
    with SqliteStore(folder.with_name("world.db")) as store:
        load(store, folder, mapping="native")
        yield World(folder, store, date_undated(read(store)), snapshot(store))


@pytest.fixture(scope="session")
def saved(world: World, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    model = train(world.snapshot, None, seed=SEED)
    folder = tmp_path_factory.mktemp("models")
    return Saved(model, folder, registry.save(model, folder))


@pytest.fixture(scope="session")
def around(world: World, saved: Saved) -> Network:
    """The network at the model's resolution, as known after the latest acceptance."""
    model = saved.model
    return network(
        world.snapshot,
        default_as_of(world.snapshot),
        seed=model.seed,
        resolution=model.resolution,
        parameters=model.linked,
    )


@pytest.fixture(scope="session")
def scored(world: World, saved: Saved, around: Network) -> Scores:
    """What the model says of every shipment, with reasons."""
    return score(saved.model, around, world.snapshot.declarations.first)
