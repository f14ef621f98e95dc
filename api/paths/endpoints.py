"""Paths: how things are connected."""

from api.around import ways
from api.http.problems import asking
from api.http.routes import answers, noun
from api.http.store import View
from api.http.things import completed
from api.paths.schemas import HubAnswer, PathsAnswer, PathsAsked
from api.questions import path_query
from graph.paths import check

router = noun("paths")


@router.post(
    "/paths", responses=answers("not-found", "ambiguous"), summary="Find the most telling paths between things"
)
def find(view: View, asked: PathsAsked) -> PathsAnswer:
    """Find paths between two things, or between two sets of things, with the records of each step.

    The two sets may share things, though not be the same. A path has at least one link, so that none leads from a
    shared thing to itself, and it ends at the first target that it comes to.
    """
    with asking():
        query = path_query(completed(view, asked.model_dump(mode="json"), "sources", "targets"))
        check(query)
    found = ways(view, query)
    return PathsAnswer(
        paths=list(found.paths),
        hubs=[HubAnswer(thing=thing, degree=degree) for thing, degree in found.hubs],
        hub_degree=found.hub_degree,
        complete=found.complete,
        store_version=view.version(),
    )
