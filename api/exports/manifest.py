"""The manifest: what a package holds, where it comes from, for whom it is and how far it can be trusted."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

from api.exports.portion import Edge, Heading, Node, Portion
from graph.store.results import PublishedSet

FORMAT = "tidewaiter-handover/1"
TLP = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
"""The labels of the Traffic Light Protocol 2.0 (FIRST, 2022), from the widest to the narrowest circle."""


@dataclass(frozen=True)
class Terms:
    """On what terms something is handed over: to whom, for what, how it may be shared, and until when it may be used.

    `tlp` is one of `TLP`; `expires_on` is the last day of use.
    """

    recipient: str
    purpose: str
    tlp: str
    expires_on: date


@dataclass(frozen=True)
class WrittenFile:
    """A file of a package."""

    name: str
    format: str
    size: int
    sha256: str


def caveat(terms: Terms) -> str:
    """Return what stands above everything that is handed over."""
    return (
        f"Handed over to {terms.recipient} for {terms.purpose} under TLP:{terms.tlp}; not to be used after "
        f"{terms.expires_on}. Intelligence, not evidence: scores propose, officers decide."
    )


def manifest(
    portion: Portion,
    heading: Heading,
    terms: Terms,
    published: PublishedSet | None,
    files: Sequence[WrittenFile],
    left_out: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the manifest of a package as plain data."""
    return {
        "format": FORMAT,
        "title": heading.title,
        "query": heading.query,
        "made_at": heading.made_at.isoformat(),
        "made_by": f"Tidewaiter {version('tidewaiter')}",
        "recipient": terms.recipient,
        "purpose": terms.purpose,
        "tlp": f"TLP:{terms.tlp}",
        "expires_on": terms.expires_on.isoformat(),
        "caveat": heading.caveat,
        "store_version": heading.store_version,
        "published": None
        if published is None
        else {
            "id": published.id,
            "as_of": published.as_of.isoformat(),
            "store_version": published.store_version,
            "model": published.model or None,
        },
        "counts": {"things": portion.node_count, "links": portion.edge_count},
        "left_out": list(left_out),
        "sources": _sources(portion),
        "files": [
            {"name": file.name, "format": file.format, "bytes": file.size, "sha256": file.sha256} for file in files
        ],
    }


def as_bytes(content: Mapping[str, Any]) -> bytes:
    """Return a manifest as it is signed and stored."""
    return (json.dumps(content, ensure_ascii=True, allow_nan=False, indent=2, sort_keys=True) + "\n").encode()


def _sources(portion: Portion) -> list[dict[str, Any]]:
    """Return for each source how many things and links rest on it, and how they are graded."""
    counted: dict[str, Counter[str]] = {}
    grades: dict[str, Counter[str]] = {}

    def count(item: Node | Edge, noun: str) -> None:
        for source in item.sources:
            counted.setdefault(source, Counter())[noun] += 1
            grade = item.grade
            given = f"{grade.reliability or '-'}{grade.credibility or '-'}"
            grades.setdefault(source, Counter())[f"{grade.kind} {given}" if given != "--" else grade.kind] += 1

    for node in portion.nodes():
        count(node, "things")
    for edge in portion.edges():
        count(edge, "links")
    return [
        {
            "source": source,
            "things": counted[source]["things"],
            "links": counted[source]["links"],
            "grades": dict(sorted(grades[source].items())),
        }
        for source in sorted(counted)
    ]
