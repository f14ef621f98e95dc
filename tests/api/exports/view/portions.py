"""Portions to draw: one of many things, and one whose every text wants to be more than text."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise

from api.exports.portion import Edge, Grade, Heading, ListedPortion, Node
from graph.records import LinkRef, Ref

HEADING = Heading(
    title="The ring of Überseehandel",
    query="community trader:native/1 with all links",
    published="7c1ab04084e9",
    as_of=date(2024, 4, 1),
    store_version=3,
    made_at=datetime(2024, 4, 2, 10, 5, tzinfo=UTC),
    tlp="TLP:AMBER",
    caveat="A risk is a hint where to look, not a finding.",
)

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<!-- <script> -->",
    "<img src=x onerror=alert(3)>",
    "<a href='javascript:alert(4)'>href</a>",
    "javascript:alert(5)",
    '" onmouseover="alert(6)" x=\' onfocus=\'alert(7)',
    "{{ 7 * 7 }} {% raw %} ${alert(8)} `alert(9)`",
    "https://example.org/x.png",
    "مؤسسة الخليج للتجارة",
    "\u202egpj.exe",
    "zero\u200bwidth\u2060\u00ad\ufeff",
    "line\u2028and\u2029paragraph\nand\ttab\r\x00\x1b[31m",
    "\ud800 alone",
    "&lt;b&gt; &amp; &#60;",
    "N" * 10_000,
    "삼성물산 주식회사 👩‍👩‍👧",
    "__proto__",
)


def hostile() -> ListedPortion:
    """Return things and links with every hostile text wherever a source can put one."""
    nodes = [
        Node(
            Ref("Trader", f"native/{text}"),
            name=text,
            fields={"name": text, "href": text, "image": text, "source": text, "group": text},
            risk=0.3,
            community=text,
            sources=(text,),
        )
        for text in HOSTILE
    ]
    edges = [
        Edge(LinkRef(one.ref, "OWNED_BY", other.ref), {"source": one.name, "title": other.name}, sources=(one.name,))
        for one, other in pairwise(nodes)
    ]
    return ListedPortion(nodes, edges)


def hostile_heading(text: str) -> Heading:
    return Heading(text, text, text, date(2024, 4, 1), 1, HEADING.made_at, text, text)


def several() -> ListedPortion:
    """Return five traders of which two own each other and share an address; one is listed, one is only assessed."""
    owner, owned, plain, listed, merged = (Ref("Trader", f"native/{at}") for at in range(1, 6))
    address, entry = Ref("Address", "1 quay|GB"), Ref("ListEntry", "un/9")
    said = {"sources": ("native",), "first_on": date(2024, 1, 2), "last_on": date(2024, 3, 4)}
    nodes = [
        Node(owner, "Émile & Søn", {"country": "GB"}, risk=0.9, community="a", **said),  # type: ignore[arg-type]
        Node(owned, "Zeta Ltd", risk=0.0, community="a"),
        Node(plain, "Beta 10", risk=0.12, community="b"),
        Node(listed, "Beta 9", community="b"),
        Node(merged, "alpha", community="b", grade=Grade("assessment", "B", 2)),
        Node(address, "1 Quay Street"),
        Node(entry, "Beta Nine"),
    ]
    links = [
        Edge(LinkRef(owned, "OWNED_BY", owner), {"share": "0.5"}, sources=("a", "b", "c", "d")),
        Edge(LinkRef(owner, "OWNED_BY", owned)),
        Edge(LinkRef(owned, "SAME_AS", owner), grade=Grade("assessment")),
        Edge(LinkRef(owner, "AT_ADDRESS", address)),
        Edge(LinkRef(owned, "AT_ADDRESS", address)),
        Edge(LinkRef(plain, "SAME_AS", plain)),
        Edge(LinkRef(merged, "AT_ADDRESS", address)),
        Edge(LinkRef(listed, "LISTED_AS", entry)),
    ]
    return ListedPortion(nodes, links, {"IMPORTED_BY": 2_310, "AT_ADDRESS": 2})


def many(count: int, kinds: Sequence[str] = ("Trader", "Shipment", "Shipment", "Address")) -> ListedPortion:
    """Return so many things in communities of about fifty, with two links each."""
    draw = random.Random(7)
    groups = max(count // 50, 1)
    nodes = [
        Node(
            Ref(kinds[at % len(kinds)], f"native/{at:05}"),
            f"Überseehandel Nr. {at}",
            {"country": "GB", "tax_id": f"T{at}"},
            date(2023, 1, 1),
            date(2024, 1, 1),
            draw.choice([None, 0.01, 0.07, 0.2, 0.4, 0.9]),
            f"c{at % groups}" if draw.random() < 0.8 else None,
            ("native",),
        )
        for at in range(count)
    ]
    ends = {
        (at, draw.randrange(count) if draw.random() < 0.05 else draw.randrange(count // groups) * groups + at % groups)
        for at in range(count)
        for _ in range(2)
    }
    edges = [Edge(LinkRef(nodes[one].ref, "SAME_AS", nodes[other % count].ref)) for one, other in sorted(ends)]
    return ListedPortion(nodes, {edge.link: edge for edge in edges}.values())
