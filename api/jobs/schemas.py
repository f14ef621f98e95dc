"""Jobs as the service answers and asks for them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from api.http.answers import Answer, Asked
from api.http.days import Day
from api.http.refs import LinkAsked, RefText
from api.jobs.record import Job, State

SUPPOSED = 100
"""Sources, and links of each kind, that are supposed at most."""


class JobAnswer(Answer):
    """A long task: what was asked, how far it is, and what came out."""

    id: str
    kind: str
    asked: dict[str, Any]
    state: State
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    doing: str = Field(description="What is being done now.")
    share: float | None = Field(description="How much of it is done, from 0 to 1; null where that is not known.")
    rows: int | None = Field(description="How many rows were read; null where none are.")
    result: dict[str, Any] | None
    error: str | None = Field(description="Why nothing came out, and what to do.")


def answer(job: Job) -> JobAnswer:
    """Return a job as it is answered."""
    told = {name: getattr(job, name) for name in JobAnswer.model_fields}
    return JobAnswer(**told)


class Analyse(Asked):
    """Find communities and linked risk, and publish them."""

    kind: Literal["analyse"]
    as_of: Day | None = Field(None, description="Use what was known before this day; by default all.")


class Train(Asked):
    """Learn from every outcome known, or known before a day."""

    kind: Literal["train"]
    until: Day | None = Field(None, description="Learn from what was known before this day; by default all.")


class Score(Asked):
    """Score the shipments without outcome with the model trained last, and publish the scores."""

    kind: Literal["score"]
    as_of: Day | None = Field(None, description="Use what was known before this day; by default all.")


class WhatIf(Asked):
    """Find the waiting shipments that would be rated otherwise; nothing of the network or the published set changes."""

    kind: Literal["what-if"]
    clear: list[RefText] = Field(
        [], max_length=SUPPOSED, description="Shipments or inspections whose infraction is taken to be none."
    )
    without: list[LinkAsked] = Field([], max_length=SUPPOSED, description="Links that are taken to be none.")
    add: list[LinkAsked] = Field([], max_length=SUPPOSED, description="Links that are taken to be, as an assessment.")
    first: Day | None = Field(None, description="First day of acceptance; by default 90 days before the set's day.")
    last: Day | None = Field(None, description="Last day of acceptance, included; by default there is none.")

    @model_validator(mode="after")
    def _meant(self) -> Self:
        if not (self.clear or self.without or self.add):
            raise ValueError("nothing is supposed: name what to `clear`, what is `without`, or what to `add`")
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"the period ends on {self.last}, before it begins on {self.first}")
        return self


AskedJob = Annotated[Analyse | Train | Score | WhatIf, Field(discriminator="kind")]
