from pathlib import Path

import pytest

from tests.api.commands import address, run


def test_a_store_that_is_not_made_yet(tmp_path: Path) -> None:
    ran = run("status", store=tmp_path / "s.db")
    assert ran.status == 0
    assert "not made yet" in ran.out
    assert "tidewaiter demo" in ran.out
    assert run("status", "--json", store=tmp_path / "s.db").json["exists"] is False
    assert not list(tmp_path.iterdir())


def test_what_a_store_holds_and_what_to_do_next(loaded: Path) -> None:
    found = run("status", "--json", store=loaded).json
    assert found["version"] == 1
    assert found["counts"] == {"Address": 1, "Forwarder": 1, "Inspection": 10, "Shipment": 40, "Trader": 5}
    assert found["published"] is None
    assert found["next"] == [f"tidewaiter {step} --store {address(loaded)}" for step in ("analyse", "train", "score")]
    ran = run("status", store=loaded)
    assert "1 batch with 40 rows, the last declarations.csv from native; 1 row refused" in ran.out
    assert "Published: nothing yet" in ran.out


def test_the_next_command_names_the_store_only_where_it_must(loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWAITER_STORE", address(loaded))
    assert run("status", "--json").json["next"][0] == "tidewaiter analyse"


def test_the_graph_hash_is_told_where_it_is_asked_for(loaded: Path) -> None:
    found = run("status", "--hash", "--json", store=loaded).json["graph_hash"]
    assert len(found) == 64
    assert f"Graph hash {found}" in run("status", "--hash", store=loaded).out
    assert run("status", "--json", store=loaded).json["graph_hash"] is None
