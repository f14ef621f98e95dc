"""Communities as the service answers them."""

from typing import Any

from pydantic import Field

from api.community import Member, Summary, Waiting
from api.http.answers import Answer
from api.http.pages import Page
from api.http.published import PublishedAnswer


class CommunityPage(Page[Summary]):
    """A page of communities, the riskiest first."""

    published: PublishedAnswer | None


class MemberPage(Page[Member]):
    """A page of the members of a community, the riskiest first."""

    published: PublishedAnswer | None


class CommunityAnswer(Answer):
    """What there is to know of one community."""

    summary: Summary
    described: dict[str, Any] = Field(description="Roles, what binds its members, what they trade, over time.")
    members: list[Member] = Field(description="The riskiest; `summary` says how many there are.")
    waiting: list[Waiting] = Field(description="Shipments still to decide, the highest score first.")
    published: PublishedAnswer | None
