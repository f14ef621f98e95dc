import json

import pytest

from api.text import as_json, visible


@pytest.mark.parametrize(
    "name",
    [
        "Müller & Söhne",
        "삼성전자 주식회사",
        "شركة النور",
        "👩‍👩‍👧 Toys 🚢",
        '"quoted" O\'Neil',
        "[red]x[/red] :smile:",
        "a" * 300,
    ],
)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("bell\a", r"bell\x07"),
        ("two\nlines\tand more\r", r"two\nlines\tand more\r"),
        ("\x9b2J", r"\x9b2J"),
        ("gpj\u202eexe", r"gpj\u202eexe"),
        ("half \ud83d", r"half \ud83d"),
    ],
)
def test_what_a_terminal_would_act_on_is_written_out(name: str, seen: str) -> None:
    assert visible(name) == seen


def test_json_keeps_every_name_and_escapes_what_a_terminal_would_act_on() -> None:
    names = ["\x1b[31m", "\x9b2J", "\u202e", "삼성", "[red]", 'a"b', "half \ud83d"]
    text = as_json(names)
    assert json.loads(text) == names
    assert "삼성" in text
    assert not {"\x1b", "\x9b", "\u202e"} & set(text)


def test_json_has_null_for_what_is_no_number() -> None:
    assert json.loads(as_json({"a": float("nan"), "b": [float("inf"), 1.5], "c": None})) == {
        "a": None,
        "b": [None, 1.5],
        "c": None,
    }
