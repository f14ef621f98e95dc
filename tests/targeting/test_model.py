"""Training and scoring: one seed, one model, and clear words where nothing can be learnt."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from graph.cutoffs import last_cutoff
from graph.snapshot import Snapshot
from targeting import TargetingError, registry
from targeting.days import day_number, day_text, last_day
from targeting.inputs import training_rows
from targeting.metrics import auc
from targeting.model import digests
from targeting.network import network
from targeting.scoring import Scores, score
from targeting.training import train
from tests.graph.networks import FIRST, Rows
from tests.targeting.conftest import SEED, Saved, World


def test_two_trainings_are_the_same_bytes(world: World, saved: Saved, tmp_path: Path) -> None:
    again = train(world.snapshot, None, seed=SEED)
    assert registry.save(again, tmp_path) == saved.identity
    for path in sorted((saved.folder / saved.identity).rglob("*")):
        if path.is_file():
            twin = tmp_path / saved.identity / path.relative_to(saved.folder / saved.identity)
            assert path.read_bytes() == twin.read_bytes(), path.name


def test_another_seed_is_another_model(world: World, saved: Saved, tmp_path: Path) -> None:
    assert registry.save(train(world.snapshot, None, seed=SEED + 1), tmp_path) != saved.identity


def test_training_says_what_it_saw(world: World, saved: Saved) -> None:
    outcomes, metrics = world.snapshot.outcomes, saved.model.metrics
    judged = np.unique(outcomes.shipment)
    assert metrics["rows"] == len(judged) == len(saved.model.trained)
    rows, days, labels = training_rows(world.snapshot, saved.model.as_of)
    assert (metrics["infractions"], metrics["random_rows"]) == (labels.sum(), outcomes.random.sum())
    assert (days == world.snapshot.declarations.accepted_on[rows]).all()
    assert 0 <= metrics["random_infractions"] <= min(metrics["random_rows"], metrics["infractions"])
    assert all(0 <= metrics[name] <= 1 for name in metrics if name.startswith("auc_"))
    assert saved.model.snapshot_version == world.snapshot.version
    assert saved.model.as_of == last_day(world.snapshot) > outcomes.known_on.max()


def test_components_and_score_are_probabilities_and_linked_risk_is_not_negative(world: World, scored: Scores) -> None:
    assert len(scored.rows) == len(world.snapshot.declarations.first)
    for name in ("declared", "profile", "gnn"):
        column = getattr(scored, name)
        assert ((column > 0) & (column < 1)).all() and len(np.unique(column)) > 10, name
    assert (scored.linked >= 0).all() and scored.linked.max() > 0
    known = scored.score[~np.isnan(scored.score)]
    assert ((known > 0) & (known < 1)).all() and len(np.unique(known)) > 10


def test_the_score_of_a_shipment_does_not_depend_on_those_scored_with_it(
    saved: Saved, world: World, scored: Scores
) -> None:
    here = network(
        world.snapshot,
        int(scored.days.max()) + 1,
        seed=saved.model.seed,
        resolution=saved.model.resolution,
        parameters=saved.model.linked,
    )
    chosen = np.random.default_rng(1).permutation(len(scored.rows))[:40]
    some = score(saved.model, here, scored.rows[chosen])
    for name in ("score", "declared", "profile", "linked", "gnn"):
        assert getattr(some, name).tobytes() == getattr(scored, name)[chosen].tobytes(), name
    assert list(some.reasons) == [scored.reasons[at] for at in chosen]


def test_chunks_do_not_show(world: World, saved: Saved, scored: Scores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("targeting.inputs.CHUNK", 10)
    here = network(
        world.snapshot,
        int(scored.days.max()) + 1,
        seed=SEED,
        resolution=saved.model.resolution,
        parameters=saved.model.linked,
    )
    chosen = np.arange(0, len(scored.rows), 10)
    told: list[str] = []
    found = score(saved.model, here, scored.rows[chosen], reasons=0, progress=told.append)
    for name in ("score", "declared", "profile", "linked", "gnn"):
        assert getattr(found, name).tobytes() == getattr(scored, name)[chosen].tobytes(), name
    _, sizes = np.unique(last_cutoff(here.cutoffs, scored.days[chosen]), return_counts=True)
    assert sum(text.startswith("scored ") for text in told) == np.ceil(sizes / 10).sum() > len(sizes)
    assert set(found.reasons) == {()}


def test_no_shipments_have_no_scores(world: World, saved: Saved) -> None:
    here = network(world.snapshot, last_day(world.snapshot), seed=SEED, resolution=saved.model.resolution)
    found = score(saved.model, here, np.empty(0, dtype=np.int64))
    assert len(found.score) == len(found.gnn) == len(found.reasons) == 0


def test_what_ends_a_training_does_not_wait_for_all_that_goes_on_beside(world: World) -> None:
    told: list[str] = []

    def interrupted(text: str) -> None:
        told.append(text)
        if text.startswith("learning from what "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(world.snapshot, seed=SEED, progress=interrupted)
    assert "graph neural network 100%" not in told


def test_digests_are_the_same_everywhere() -> None:
    assert digests(np.array(["native/D1/1", ""], dtype=object)).tolist() == [12087440049291328802, 16476032584258269876]


def judged(count: int, infractions: int, *, late: bool = False) -> Rows:
    """Return shipments a day apart, the first of them infractions, each known three days later (or all at the end)."""
    rows = Rows.new()
    for at in range(count):
        rows.declare(f"s/D{at}/1", at, f"s/A{at % 3}")
        rows.find(f"s/D{at}/1", 2 * count if late else at + 3, "infraction" if at < infractions else "clean")
    return rows


def undeclared() -> Snapshot:
    rows = Rows.new()
    rows.find("s/D1/1", 3, "infraction")
    return rows.snapshot()


@pytest.mark.parametrize(
    ("view", "until", "said"),
    [
        (Rows.new().snapshot(), None, "The store holds no declaration; load some"),
        (undeclared(), None, "The store holds no declaration; load some"),
        (judged(0, 0).snapshot(), None, "The store holds no declaration; load some"),
        (judged(9, 4).snapshot(), date(2020, 1, 1), "No outcome of an inspection was known before 2020-01-01"),
        (judged(9, 0).snapshot(), None, "All 9 outcomes known before 2023-01-13 are clean"),
        (judged(9, 9).snapshot(), None, "All 9 outcomes known before 2023-01-13 are infractions"),
        (judged(9, 2).snapshot(), None, "2 are infractions and 7 are clean; training needs at least 3 of each"),
        (judged(9, 7).snapshot(), None, "7 are infractions and 2 are clean; training needs at least 3 of each"),
        (judged(9, 4).snapshot(), date(2023, 1, 8), "All 4 outcomes known before 2023-01-08 are infractions"),
    ],
)
def test_where_nothing_can_be_learnt_one_sentence_says_so(view: Snapshot, until: date | None, said: str) -> None:
    with pytest.raises(TargetingError, match=said) as raised:
        train(view, until, seed=1)
    assert "\n" not in str(raised.value) and str(raised.value).endswith(".")


def test_outcomes_that_all_came_too_late_for_profiles_still_train_a_model(tmp_path: Path) -> None:
    """Nothing was known on the day of any acceptance, so that there is no profile at all."""
    view = judged(40, 20, late=True).snapshot()
    model = train(view, None, seed=1)
    assert model.plan.profiles == ()
    name = registry.save(model, tmp_path)
    here = network(view, last_day(view), seed=1, resolution=model.resolution, parameters=model.linked)
    found = score(registry.load(tmp_path, name)[1], here, view.declarations.first)
    assert np.isnan(found.score).all()


def planted() -> Rows:
    """A good half of the shipments of one exporter are infractions, which becomes known in time."""
    rng = np.random.default_rng(2)
    rows = Rows.new()
    for at in range(500):
        bad = at % 5 == 0
        rows.declare(f"s/D{at:03}/1", at // 2, f"s/A{at % 40}", "s/BAD" if bad else f"s/E{at % 4}")
        if at < 400:
            rows.find(f"s/D{at:03}/1", at // 2 + 2, "infraction" if bad and rng.random() < 0.8 else "clean")
    return rows


def test_what_is_there_to_learn_is_learnt_and_named() -> None:
    view = planted().snapshot()
    model = train(view, None, seed=1)
    here = network(view, day_number(FIRST) + 250, seed=1, resolution=model.resolution, parameters=model.linked)
    found = score(model, here, view.declarations.first)
    new = ~np.isnan(found.score)
    bad = np.arange(500)[new] % 5 == 0
    assert new.sum() == 100
    assert model.metrics["auc_score"] > 0.85
    assert auc(bad, found.score[new]) == 1.0
    named = [any("s/BAD" in reason for reason in why) for why in np.array(found.reasons, dtype=object)[new][bad]]
    assert np.mean(named) > 0.9


def test_days_are_counted_since_1970() -> None:
    assert day_number(date(1970, 1, 2)) == 1
    assert day_text(day_number(date(2024, 2, 29))) == "2024-02-29"
