"""The whole line on a small invented world; most of the time goes to learning."""

import csv
import json
import shlex
import shutil
from pathlib import Path

import pytest

from api.commands.demo import exports
from api.settings import Settings
from tests.api.commands import address, declaration, run, small, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo") / "here"
    ran = run("demo", "--folder", made, "--shipments", "1000")
    assert ran.status == 0
    (made / "out.txt").write_text(ran.out, encoding="utf-8")
    return made


@pytest.fixture
def store(folder: Path) -> Path:
    return folder / "tidewaiter.db"


def test_the_demo_takes_a_world_from_the_file_to_the_queue(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = (folder / "out.txt").read_text(encoding="utf-8")
    assert "1,000 shipments of" in out
    assert "0 quarantined + 0 exact duplicates" in out
    for step in ("simulate", "ingest", "analyse", "train", "score", "queue"):
        assert f"\ntidewaiter {step}" in out
    assert "By the truth" in out
    export, *lines = out.partition("What to try next:\n")[2].splitlines()
    assert export == f"  export TIDEWAITER_STORE={address(folder / 'tidewaiter.db')}"
    monkeypatch.setenv("TIDEWAITER_STORE", export.partition("=")[2])
    commands = [shlex.split(line)[1:] for line in lines]
    assert [words[0] for words in commands] == ["show", "show", "queue", "evaluate", "status"]
    for words in commands:
        assert run(*words).status == 0
    assert f"is drawn in {folder / 'network.html'}: open it in a browser." in out
    page = (folder / "network.html").read_text(encoding="utf-8")
    assert "The community with the highest linked risk" in page
    assert page.count('<tr data-kind="Trader">') > 1 and page.count('<tr data-kind="Shipment">') > 0


def test_a_shell_is_told_where_store_and_models_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "a b" / "tidewaiter.db.models"
    on_server = Settings(store="neo4j://graph.example", models=models)
    of_store = "export TIDEWAITER_STORE=neo4j://graph.example"
    assert exports(on_server) == [of_store, f"export TIDEWAITER_MODELS='{models}'"]
    monkeypatch.setenv("TIDEWAITER_MODELS", str(models))
    assert exports(on_server) == [of_store]
    on_file = Settings(store="sqlite:///demo/tidewaiter.db", models=None)
    assert exports(on_file)[1:] == ["export TIDEWAITER_MODELS=demo/tidewaiter.db.models"]
    monkeypatch.delenv("TIDEWAITER_MODELS")
    assert len(exports(on_file)) == 1


def test_what_the_demo_counts_is_true(folder: Path) -> None:
    ran = run("demo", "--folder", folder, "--shipments", "1000", "--json")
    assert (ran.status, ran.err) == (0, "")
    found = ran.json
    assert set(found["seconds"]) == {"simulate", "ingest", "analyse", "train", "score", "queue"}
    with (folder / "world" / "truth.csv").open(newline="", encoding="utf-8") as file:
        guilty = {row["shipment_id"] for row in csv.DictReader(file) if row["infraction"] == "1"}
    assert found["truth"]["top_infractions"] == sum(row["shipment_id"] in guilty for row in found["queue"])
    scores = [row["score"] for row in found["queue"]]
    assert scores == sorted(scores, reverse=True)
    assert all(len(row["reasons"]) <= 3 for row in found["queue"])
    out = (folder / "out.txt").read_text(encoding="utf-8")
    assert f"set {found['published']['id']}" in out, "the same seed gives the same set"


def test_the_demo_leaves_other_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    ran = run("demo", "--folder", tmp_path, "--shipments", "1000")
    assert ran.status == 2
    assert "holds other things than an earlier demo" in ran.err
    assert run("demo", "--folder", tmp_path / "letter.txt").status == 2
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_analyse_publishes_the_network_alone(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert run("ingest", folder / "world", "--mapping", "native", store=store).status == 0
    ran = run("analyse", "--as-of", "2024-01-01", store=store)
    assert ran.status == 0
    assert "communities, at resolution" in ran.out
    assert "as of 2024-01-01, no model yet" in ran.out
    status = run("status", "--json", store=store).json
    assert [line.split()[1] for line in status["next"]] == ["train", "score"]
    assert run("queue", "--from", "2024-01-01", "--to", "2024-02-01", store=store).status == 1
    ran = run("score", store=store)
    assert ran.status == 1
    assert "run `tidewaiter train` first" in ran.err


def test_train_says_what_was_learnt_from(store: Path) -> None:
    everything = run("train", "--json", store=store)
    assert everything.err == ""
    until = run("train", "--until", "2024-02-01", "--json", store=store).json
    assert until["as_of"] == "2024-02-01"
    assert 0 < until["metrics"]["rows"] < everything.json["metrics"]["rows"]
    assert until["model"] != everything.json["model"]
    assert {"importer", "exporter", "declarant", "vessel", "half_life_days"} <= set(until["linked_risk"])
    assert "Linked risk reaches a shipment by way of its importer " in run("train", store=store).out


def test_score_says_how_many_wait(store: Path) -> None:
    found = run("score", "--json", store=store).json
    assert sum(found["waiting"].values()) + found["decided"] == 1000
    ran = run("score", "--as-of", "2024-03-01", store=store)
    assert "as of 2024-03-01" in ran.out
    assert "tidewaiter queue --from 2024-02-23 --to 2024-02-29" in ran.out
    assert run("score", "--json", store=store).json["published"] == found["published"]


def test_the_linked_risk_of_a_shipment_is_the_sum_of_its_paths(store: Path) -> None:
    found = run("queue", "--from", "2024-01-01", "--to", "2024-03-31", "--json", store=store).json
    risky = next(row for row in found["shipments"] if row["linked"] > 0)
    shown = run("show", f"shipment:native/{risky['shipment_id']}", "--json", store=store).json
    paths = shown["linked_paths"]
    assert paths["value"] == pytest.approx(risky["linked"])
    assert sum(path["value"] for path in paths["paths"]) + paths["remainder"] == pytest.approx(risky["linked"])


def test_evaluate_prints_and_writes_every_figure(store: Path, folder: Path, tmp_path: Path) -> None:
    words = ("evaluate", "--from", "2023-10-01", "--to", "2024-03-31", "--truth", folder / "world")
    output = tmp_path / "figures.json"
    ran = run(*words, "--output", output, store=store)
    assert ran.status == 0
    written = json.loads(output.read_text(encoding="utf-8"))
    for name, measured in written["measures"].items():
        auc = measured["auc"]
        assert f"{name} " in ran.out
        assert f"{auc['value']:.3f} ({auc['interval'][0]:.3f} to {auc['interval'][1]:.3f})" in ran.out
    assert "Chosen in the highest-scored 5 %" in ran.out
    assert str(output) in ran.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--from", "2030-01-01", "--to", "2030-12-31"], 1, "No shipment was accepted from 2030-01-01"),
        (["--from", "2024-01-01", "--to", "2023-01-01"], 2, "lies before the first"),
        (["--from", "2024-01-01", "--to", "2024-03-31", "--truth", "no-such-folder"], 2, "is not a folder"),
        (["--from", "2024-01-01", "--to", "2024-03-31", "--output", "no/such/f.json"], 2, "does not exist"),
        (["--from", "2024-01-01", "--to", "2024-03-31", "--output", "."], 2, ". is a folder: name a file in it"),
    ],
)
def test_an_evaluation_that_cannot_be(store: Path, words: list[str], status: int, said: str) -> None:
    ran = run("evaluate", *words, store=store)
    assert ran.status == status
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ([], "No outcome of an inspection was known"),
        (["clean"] * 20, "All 20 outcomes known"),
        (["infraction"], "All 1"),
    ],
)
def test_nothing_to_learn_from(tmp_path: Path, outcomes: list[str], said: str) -> None:
    rows = [declaration(at, outcome=outcome) for at, outcome in enumerate([*outcomes, *[""] * 20])]
    path = write(tmp_path / "d.csv", rows)
    assert run("ingest", path, "--mapping", "native", store=tmp_path / "s.db").status == 0
    ran = run("train", store=tmp_path / "s.db")
    assert ran.status == 1
    assert f"Error: {said}" in ran.err
    assert not (tmp_path / "s.db.models").exists()


@pytest.mark.parametrize("step", ["analyse", "train", "score"])
def test_an_empty_store(tmp_path: Path, step: str) -> None:
    store = tmp_path / "s.db"
    batch = run("ingest", small(tmp_path), "--mapping", "native", "--json", store=store).json["batch"]
    assert run("batches", "remove", batch, store=store).status == 0
    ran = run(step, store=store)
    assert ran.status == 1
    assert ran.err.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "words", [["analyse"], ["train"], ["score"], ["evaluate", "--from", "2024-01-01", "--to", "2024-02-01"]]
)
def test_learning_does_not_make_a_store(tmp_path: Path, words: list[str]) -> None:
    assert run(*words, store=tmp_path / "s.db").status == 1
    assert not list(tmp_path.iterdir())


def test_a_damaged_model_is_named(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "latest").write_text("gone\n", encoding="utf-8")
    monkeypatch.setenv("TIDEWAITER_MODELS", str(models))
    ran = run("score", "--store", address(store))
    assert ran.status == 1
    assert "train again" in ran.err


def test_status_names_the_models_and_what_is_left_to_do(store: Path, tmp_path: Path) -> None:
    trained = run("train", "--json", store=store).json
    [latest] = [model for model in run("status", "--json", store=store).json["models"] if model["latest"]]
    assert (latest["id"], latest["as_of"]) == (trained["model"], trained["as_of"])
    assert f"Model {latest['id']}: learnt what was known before {latest['as_of']}" in run("status", store=store).out
    copied = Path(shutil.copy(store, tmp_path / "s.db"))
    shutil.copytree(store.with_name("tidewaiter.db.models"), tmp_path / "s.db.models")
    analysed = run("analyse", store=copied)
    assert analysed.status == 0
    assert "scores published before" in analysed.err and f"score --store {address(copied)}" in analysed.err
    assert [line.split()[1] for line in run("status", "--json", store=copied).json["next"]] == ["score"]
    path = write(tmp_path / "more.csv", [declaration(1)])
    assert run("ingest", path, "--mapping", "native", store=copied).status == 0
    steps = [line.split()[1] for line in run("status", "--json", store=copied).json["next"]]
    assert steps == ["analyse", "train", "score"]
    (tmp_path / "s.db.models" / latest["id"] / "model.json").write_text("{", encoding="utf-8")
    assert latest["id"] not in run("status", store=copied).out
    ran = run("score", store=copied)
    assert ran.status == 1
    assert "is damaged" in ran.err
