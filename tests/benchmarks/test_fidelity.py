"""The benchmark of reasons, on a small world."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import fidelity
from benchmarks.quality.fidelity import REASONS, names_of_links, taken_out
from gnn.metapaths import CIRCLES, HISTORIES
from graph.build import snapshot
from graph.snapshot import Snapshot
from graph.store.reference import ReferenceStore
from ingest.load import load
from ingest.synthetic import simulate
from targeting.days import day_number
from targeting.model import Model
from targeting.network import network
from targeting.scoring import score
from targeting.training import train

SEED, FIRST = 3, date(2024, 1, 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder: Path = tmp_path_factory.mktemp("fidelity") / "world"
    simulate(folder, shipments=6_000, seed=101)
    with ReferenceStore() as store:
        load(store, folder, mapping="native")
        return snapshot(store)


@pytest.fixture(scope="module")
def model(whole: Snapshot) -> Model:
    return train(whole, FIRST, seed=SEED)


def test_scores_fall_without_what_the_reasons_name(
    whole: Snapshot, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fidelity, "train", lambda *_, **__: model)
    found = fidelity.means({"101": taken_out(whole, FIRST, SEED, lambda _: None)}, SEED)
    assert list(found) == ["strongest", "all"]
    for fallen in found.values():
        assert fallen["named"].value > 2 * fallen["random"].value
        assert fallen["named"].low > fallen["random"].high and fallen["more"].value > 0.5


def test_links_are_those_that_the_reasons_speak_of(whole: Snapshot, model: Model) -> None:
    here = network(whole, day_number(FIRST), seed=SEED, resolution=model.resolution)
    declarations = whole.declarations
    rows = declarations.first[declarations.accepted_on[declarations.first] >= day_number(FIRST)]
    links = names_of_links(model, here, rows)
    said = score(model, here, rows, reasons=REASONS).reasons
    checked = 0
    for row, reasons, named in zip(rows, said, links, strict=True):
        assert len(reasons) == len(named) <= REASONS
        for text, columns in zip(reasons, named, strict=True):
            assert all(declarations.keys[column][row] >= 0 for column in columns)
            for words, column in (
                (" sells to ", "exporter"),
                (" with exporter ", "importer"),
                ("community ", "importer"),
            ):
                if words in text and text.startswith(("importer", "exporter", "community")):
                    assert column in columns
                    checked += 1
            if "shares the telephone number" in text:
                assert columns == ("importer_phone",)
    assert checked > 20


def test_every_metapath_names_links_that_declarations_have(whole: Snapshot) -> None:
    named = [fidelity._of_token(path.name) for path in (*HISTORIES, *CIRCLES)]
    assert all(columns and set(columns) <= set(whole.declarations.keys) for columns in named)
    assert fidelity._of_token("with>heading") == fidelity._of_token("category:hs6") == ("commodity",)
    assert fidelity._of_token("with>power_of_two_of_customs_value") == ("customs_value",)
    assert "customs_value" not in whole.declarations.keys


def test_others_are_declared_and_not_named(whole: Snapshot) -> None:
    row = int(whole.declarations.first[0])
    others = fidelity._others(whole, row, ("importer", "office"))
    assert others and not {"importer", "office"} & set(others)
    assert all(whole.declarations.keys[name][row] >= 0 for name in others)
    assert np.all([len(fidelity._union([("a", "b"), ("b", "c")])) == 3])
