"""One world of a middling size, simulated once and read back as a loader would read it: all text, empty is empty."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from ingest.synthetic import SimulationSummary, simulate

SHIPMENTS = 12_000
LAST_QUARTER = "2024-01-01"
FIRST_DAY, LAST_DAY = "2023-01-01", "2024-03-31"


@dataclass(frozen=True)
class SimulatedWorld:
    """The files of a world; `shipments` are the declarations as first lodged, joined with their truth."""

    folder: Path
    summary: SimulationSummary
    declarations: pd.DataFrame
    outcomes: pd.DataFrame
    entities: pd.DataFrame
    ownership: pd.DataFrame
    truth: pd.DataFrame
    truth_entities: pd.DataFrame

    @property
    def shipments(self) -> pd.DataFrame:
        first = self.declarations[self.declarations["amended_on"] == ""]
        return first.merge(self.truth, on="shipment_id", validate="one_to_one")

    @property
    def examinations(self) -> pd.DataFrame:
        """All outcomes from both files, with what the shipment was in truth."""
        columns = ["shipment_id", *self.outcomes.columns[2:8]]
        at_once = self.declarations.loc[self.declarations["outcome"] != "", columns]
        known = self.shipments[["shipment_id", "accepted_on", "importer_id", "infraction", "pattern", "ring_id"]]
        return pd.concat([at_once, self.outcomes[columns]]).merge(known, on="shipment_id")


def read(folder: Path, name: str) -> pd.DataFrame:
    table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
    if "line_no" in table:
        table["shipment_id"] = table["declaration_id"] + "/" + table["line_no"]
    return table


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, int], SimulatedWorld]:
    """Simulate worlds by shipments and seed, each once."""
    made: dict[tuple[int, int], SimulatedWorld] = {}

    def make(shipments: int, seed: int) -> SimulatedWorld:
        if (shipments, seed) not in made:
            folder = tmp_path_factory.mktemp("world") / "world"
            summary = simulate(folder, shipments=shipments, seed=seed)
            names = ("declarations", "outcomes", "entities", "ownership", "truth", "truth_entities")
            made[shipments, seed] = SimulatedWorld(folder, summary, *(read(folder, name) for name in names))
        return made[shipments, seed]

    return make


@pytest.fixture(scope="session")
def world(simulated: Callable[[int, int], SimulatedWorld]) -> SimulatedWorld:
    return simulated(SHIPMENTS, 11)
