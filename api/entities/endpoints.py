"""Entities: traders, carriers, forwarders, and whatever else of the network; what is called so, and what is around."""

from typing import Annotated

from fastapi import Query, Request

from api.around import around
from api.entities.schemas import (
    AroundAnswer,
    ExpandAsked,
    FoundAnswer,
    HitAnswer,
    SearchAnswer,
    SearchAsked,
)
from api.http.evidence import EvidenceAnswer, weighed
from api.http.portraits import PortraitAnswer, drawn
from api.http.problems import asking
from api.http.published import heading
from api.http.routes import UNCHANGED, answers, noun
from api.http.store import TaggedView, View
from api.http.things import ThingId, completed
from api.questions import expansion
from graph.search import Hit
from graph.store.neighbourhood import check_expansion
from graph.store.things import check_search

router = noun("entities")


@router.post("/entities/search", summary="Find things by what they are called")
def search(view: View, asked: SearchAsked) -> SearchAnswer:
    """Find things by name, alias, identifier, address, contact or goods description, best first.

    The text stands in the body, since names must not reach the logs of proxies.
    """
    texts = [asked.text] if asked.text is not None else asked.identifiers or []
    with asking():
        for text in texts:
            check_search(text, asked.types, asked.limit)
    found = []
    for text in texts:
        hits = view.search(text, types=asked.types, limit=asked.limit)
        if asked.text is None:
            hits = [one for one in hits if one.identified]
        found.append(FoundAnswer(text=text, hits=[_hit(one) for one in hits]))
    return SearchAnswer(items=found, store_version=view.version())


@router.post("/entities/expand", responses=answers("not-found", "ambiguous"), summary="List what things are linked to")
def expand(view: View, asked: ExpandAsked) -> AroundAnswer:
    """List what lies around things in the order that is asked for, and say how much there is in truth."""
    with asking():
        question = expansion(completed(view, asked.model_dump(mode="json"), "starts"))
        check_expansion(question)
    found = around(view, question)
    return AroundAnswer(
        starts=list(found.starts),
        things=list(found.things),
        links=list(found.links),
        counts=list(found.counts),
        matching=found.matching,
        left=found.left,
        published=heading(found.published),
        store_version=view.version(),
    )


@router.get(
    "/entities/portrait",
    responses={**answers("not-found", "ambiguous"), **UNCHANGED},
    summary="Show all about an entity",
)
def portrait(
    view: TaggedView,
    id: ThingId,
    links: Annotated[int, Query(ge=0, le=1_000, description="Links to show of each type and direction.")] = 10,
) -> PortraitAnswer:
    """Show facts with their sources, links with true counts, and the linked risk with its community."""
    return drawn(view, id, links, shipment=False)


@router.get(
    "/entities/evidence",
    responses={**answers("not-found", "ambiguous"), **UNCHANGED},
    summary="Show what the linked risk of an entity rests on",
)
def evidence(request: Request, view: TaggedView, id: ThingId) -> EvidenceAnswer:
    """Show the paths of its linked risk with their shares, and what speaks against it."""
    return weighed(request, view, id, shipment=False)


def _hit(one: Hit) -> HitAnswer:
    return HitAnswer(
        thing=str(one.ref), type=one.ref.type, name=one.name, field=one.field, text=one.text, score=one.score
    )
