"""Communities: the list of them, one in full, and its members."""

from typing import Annotated

from fastapi import Query

from api.communities.schemas import CommunityAnswer, CommunityPage, MemberPage
from api.community import communities, community, members_of
from api.http.pages import After, Limit, cursor, going_on
from api.http.problems import Problem
from api.http.published import heading
from api.http.routes import UNCHANGED, answers, noun
from api.http.store import TaggedView
from graph.records import Ref
from graph.store.base import GraphStore
from graph.store.results import PublishedSet

router = noun("communities")

CommunityId = Annotated[str, Query(alias="id", min_length=1, max_length=2_000, description="The community's id.")]
_NO_COMMUNITY = "The published set has no community of this id; GET /v1/communities lists them."
_Shown = Annotated[int, Query(ge=0, le=1_000)]


@router.get(
    "/communities", responses={**answers("not-ready"), **UNCHANGED}, summary="List communities, the riskiest first"
)
def listed(view: TaggedView, limit: Limit = 50, after: After = None) -> CommunityPage:
    """List the communities of the published set, by falling risk."""
    published = _published(view)
    found, total = communities(view, limit=limit + 1, after=going_on(published, after, 1))
    following = cursor(published.id, found[limit - 1].id) if len(found) > limit else None
    return CommunityPage(items=found[:limit], total=total, next=following, published=heading(published))


@router.get(
    "/communities/portrait",
    responses={**answers("not-found", "not-ready"), **UNCHANGED},
    summary="Show all about a community",
)
def portrait(view: TaggedView, name: CommunityId, members: _Shown = 20, shipments: _Shown = 20) -> CommunityAnswer:
    """Show who is in it, what binds them, what they trade, over time, and what is still to decide."""
    _published(view)
    found = community(view, name, members=members, shipments=shipments)
    if found is None:
        raise Problem("not-found", _NO_COMMUNITY)
    return CommunityAnswer(
        summary=found.summary,
        described=dict(found.described),
        members=list(found.members),
        waiting=list(found.waiting),
        published=heading(found.published),
    )


@router.get(
    "/communities/members",
    responses={**answers("not-found", "not-ready"), **UNCHANGED},
    summary="List the members of a community",
)
def of_community(view: TaggedView, name: CommunityId, limit: Limit = 50, after: After = None) -> MemberPage:
    """List the members of a community, by falling linked risk."""
    published = _published(view)
    found = members_of(view, name, limit + 1, going_on(published, after, 2))
    check_community(view, name)
    total = view.count_results("entity", community=name)
    following = cursor(published.id, *Ref.read(found[limit - 1].thing)) if len(found) > limit else None
    return MemberPage(items=found[:limit], total=total, next=following, published=heading(published))


def check_community(view: GraphStore, name: str) -> None:
    """Raise Problem where the published set has no community of this id, or nothing is published."""
    _published(view)
    if not view.count_results("entity", community=name):
        raise Problem("not-found", _NO_COMMUNITY)


def _published(view: GraphStore) -> PublishedSet:
    published = view.published()
    if published is None:
        raise Problem("not-ready", "Nothing has been published yet: have the network analysed first.")
    return published
