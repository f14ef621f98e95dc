"""GEXF 1.3: what Gephi reads, by its rules for types: each attribute has one type, and days are text."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from api.exports.columns import EDGE_COLUMNS, NODE_COLUMNS, NUMBERS, Value, edge_values, node_values
from api.exports.portion import Heading, Portion
from api.exports.text import xml_attribute, xml_text

# These are the element's own attributes.
_NODE = tuple(name for name in NODE_COLUMNS if name != "id")
_EDGE = tuple(name for name in EDGE_COLUMNS if name not in ("id", "source", "target"))


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write the portion as one directed graph; parallel links are edges of their own, told apart by id and kind."""
    path = folder / "graph.gexf"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://gexf.net/1.3" version="1.3">\n')
        file.write(
            f"<meta lastmodifieddate={xml_attribute(heading.made_at.date().isoformat())}><creator>Tidewaiter</creator>"
            f"<description>{xml_text(f'{heading.title}. {heading.query}. {heading.tlp}. {heading.caveat}')}"
            "</description></meta>\n"
        )
        file.write('<graph defaultedgetype="directed" mode="static">\n')
        for kind, names in (("node", _NODE), ("edge", _EDGE)):
            file.write(f'<attributes class="{kind}" mode="static">\n')
            for name in names:
                held = "double" if name in NUMBERS else "string"
                file.write(f'<attribute id="{name}" title="{name}" type="{held}"/>\n')
            file.write("</attributes>\n")
        file.write("<nodes>\n")
        for node in portion.nodes():
            values = node_values(node)
            label = node.name or values["id"]
            file.write(f"<node id={xml_attribute(values['id'])} label={xml_attribute(label)}>{_values(_NODE, values)}")
            file.write("</node>\n")
        file.write("</nodes>\n<edges>\n")
        for number, edge in enumerate(portion.edges(), start=1):
            values = edge_values(edge, number)
            ends = " ".join(f"{name}={xml_attribute(values[name])}" for name in ("id", "source", "target"))
            kind = xml_attribute(edge.link.type)
            file.write(f"<edge {ends} label={kind} kind={kind}>{_values(_EDGE, values)}</edge>\n")
        file.write("</edges>\n</graph>\n</gexf>\n")
    return [path]


def _values(names: Sequence[str], values: Mapping[str, Value]) -> str:
    held = "".join(
        f"<attvalue for={xml_attribute(name)} value={xml_attribute(values[name])}/>" for name in names if name in values
    )
    return f"<attvalues>{held}</attvalues>"
