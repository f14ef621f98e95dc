"""Questions from plain data."""

from datetime import date

import pytest

from api.questions import expansion, path_query
from graph.paths import PathQuery
from graph.records import LinkRef, Ref
from graph.store.neighbourhood import Expansion, Order

PARTY, PLACE = Ref("Trader", "a/1"), Ref("Address", "b")
AROUND = {
    "starts": ["trader:a/1"],
    "links": ["AT_ADDRESS"],
    "direction": "out",
    "ends": ["Address"],
    "since": "2024-01-02",
    "until": None,
    "order": "riskiest",
    "limit": 7,
    "exclude": ["address:b"],
}
PATHS = {
    "sources": ["trader:a/1"],
    "targets": ["address:b"],
    "limit": 2,
    "hops": 3,
    "links": None,
    "exclude": [],
    "exclude_links": [{"start": "trader:a/1", "link": "AT_ADDRESS", "end": "address:b"}],
    "through_hubs": True,
}


def test_nothing_of_a_question_is_lost() -> None:
    assert expansion(AROUND) == Expansion(
        [PARTY], ["AT_ADDRESS"], "out", ["Address"], date(2024, 1, 2), None, Order.RISKIEST, 7, [PLACE]
    )
    link = LinkRef(PARTY, "AT_ADDRESS", PLACE)
    assert path_query(PATHS) == PathQuery([PARTY], [PLACE], 2, 3, None, [], [link], through_hubs=True)


def test_what_is_no_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="does not name a thing"):
        expansion({**AROUND, "exclude": ["a/1"]})
    with pytest.raises(ValueError, match="does not name a thing"):
        path_query({**PATHS, "sources": ["nobody:a/1"]})
