"""What is asked for when somebody types a text or pastes a list."""

import pytest

from graph.likeness import form
from graph.search import asked, identifiers


def test_a_list_is_taken_apart_and_each_entry_is_asked_for_once() -> None:
    assert identifiers(" a1\r\nb 2;\tc3,,a1\n") == ["a1", "b 2", "c3"]
    assert identifiers(" \n") == []


def test_a_text_may_begin_with_a_type() -> None:
    assert asked("Trader: acme", None) == ("Trader: acme", form("acme"), frozenset({"Trader"}))
    assert asked("trader:acme", ["carrier"]).types == frozenset()
    assert asked("ship:acme", ["CARRIER"]) == ("ship:acme", form("ship:acme"), frozenset({"Carrier"}))
    with pytest.raises(ValueError, match="no type 'ship'"):
        asked("acme", ["ship"])
