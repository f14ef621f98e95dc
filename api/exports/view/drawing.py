"""A portion as pyvis draws it: nodes with their places, links with their curves, and nothing but keys that are known.

pyvis makes the options of vis-network; its page is not used, because it loads scripts from elsewhere and runs what
stands in titles, ids and headings.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.exports.portion import Edge, Heading, Node
from api.exports.view.encodings import risk_step, size, width
from api.exports.view.layout import layout
from api.text import visible

NODE_KEYS = ("id", "label", "x", "y", "size", "shape", "kind", "step", "listed", "assessed")
EDGE_KEYS = ("from", "to", "width", "dashes", "smooth")
"""What of a node and of a link reaches the page: no image, no group, nothing that a field of the data could be."""

# An arrow at each link makes drawing take twice as long.
_ARROWS = 3_000
_LABEL = 28
_CURVE = 0.18

_OPTIONS = {
    "autoResize": True,
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "nodes": {"chosen": False},
    "edges": {
        "color": {"color": "#6b6b6b", "highlight": "#000000", "hover": "#000000", "inherit": False},
        "arrows": {"to": {"enabled": True, "scaleFactor": 0.5}},
        "smooth": False,
        "selectionWidth": 2,
    },
    "interaction": {
        "hover": True,
        "multiselect": True,
        "tooltipDelay": 150,
        # With keys of its own, vis-network takes the focus from wherever it is when the mouse comes by.
        "keyboard": {"enabled": False, "bindToWindow": True},
    },
}


@dataclass(frozen=True)
class Drawing:
    """What vis-network is given: nodes and links with allow-listed keys, and its options."""

    nodes: Sequence[Mapping[str, Any]]
    edges: Sequence[Mapping[str, Any]]
    options: Mapping[str, Any]
    arrows: bool


def draw(nodes: Sequence[Node], edges: Sequence[Edge], heading: Heading) -> Drawing:
    """Return the drawing of things and the links between them, always the same for the same ones."""
    from pyvis.network import Network

    number = {node.ref: at for at, node in enumerate(nodes)}
    ends = [(number[edge.link.start], number[edge.link.end]) for edge in edges]
    points = layout(len(nodes), ends, [node.community for node in nodes])
    degree = Counter(thing for pair in ends for thing in pair)
    listed = {edge.link.start for edge in edges if edge.link.type == "LISTED_AS"}
    arrows = len(edges) <= _ARROWS
    network = Network(directed=True, cdn_resources="local", heading=heading.title)
    network.set_options(json.dumps(_OPTIONS))
    network.options["edges"]["arrows"]["to"]["enabled"] = arrows
    for at, node in enumerate(nodes):
        step = risk_step(node.risk)
        network.add_node(
            at,
            label=shortened(node.name or node.ref.key, _LABEL),
            shape="custom",
            x=float(points[at, 0]),
            y=float(points[at, 1]),
            size=size(degree[at]),
            kind=node.ref.type,
            step=step.number if step else 0,
            listed=node.ref in listed or node.ref.type == "ListEntry",
            assessed=node.grade.kind == "assessment",
        )
    curves = _curves(ends)
    for at, (edge, (start, end)) in enumerate(zip(edges, ends, strict=True)):
        bent = {"smooth": curves[at]} if at in curves else {}
        assessed = {"dashes": True} if edge.grade.kind == "assessment" else {}
        network.add_edge(start, end, width=round(width(len(edge.sources)), 2), **assessed, **bent)
    return Drawing(
        [{key: node[key] for key in NODE_KEYS} for node in network.nodes],
        [{key: edge[key] for key in EDGE_KEYS if key in edge} for edge in network.edges],
        network.options,
        arrows,
    )


def shortened(text: str, most: int) -> str:
    """Return text made visible, cut to so many characters where it is longer."""
    seen = visible(text[: most + 1])
    return seen if len(text) <= most and len(seen) <= most else f"{seen[: most - 1]}…"


def _curves(ends: Sequence[tuple[int, int]]) -> dict[int, Mapping[str, Any]]:
    """Return how those links bend that share both ends with others; all else is straight."""
    between: dict[tuple[int, int], list[int]] = defaultdict(list)
    for at, (start, end) in enumerate(ends):
        between[min(start, end), max(start, end)].append(at)
    curves: dict[int, Mapping[str, Any]] = {}
    for (least, _), group in between.items():
        for place, at in enumerate(group if len(group) > 1 else ()):
            bend = (place - (len(group) - 1) / 2) * _CURVE
            # A curve bends to the side on which its own direction has it, so one that runs back bends the other way.
            bend = bend if ends[at][0] == least else -bend
            if bend:
                kind = "curvedCW" if bend > 0 else "curvedCCW"
                curves[at] = {"enabled": True, "type": kind, "roundness": round(abs(bend), 3)}
    return curves
