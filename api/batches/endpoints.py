"""Batches: the ledger, what was refused, and loading and removing as jobs."""

from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.batches.schemas import BatchAnswer, RefusedRow, answer
from api.http.pages import After, Limit, Page, cursor, cut, position
from api.http.problems import Problem
from api.http.routes import UNCHANGED, answers, noun
from api.http.store import TaggedView, View
from api.jobs.endpoints import Keeper, added
from api.jobs.schemas import JobAnswer
from graph.store.base import GraphStore
from graph.store.batches import Batch
from ingest.mapping import built_in

router = noun("batches")

# A path of a mapping, which the command line also takes, would let whoever asks read files of this machine.
Mapping = StrEnum("Mapping", {name.upper(): name for name in built_in()})  # type: ignore[misc]

BatchId = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$")]


def _found(view: GraphStore, batch: str) -> Batch:
    for row in view.batches():
        if row.id == batch:
            return row
    raise Problem("not-found", "There is no batch with this id; GET /v1/batches lists them.")


def _tagged(view: TaggedView, batch: BatchId) -> Batch:
    return _found(view, batch)


Known = Annotated[Batch, Depends(_tagged)]


@router.get("/batches", responses=UNCHANGED, summary="List what was loaded, newest first")
def listed(view: TaggedView, limit: Limit = 50, after: After = None) -> Page[BatchAnswer]:
    """List what was loaded, newest first."""
    before = position(after, int, str)
    everything = sorted(view.batches(), key=_place, reverse=True)
    rows, more = cut((batch for batch in everything if before is None or _place(batch) < before), limit)
    following = cursor(*_place(rows[-1])) if more else None
    return Page(items=[answer(batch) for batch in rows], total=len(everything), next=following)


def _place(batch: Batch) -> tuple[int, str]:
    return batch.version, batch.id


@router.get(
    "/batches/{batch}", responses={**answers("not-found"), **UNCHANGED}, summary="Show the ledger row of a load"
)
def one(found: Known) -> BatchAnswer:
    """Show the ledger row of a load."""
    return answer(found)


@router.get(
    "/batches/{batch}/quarantine",
    responses={**answers("not-found"), **UNCHANGED},
    summary="List the rows of a load that were refused",
)
def refused(found: Known, view: TaggedView, limit: Limit = 100, after: After = None) -> Page[RefusedRow]:
    """List the rows of a load that were refused, by file and row: which rule they broke, and by what."""
    before = position(after, str, int, str, str, str)
    rows, more = cut((row for _, row in view.quarantined(found.id) if before is None or tuple(row) > before), limit)
    return Page(
        items=[RefusedRow(**row._asdict()) for row in rows],
        total=found.rows_quarantined,
        next=cursor(*rows[-1]) if more else None,
    )


@router.post(
    "/batches",
    status_code=202,
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The file as it is.",
            "content": {
                name: {"schema": {"type": "string", "format": "binary", "minLength": 1}}
                for name in ("text/csv", "application/octet-stream")
            },
        }
    },
    summary="Load a file",
)
async def uploaded(
    request: Request,
    response: Response,
    jobs: Keeper,
    mapping: Annotated[Mapping, Query(description="A mapping that comes with the service.")],
    source: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=r"^[^\s/\x00-\x1f\x7f]+$",
            description="Who keeps the numbering; by default the mapping's name.",
        ),
    ] = None,
    name: Annotated[
        str,
        Query(
            pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$",
            description="Name of the file, which says what it holds where a mapping knows several kinds.",
        ),
    ] = "declarations.csv",
) -> JobAnswer:
    """Load the file that is the body, as one batch; bad rows go to quarantine with their reason."""
    job, folder = await run_in_threadpool(jobs.new_folder)
    try:
        with (folder / name).open("wb") as file:
            async for piece in request.stream():
                await run_in_threadpool(file.write, piece)
            empty = file.tell() == 0
        if empty:
            raise Problem("invalid", "The body is empty: send the file as the body.")
        asked = {"name": name, "mapping": str(mapping), "source": source}
        return await run_in_threadpool(added, jobs, response, "load", asked, job)
    except BaseException:
        jobs.discard(job)
        raise


@router.delete("/batches/{batch}", status_code=202, responses=answers("not-found"), summary="Remove a load exactly")
def removed(batch: BatchId, view: View, jobs: Keeper, response: Response) -> JobAnswer:
    """Remove a load exactly: what no other brought is gone."""
    found = _found(view, batch)
    return added(jobs, response, "remove", {"batch": found.id})
