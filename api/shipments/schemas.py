"""Shipments as the service answers them."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from api.http.answers import Answer, Asked
from api.http.pages import Page
from api.http.published import PublishedAnswer

Lane = Literal["red", "yellow", "green"]


class QueueRow(Answer):
    """A shipment of the inspection queue."""

    id: str = Field(description="Complete key: source/shipment_id.")
    source: str
    shipment_id: str
    accepted_on: date | None
    score: float | None = Field(description="Null where its own outcome was in the training.")
    declared: float | None
    profile: float | None
    linked: float | None
    gnn: float | None
    lane: Lane | None
    community: str | None
    decided: bool = Field(description="Whether an outcome is known.")
    reasons: list[Any] = Field(description="Why it stands where it stands, strongest first.")


class QueuePage(Page[QueueRow]):
    """A page of the inspection queue, highest score first."""

    published: PublishedAnswer | None
    store_version: int = Field(description="Newer than that of the published set where the store has changed since.")


MOST = 1_000
"""Declarations that are scored at a time."""


class AskedScores(Asked):
    """Declarations to score as they arrive; nothing of them is stored."""

    source: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        pattern=r"^[^\s/]+$",
        description="Who keeps the numbering of declarations and traders; by default `native`.",
    )
    declarations: list[dict[str, Any]] = Field(
        max_length=MOST,
        description="A value by column of the native format, for each: text, a number, or null for blank. A column "
        "that the format does not name is an error; outcomes are left out.",
    )


class StepAnswer(Answer):
    """The next thing on a path, the link that leads to it, and by how many that is shared."""

    thing: str
    link: str
    shared_by: int


class PathAnswer(Answer):
    """What the infraction of `source` adds to a linked risk, and over which things."""

    value: float
    source: str
    steps: list[StepAnswer]


class ArrivalAnswer(Answer):
    """What is said of one declaration that has arrived."""

    row: int = Field(description="Its position among the declarations sent, from 0.")
    shipment: str = Field(description="Complete key with its type.")
    accepted_on: date
    as_of: date = Field(description="What was known before this day was used.")
    score: float | None = Field(description="Null where its own outcome was in the training.")
    lane: Lane | None
    declared: float
    profile: float
    linked: float
    gnn: float
    reasons: list[str] = Field(description="Why, strongest first.")
    path: PathAnswer | None = Field(description="The strongest path of its linked risk; null without any.")
    community: str | None = Field(description="The importer's.")
    parties: dict[str, str] = Field(description="Who was declared, by role.")
    unknown: list[str] = Field(description="Roles of those whom the network did not know before that day.")
    in_store: bool = Field(description="Whether the store holds a shipment of this key.")
    repeats: int | None = Field(description="Row of the first declaration of the same shipment; null for that.")


class RefusedAnswer(Answer):
    """A declaration that breaks a rule of the format, and is not scored."""

    row: int = Field(description="Its position among the declarations sent, from 0.")
    rule: str
    column: str
    value: str


class ScoresAnswer(Answer):
    """Declarations as scored by one published set, and those refused."""

    published: PublishedAnswer | None
    store_version: int = Field(description="Of the network that was used: newer than the set where it has changed.")
    arrivals: list[ArrivalAnswer]
    refused: list[RefusedAnswer]
