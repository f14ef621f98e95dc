"""A question in words, as the manifest of a package tells it."""

from datetime import date

import pytest

from api.exports.question import Asked
from graph.paths import PathQuery
from graph.records import Ref
from graph.store.neighbourhood import Expansion, Order

ACME = Ref("Trader", "abc")
OTHER = Ref("Trader", "xyz")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked([ACME]), "The thing trader:abc"),
        (Asked([ACME, OTHER]), "The things trader:abc, trader:xyz"),
        (
            Asked(around=Expansion([ACME], order=Order.MOST_CONNECTED, limit=5)),
            "The thing trader:abc with up to 5 others that are linked with it, the most connected first",
        ),
        (
            Asked(around=Expansion([ACME, OTHER], direction="in", limit=1)),
            "The things trader:abc, trader:xyz with one other that is linked with them, the newest first; "
            "only links that arrive at them",
        ),
        (
            Asked(community="trader:abc"),
            "Community trader:abc with its members, its shipments, their routes and what was found in them",
        ),
        (
            Asked(around=Expansion([ACME], since=date(2024, 1, 2), until=date(2024, 3, 4))),
            "The thing trader:abc with up to 100 others that are linked with it, the newest first; "
            "only links still said on 2024-01-02 or later; only links first said before 2024-03-04",
        ),
        (Asked(behind=Ref("Shipment", "abc")), "What lies behind the score of shipment:abc"),
        (
            Asked(path=PathQuery([ACME], [OTHER], limit=1)),
            "The most telling path of at most 4 links from trader:abc to trader:xyz",
        ),
    ],
)
def test_a_question_in_words_keeps_every_id_as_it_is(asked: Asked, words: str) -> None:
    assert asked.in_words() == f"{words}; with the links between them"
