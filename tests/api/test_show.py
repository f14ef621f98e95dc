import re
from pathlib import Path

import pytest

from tests.api.commands import ESCAPES, HANGUL, HEADER, LONG, MARKUP, declaration, run, write


def test_a_shipment_with_its_facts_and_links(loaded: Path) -> None:
    shown = run("show", "D0/1", "--json", store=loaded).json
    assert shown["id"] == "shipment:native/D0/1"
    facts = {fact["field"]: fact for fact in shown["facts"]}
    assert facts["customs_value"]["value"] == "100.0"
    assert facts["customs_value"]["sources"] == ["native"]
    assert facts["customs_value"]["first_on"] == facts["customs_value"]["last_on"] == "2024-01-01"
    links = {(link["link"], link["direction"]): link for link in shown["links"]}
    assert links["IMPORTED_BY", "out"]["shown"][0]["thing"] == "trader:native/I1"
    assert links["FOUND_IN", "in"]["count"] == 1
    [inspection] = shown["inspections"]
    assert inspection["outcome"] == "infraction"
    assert inspection["known_on"] == "2024-01-31"
    assert shown["published"] is None
    assert shown["risk"] is None


def test_two_versions_of_one_day_count_together(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    first = declaration(1, customs_value=3759, goods_description="pumps")
    second = declaration(1, importer="I2", customs_value=9, goods_description="")
    second["amended_on"] = first["accepted_on"]
    earlier = declaration(1, customs_value=5, accepted_on="2023-12-01")
    path = write(tmp_path / "d.csv", [first, second, earlier], (*HEADER, "amended_on", "goods_description"))
    assert run("ingest", path, "--mapping", "native", store=store).status == 0
    shown = run("show", "D1/1", "--json", store=store).json
    facts = {fact["field"]: fact["value"] for fact in shown["facts"] if fact["shown"]}
    current = shown["current"]
    # Filled beats blank, then the greatest in byte order; the importer is one of the fields.
    assert (facts["customs_value"], facts["goods_description"]) == ("9.0", "pumps")
    assert (current["customs_value"], current["goods_description"], current["importer"]) == (
        "9.0",
        "pumps",
        "native/I2",
    )
    lines = run("show", "D1/1", store=store).out.splitlines()
    changed = {tuple(line.split()[-3:]) for line in lines if line.split()[-3:-2] in (["importer"], ["customs_value"])}
    assert ("importer", "native/I1", "native/I2") in changed
    # In the words of the facts.
    assert ("customs_value", "3759", "9") in changed
    assert not [line for line in lines if line.rstrip().endswith("3759")]


def test_a_customs_value_of_nothing_is_marked(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    path = write(tmp_path / "d.csv", [declaration(1, customs_value=0), declaration(2)])
    ran = run("ingest", path, "--mapping", "native", store=store)
    assert "1 row declares a customs value of 0" in ran.err
    # A value was declared, and that it is 0: what was not declared is something else.
    assert "0 (zero: flagged)" in run("show", "D1/1", store=store).out
    assert "flagged" not in run("show", "D2/1", store=store).out
    again = run("ingest", path, "--mapping", "native", "--source", "x", "--json", store=store)
    assert again.json["zero_values"] == 1 and again.err == ""


def test_an_entity_has_true_counts_beside_the_links_that_are_listed(loaded: Path) -> None:
    shown = run("show", "I1", "--json", "--links", "2", store=loaded).json
    links = {(link["link"], link["direction"]): link for link in shown["links"]}
    assert links["IMPORTED_BY", "in"]["count"] == 10
    assert [one["first_on"] for one in links["IMPORTED_BY", "in"]["shown"]] == ["2024-02-09", "2024-02-05"]
    out = run("show", "I1", "--links", "2", store=loaded).out
    assert "... and 8 more" in out
    assert "No risk has been published yet" in out
    assert "IMPORTED_BY (from)     10" in run("show", "I1", "--links", "0", store=loaded).out


@pytest.mark.parametrize("thing", ["I1", "native/I1", "trader:native/I1", "trader:I1"])
def test_an_identifier_may_be_bare_or_complete(loaded: Path, thing: str) -> None:
    assert run("show", thing, "--json", store=loaded).json["id"] == "trader:native/I1"


@pytest.mark.parametrize("thing", ["nope", "", "trader:nope", "ship:D0/1", "native/nope"])
def test_an_unknown_identifier(loaded: Path, thing: str) -> None:
    ran = run("show", thing, store=loaded)
    assert ran.status == 2
    assert ran.err.startswith(f"Error: Nothing is known as '{thing}': give the identifier")


def test_the_candidates_of_an_ambiguous_identifier_are_listed(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    path = write(tmp_path / "d.csv", [declaration(1), declaration(2, declarant_id="I1")])
    for source in ("gb", "kr"):
        assert run("ingest", path, "--mapping", "native", "--source", source, store=store).status == 0
    ran = run("show", "I1", store=store)
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "Error: 'I1' means more than one thing; name one of these:",
        *("  forwarder:gb/I1", "  forwarder:kr/I1", "  trader:gb/I1", "  trader:kr/I1"),
    ]


@pytest.mark.parametrize(("importer", "name"), [("I1", MARKUP), ("I3", LONG), ("I4", HANGUL)])
def test_names_are_shown_as_they_are(loaded: Path, importer: str, name: str) -> None:
    out = run("show", importer, store=loaded).out
    folded = "".join(out.split())
    assert "".join(name.split()) in folded
    facts = {fact["field"]: fact["value"] for fact in run("show", importer, "--json", store=loaded).json["facts"]}
    assert facts["name"] == name


def test_a_name_cannot_act_on_the_terminal(loaded: Path) -> None:
    ran = run("show", "I2", store=loaded)
    assert r"\x1b[31mACME\x1b[0m" in ran.out
    assert r"\u202egpj" in ran.out
    machine = run("show", "I2", "--json", store=loaded)
    assert not {"\x1b", "\x9b", "\u202e"} & set(ran.out + machine.out)
    facts = {fact["field"]: fact["value"] for fact in machine.json["facts"]}
    assert facts["name"] == ESCAPES


def test_a_long_name_does_not_break_the_table(loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("show", "I3", store=loaded).out.splitlines()
    table = lines[next(at for at, line in enumerate(lines) if line.startswith("fact")) :]
    assert all(len(line) <= 80 for line in table)


def test_other_versions_say_what_they_said_differently(tmp_path: Path) -> None:
    rows = [declaration(1), declaration(1, amended_on="2024-06-01", customs_value=55, importer_id="I2")]
    path = write(tmp_path / "d.csv", rows, tuple(dict.fromkeys([*rows[0], "amended_on"])))
    assert run("ingest", path, "--mapping", "native", store=tmp_path / "s.db").status == 0
    out = run("show", "D1/1", store=tmp_path / "s.db").out
    assert "Other versions" in out
    assert re.search(r"customs_value +101 +55\s", out)
    assert re.search(r"customs_value +55 ", out)
    shown = run("show", "D1/1", "--json", store=tmp_path / "s.db").json
    assert [version["counts"] for version in shown["versions"]] == [True, False]
    assert {fact["value"] for fact in shown["facts"] if fact["field"] == "customs_value"} == {"55.0"}


def test_the_further_attributes_of_a_source_stand_under_their_own_names(tmp_path: Path) -> None:
    row = declaration(1, **{"extra.licence": "[b]7[/b]", "extra.dose": "1.50"})
    path = write(tmp_path / "d.csv", [row], tuple(row))
    assert run("ingest", path, "--mapping", "native", store=tmp_path / "s.db").status == 0
    facts = {fact["field"]: fact for fact in run("show", "D1/1", "--json", store=tmp_path / "s.db").json["facts"]}
    assert facts["extra.licence"]["value"] == "[b]7[/b]"
    assert float(facts["extra.dose"]["value"]) == 1.5
    assert facts["extra.licence"]["sources"] == ["native"]
    assert "extra" not in facts
    assert "extra.licence" in run("show", "D1/1", store=tmp_path / "s.db").out


def test_what_was_said_of_an_ownership_stands_beside_it(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "declarations.csv", [declaration(1), declaration(9, "I2"), declaration(3, "I3")])
    # The row without a day is as old as the first that has one; of a day, the value greatest in byte order counts.
    (folder / "ownership.csv").write_text(
        "owner_id,owned_id,share,valid_from,valid_to,known_on\n"
        "I2,I1,0.25,,,\n"
        "I2,I1,0.75,,2029-12-31,2024-01-09\n"
        "I2,I1,0.5,2019-05-01,,2020-01-01\n"
        "I3,I1,1,,,2024-01-05\n"
        "I1,I1,,,,2024-01-05\n"
        "I3,I2,0.9,,,\n"
        "I3,I2,0.1,,,2023-01-05\n",
        encoding="utf-8",
    )
    assert run("ingest", folder, "--mapping", "native", store=store).status == 0

    def owned(thing: str, direction: str) -> dict[str, dict[str, str]]:
        links = run("show", thing, "--json", store=store).json["links"]
        of_type = next(link for link in links if (link["link"], link["direction"]) == ("OWNED_BY", direction))
        return {one["thing"]: one["fields"] for one in of_type["shown"]}

    joint = {"share": "0.75", "valid_from": "2019-05-01", "valid_to": "2029-12-31"}
    assert owned("I1", "out") == {
        "trader:native/I1": {},
        "trader:native/I2": joint,
        "trader:native/I3": {"share": "1.0"},
    }
    assert owned("I2", "in") == {"trader:native/I1": joint}
    assert owned("I2", "out") == {"trader:native/I3": {"share": "0.9"}}
    out = run("show", "I1", store=store).out
    assert "share 0.75, valid_from 2019-05-01, valid_to 2029-12-31" in out
    assert re.search(r"share 1\s", out)
    links = run("show", "D1/1", "--json", store=store).json["links"]
    assert {str(one["fields"]) for link in links for one in link["shown"]} == {"{}"}
