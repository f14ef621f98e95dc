"""Portions for tests: small ones by hypothesis with every hostile text, and large ones."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from api.exports.portion import Edge, Grade, Heading, ListedPortion, Node
from graph.records import LinkRef, Ref

HEADING = Heading(
    'A </title> & "more"',
    "the \x00 things",
    "set1",
    date(2024, 1, 1),
    3,
    datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
    "TLP:AMBER",
    "caveat \\u000a RETURN 1;",
)

HOSTILE = (
    "</script><script>alert(1)</script>",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "'",
    "''=x",
    "\x00\x0b\x1b[31m",
    "\ufffe\uffff",
    "\u2028",
    "a\r\nb\rc\nd\te",
    "]]>",
    "\\u0027}) DETACH DELETE n //",
    "\\",
    "\\\\u0027",
    "'}) //",
    "../../etc/passwd",
    "\u202egpj",
    "👩‍👩‍👧",
    "x" * 20_000,
    '"',
    "&amp;",
    "#",
    "|",
    "http://x.example",
)
texts = st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def portions(draw: st.DrawFn) -> ListedPortion:
    """Return traders, addresses and shipments, with hostile texts wherever text may be, and parallel links."""
    keys = draw(st.lists(texts.filter(bool), min_size=2, max_size=4, unique_by=lambda key: key.encode()))
    nodes = [
        Node(
            Ref("Trader", key),
            draw(texts),
            {"name": draw(texts), "tax_id": draw(texts), "country": "GB"},
            date(2024, 1, 1),
            None,
            draw(st.none() | st.floats(0, 1)),
            draw(st.none() | texts.filter(bool)),
            ("kr", "gb"),
            Grade("assessment", "B", 2),
        )
        for key in keys
    ]
    nodes.append(Node(Ref("Shipment", "kr/1"), "", {"goods_description": draw(texts), "customs_value": "1e+22"}))
    edges = [
        Edge(LinkRef(Ref("Shipment", "kr/1"), kind, Ref("Trader", keys[0])), {}, date(2024, 1, 1), date(2024, 1, 1))
        for kind in ("IMPORTED_BY", "EXPORTED_BY")
    ]
    edges.append(Edge(LinkRef(nodes[0].ref, "OWNED_BY", nodes[1].ref), {"share": "0.5", "valid_from": "2020-01-01"}))
    return ListedPortion(nodes, edges, {"AT_ADDRESS": 2})


class LargePortion:
    """A portion that is made as it is read, so that what a format takes in memory is its own."""

    def __init__(self, links: int) -> None:
        self.cut = {"AT_ADDRESS": 5}
        self.node_count = links + 1
        self.edge_count = links

    def nodes(self) -> Iterator[Node]:
        for number in range(self.edge_count):
            yield Node(Ref("Shipment", f"kr/{number:09}"), "goods", {"customs_value": f"{number}.0"}, risk=0.5)
        yield Node(Ref("Trader", "kr/1"), "Trader")

    def edges(self) -> Iterator[Edge]:
        for number in range(self.edge_count):
            yield Edge(LinkRef(Ref("Shipment", f"kr/{number:09}"), "IMPORTED_BY", Ref("Trader", "kr/1")))
