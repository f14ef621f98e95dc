"""Hand-overs as the service answers and asks for them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.exports.formats import FORMATS, USUAL
from api.exports.manifest import TLP
from api.exports.register import HandOver, Stale
from api.http.answers import Answer, Asked
from api.http.days import Day
from api.http.things import ThingText
from graph.paths import ENDS, HOPS, PATHS
from graph.records import Ref
from graph.schema import LINK, NODE
from graph.store.neighbourhood import REACHED, STARTS, Order

_THINGS = 1_000
_HIDDEN = 1_000
_SHOWN = 100
"""Changed things that are named of each hand-over; all are counted."""

COMPARED = 20_000
"""Things that a page of stale hand-overs compares with the network; a few hundred are compared in a second."""

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"\S")]
LinkType = StrEnum("LinkType", sorted((name, name) for name in LINK))  # type: ignore[misc]
NodeType = StrEnum("NodeType", sorted((name, name) for name in NODE))  # type: ignore[misc]
FormatName = StrEnum("FormatName", [(name, name) for name in FORMATS])  # type: ignore[misc]
Label = StrEnum("Label", [(name, name) for name in TLP])  # type: ignore[misc]


class AskedAround(Asked):
    """Things with those that they are linked with, as an expansion finds them."""

    starts: list[ThingText] = Field(min_length=1, max_length=STARTS)
    links: list[LinkType] | None = None
    direction: Literal["out", "in"] | None = None
    ends: list[NodeType] | None = Field(None, description="Only things of these types.")
    since: Day | None = Field(None, description="Only links still said on this day or later.")
    until: Day | None = Field(None, description="Only links first said before this day.")
    order: Order = Order.NEWEST
    limit: int = Field(100, ge=1, le=REACHED)
    exclude: list[ThingText] = Field([], max_length=_HIDDEN)


class AskedPaths(Asked):
    """The most telling paths between things."""

    sources: list[ThingText] = Field(min_length=1, max_length=ENDS)
    targets: list[ThingText] = Field(min_length=1, max_length=ENDS)
    limit: int = Field(5, ge=1, le=PATHS)
    hops: int = Field(4, ge=1, le=HOPS)
    links: list[LinkType] | None = None
    exclude: list[ThingText] = Field([], max_length=_HIDDEN)
    through_hubs: bool = False


class AskedExport(Asked):
    """What is to be handed over, all parts together, and on what terms."""

    things: list[ThingText] = Field([], max_length=_THINGS)
    around: AskedAround | None = None
    path: AskedPaths | None = None
    community: ThingText | None = Field(None, description="A community of the published set.")
    behind: ThingText | None = Field(None, description="A shipment, with what its score rests on.")
    formats: list[FormatName] = Field([FormatName(name) for name in USUAL], min_length=1, max_length=len(FORMATS))
    recipient: Sentence
    purpose: Sentence
    tlp: Label = Label("AMBER")
    expires_on: Day = Field(description="The last day of use.")
    non_nominal: bool = Field(False, description="Pseudonyms for names, addresses, contacts, identifiers of parties.")


class HandOverAnswer(Answer):
    """A line of the register."""

    manifest_sha256: str = Field(description="The SHA-256 of the package's manifest, by which it is known.")
    made_at: datetime
    recipient: str
    purpose: str
    tlp: str
    expires_on: date
    query: str
    non_nominal: bool
    things: int
    package: bool = Field(description="Whether the package is kept here, and can be fetched.")


class StaleAnswer(Answer):
    """A hand-over that no longer says what the network says; of each list the first hundred are named."""

    export: HandOverAnswer
    gone: list[str]
    gone_count: int
    changed: list[str]
    changed_count: int


class StalePage(Answer):
    """What was found by looking through a part of the register."""

    items: list[StaleAnswer] = Field(description="Those that hold something that has changed since.")
    too_large: list[HandOverAnswer] = Field(
        description=f"Those that hold more than {COMPARED:,} things, which are not compared here; "
        "`tidewaiter export stale` does."
    )
    looked_through: int = Field(ge=0, description="How many hand-overs this page looked through.")
    registered: int = Field(ge=0, description="How many hand-overs the register has in all.")
    next: str | None = Field(description="What `after` of the next page is; null where this is the last.")


def answer(line: HandOver, *, package: bool) -> HandOverAnswer:
    """Return a line of the register as it is answered."""
    return HandOverAnswer(
        manifest_sha256=line.manifest,
        made_at=line.made_at,
        recipient=line.recipient,
        purpose=line.purpose,
        tlp=f"TLP:{line.tlp}",
        expires_on=line.expires_on,
        query=line.query,
        non_nominal=line.non_nominal,
        things=line.things,
        package=package,
    )


def stale_answer(found: Stale, *, package: bool) -> StaleAnswer:
    """Return a hand-over that should be told of, as it is answered."""
    return StaleAnswer(
        export=answer(found.handover, package=package),
        gone=_named(found.gone),
        gone_count=len(found.gone),
        changed=_named(found.changed),
        changed_count=len(found.changed),
    )


def _named(refs: list[Ref]) -> list[str]:
    return [str(ref) for ref in refs[:_SHOWN]]
