"""A thing in full as the service answers it; shipments and entities share the form."""

from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic import Field

from api.http.answers import Answer
from api.http.problems import Problem
from api.http.published import PublishedAnswer, heading
from api.http.things import meant
from api.portrait import portrait
from graph.store.base import GraphStore


class FactAnswer(Answer):
    """A value of a field, with the days on which it was said."""

    field: str
    value: str
    shown: bool = Field(description="Whether it is the value that is shown, or an older or weaker one.")
    first_on: date | None
    last_on: date | None
    sources: list[str]
    newer: bool = Field(description="Newer than the published set: not in its risk.")


class LinkedAnswer(Answer):
    """A thing at the other end of a link."""

    thing: str
    name: str
    first_on: date | None
    last_on: date | None
    newer: bool
    risk: float | None
    fields: dict[str, str] = Field(description="What was said of the link itself.")


class LinksAnswer(Answer):
    """Links of one type in one direction: how many there are, and the newest."""

    link: str
    direction: str
    count: int
    shown: list[LinkedAnswer]


class VersionAnswer(Answer):
    """One version of a declaration, inspection or list entry."""

    first_on: date | None
    last_on: date | None
    source: str
    fields: dict[str, str]
    counts: bool
    newer: bool


class PortraitAnswer(Answer):
    """What there is to know of one thing, all of one version of the store."""

    id: str = Field(description="Complete key with its type.")
    type: str
    key: str
    first_on: date | None
    last_on: date | None
    facts: list[FactAnswer]
    current: dict[str, str] = Field(description="What counts of all versions; empty for what has none.")
    versions: list[VersionAnswer]
    record_count: int
    records_shown: int
    links: list[LinksAnswer]
    inspections: list[dict[str, str]]
    risk: dict[str, Any] | None = Field(description="Its row of the published set; null where the set has none.")
    published: PublishedAnswer | None
    store_version: int


def drawn(view: GraphStore, text: str, links: int, *, shipment: bool) -> PortraitAnswer:
    """Return what there is to know of the thing that an identifier means.

    Raises:
        Problem: it means none, or more than one.
    """
    ref = meant(view, text, shipment=shipment)
    seen = portrait(view, ref, links=links)
    if seen is None:
        raise Problem("not-found", "It was removed a moment ago: nothing is known of it any more.")
    told = asdict(seen) | {"published": heading(seen.published)}
    del told["ref"]
    return PortraitAnswer(id=str(ref), type=ref.type, key=ref.key, **told)
