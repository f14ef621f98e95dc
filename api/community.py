"""A community of the published set: who is in it, what binds it, what it trades, what is still to decide."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.names import names
from api.portrait import risk_of
from graph.records import Ref
from graph.store.base import GraphStore
from graph.store.results import PublishedSet

# What a member is in the links of others to it.
_ROLES = {"IMPORTED_BY": "importer", "EXPORTED_BY": "exporter", "DECLARED_BY": "declarant", "OWNED_BY": "owner"}


@dataclass(frozen=True)
class Member:
    """A party of a community; `roles` says in how many links it is what, now."""

    thing: str
    name: str
    roles: Mapping[str, int]
    linked: float
    stability: float
    shipments: int
    inspected: int
    infractions: int


@dataclass(frozen=True)
class Waiting:
    """A shipment of a community that is still to decide."""

    thing: str
    accepted_on: date | None
    score: float | None
    lane: str | None
    reasons: Sequence[str]


@dataclass(frozen=True)
class Summary:
    """A community in one line; `undecided` is None where nothing has been scored."""

    id: str
    name: str
    members: int
    linked: float
    stability: float
    undecided: int | None


@dataclass(frozen=True)
class CommunityPortrait:
    """What there is to know of one community.

    `described` is that of `graph.described.describe`, with the name of every thing beside it; `members` and `waiting`
    are the riskiest, and the summary says how many there are in all.
    """

    summary: Summary
    described: Mapping[str, Any]
    members: Sequence[Member]
    waiting: Sequence[Waiting]
    published: PublishedSet


def communities(store: GraphStore, *, limit: int = 20, after: Sequence[str] | None = None) -> tuple[list[Summary], int]:
    """Return communities by falling risk, and how many there are; `after` is the key of one to go on from."""
    with store.reading() as view:
        found = [row for batch in view.results("community", limit=limit, after=after) for row in batch.to_pylist()]
        return _summaries(view, found), view.count_results("community")


def community(store: GraphStore, name: str, *, members: int = 20, shipments: int = 10) -> CommunityPortrait | None:
    """Return what there is to know of a community, all of one published set; None where the set has none of the name.

    Args:
        store: where to look.
        name: the community's id.
        members: how many members to return, those of the highest linked risk.
        shipments: how many shipments to return that are still to decide, those of the highest score.
    """
    with store.reading() as view:
        published = view.published()
        rows = [row for batch in view.results("community", keys=[name]) for row in batch.to_pylist()]
        if published is None or not rows:
            return None
        described = json.loads(rows[0]["described"])
        parts = ("binds", "commodities", "origins", "routes")
        named = names(view, (Ref.read(one["thing"]) for part in parts for one in described[part]))
        for part in parts:
            described[part] = [{**one, "name": named[Ref.read(one["thing"])]} for one in described[part]]
        return CommunityPortrait(
            _summaries(view, rows)[0],
            described,
            members_of(view, name, members),
            _waiting(view, name, shipments),
            published,
        )


def community_of(view: GraphStore, ref: Ref) -> str | None:
    """Return the id of the community of a shipment or party in the published set, None where it has none."""
    risk = risk_of(view, ref)
    return None if risk is None else risk["community"]


def _summaries(view: GraphStore, rows: Sequence[Mapping[str, Any]]) -> list[Summary]:
    from graph.communities import namesake  # takes scipy along, for which others need not wait

    # A community is named after one of its members; a key may itself end as a name does that was given before.
    ids = {row["community"] for row in rows}
    named = names(view, map(Ref.read, ids | {namesake(name) for name in ids}))
    return [
        Summary(
            row["community"],
            named[Ref.read(row["community"])] or named[Ref.read(namesake(row["community"]))],
            row["members"],
            row["linked"],
            row["stability"],
            row["undecided"],
        )
        for row in rows
    ]


def members_of(view: GraphStore, name: str, limit: int, after: Sequence[str] | None = None) -> list[Member]:
    """Return members of a community by falling linked risk; `after` is type and key of one to go on from."""
    found = view.results("entity", community=name, limit=limit, after=after)
    rows = [row for batch in found for row in batch.to_pylist()]
    refs = [Ref(row["type"], row["key"]) for row in rows]
    named = names(view, refs)
    counts = view.neighbours(refs, links=list(_ROLES), limit=0).counts
    return [
        Member(
            str(ref),
            named[ref],
            {role: count for link, role in _ROLES.items() if (count := counts.get((ref, link, "in")))},
            row["linked"],
            row["stability"],
            row["shipments"] or 0,
            row["inspected"] or 0,
            row["infractions"] or 0,
        )
        for ref, row in zip(refs, rows, strict=True)
    ]


def _waiting(view: GraphStore, name: str, limit: int) -> list[Waiting]:
    found = view.results("shipment", community=name, undecided=True, limit=limit)
    return [
        Waiting(
            str(Ref("Shipment", row["shipment"])),
            row["accepted_on"],
            row["score"],
            row["lane"],
            json.loads(row["reasons"] or "[]"),
        )
        for batch in found
        for row in batch.to_pylist()
    ]
