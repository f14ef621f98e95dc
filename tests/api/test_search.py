"""The command that finds things by what is known of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.commands import HEADER, declaration, run, write


@pytest.fixture
def store(tmp_path: Path) -> Path:
    rows = [
        {**declaration(1, importer="I1"), "importer_name": "Müller Maschinenbau GmbH", "importer_tax_id": "DE111"},
        {**declaration(2, importer="I2"), "importer_name": "Blue Sky Trading", "importer_tax_id": "CN222"},
    ]
    path = write(tmp_path / "d.csv", rows, (*HEADER, "importer_tax_id"))
    assert run("ingest", path, "--mapping", "native", store=tmp_path / "s.db").status == 0
    return tmp_path / "s.db"


def test_a_misspelt_name_finds_its_trader(store: Path) -> None:
    [hit, *_] = run("search", "muler", "maschinenbau", "--json", store=store).json["hits"]
    assert (hit["id"], hit["name"], hit["field"]) == ("trader:native/I1", "Müller Maschinenbau GmbH", "name")
    shown = run("search", "trader:blue sky", store=store).out
    assert "Blue Sky Trading" in shown
    assert "show trader:native/I2" in shown
    assert run("search", "blue sky", "--type", "carrier", store=store).out.startswith("Nothing fits.")


def test_a_pasted_list_is_answered_entry_by_entry(store: Path) -> None:
    answers = run("search", "I1\nDE111, CN222\nnobody", "--json", store=store).json
    assert [(one["text"], [hit["key"] for hit in one["hits"]]) for one in answers] == [
        ("I1", ["native/I1"]),
        ("DE111", ["native/I1"]),
        ("CN222", ["native/I2"]),
        ("nobody", []),
    ]
    words = [sys.executable, "-m", "api.cli", "search", "-", "--store", f"sqlite:///{store}"]
    ran = subprocess.run(words, input="I2\nnobody", capture_output=True, check=True, text=True, timeout=60)
    assert "Blue Sky Trading" in ran.stdout
    assert "Not found: nobody" in ran.stdout


def test_a_list_may_have_telephone_numbers_and_mail_addresses(tmp_path: Path) -> None:
    told = {"importer_phone": "+44 7512 662119", "importer_email": "sales@example.com"}
    path = write(tmp_path / "d.csv", [{**declaration(1, importer="I1"), **told}], (*HEADER, *told))
    assert run("ingest", path, "--mapping", "native", store=tmp_path / "s.db").status == 0
    asked = "+44 (0)7512 662119\nSALES@example.com\n+44 7512 662118"
    answers = run("search", asked, "--limit", 1, "--json", store=tmp_path / "s.db").json
    assert [[hit["id"] for hit in one["hits"]] for one in answers] == [
        ["contact:+447512662119"],
        ["contact:sales@example.com"],
        [],
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((" ",), "Nothing to search for"),
        (("x", "--type", "ship"), "There is no type 'ship'"),
        (("\n".join(map(str, range(1001))),), "at most 1,000"),
    ],
)
def test_what_cannot_be_asked_is_refused(store: Path, words: tuple[str, ...], said: str) -> None:
    ran = run("search", *words, store=store)
    assert ran.status != 0
    assert said in ran.err
