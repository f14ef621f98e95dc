"""One self-contained page that shows a portion: picture, legend, search and tables; no request leaves it.

Everything that comes from the data is text: the template escapes it, the picture gets it as JSON, and the policy of the
page lets nothing run but the two scripts whose hashes it names.
"""

import hashlib
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from api.exports.portion import Edge, Grade, Heading, Node
from api.exports.view import encodings
from api.exports.view.drawing import draw, shortened
from api.exports.view.library import vis_network
from api.text import plain, visible

# The characters that could end a script or begin a comment in it, and the two that end a line in a script.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


class Counts(NamedTuple):
    """How many things and links are shown, how many links there are of these things, and those cut by type."""

    things: int
    links: int
    all: int
    cut: Sequence[tuple[str, int]]


def page(nodes: Sequence[Node], edges: Sequence[Edge], cut: Mapping[str, int], heading: Heading) -> str:
    """Return the page of things, the links between them and the number of links cut, as HTML."""
    drawing = draw(nodes, edges, heading)
    scripts = {"vis": vis_network(), "script": _asset("page.js")}
    style = _asset("page.css")
    data = {"nodes": drawing.nodes, "edges": drawing.edges, "options": drawing.options, "marks": _marks()}
    named = {node.ref: node for node in nodes}
    rendered: str = _template().render(
        policy=_policy(scripts.values(), style),
        style=Markup(style),
        **{name: Markup(script) for name, script in scripts.items()},
        data=Markup(_json(data)),
        heading=heading,
        made_at=heading.made_at.isoformat(sep=" ", timespec="minutes"),
        counts=Counts(len(nodes), len(edges), len(edges) + sum(cut.values()), sorted(cut.items())),
        types=_types(nodes),
        encodings=encodings,
        steps=_ranges(),
        arrows=drawing.arrows,
        things=[_thing(node) for node in nodes],
        links=[_link(edge, named[edge.link.start], named[edge.link.end]) for edge in edges],
    )
    return rendered


@cache
def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["visible"] = visible
    return environment.from_string(_asset("page.html"))


def _policy(scripts: Iterable[str], style: str) -> str:
    """Return the content security policy: nothing is loaded, and only what has one of these hashes runs or styles."""
    allowed = " ".join(map(_hash, scripts))
    return f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)


def _marks() -> dict[str, Any]:
    """Return the encodings as the script draws them."""
    return {
        "types": {
            name: {"hue": mark.hue, "ink": mark.ink, "glyph": mark.glyph, "path": encodings.PATHS[mark.shape]}
            for name, mark in encodings.TYPES.items()
        },
        "steps": [step.colour for step in encodings.STEPS],
        "outline": encodings.OUTLINE,
    }


def _types(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """Return the types there are with their counts, most first."""
    counts = Counter(node.ref.type for node in nodes)
    return [
        {"name": name, "mark": encodings.TYPES[name], "count": count}
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _ranges() -> list[tuple[encodings.Step, str]]:
    """Return each step of risk with the values that fall in it."""
    bounds = [f"{step.least:g}" for step in encodings.STEPS]
    words = [
        f"below {bounds[1]}",
        *(f"{least} to {most}" for least, most in pairwise(bounds[1:])),
        f"{bounds[-1]} and more",
    ]
    return list(zip(encodings.STEPS, words, strict=True))


def _thing(node: Node) -> dict[str, Any]:
    step = encodings.risk_step(node.risk)
    return {
        "name": node.name or node.ref.key,
        "type": node.ref.type,
        "id": str(node.ref),
        "risk": "" if node.risk is None else f"{node.risk:.3f}",
        "step": step.number if step else None,
        "community": node.community or "",
        "fields": sorted(node.fields.items()),
        **_said(node),
    }


def _link(edge: Edge, start: Node, end: Node) -> dict[str, Any]:
    return {
        "type": edge.link.type,
        "start": shortened(start.name or str(start.ref), 80),
        "end": shortened(end.name or str(end.ref), 80),
        "fields": sorted(edge.fields.items()),
        **_said(edge),
    }


def _said(about: Node | Edge) -> dict[str, str]:
    """Return when and by whom a thing or a link was stated, and how far that can be trusted."""
    return {
        "first": _day(about.first_on),
        "last": _day(about.last_on),
        "sources": ", ".join(about.sources),
        "grade": _graded(about.grade),
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _graded(grade: Grade) -> str:
    given = f"{grade.reliability or ''}{grade.credibility or ''}"
    return f"{grade.kind} {given}".strip()
