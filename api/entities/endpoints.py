"""Entities: traders, carriers, forwarders, and whatever else of the network is no shipment."""

from typing import Annotated

from fastapi import Query

from api.http.portraits import PortraitAnswer, drawn
from api.http.routes import UNCHANGED, answers, noun
from api.http.store import TaggedView
from api.http.things import ThingId

router = noun("entities")


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
