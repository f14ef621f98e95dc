"""The linked risk of a shipment or entity taken apart: what speaks for it, beside what speaks against it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.names import names
from api.portrait import Fact, Newer, facts_of, risk_of
from graph.records import Ref
from graph.schema import ROLES
from graph.store.base import GraphStore
from graph.store.results import PublishedSet

ASSESSED = frozenset({"SAME_AS", "LISTED_AS"})
"""Links that are a matcher's or a person's assessment; what declarations, registers and inspections say are facts."""

# Whom a link is shared with, by its type. The first link of a path counts the inspections behind it, too.
_SHARERS = {
    "AT_ADDRESS": "others at it",
    "HAS_CONTACT": "others with it",
    "OWNED_BY": "owners or subsidiaries",
    "IMPORTED_BY": "suppliers",
    "EXPORTED_BY": "buyers",
    "DECLARED_BY": "clients",
    "ABOARD": "shippers",
}
_ENTERED = "inspections or clients"
_PARTIES = frozenset({"IMPORTED_BY", "EXPORTED_BY", "DECLARED_BY"})

FindPaths = Callable[[GraphStore, Ref, date], dict[str, Any] | None]
"""Finds the paths that a set does not hold, as `targeting.paths.paths_now` does."""


def _found_again(view: GraphStore, ref: Ref, as_of: date) -> dict[str, Any] | None:
    from targeting.paths import paths_now  # takes a while to import, and is seldom needed

    return paths_now(view, ref, as_of)


@dataclass(frozen=True)
class EvidenceStep:
    """The next thing on a path; the link to it carries one part of `shared_by` among the `sharers`."""

    thing: str
    name: str
    link: str
    shared_by: int
    sharers: str


@dataclass(frozen=True)
class EvidencePath:
    """What the infraction in `source` adds, its share of the whole, and whether an assessment is on the way."""

    value: float
    share: float
    source: str
    steps: Sequence[EvidenceStep]
    assessed: bool


@dataclass(frozen=True)
class FragileLink:
    """A link between two things, as the paths go over it, and whether it is an assessment."""

    start: str
    start_name: str
    link: str
    end: str
    end_name: str
    assessed: bool


@dataclass(frozen=True)
class Fragility:
    """What holds a shipment in its lane: without the links it would fall below the lane's line.

    `links` is None where it would stay even without any linked risk; `smallest` says whether it is sure that no fewer
    take away as much.
    """

    lane: str
    links: Sequence[FragileLink] | None
    smallest: bool


@dataclass(frozen=True)
class CounterEvidence:
    """What speaks for a party: its clean inspections as the set knew them, and its trusted-trader statuses."""

    thing: str
    name: str
    role: str
    shipments: int
    inspected: int
    clean: int
    clean_on: date | None
    trusted: Sequence[Fact]


@dataclass(frozen=True)
class Evidence:
    """The linked risk of one thing: `value` is the sum of the values of `paths` and of the `remainder`.

    Attributes:
        ref, name: the thing.
        value: None where the published set has none for it.
        paths: the greatest contributions; None where they cannot be told, because the store has changed since.
        left_out, remainder: how many paths are not listed, and the sum of their values.
        assessed: the share of the value that comes over listed paths with an assessment among their links.
        fragility: what holds a shipment in its lane; None for other things, in the green lane, and where the set does
            not hold it.
        against: what speaks for the parties themselves.
        published, store_version: the set that this comes from, and the store's version now.
    """

    ref: Ref
    name: str
    value: float | None
    paths: Sequence[EvidencePath] | None
    left_out: int
    remainder: float
    assessed: float | None
    fragility: Fragility | None
    against: Sequence[CounterEvidence]
    published: PublishedSet | None
    store_version: int


def evidence(store: GraphStore, ref: Ref, *, find: FindPaths = _found_again) -> Evidence | None:
    """Return what the linked risk of a thing rests on, all of one version of the store; None where it is not there.

    Args:
        store: where to look.
        ref: a shipment, trader or forwarder; other things have no linked risk in the set.
        find: finds the paths that the set does not hold.
    """
    with store.reading() as view:
        if not view.exists(ref):
            return None
        published, risk = view.published(), risk_of(view, ref)
        value = None if risk is None else float(risk["linked"] or 0.0)
        taken = linked_paths(view, ref, risk, find)
        parties = _parties(view, ref) if published else []
        trusted = view.shown((party for party, _ in parties), ["aeo"])
        steps = [Ref.read(step["thing"]) for path in (taken["paths"] if taken else ()) for step in path["steps"]]
        fragile = None if taken is None else taken.get("fragility")
        ends = [Ref.read(one[end]) for one in (fragile or {}).get("links") or () for end in ("start", "end")]
        named = names(view, [ref, *steps, *ends, *(party for party, _ in parties)])
        paths = None if taken is None else [_path(path, taken["value"], named) for path in taken["paths"]]
        return Evidence(
            ref,
            named[ref],
            value,
            paths if taken is not None else [] if value == 0 else None,
            taken["left_out"] if taken is not None else 0,
            taken["remainder"] if taken is not None else 0.0,
            _assessed(paths),
            None if fragile is None else _fragility(fragile, named),
            [_against(view, party, role, named[party], trusted=party in trusted) for party, role in parties],
            published,
            view.version(),
        )


def linked_paths(
    view: GraphStore, ref: Ref, risk: Mapping[str, Any] | None, find: FindPaths = _found_again
) -> dict[str, Any] | None:
    """Return the published linked risk of a thing as paths with their values, which sum to it.

    Paths that the set does not hold are found again, which by itself reads the whole network. None where there is no
    linked risk, or where the store has changed since and the paths of today might not be those of the set.

    Args:
        view: one version of the store.
        ref: the thing.
        risk: its row of the published set (`api.portrait.risk_of`).
        find: finds the paths that the set does not hold.
    """
    published = view.published()
    if risk is None or published is None or not risk["linked"]:
        return None
    held: dict[str, Any] | None = risk.get("paths")
    if held is not None or published.store_version != view.version():
        return held
    return find(view, ref, published.as_of)


def _path(path: Mapping[str, Any], whole: float, named: Mapping[Ref, str]) -> EvidencePath:
    steps = [
        EvidenceStep(
            step["thing"],
            named[Ref.read(step["thing"])],
            step["link"],
            step["shared_by"],
            _SHARERS[step["link"]] if at else _ENTERED,
        )
        for at, step in enumerate(path["steps"])
    ]
    assessed = any(step.link in ASSESSED for step in steps)
    return EvidencePath(path["value"], path["value"] / whole, path["source"], steps, assessed)


def _fragility(told: Mapping[str, Any], named: Mapping[Ref, str]) -> Fragility:
    if told["links"] is None:
        return Fragility(told["lane"], None, told["smallest"])
    links = [
        FragileLink(
            one["start"],
            named[Ref.read(one["start"])],
            one["link"],
            one["end"],
            named[Ref.read(one["end"])],
            one["link"] in ASSESSED,
        )
        for one in told["links"]
    ]
    return Fragility(told["lane"], links, told["smallest"])


def _assessed(paths: Sequence[EvidencePath] | None) -> float | None:
    return None if paths is None else sum(path.share for path in paths if path.assessed)


def _parties(view: GraphStore, ref: Ref) -> list[tuple[Ref, str]]:
    """Return whose record stands against the risk of a thing: the parties of a shipment, or the party itself."""
    if ref.type != "Shipment":
        return [(ref, "")]
    named = view.neighbours([ref], links=sorted(_PARTIES)).rows
    return [(row.end, role.column) for role in ROLES for row in named if row.link == role.link]


def _against(view: GraphStore, party: Ref, role: str, name: str, *, trusted: bool) -> CounterEvidence:
    record: Mapping[str, Any] = risk_of(view, party) or {}
    # Most parties have no such status, and the facts of a broker rest on a great many rows.
    found = view.get(party) if trusted else None
    facts = [] if found is None else facts_of(found, Newer(view, view.published()))
    inspected, infractions = record.get("inspected") or 0, record.get("infractions") or 0
    return CounterEvidence(
        str(party),
        name,
        role,
        record.get("shipments") or 0,
        inspected,
        inspected - infractions,
        record.get("clean_on"),
        [fact for fact in facts if fact.field == "aeo"],
    )
