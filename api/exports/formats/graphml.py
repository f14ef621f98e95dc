"""GraphML: what yEd, Gephi, Cytoscape and networkx read."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from api.exports.columns import EDGE_COLUMNS, NODE_COLUMNS, NUMBERS, Value, edge_values, node_values
from api.exports.portion import Heading, Portion
from api.exports.text import xml_attribute, xml_text

_OPENING = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write the portion as one directed graph with parallel links, each link with an id of its own."""
    path = folder / "graph.graphml"
    columns = {"node": NODE_COLUMNS[1:], "edge": (*EDGE_COLUMNS[3:],)}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_OPENING)
        for kind, names in columns.items():
            for name in names:
                held = "double" if name in NUMBERS else "string"
                file.write(f'<key id="{kind}.{name}" for="{kind}" attr.name="{name}" attr.type="{held}"/>\n')
        for name in _HEADING:
            file.write(f'<key id="graph.{name}" for="graph" attr.name="{name}" attr.type="string"/>\n')
        file.write('<graph edgedefault="directed">\n')
        file.writelines(_data("graph", _HEADING, {name: str(getattr(heading, name)) for name in _HEADING}))
        for node in portion.nodes():
            values = node_values(node)
            file.write(f"<node id={xml_attribute(values['id'])}>\n")
            file.writelines(_data("node", columns["node"], values))
            file.write("</node>\n")
        for number, edge in enumerate(portion.edges(), start=1):
            values = edge_values(edge, number)
            ends = " ".join(f"{end}={xml_attribute(values[end])}" for end in ("id", "source", "target"))
            file.write(f"<edge {ends}>\n")
            file.writelines(_data("edge", columns["edge"], values))
            file.write("</edge>\n")
        file.write("</graph>\n</graphml>\n")
    return [path]


_HEADING = ("title", "query", "tlp", "caveat", "made_at")


def _data(kind: str, names: Iterable[str], values: Mapping[str, Value]) -> list[str]:
    return [f'<data key="{kind}.{name}">{xml_text(values[name])}</data>\n' for name in names if name in values]
