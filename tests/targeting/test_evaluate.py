"""Evaluation, frozen at its first day; the truth of a synthetic world; the two baselines."""

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graph.build import from_statements
from graph.columns import known_before
from graph.rates import outcome_events, overall
from graph.snapshot import Real, Snapshot
from graph.statements import Statements
from targeting import TargetingError, baselines
from targeting import evaluate as evaluation
from targeting.calibration import logit
from targeting.days import day_number
from targeting.evaluate import COLUMNS, evaluate
from targeting.inputs import capped_days, shipment_keys
from targeting.metrics import SHARES, rank
from targeting.profiles import PRIOR, PRIOR_STRENGTH
from targeting.truth import RING_PATTERNS, Truth, by_pattern, read_truth
from tests.graph.networks import FIRST, Rows
from tests.targeting.conftest import SEED, World

FROM, TO = date(2024, 1, 1), date(2024, 1, 31)

Evaluated = tuple[dict[str, Any], Mapping[str, Real]]


def watched(snapshot: Snapshot, truth: Path | None, patch: pytest.MonkeyPatch) -> Evaluated:
    """Return the report, and what each column said of the shipments."""
    said: dict[str, Real] = {}

    def watching(values: Real, *rest: Any) -> Any:
        # All shipments come first, those of unseen importers afterwards.
        if len(said) < len(COLUMNS):
            said[COLUMNS[len(said)]] = values
        return rank(values, *rest)

    patch.setattr(evaluation, "rank", watching)
    return evaluate(snapshot, FROM, TO, seed=SEED, truth=truth), said


def of_the_period(statements: Statements) -> Statements:
    """Return what was known before the period, and of what came later the period's shipments as first declared."""
    before = known_before(statements, FROM)
    declared = statements.declaration.sort_by("known_on")
    new = declared.filter(
        pc.and_(
            pc.and_(pc.greater_equal(declared["accepted_on"], FROM), pc.less_equal(declared["accepted_on"], TO)),
            pc.greater_equal(declared["known_on"], FROM),
        )
    ).to_pylist()
    first = {row["shipment"]: row for row in reversed(new)}
    held = set(before.declaration["shipment"].to_pylist())
    kept = [row for key, row in sorted(first.items()) if key not in held]
    added = pa.Table.from_pylist(kept, schema=statements.declaration.schema)
    return replace(before, declaration=pa.concat_tables([before.declaration, added]))


@pytest.fixture(scope="module")
def evaluated(world: World) -> Evaluated:
    with pytest.MonkeyPatch.context() as patch:
        return watched(from_statements(world.statements), world.folder, patch)


def test_nothing_known_from_the_first_day_on_changes_any_value(world: World, evaluated: Evaluated) -> None:
    """Neither outcomes nor shipments, amendments or owners that came later move a score, a component or a baseline."""
    frozen = from_statements(of_the_period(world.statements))
    assert len(frozen.outcomes.shipment) < len(world.snapshot.outcomes.shipment)
    assert len(frozen.declarations) < len(world.snapshot.declarations)
    with pytest.MonkeyPatch.context() as patch:
        report, said = watched(frozen, world.folder, patch)
    assert set(said) == set(COLUMNS)
    for name in COLUMNS:
        assert said[name].tobytes() == evaluated[1][name].tobytes(), name
    for part in ("training", "calibration", "shipments", "infractions", "rings_never_inspected"):
        assert report[part] == evaluated[0][part], part
    for name, measures in report["measures"].items():
        for measure, value in measures.items():
            if not measure.startswith("revenue"):
                assert value == evaluated[0]["measures"][name][measure], (name, measure)


def test_the_report_is_plain_and_whole(world: World, evaluated: Evaluated) -> None:
    report, said = evaluated
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    accepted = world.snapshot.declarations.accepted_on[world.snapshot.declarations.first]
    inside = ((accepted >= day_number(FROM)) & (accepted <= day_number(TO))).sum()
    assert report["shipments"] == inside == len(said["score"])
    assert (report["from"], report["to"], report["as_of"]) == ("2024-01-01", "2024-01-31", "2024-01-01")
    assert report["labels"] == "truth" and report["seed"] == SEED
    assert set(report["measures"]) == {"score", "declared", "profile", "linked", "gnn", "base_declared", "base_tabular"}
    assert set(report["calibration"]) == {"score", "base_declared", "base_tabular"}
    for measures in report["measures"].values():
        expected = {"auc", "average_precision", "truth_at_5%"}
        for share in SHARES:
            expected |= {f"{kind}_at_{share:.0%}" for kind in ("precision", "recall", "revenue")}
        assert set(measures) == expected
    assert not any(np.isnan(values).any() for values in said.values())


def test_importers_of_whom_nothing_was_learnt_are_measured_apart(world: World, evaluated: Evaluated) -> None:
    view, declarations = world.snapshot, world.snapshot.declarations
    first = day_number(FROM)
    known = view.outcomes.known_on < first
    learnt = set(view.outcomes.shipment[known].tolist())
    rows = declarations.first
    accepted, importer = declarations.accepted_on[rows], declarations.keys["importer"][rows]
    seen = {
        int(who)
        for who, shipment, day in zip(importer, declarations.shipment[rows], accepted, strict=True)
        if shipment in learnt and day < first
    }
    inside = (accepted >= first) & (accepted <= day_number(TO))
    part = evaluated[0]["unseen_importers"]
    assert part["shipments"] == sum(int(who) not in seen for who in importer[inside])
    assert 0 < part["shipments"] < evaluated[0]["shipments"] and 0 < part["infractions"] < part["shipments"]
    assert set(part["measures"]) == set(COLUMNS)
    assert all(0 <= measures["auc"]["value"] <= 1 for measures in part["measures"].values())


def test_what_was_examined_at_random_is_reported(world: World, evaluated: Evaluated) -> None:
    with (world.folder / "declarations.csv").open(encoding="utf-8", newline="") as file:
        declared = {f"native/{row['declaration_id']}/{row['line_no']}": row for row in csv.DictReader(file)}
    with (world.folder / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        outcomes = {f"native/{row['declaration_id']}/{row['line_no']}": row for row in csv.DictReader(file)}
    found = [
        (outcomes.get(key) or row)["outcome"] == "infraction"
        for key, row in declared.items()
        if FROM.isoformat() <= row["accepted_on"] <= TO.isoformat()
        and (outcomes.get(key) or row)["selected_by"] == "random"
        and (outcomes.get(key) or row)["outcome"]
    ]
    arm = evaluated[0]["random_arm"]
    assert (arm["shipments"], arm["infractions"]) == (len(found), sum(found))
    low, high = arm["rate"]["interval"]
    assert 0 <= low <= arm["rate"]["value"] == sum(found) / len(found) <= high <= 1 and low < high
    assert 0 < arm["mean_probability"] < 1


def test_by_the_truth_all_shipments_are_measured(world: World, evaluated: Evaluated) -> None:
    truth = (world.folder / "truth.csv").read_text(encoding="utf-8").splitlines()[1:]
    guilty = {f"native/{line.split(',')[0]}" for line in truth if line.split(",")[1] == "1"}
    view = world.snapshot
    rows = view.declarations.first
    accepted = view.declarations.accepted_on[rows]
    rows = rows[(accepted >= day_number(FROM)) & (accepted <= day_number(TO))]
    keys = shipment_keys(view, rows).to_pylist()
    assert evaluated[0]["infractions"] == sum(key in guilty for key in keys)


def test_by_outcomes_only_the_inspected_are_measured(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    last = date(2024, 3, 31)
    seen: list[int] = []

    def watching(values: Real, labels: Any, revenue: Real, seed: int) -> Any:
        seen.append(len(values))
        assert len(labels) == len(revenue) == len(values) and revenue.max() > 0
        assert not revenue[np.asarray(labels) == 0].any()
        return rank(values, labels, revenue, seed)

    monkeypatch.setattr(evaluation, "rank", watching)
    report = evaluate(world.snapshot, FROM, last, seed=SEED)
    view = world.snapshot
    accepted = view.declarations.accepted_on[view.declarations.first]
    shipments = view.declarations.shipment[view.declarations.first]
    inside = (accepted >= day_number(FROM)) & (accepted <= day_number(last))
    judged = np.isin(shipments[inside], view.outcomes.shipment)
    assert report["labels"] == "outcomes" and report["shipments"] == judged.sum() == seen[0]
    assert "rings_never_inspected" not in report and "truth_at_5%" not in report["measures"]["score"]
    assert report["infractions"] == view.outcomes.infraction[np.isin(view.outcomes.shipment, shipments[inside])].sum()


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2030, 1, 1), date(2030, 2, 1), "No shipment was accepted from 2030-01-01 to 2030-02-01"),
        (date(2024, 2, 1), date(2024, 1, 1), "No shipment was accepted from 2024-02-01 to 2024-01-01"),
        (date(2023, 1, 1), date(2023, 3, 1), "No outcome of an inspection was known before 2023-01-01"),
    ],
)
def test_a_period_that_cannot_be_evaluated(world: World, first: date, last: date, said: str) -> None:
    with pytest.raises(TargetingError, match=said) as raised:
        evaluate(world.snapshot, first, last, seed=1)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("infractions", "clean"), [(0, 0), (4, 0), (0, 4)])
def test_a_period_without_both_kinds_of_outcomes(infractions: int, clean: int) -> None:
    rows = Rows.new()
    for at in range(30):
        rows.declare(f"s/D{at}/1", at, "s/A")
        if at < 20 + infractions + clean:
            guilty = at % 2 == 0 if at < 20 else at < 20 + infractions
            rows.find(f"s/D{at}/1", at + 1, "infraction" if guilty else "clean")
    first, last = (date.fromordinal(FIRST.toordinal() + at) for at in (20, 29))
    expected = f"{infractions} have an infraction and {clean} are clean; both kinds are needed"
    with pytest.raises(TargetingError, match=expected):
        evaluate(rows.snapshot(), first, last, seed=1)


# --- truth -----------------------------------------------------------------------------------------------------------


def some(world: World) -> Any:
    rows = world.snapshot.declarations.first
    return rows[world.snapshot.declarations.accepted_on[rows] >= day_number(FROM)]


def test_the_truth_is_read_for_the_rows_asked(world: World) -> None:
    rows = some(world)
    found = read_truth(world.folder, world.snapshot, rows, day_number(FROM))
    lines = (line.split(",") for line in (world.folder / "truth.csv").read_text(encoding="utf-8").splitlines()[1:])
    said = {f"native/{line[0]}": (line[1] == "1", line[2], line[3]) for line in lines}
    keys = shipment_keys(world.snapshot, rows).to_pylist()
    got = zip(found.infraction.tolist(), found.pattern.tolist(), found.ring.tolist(), strict=True)
    assert list(got) == [said[key] for key in keys]
    assert found.infraction.sum() > 10 and set(RING_PATTERNS) & set(found.pattern.tolist())
    assert 0 < (found.lookalike != "").sum() < len(rows) / 2


def test_a_ring_is_unknown_while_no_outcome_of_it_was_known(world: World) -> None:
    everything = read_truth(world.folder, world.snapshot, some(world), day_number(date(2023, 1, 1)))
    late = read_truth(world.folder, world.snapshot, some(world), day_number(date(2025, 1, 1)))
    assert late.never_inspected < everything.never_inspected
    lines = (line.split(",") for line in (world.folder / "truth.csv").read_text(encoding="utf-8").splitlines()[1:])
    ring = {f"native/{line[0]}": line[3] for line in lines if line[3]}
    assert everything.never_inspected == set(ring.values())
    judged = world.snapshot.things["Shipment"].keys.take(pa.array(np.unique(world.snapshot.outcomes.shipment)))
    assert late.never_inspected == set(ring.values()) - {ring.get(key) for key in judged.to_pylist()}


def test_a_truth_that_is_missing_or_wrong_is_one_sentence(world: World, tmp_path: Path) -> None:
    def refused(said: str) -> None:
        with pytest.raises(TargetingError, match=said) as raised:
            evaluate(world.snapshot, FROM, TO, seed=1, truth=tmp_path)
        assert "\n" not in str(raised.value)

    refused(r"There is no .*truth\.csv; give the folder of a synthetic world")
    shutil.copy(world.folder / "truth.csv", tmp_path)
    refused(r"There is no .*truth_entities\.csv")
    shutil.copy(world.folder / "truth_entities.csv", tmp_path)
    target = tmp_path / "truth.csv"
    text = target.read_text(encoding="utf-8")
    target.write_text(text.replace("ring_id", "circle", 1), encoding="utf-8")
    refused(r"truth\.csv is not a truth file of a synthetic world: .*ring_id")
    target.write_text("", encoding="utf-8")
    refused(r"truth\.csv is not a truth file of a synthetic world")
    target.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    refused(r"truth\.csv is not a truth file of a synthetic world")
    target.write_text(text.replace("24GB", "99XX"), encoding="utf-8")
    refused("does not know all shipments of the store; give the folder they came from")


def test_what_stands_in_the_top_is_counted_by_pattern() -> None:
    size = 100
    pattern = np.full(size, "", dtype="<U20")
    pattern[[0, 1, 10, 11]] = "shell_ring"
    pattern[[2, 12]] = "reborn"
    pattern[3] = "opportunist"
    ring = np.full(size, "", dtype="<U5")
    ring[[0, 1]], ring[[10, 11]], ring[[2, 12]] = "R1", "R2", "R3"
    lookalike = np.full(size, "", dtype="<U20")
    lookalike[[4, 20, 0]] = "business_centre"
    lookalike[[21]] = "broker"
    infraction = pattern != ""
    infraction[1] = False
    truth = Truth(infraction, pattern, ring, lookalike, frozenset({"R2", "R3"}))
    found = by_pattern(truth, rank(-np.arange(size, dtype=np.float64), infraction, np.zeros(size), 1))
    assert found == {
        "recall_by_pattern": {
            "opportunist": {"shipments": 1, "chosen": 1, "part": 1.0},
            "reborn": {"shipments": 2, "chosen": 1, "part": 0.5},
            "shell_ring": {"shipments": 3, "chosen": 1, "part": pytest.approx(1 / 3)},
        },
        "ring_recall": {"shipments": 5, "chosen": 2, "part": 0.4},
        "ring_recall_never_inspected": {"shipments": 4, "chosen": 1, "part": 0.25},
        "innocent_lookalikes_chosen": {"shipments": 3, "chosen": 1, "part": pytest.approx(1 / 3)},
        "innocent_lookalikes_chosen_by_role": {
            "broker": {"shipments": 1, "chosen": 0, "part": 0.0},
            "business_centre": {"shipments": 2, "chosen": 1, "part": 0.5},
        },
        "innocent_lookalikes_part_of_chosen": 0.2,
    }
    nothing = Truth(np.zeros(size, bool), pattern, ring, np.full(size, ""), frozenset())
    found = by_pattern(nothing, rank(np.zeros(size), nothing.infraction, np.zeros(size), 1))
    assert found["ring_recall_never_inspected"] == {"shipments": 0, "chosen": 0, "part": None}


# --- baselines -------------------------------------------------------------------------------------------------------


def strangers(statements: Statements) -> Statements:
    """Deal the parties of the declarations out anew, with their addresses and contacts, and their documents too."""
    rng = np.random.default_rng(11)
    table = statements.declaration
    described = statements.description
    said = {
        row["id"]: (row["type"], row["country"], row["aeo"])
        for row in described.select(["id", "type", "country", "aeo"]).to_pylist()
    }
    for column in ("importer", "exporter", "declarant", "carrier", "vessel"):
        ids = table[column].to_pylist()
        dealt = list(ids)
        alike: dict[Any, list[int]] = {}
        for at, number in enumerate(ids):
            if number is not None:
                # What a row declares of a party beside its name stays: its country and status are no identity.
                alike.setdefault(said[number], []).append(at)
        for places in alike.values():
            for at, other in zip(places, rng.permutation(places), strict=True):
                dealt[at] = ids[int(other)]
        table = table.set_column(table.schema.get_field_index(column), column, pa.array(dealt, pa.int64()))
    named = table["document"]
    mixed = named.take(pa.array(rng.permutation(len(table))))
    table = table.set_column(table.schema.get_field_index("document"), "document", mixed)
    return replace(statements, declaration=table)


def test_no_party_is_known_to_the_declared_baseline(world: World) -> None:
    cut = date(2024, 3, 1)
    found = []
    for statements in (world.statements, strangers(world.statements)):
        view = from_statements(known_before(statements, cut))
        rows = view.declarations.first[-300:]
        found.append((shipment_keys(view, rows).to_pylist(), baselines.scores(view, day_number(FROM), rows, SEED)))
    assert found[0][0] == found[1][0]
    one, other = found[0][1], found[1][1]
    assert one["base_declared"].tobytes() == other["base_declared"].tobytes()
    assert one["base_tabular"].tobytes() != other["base_tabular"].tobytes()
    assert all(((values > 0) & (values < 1)).all() for values in one.values())


def test_the_tabular_baseline_counts_what_was_known_before_the_day() -> None:
    rows = Rows.new()
    for at, importer in enumerate(("s/A", "s/A", "s/B", "s/A")):
        rows.declare(f"s/D{at}/1", 10 * at, importer, "s/E", "s/F")
        rows.rows["declaration"][-1] |= {"customs_value": [5.0, 7.0, 100.0, 6.0][at]}
    rows.find("s/D0/1", 5, "infraction")
    rows.find("s/D1/1", 30, "clean")
    view = rows.snapshot()
    of = view.declarations.first
    days = capped_days(view, of, day_number(FIRST) + 100)
    block = baselines.tabular(view, of, days)
    assert len(block.names) == len(set(block.names)) == 3 * (12 + 12 * 11 // 2)

    def column(name: str) -> list[float]:
        return [float(value) for value in block.values[:, block.names.index(name)]]

    assert column("inspections of importer") == [0, 1, 0, 1]
    assert column("shipments of importer") == [0, 1, 0, 2]
    assert column("shipments of exporter") == [0, 1, 2, 3]
    assert column("shipments of customs_value") == [0, 1, 0, 2]
    assert column("inspections of importer x customs_value") == [0, 1, 0, 1]
    assert column("shipments of vessel") == [0, 0, 0, 0]
    rate = overall(outcome_events(view), days, PRIOR, PRIOR_STRENGTH)[3]
    expected = logit(np.array((1 + baselines.STRENGTH * rate) / (1 + baselines.STRENGTH)))
    assert column("rate of importer")[3] == pytest.approx(float(expected), rel=1e-6)
