"""Expanding things and finding paths on the command line."""

import pytest

from tests.api.commands import Invented, run


@pytest.fixture(scope="session")
def parties(invented: Invented) -> list[str]:
    """The members of a community that something binds."""
    for one in run("community", "--json", "--limit", 50, store=invented.store).json["communities"]:
        shown = run("community", one["id"], "--json", store=invented.store).json
        members: list[str] = [member["thing"] for member in shown["members"] if "importer" in member["roles"]]
        if shown["described"]["binds"] and len(members) > 1:
            return members
    raise AssertionError("nothing binds anybody")


def test_pages_of_an_expansion_are_the_whole(invented: Invented, parties: list[str]) -> None:
    whole = run("expand", parties[0], "--limit", 1000, "--json", store=invented.store).json
    assert whole["left"] == 0 and sum(one["count"] for one in whole["counts"]) == whole["matching"]
    seen: list[str] = []
    while True:
        excluded = [word for thing in seen for word in ("--exclude", thing)]
        page = run("expand", parties[0], "--limit", 3, "--json", *excluded, store=invented.store).json
        if not page["things"]:
            break
        assert len(page["things"]) <= 3 and page["matching"] == whole["matching"]
        seen += [one["thing"] for one in page["things"]]
    assert seen == [one["thing"] for one in whole["things"]]


def test_an_expansion_is_told_with_its_true_size(invented: Invented, parties: list[str]) -> None:
    found = run("expand", parties[0], "--to", "shipment", "--order", "riskiest", "--json", store=invented.store).json
    risks = [one["risk"] if one["risk"] is not None else -1.0 for one in found["things"]]
    assert risks == sorted(risks, reverse=True)
    assert {one["link"] for one in found["links"]} <= {"IMPORTED_BY", "EXPORTED_BY"}
    ran = run("expand", parties[0], "--limit", 1, store=invented.store)
    total = run("expand", parties[0], "--json", store=invented.store).json["matching"]
    assert f"of {total} links that match, to 1 thing" in ran.out and "Risk is that of set " in ran.out
    early = run("expand", parties[0], "--until", "2000-01-01", "--json", store=invented.store).json
    assert (early["matching"], early["things"], early["counts"]) == (0, [], found["counts"])


def test_paths_are_numbered_with_the_records_of_their_steps(invented: Invented, parties: list[str]) -> None:
    found = run("path", parties[0], parties[1], "--hops", 6, "--json", store=invented.store).json
    assert found["complete"] and found["paths"]
    costs = [path["cost"] for path in found["paths"]]
    assert costs == sorted(costs)
    for path in found["paths"]:
        assert path["start"] == parties[0] and path["legs"][-1]["to"] == parties[1]
        assert all(
            record["source"] == "native" and record["batches"] for leg in path["legs"] for record in leg["records"]
        )
    ran = run("path", parties[0], parties[1], "--hops", 6, store=invented.store)
    assert ran.out.startswith(f"1. {parties[0]}") and "batch " in ran.out and "Not gone through" in ran.out
    middle = found["paths"][0]["legs"][0]["to"]
    without = run("path", parties[0], parties[1], "--hops", 6, "--exclude", middle, "--json", store=invented.store).json
    assert all(leg["to"] != middle for path in without["paths"] for leg in path["legs"])
    assert "No path of at most 1 link was found." in run("path", *parties[:2], "--hops", 1, store=invented.store).out


def test_a_path_from_a_thing_to_itself_is_a_mistake(invented: Invented, parties: list[str]) -> None:
    ran = run("path", parties[0], parties[0], store=invented.store)
    assert ran.status == 2 and f"both ends are {parties[0]}" in ran.err and ran.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--link", "FOO"], "no link type 'FOO'"),
        (["--to", "foo"], "no type 'foo'"),
        (["--order", "foo"], "'foo' is no order"),
        (["--direction", "up"], "'up' is no direction"),
        (["--since", "yesterday"], "'yesterday' is not a day"),
        (["--exclude", "nobody"], "Nothing is known as 'nobody'"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    invented: Invented, parties: list[str], words: list[str], said: str
) -> None:
    ran = run("expand", parties[0], *words, store=invented.store)
    assert ran.status != 0 and said in ran.err and ran.out == ""
