"""Whether the service lives and can answer, and what its store holds."""

from typing import Literal

from fastapi import Request
from pydantic import Field

from api.http.answers import Answer
from api.http.published import PublishedAnswer, heading
from api.http.routes import noun
from api.http.store import View
from api.jobs.endpoints import Keeper
from api.jobs.schemas import JobAnswer
from api.jobs.schemas import answer as job_answer

router = noun("status", prefix="")


class Health(Answer):
    """That it is well; where it is not, a problem is answered."""

    status: Literal["ok"]


class StatusAnswer(Answer):
    """What the store holds, what was published from it, and what is being done."""

    store_version: int
    batches: int
    rows_loaded: int
    rows_quarantined: int
    published: PublishedAnswer | None
    changed_since: bool = Field(description="Whether the store has changed since the set was published.")
    running: JobAnswer | None = Field(description="The job that runs now.")


@router.get("/livez", summary="Tell whether the service lives")
async def alive(request: Request) -> Health:
    """Tell whether the service lives; it does while its store is away."""
    return Health(status="ok")


@router.get("/readyz", summary="Tell whether the store can be asked")
def ready(view: View) -> Health:
    """Tell whether the store can be asked: 503 where it cannot, until it can again."""
    view.version()
    return Health(status="ok")


@router.get("/v1/status", summary="Show what the store holds and what was published")
def status(view: View, jobs: Keeper) -> StatusAnswer:
    """Show what the store holds, what was published from it, and what is being done."""
    published, version, ledger, running = view.published(), view.version(), view.batches(), jobs.running()
    return StatusAnswer(
        store_version=version,
        batches=len(ledger),
        rows_loaded=sum(batch.rows_loaded for batch in ledger),
        rows_quarantined=sum(batch.rows_quarantined for batch in ledger),
        published=heading(published),
        changed_since=published is not None and published.store_version != version,
        running=None if running is None else job_answer(running),
    )
