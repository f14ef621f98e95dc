r"""A Cypher script that makes the portion in an empty Neo4j database, one statement a line.

Neo4j reads `\u0027` as a quote before it looks where texts begin and end. So a backslash of others is never left before
a `u`: the text is cut in two there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from api.exports.columns import Value, edge_values, node_values
from api.exports.portion import Heading, Portion
from graph.schema import NODES

_ROWS = 200
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write `graph.cypher`: nodes have their type for a label and `id` for their reference, links their type."""
    path = folder / "graph.cypher"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in (heading.title, heading.query, heading.tlp, heading.caveat):
            # A written-out line end would end the comment.
            file.write(f"// {' '.join(line.replace(chr(92), '/').split())}\n")
        for kind in NODES:
            file.write(f"CREATE CONSTRAINT IF NOT EXISTS FOR (n:{kind.name}) REQUIRE n.id IS UNIQUE;\n")
        file.writelines(f"{statement};\n" for statement in _nodes(portion))
        file.writelines(f"{statement};\n" for statement in _links(portion))
    return [path]


def _nodes(portion: Portion) -> Iterator[str]:
    rows: dict[str, list[str]] = defaultdict(list)
    for node in portion.nodes():
        waiting = rows[node.ref.type]
        waiting.append(_map(node_values(node)))
        if len(waiting) == _ROWS:
            yield _create(node.ref.type, rows.pop(node.ref.type))
    for kind, waiting in rows.items():
        yield _create(kind, waiting)


def _create(kind: str, rows: list[str]) -> str:
    return f"UNWIND [{', '.join(rows)}] AS row CREATE (n:{kind}) SET n = row"


def _links(portion: Portion) -> Iterator[str]:
    rows: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for number, edge in enumerate(portion.edges(), start=1):
        of = (edge.link.start.type, edge.link.type, edge.link.end.type)
        waiting = rows[of]
        values = edge_values(edge, number)
        ends = {name: values.pop(name) for name in ("source", "target")}
        waiting.append(f"{{ends: {_map(ends)}, said: {_map(values)}}}")
        if len(waiting) == _ROWS:
            yield _join(*of, rows.pop(of))
    for of, waiting in rows.items():
        yield _join(*of, waiting)


def _join(start: str, link: str, end: str, rows: list[str]) -> str:
    return (
        f"UNWIND [{', '.join(rows)}] AS row "
        f"MATCH (a:{start} {{id: row.ends.source}}), (b:{end} {{id: row.ends.target}}) "
        f"CREATE (a)-[r:{link}]->(b) SET r = row.said"
    )


def _map(values: Mapping[str, Value]) -> str:
    return f"{{{', '.join(f'{name}: {_literal(value)}' for name, value in values.items())}}}"


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return f"'{_escaped(value)}'"
    return repr(value).replace("e+", "e")


def _escaped(text: str) -> str:
    escaped = "".join(
        _ESCAPES.get(character) or (f"\\u{ord(character):04x}" if ord(character) < 32 else character)
        for character in text
    )
    return escaped.replace("\\\\u", "\\\\' + 'u")
