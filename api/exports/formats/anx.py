"""i2 Analyst's Notebook Exchange: a chart with types, attributes and the two grades of i2.

The writer holds the whole chart in memory, and so does the program that reads it: there is a limit.
"""

from pathlib import Path

from anxwritter import ANXChart, GradeCollection  # type: ignore[import-untyped]

from api.exports.columns import edge_values, node_values
from api.exports.errors import ExportError
from api.exports.portion import Edge, Heading, Node, Portion
from api.exports.text import xml_line

MOST = 50_000
"""The largest number of things and links together."""

_RELIABILITY = ("A", "B", "C", "D", "E", "F")
_CREDIBILITY = ("1", "2", "3", "4", "5", "6")
_NO_ATTRIBUTES = frozenset({"id", "type", "source", "target", "reliability", "credibility"})


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write `graph.anx`.

    Raises:
        ExportError: the portion is larger than `MOST`.
    """
    size = portion.node_count + portion.edge_count
    if size > MOST:
        raise ExportError(
            f"An i2 chart holds at most {MOST:,} things and links, and these are {size:,}: ask for fewer, or leave the "
            "format anx out."
        )
    chart = ANXChart()
    chart.settings.summary.title = xml_line(heading.title)
    chart.settings.summary.comments = xml_line(f"{heading.tlp}. {heading.query}. {heading.caveat}")
    chart.grades_one = GradeCollection(items=list(_RELIABILITY))
    chart.grades_two = GradeCollection(items=list(_CREDIBILITY))
    for node in portion.nodes():
        chart.add_icon(
            id=xml_line(str(node.ref)),
            type=node.ref.type,
            label=xml_line(node.name or str(node.ref)),
            attributes=_attributes(node_values(node)),
            source_ref=xml_line("; ".join(node.sources)) or None,
            **_graded(node),
        )
    for number, edge in enumerate(portion.edges(), start=1):
        chart.add_link(
            from_id=xml_line(str(edge.link.start)),
            to_id=xml_line(str(edge.link.end)),
            type=edge.link.type,
            arrow="->",
            label=edge.link.type,
            attributes=_attributes(edge_values(edge, number)),
            source_ref=xml_line("; ".join(edge.sources)) or None,
            **_graded(edge),
        )
    path = folder / "graph.anx"
    chart.to_anx(path)
    return [path]


def _attributes(values: dict[str, str | float | int | None]) -> dict[str, str | float | int | None]:
    return {
        name: xml_line(value) if isinstance(value, str) else value
        for name, value in values.items()
        if name not in _NO_ATTRIBUTES
    }


def _graded(item: Node | Edge) -> dict[str, str]:
    grades: dict[str, str] = {}
    if item.grade.reliability is not None:
        grades["grade_one"] = item.grade.reliability
    if item.grade.credibility is not None:
        grades["grade_two"] = str(item.grade.credibility)
    return grades
