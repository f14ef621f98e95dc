"""The published set as answers name it."""

from datetime import date

from pydantic import Field

from api.http.answers import Answer
from graph.store.results import PublishedSet


class PublishedAnswer(Answer):
    """The published set that an answer with a risk in it comes from."""

    id: str
    store_version: int
    as_of: date = Field(description="The set knows what was known before this day.")
    model: str | None = Field(description="The model of its scores; null where only the network was analysed.")
    thresholds: dict[str, float] = Field(description="Lower bounds of the lanes `red` and `yellow`.")
    about: dict[str, str]


def heading(published: PublishedSet | None) -> PublishedAnswer | None:
    """Return the heading of a set as it is answered."""
    if published is None:
        return None
    return PublishedAnswer(
        id=published.id,
        store_version=published.store_version,
        as_of=published.as_of,
        model=published.model or None,
        thresholds=dict(published.thresholds),
        about=dict(published.about),
    )
