"""Shipments: the inspection queue, one of them in full, and scores for those that arrive."""

from typing import Annotated

from fastapi import Body, Query, Request
from starlette.concurrency import run_in_threadpool

from api.http.days import Day
from api.http.evidence import EvidenceAnswer, weighed
from api.http.pages import After, Limit
from api.http.portraits import PortraitAnswer, drawn
from api.http.problems import Problem
from api.http.published import heading
from api.http.routes import UNCHANGED, answers, noun
from api.http.store import TaggedView
from api.http.things import ThingId
from api.shipments.arrivals import scored
from api.shipments.queue import page
from api.shipments.schemas import AskedScores, Lane, QueuePage, ScoresAnswer
from api.shipments.warm import NOTHING_SCORED, WarmNetwork
from graph.store.results import Picked

router = noun("shipments")


@router.get("/shipments", responses={**answers("not-ready"), **UNCHANGED}, summary="List what to examine first")
def queue(
    view: TaggedView,
    first: Annotated[Day, Query(alias="from", description="First day of acceptance, as 2024-03-25.")],
    last: Annotated[Day, Query(alias="to", description="Last day of acceptance, included.")],
    lane: Annotated[Lane | None, Query(description="Only this lane.")] = None,
    community: Annotated[str | None, Query(max_length=2_000, description="Only of this community.")] = None,
    decided: Annotated[bool, Query(description="Also those whose outcome is known.")] = False,
    limit: Limit = 50,
    after: After = None,
) -> QueuePage:
    """List the shipments to examine first, highest score first: `limit` is how many can be examined."""
    published = view.published()
    if published is None or not published.model:
        raise Problem("not-ready", NOTHING_SCORED)
    if last < first:
        raise Problem("invalid", f"The period ends on {last}, before it begins on {first}: exchange `from` and `to`.")
    wanted = Picked(accepted_from=first, accepted_to=last, lane=lane, community=community, undecided=not decided)
    rows, total, following = page(view, published, wanted, after, limit)
    return QueuePage(
        items=rows, total=total, next=following, published=heading(published), store_version=view.version()
    )


@router.get(
    "/shipments/portrait",
    responses={**answers("not-found", "ambiguous"), **UNCHANGED},
    summary="Show all about a shipment",
)
def portrait(
    view: TaggedView,
    id: ThingId,
    links: Annotated[int, Query(ge=0, le=1_000, description="Links to show of each type and direction.")] = 10,
) -> PortraitAnswer:
    """Show facts with their sources, versions, links, inspections, and the risk with its reasons."""
    return drawn(view, id, links, shipment=True)


@router.get(
    "/shipments/evidence",
    responses={**answers("not-found", "ambiguous"), **UNCHANGED},
    summary="Show what the linked risk of a shipment rests on",
)
def evidence(request: Request, view: TaggedView, id: ThingId) -> EvidenceAnswer:
    """Show the paths of its linked risk with their shares, and what speaks against it."""
    return weighed(request, view, id, shipment=True)


@router.post(
    "/shipments:score",
    responses=answers("not-ready", "unavailable", "warming", "too-long"),
    summary="Score declarations as they arrive, without storing them",
)
async def score(asked: Annotated[AskedScores, Body()], request: Request) -> ScoresAnswer:
    """Score declarations as they arrive, with the published model and the network as it stands; nothing is stored."""
    warm: WarmNetwork = request.app.state.warm
    async with warm.turn:
        return await run_in_threadpool(scored, warm, asked)
