from pathlib import Path

import pytest

from tests.api.commands import ESCAPES, HEADER, address, declaration, run, small, write


def test_ingest_accounts_for_every_row(tmp_path: Path) -> None:
    ran = run("ingest", small(tmp_path), "--mapping", "native", store=tmp_path / "s.db")
    assert ran.status == 0
    assert "42 rows in = 40 loaded + 1 quarantined + 1 exact duplicate\n" in ran.out
    assert "Batch " in ran.out
    assert "tidewaiter quarantine" in ran.out


def test_ingest_again_changes_nothing_and_says_so(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    first = run("ingest", small(tmp_path), "--mapping", "native", "--json", store=store).json
    again = run("ingest", tmp_path / "declarations.csv", "--mapping", "native", store=store)
    assert again.status == 0
    assert again.out == f"Already loaded as batch {first['batch']}; nothing changed.\n"
    assert len(run("batches", "--json", store=store).json) == 1
    assert run("ingest", tmp_path, "--mapping", "native", "--source", "gb", store=store).status == 0
    assert [batch["source"] for batch in run("batches", "--json", store=store).json] == ["native", "gb"]


def test_columns_without_a_meaning_are_reported_once(tmp_path: Path) -> None:
    rows = [declaration(number, colour="blue") for number in range(5)]
    path = write(tmp_path / "declarations.csv", rows, (*HEADER, "colour"))
    ran = run("ingest", path, "--mapping", "native", store=tmp_path / "s.db")
    assert ran.err.count("colour (declarations.csv)") == 1
    ran = run("ingest", path, "--mapping", "native", "--source", "x", "--json", store=tmp_path / "s.db")
    assert ran.json["unknown_columns"] == [{"file": "declarations.csv", "column": "colour"}]
    assert ran.err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.csv", "--mapping", "native"], "missing.csv does not exist"),
        (["good.csv", "--mapping", "nope"], "There is no mapping 'nope'"),
        (["good.csv", "--mapping", "nope.toml"], "nope.toml"),
        (["good.csv"], "Missing option '--mapping'. See 'tidewaiter ingest --help'."),
        (["good.csv", "--mapping", "native", "--source", "a/b"], "a/b"),
        (["empty.csv", "--mapping", "native"], "empty.csv"),
        (["header.csv", "--mapping", "native"], "header.csv has a header and no rows"),
        (["binary.csv", "--mapping", "native"], "binary.csv"),
        (["column.csv", "--mapping", "native"], "hs_code"),
        (["folder", "--mapping", "native"], "folder"),
        (["good.csv", "--mapping", "native", "--store", "  "], "The store's address is empty"),
        (["good.csv", "--mapping", "native", "--store", "foo://x"], "'foo://x' is of no known kind"),
    ],
)
def test_input_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEWAITER_STORE", "sqlite:///s.db")
    write(tmp_path / "good.csv", [declaration(1)])
    (tmp_path / "empty.csv").touch()
    write(tmp_path / "header.csv", [])
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 20)
    write(tmp_path / "column.csv", [declaration(1)], tuple(name for name in HEADER if name != "hs_code"))
    (tmp_path / "folder").mkdir()
    ran = run("ingest", *words)
    assert ran.status == 2
    assert ran.out == ""
    assert said in ran.err
    error = [line for line in ran.err.splitlines() if not line.endswith(" ...")]
    assert len(error) == 1
    assert error[0].startswith("Error: ")
    assert not list(tmp_path.glob("s.db*"))


def test_batches_lists_and_removes(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    for name, number in (("one", 1), ("two", 2)):
        path = write(tmp_path / f"{name}.csv", [declaration(number)])
        assert run("ingest", path, "--mapping", "native", store=store).status == 0
    listed = run("batches", "--json", store=store).json
    assert [batch["name"] for batch in listed] == ["one.csv", "two.csv"]
    assert "one.csv" in run("batches", store=store).out
    ran = run("batches", "remove", listed[0]["batch"], store=store)
    assert ran.status == 0
    assert ran.out == f"Removed batch {listed[0]['batch']} (one.csv, 1 row loaded).\n"
    assert [batch["name"] for batch in run("batches", "--json", store=store).json] == ["two.csv"]
    assert run("show", "D1/1", store=store).status == 2
    assert run("batches", "--store", address(store), "remove", listed[1]["batch"], "--json").json["removed"] is True
    assert run("batches", store=store).out == "Nothing is loaded.\n"


@pytest.mark.parametrize("words", [["batches", "remove"], ["quarantine"]])
def test_an_unknown_batch(loaded: Path, words: list[str]) -> None:
    ran = run(*words, "nope", store=loaded)
    assert ran.status == 2
    assert ran.err == "Error: There is no batch 'nope': 'tidewaiter batches' lists them.\n"


def test_quarantine_says_where_and_why(loaded: Path) -> None:
    [row] = run("quarantine", "--json", store=loaded).json
    [batch] = run("batches", "--json", store=loaded).json
    assert row == {
        **{"batch": batch["batch"], "file": "declarations.csv", "row": 42},
        **{"rule": row["rule"], "column": "hs_code", "value": "84"},
    }
    ran = run("quarantine", batch["batch"], store=loaded)
    assert "hs_code" in ran.out
    assert "0 of 1 rows are shown" in run("quarantine", "--limit", "0", store=loaded).out


def test_a_refused_value_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", [declaration(1), declaration(2, hs_code=ESCAPES)])
    assert run("ingest", path, "--mapping", "native", store=tmp_path / "s.db").status == 0
    ran = run("quarantine", store=tmp_path / "s.db")
    assert r"\x1b[31mACME" in ran.out
    assert "\x1b" not in ran.out


def test_nothing_in_quarantine(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", [declaration(1)])
    assert run("ingest", path, "--mapping", "native", store=tmp_path / "s.db").status == 0
    assert run("quarantine", store=tmp_path / "s.db").out == "No row is in quarantine.\n"


def test_the_store_can_be_named_in_four_ways(loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run("batches", "--json", store=loaded).json
    assert run("--store", address(loaded), "batches", "--json").json == expected
    assert run("--store", "sqlite:///elsewhere.db", "batches", "--json", "--store", address(loaded)).json == expected
    monkeypatch.setenv("TIDEWAITER_STORE", address(loaded))
    assert run("batches", "--json").json == expected


@pytest.mark.parametrize("words", [["batches"], ["quarantine"], ["show", "x"], ["batches", "remove", "x"]])
def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, words: list[str]) -> None:
    ran = run(*words, store=tmp_path / "s.db")
    assert ran.status == 1
    assert "There is no store at" in ran.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", ["foo://x", "sqlite:", "sqlite:x.db", "sqlite://x", "sqlite:///", "x.db"])
def test_an_address_that_names_no_store_is_a_wrong_call(wrong: str) -> None:
    for words in (["batches"], ["status"], ["show", "x"]):
        ran = run(*words, "--store", wrong)
        assert ran.status == 2
        assert ran.err.startswith(f"Error: The store address '{wrong}' ")
        assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("words", [["batches"], ["ingest", "declarations.csv", "--mapping", "native"]])
def test_a_file_that_is_no_store_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small(tmp_path)
    store = tmp_path / "s.db"
    store.write_text("This is a letter, and it is longer than the header of a database would be." * 20)
    before = store.read_bytes()
    ran = run(*words, store=store)
    assert ran.status == 1
    assert "is not a Tidewaiter store" in ran.err
    assert store.read_bytes() == before


def test_a_misspelt_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWAITER_SOTRE", "x")
    ran = run("batches")
    assert ran.status == 2
    assert ran.err.startswith("Error: TIDEWAITER_SOTRE is not a setting")
