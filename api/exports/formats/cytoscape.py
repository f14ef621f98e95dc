"""Cytoscape JSON: what Cytoscape Desktop, Cytoscape.js and networkx read."""

import json
from pathlib import Path
from typing import Any

from api.exports.columns import edge_values, node_values
from api.exports.portion import Heading, Portion


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write the portion as one directed graph with parallel links; what would end a script is escaped."""
    path = folder / "graph.cyjs"
    about = {"title": heading.title, "query": heading.query, "tlp": heading.tlp, "caveat": heading.caveat}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"data": {_json(about)}, "directed": true, "multigraph": true, "elements": {{"nodes": [')
        for at, node in enumerate(portion.nodes()):
            values = node_values(node)
            data = {**values, "name": node.name or values["id"], "value": values["id"]}
            file.write(f"{',' if at else ''}\n{_json({'data': data})}")
        file.write('\n], "edges": [')
        for number, edge in enumerate(portion.edges(), start=1):
            values = edge_values(edge, number)
            data = {**values, "interaction": edge.link.type, "key": values["id"]}
            file.write(f"{',' if number > 1 else ''}\n{_json({'data': data})}")
        file.write("\n]}}\n")
    return [path]


def _json(value: Any) -> str:
    # Such a file is often put into a page as it is.
    return json.dumps(value, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e")
