"""Searches and expansions as the service is asked for them, and as it answers."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from api.around import AroundCount, AroundLink, AroundThing
from api.http.answers import Answer, Asked
from api.http.days import Day
from api.http.numbers import Number
from api.http.published import PublishedAnswer
from api.http.refs import LinkName, RefText, TypeName
from api.http.things import ThingText
from graph.search import MOST
from graph.store.neighbourhood import EXCLUDED, REACHED, STARTS, Order

ENTRIES = 1_000
"""Entries of a list of identifiers that are answered at once."""


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class SearchAsked(Asked):
    """What is searched for: one text, or a list of identifiers, each answered by itself."""

    text: str | None = Field(
        default=None,
        min_length=1,
        max_length=1_000,
        description="A name, address, contact, goods description or identifier, also misspelt or only begun; "
        "`trader:acme` looks among traders.",
    )
    identifiers: list[Identifier] | None = Field(
        default=None,
        min_length=1,
        max_length=ENTRIES,
        description="Identifiers, telephone numbers with their country code, and e-mail addresses.",
    )
    types: list[TypeName] | None = Field(default=None, max_length=20, description="Only things of these types.")
    limit: Number = Field(default=20, ge=1, le=MOST)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.text is None) == (self.identifiers is None):
            raise ValueError("give either `text` or `identifiers`")
        return self


class HitAnswer(Answer):
    """A thing that fits."""

    thing: str = Field(description="Complete key with its type.")
    type: str
    name: str
    field: str = Field(description="Where it was found: name, alias, id, tax_id, address, contact, goods_description.")
    text: str = Field(description="What was found there, as it was declared.")
    score: float = Field(description="How well it fits, 0 to 1.")


class FoundAnswer(Answer):
    """What was found for one text."""

    text: str
    hits: list[HitAnswer]


class SearchAnswer(Answer):
    """What was found, in the order in which it was asked for."""

    items: list[FoundAnswer]
    store_version: int


class ExpandAsked(Asked):
    """Where to expand from, and which part of the neighbourhood."""

    starts: list[ThingText] = Field(min_length=1, max_length=STARTS)
    links: list[LinkName] | None = Field(default=None, max_length=100, description="Only links of these types.")
    direction: Literal["out", "in"] | None = Field(default=None, description="Only links that leave, or arrive.")
    ends: list[TypeName] | None = Field(default=None, max_length=100, description="Only things of these types.")
    since: Day | None = Field(default=None, description="Only links still said on this day or later.")
    until: Day | None = Field(default=None, description="Only links first said before this day.")
    order: Order = Order.NEWEST
    limit: Number = Field(default=100, ge=0, le=REACHED)
    exclude: list[RefText] = Field(
        default=[], max_length=EXCLUDED, description="What is shown already: with it excluded, the next things come."
    )


class AroundAnswer(Answer):
    """What lies around things: the first of it, and how much there is in truth."""

    starts: list[str]
    things: list[AroundThing]
    links: list[AroundLink] = Field(description="The links that match and lead to one of these things.")
    counts: list[AroundCount] = Field(description="All links of the starts, whatever was asked for.")
    matching: int = Field(description="How many links match.")
    left: int = Field(description="How many of those lead to what is neither shown nor excluded.")
    published: PublishedAnswer | None
    store_version: int
