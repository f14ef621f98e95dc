"""A score taken apart: what is told is what the reasons say, and its parts sum to the whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from graph.evidence import PARAMETERS
from graph.records import Ref
from graph.store.base import GraphStore
from graph.store.reference import ReferenceStore
from graph.store.results import PublishedSet
from targeting import TargetingError, registry
from targeting.days import day_text
from targeting.explanation import MOST, explained
from targeting.inputs import shipment_keys
from targeting.scoring import Scores, network_of, score
from tests.targeting.conftest import Saved, World


class Published:
    """A store with the published set that its scores would be of, which is all that is read of it."""

    def __init__(self, store: GraphStore, model: str, as_of: str, version: int = 1) -> None:
        self._store = store
        self._set = PublishedSet("s", version, date.fromisoformat(as_of), model, {}, {})

    def published(self) -> object:
        return self._set

    @contextmanager
    def reading(self) -> "Iterator[Published]":
        yield self

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_what_is_told_is_what_the_reasons_say(world: World, saved: Saved, scored: Scores) -> None:
    at = int(np.nanargmax(scored.score))
    key = shipment_keys(world.snapshot, scored.rows[[at]])[0].as_py()
    as_of = day_text(int(scored.days.max()))
    store = Published(world.store, saved.identity, as_of)
    found = explained(store, saved.folder, Ref("Shipment", key))  # type: ignore[arg-type]
    assert tuple(one.what for one in found.reasons[:3]) == scored.reasons[at]
    strengths = [one.moved for one in found.reasons]
    assert strengths == sorted(strengths, reverse=True) and min(strengths) > 0
    assert found.gnn == scored.gnn[at]
    assert len(found.metapaths) == MOST
    for path in found.metapaths:
        assert sum(one.moved for one in path.neighbours) + path.rest == pytest.approx(path.moved)
    assert [abs(path.moved) for path in found.metapaths] == sorted(
        (abs(p.moved) for p in found.metapaths), reverse=True
    )


def test_linked_risk_weighs_what_the_model_learnt(world: World, saved: Saved, scored: Scores, tmp_path: Path) -> None:
    """With weights of 0 nothing of the linked risk is left to be a reason."""
    model = replace(saved.model, linked=PARAMETERS.weighed([0.0, 0.0, 0.0, 0.0]))
    waiting = np.flatnonzero(~np.isnan(scored.score))
    rows = scored.rows[waiting[np.argsort(-scored.linked[waiting])[:3]]]
    as_of = int(scored.days.max())
    said = score(model, network_of(model, world.snapshot, as_of), rows)
    store = Published(world.store, registry.save(model, tmp_path), day_text(as_of))
    for key, reasons in zip(shipment_keys(world.snapshot, rows).to_pylist(), said.reasons, strict=True):
        found = explained(store, tmp_path, Ref("Shipment", key))  # type: ignore[arg-type]
        assert not any("linked risk" in one.what for one in found.reasons)
        assert tuple(one.what for one in found.reasons[:3]) == reasons


def test_what_was_never_declared_is_refused(world: World, saved: Saved) -> None:
    store = Published(world.store, saved.identity, "2024-04-01")
    with pytest.raises(TargetingError, match="Nothing was declared of shipment:native/none"):
        explained(store, saved.folder, Ref("Shipment", "native/none"))  # type: ignore[arg-type]


def test_what_the_model_has_learnt_from_has_no_score(world: World, saved: Saved, scored: Scores) -> None:
    at = int(np.flatnonzero(np.isnan(scored.score))[0])
    learnt = Ref("Shipment", shipment_keys(world.snapshot, scored.rows[[at]])[0].as_py())
    store = Published(world.store, saved.identity, "2024-04-01")
    with pytest.raises(TargetingError, match=f"{learnt} has no score"):
        explained(store, saved.folder, learnt)  # type: ignore[arg-type]


def test_a_score_of_another_version_of_the_store_is_not_explained(world: World, saved: Saved) -> None:
    store = Published(world.store, saved.identity, "2024-04-01", version=7)
    with pytest.raises(TargetingError, match="The store has changed since it was scored"):
        explained(store, saved.folder, Ref("Shipment", "native/none"))  # type: ignore[arg-type]


def test_without_scores_there_is_nothing_to_explain(saved: Saved) -> None:
    with ReferenceStore() as store, pytest.raises(TargetingError, match="No scores are published yet"):
        explained(store, saved.folder, Ref("Shipment", "native/none"))
