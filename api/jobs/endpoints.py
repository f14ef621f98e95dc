"""Jobs: asking for one, following it, cancelling it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Body, Depends, Path, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.http.pages import After, Limit, Page, cursor, position
from api.http.problems import Problem
from api.http.routes import answers, noun
from api.jobs.keeper import JobKeeper
from api.jobs.record import OVER, Job
from api.jobs.schemas import AskedJob, JobAnswer, answer

router = noun("jobs")

_LOOK = 0.2
"""Seconds between two looks at a job that is followed."""
_KEEP_ALIVE = 15.0
"""Seconds after which a silent stream says that it lives."""

JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


def keeper(request: Request) -> JobKeeper:
    """Return who keeps the jobs of the service."""
    kept: JobKeeper = request.app.state.jobs
    return kept


Keeper = Annotated[JobKeeper, Depends(keeper)]


def _known(job: JobId, jobs: Keeper) -> Job:
    found = jobs.find(job)
    if found is None:
        raise Problem("not-found", "There is no job with this id; GET /v1/jobs lists them.")
    return found


Known = Annotated[Job, Depends(_known)]


def added(jobs: JobKeeper, response: Response, kind: str, asked: dict[str, Any], name: str | None = None) -> JobAnswer:
    """Have a job done, and say where it can be followed.

    Raises:
        Problem: too many wait already.
    """
    job = jobs.add(kind, asked, name)
    if job is None:
        raise Problem("unavailable", "Too many jobs are waiting: ask again when some are over.")
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return answer(job)


@router.get("/jobs", summary="List jobs, newest first")
def listed(jobs: Keeper, limit: Limit = 50, after: After = None) -> Page[JobAnswer]:
    """List jobs, newest first."""
    before = position(after, int)
    found, total = jobs.newest(None if before is None else min(before[0], 2**62), limit + 1)
    more = len(found) > limit
    page = found[:limit]
    return Page(items=[answer(job) for job in page], total=total, next=cursor(page[-1].number) if more else None)


@router.post("/jobs", status_code=202, summary="Have something done that takes long")
def asked(job: Annotated[AskedJob, Body()], jobs: Keeper, response: Response) -> JobAnswer:
    """Have the network analysed, a model trained, shipments scored, or told what a supposition would change."""
    told = job.model_dump(mode="json")
    return added(jobs, response, told.pop("kind"), told)


@router.get("/jobs/{job}", responses=answers("not-found"), summary="Show a job")
def one(found: Known) -> JobAnswer:
    """Show a job."""
    return answer(found)


@router.delete("/jobs/{job}", responses=answers("not-found"), summary="Cancel a job that is not over")
def cancelled(found: Known, jobs: Keeper) -> JobAnswer:
    """Cancel a job that is not over; of one that is, nothing changes."""
    return answer(jobs.cancel(found.id) or found)


@router.get(
    "/jobs/{job}/events",
    response_class=EventSourceResponse,
    responses=answers("not-found"),
    summary="Follow a job",
)
async def events(found: Known, jobs: Keeper) -> AsyncIterator[ServerSentEvent]:
    """Follow a job: an event `job` whenever something has changed, the last when it is over."""
    told: Job | None = None
    silent = 0.0
    while not jobs.ending:
        now = await run_in_threadpool(jobs.find, found.id) or found
        if now != told:
            told, silent = now, 0.0
            yield ServerSentEvent(event="job", data=answer(now))
        if now.state in OVER:
            return
        await asyncio.sleep(_LOOK)
        silent += _LOOK
        if silent >= _KEEP_ALIVE:
            silent = 0.0
            yield ServerSentEvent(comment="still there")
