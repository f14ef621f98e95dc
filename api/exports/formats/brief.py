"""The brief: what a partner reads first, in Markdown: what this is, why it matters, who, on what evidence."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from api.exports.portion import Heading, Node, Portion
from api.exports.text import markdown

_SHOWN = 15
_LINKS_SHOWN = 30
_TELLING = ("LISTED_AS", "SAME_AS", "OWNED_BY", "FOUND_IN", "HAS_CONTACT", "AT_ADDRESS")


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write `brief.md`; all text of others is escaped, and long lists say how many there are in truth."""
    path = folder / "brief.md"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _lines(portion, heading))
    return [path]


def _lines(portion: Portion, heading: Heading) -> Iterator[str]:
    types, links, sources, kinds, risky, outcomes = _read(portion)
    yield f"# {markdown(heading.title)}"
    yield ""
    yield f"**{markdown(heading.tlp)}** · made {heading.made_at.isoformat(timespec='minutes')}"
    yield ""
    yield f"> {markdown(heading.caveat)}"
    yield ""
    yield "## What this is"
    yield ""
    yield f"{markdown(heading.query)}."
    yield ""
    yield f"{portion.node_count:,} things and {portion.edge_count:,} links between them:"
    yield ""
    yield from (f"- {kind}: {number:,}" for kind, number in sorted(types.items()))
    yield from ("", "## Why it matters: risk", "")
    yield from _risk(risky, heading)
    yield ""
    yield _inspected(types["Inspection"], outcomes["infraction"], portion.cut.get("FOUND_IN", 0))
    yield from ("", f"## Who and what: the highest risks, at most {_SHOWN}", "")
    yield from _table(("thing", "name", "country", "risk"), [_who(node) for node in risky], "Nobody here has a risk.")
    yield from ("", "## What links them", "")
    yield from _table(("link", "number"), [(kind, f"{number:,}") for kind, number in sorted(links.items())], "Nothing.")
    yield from _telling(portion)
    yield from ("", "## Evidence", "")
    yield from _table(("source", "things"), [(s, f"{n:,}") for s, n in sorted(sources.items())], "No source is named.")
    yield ""
    yield (
        f"{kinds['fact']:,} things and links were declared or observed, {kinds['assessment']:,} were concluded by a "
        "person or a matcher. Risks are computed, never declared."
    )
    yield from ("", "## Caveats", "")
    yield from _caveats(portion, heading)


def _read(
    portion: Portion,
) -> tuple[Counter[str], Counter[str], Counter[str], Counter[str], list[Node], Counter[str]]:
    types: Counter[str] = Counter()
    links: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    number = count()
    riskiest: list[tuple[float, int, Node]] = []
    for node in portion.nodes():
        types[node.ref.type] += 1
        sources.update(node.sources)
        kinds[node.grade.kind] += 1
        outcomes[node.fields.get("outcome", "")] += 1
        if node.risk:
            entry = (node.risk, -next(number), node)
            (heapq.heappush if len(riskiest) < _SHOWN else heapq.heappushpop)(riskiest, entry)
    for edge in portion.edges():
        links[edge.link.type] += 1
        kinds[edge.grade.kind] += 1
    return types, links, sources, kinds, [node for *_, node in sorted(riskiest, reverse=True)], outcomes


def _risk(risky: Sequence[Node], heading: Heading) -> Iterator[str]:
    if heading.published is None:
        yield "No risk has been computed for this network."
    else:
        yield (
            f"Risks are of the published set {markdown(heading.published)}, as of {heading.as_of}: for a shipment, the "
            "probability that an examination would find an infraction; for a party, the risk that reaches it through "
            "its links."
        )
        yield ""
        highest = f"{risky[0].risk:.3g}" if risky else "0"
        yield f"The highest here is {highest}."


def _inspected(inspections: int, infractions: int, cut: int) -> str:
    """Say what was found; that no inspection is in the part must not be read as that nothing was found."""
    if inspections:
        told = f"Inspections in this part: {inspections:,}, of which {infractions:,} found an infraction"
    else:
        told = "No inspection is in this part"
    return f"{told}; left out: {cut:,} of its shipments." if cut else f"{told}."


def _who(node: Node) -> tuple[str, ...]:
    return str(node.ref), node.name, node.fields.get("country", ""), f"{node.risk:.3g}"


def _telling(portion: Portion) -> Iterator[str]:
    """List the links that tell most, those first that few have."""
    found: dict[str, list[str]] = {kind: [] for kind in _TELLING}
    for edge in portion.edges():
        if edge.link.type in found and len(found[edge.link.type]) < _LINKS_SHOWN:
            said = ", ".join(f"{name} {value}" for name, value in sorted(edge.fields.items()))
            days = " to ".join(day.isoformat() for day in (edge.first_on, edge.last_on) if day)
            more = "; ".join(part for part in (said, days) if part)
            found[edge.link.type].append(
                f"- {markdown(str(edge.link.start))} {edge.link.type} {markdown(str(edge.link.end))}: {markdown(more)}"
            )
    for kind in _TELLING:
        if found[kind]:
            yield ""
            yield f"{kind}, at most {_LINKS_SHOWN}:"
            yield ""
            yield from found[kind]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> Iterator[str]:
    if not rows:
        yield empty
        return
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(markdown, row))} |"


def _caveats(portion: Portion, heading: Heading) -> Iterator[str]:
    yield "- A score proposes, an officer decides: nothing here proves an offence."
    yield "- A link says that two things were named together; what many share (a broker, a port) says little."
    yield f"- The network is that of store version {heading.store_version}; what became known later is not in it."
    if portion.cut:
        total = sum(portion.cut.values())
        yield f"- {total:,} links lead out of this part and were cut at its border:"
        yield from (f"    - {kind}: {number:,}" for kind, number in sorted(portion.cut.items()))
