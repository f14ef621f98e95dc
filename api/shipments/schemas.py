"""Shipments as the service answers them."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from api.http.answers import Answer
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
