"""Paths: how things are connected."""

from api.around import ways
from api.http.problems import asking
from api.http.refs import refs
from api.http.routes import answers, noun
from api.http.store import View
from api.http.things import all_meant
from api.paths.schemas import HubAnswer, PathsAnswer, PathsAsked
from graph.paths import PathQuery, check

router = noun("paths")


@router.post(
    "/paths", responses=answers("not-found", "ambiguous"), summary="Find the most telling paths between things"
)
def find(view: View, asked: PathsAsked) -> PathsAnswer:
    """Find paths between two things, or between two sets of things, with the records of each step."""
    with asking():
        query = PathQuery(
            all_meant(view, asked.sources),
            all_meant(view, asked.targets),
            asked.limit,
            asked.hops,
            asked.links,
            refs(asked.exclude),
            [link.ref() for link in asked.exclude_links],
            asked.through_hubs,
        )
        check(query)
    found = ways(view, query)
    return PathsAnswer(
        paths=list(found.paths),
        hubs=[HubAnswer(thing=thing, degree=degree) for thing, degree in found.hubs],
        hub_degree=found.hub_degree,
        complete=found.complete,
        store_version=view.version(),
    )
