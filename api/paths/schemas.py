"""Paths as the service is asked for them, and as it answers."""

from pydantic import Field

from api.around import Way
from api.http.answers import Answer, Asked
from api.http.numbers import Number
from api.http.refs import LinkAsked, LinkName, RefText
from api.http.things import ThingText
from graph.paths import ENDS, EXCLUDED, HOPS, PATHS


class PathsAsked(Asked):
    """Between what to find paths, and which."""

    sources: list[ThingText] = Field(min_length=1, max_length=ENDS)
    targets: list[ThingText] = Field(min_length=1, max_length=ENDS)
    limit: Number = Field(default=5, ge=1, le=PATHS)
    hops: Number = Field(default=4, ge=1, le=HOPS, description="Of how many links at most.")
    links: list[LinkName] | None = Field(default=None, max_length=100, description="Only over links of these types.")
    exclude: list[RefText] = Field(default=[], max_length=EXCLUDED)
    exclude_links: list[LinkAsked] = Field(default=[], max_length=EXCLUDED)
    through_hubs: bool = Field(strict=True, default=False, description="Also through goods, places, carriers and hubs.")


class HubAnswer(Answer):
    """A thing that was met and not gone through."""

    thing: str
    degree: int


class PathsAnswer(Answer):
    """Paths, the most telling first."""

    paths: list[Way]
    hubs: list[HubAnswer]
    hub_degree: int = Field(description="From more than so many links on a thing was a hub.")
    complete: bool = Field(description="False where a bound was met, so that there may be other paths.")
    store_version: int
