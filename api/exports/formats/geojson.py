"""GeoJSON (RFC 7946) of the routes, for maps: each a line from country to country, as the goods took it.

The network holds codes of places and no positions, so a place lies at the point of its country: what is drawn tells
which countries a route leads through, and `precision` says that it tells no more.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from api.exports.centroids import CENTROIDS
from api.exports.columns import node_values
from api.exports.portion import Edge, Heading, Node, Portion

_STOPS = ("DEPARTS_FROM", "VIA", "ARRIVES_AT")
"""The links to the stops of a route, in the order in which they are met."""


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write `routes.geojson`: one feature for each route, with the stops that are in the portion."""
    path = folder / "routes.geojson"
    about = {"title": heading.title, "query": heading.query, "tlp": heading.tlp, "caveat": heading.caveat}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"type": "FeatureCollection", "about": {_json(about)}, "features": [')
        for at, feature in enumerate(_features(portion)):
            file.write(f"{',' if at else ''}\n{_json(feature)}")
        file.write("\n]}\n")
    return [path]


def _features(portion: Portion) -> Iterator[dict[str, Any]]:
    # Things and links come in the same order, so that neither is held.
    leaving = groupby(portion.edges(), key=lambda edge: edge.link.start)
    start, edges = next(leaving, (None, iter(())))
    for node in portion.nodes():
        found: Iterable[Edge] = ()
        if start == node.ref:
            found = list(edges) if node.ref.type == "Route" else ()
            start, edges = next(leaving, (None, iter(())))
        if node.ref.type == "Route":
            yield _feature(node, _stops(found))


def _stops(edges: Iterable[Edge]) -> list[str]:
    """Return the keys of the places of a route in order."""
    stops = [edge for edge in edges if edge.link.type in _STOPS and edge.link.end.type == "Place"]
    stops.sort(key=lambda edge: (_STOPS.index(edge.link.type), float(edge.fields.get("order", 0)), edge.link.end))
    return [edge.link.end.key for edge in stops]


def _feature(node: Node, stops: list[str]) -> dict[str, Any]:
    known = [CENTROIDS[stop[:2]] for stop in stops if stop[:2] in CENTROIDS]
    return {
        "type": "Feature",
        "id": str(node.ref),
        "geometry": _geometry([list(point) for point, _ in groupby(known)]),
        "properties": {
            **node_values(node),
            "stops": stops,
            "unplaced": [stop for stop in stops if stop[:2] not in CENTROIDS],
            "precision": "country",
        },
    }


def _geometry(points: list[list[int]]) -> dict[str, Any] | None:
    """Return the line through points; a point where all is in one country, None where nothing is known."""
    if not points:
        return None
    if len(points) == 1:
        return {"type": "Point", "coordinates": points[0]}
    return {"type": "LineString", "coordinates": points}


def _json(value: Any) -> str:
    # Such a file is often put into a page as it is.
    return json.dumps(value, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e")
