"""Hand-overs: having one written as a job, the register, what has changed since, and the packages."""

from datetime import UTC, datetime
from pathlib import Path as File
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from fastapi.responses import FileResponse

from api.communities.endpoints import check_community
from api.exports.asking import gone
from api.exports.handing import check
from api.exports.kept import package_path, remove_expired, today
from api.exports.manifest import Terms
from api.exports.question import from_data
from api.exports.register import Register
from api.exports.schemas import COMPARED, AskedExport, HandOverAnswer, StaleAnswer, StalePage, answer, stale_answer
from api.http.pages import After, Limit, Page, cursor, cut, position
from api.http.problems import Problem
from api.http.routes import answers, noun
from api.http.store import View
from api.http.things import completed, meant
from api.jobs.endpoints import Keeper, added
from api.jobs.schemas import JobAnswer
from graph.store.base import GraphStore

router = noun("exports")

Manifest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="The SHA-256 of the package's manifest.")]


def _folder(request: Request) -> File:
    """Return the folder of the hand-overs, once no package is left in it that has expired."""
    folder: File = request.app.state.settings.handovers_folder
    remove_expired(folder, today())
    return folder


@router.post(
    "/exports",
    status_code=202,
    responses=answers("not-found", "ambiguous", "not-ready"),
    summary="Have a part of the network written as one signed package",
)
def asked(export: AskedExport, view: View, jobs: Keeper, response: Response) -> JobAnswer:
    """Have a part of the network written as one signed package: a job, whose result names it."""
    told = _completed(view, export)
    terms = Terms(export.recipient, export.purpose, told["tlp"], export.expires_on)
    check(from_data(told), told["formats"], terms, datetime.now(UTC))
    job, _ = jobs.new_folder()
    try:
        return added(jobs, response, "export", told, job)
    except BaseException:
        jobs.discard(job)
        raise


def _completed(view: GraphStore, export: AskedExport) -> dict[str, Any]:
    """Return what is asked as plain data, with complete references for things."""
    told = completed(view, export.model_dump(mode="json"), "things")
    for part, names in (("around", ("starts", "exclude")), ("path", ("sources", "targets", "exclude"))):
        if told[part] is not None:
            told[part] = completed(view, told[part], *names)
    if told["behind"] is not None:
        told["behind"] = str(meant(view, told["behind"], shipment=True))
    if told["community"] is not None:
        check_community(view, told["community"])
    return told


@router.get("/exports", responses=answers("not-found", "ambiguous"), summary="List what was handed over, newest first")
def listed(
    request: Request,
    view: View,
    thing: Annotated[
        str | None, Query(min_length=1, max_length=2_000, description="Only what holds this thing.")
    ] = None,
    recipient: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Only to those whose name has this in it.")
    ] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[HandOverAnswer]:
    """List what was handed over, newest first."""
    before = position(after, str)
    ref = None
    if thing is not None:
        ref = gone(view, thing) or meant(view, thing)
    folder = _folder(request)
    with Register(folder) as register:
        lines = register.listed(
            thing=ref, recipient=recipient, after=None if before is None else before[0], limit=limit + 1
        )
        total = register.count(thing=ref, recipient=recipient)
    rows, more = cut(lines, limit)
    return Page(
        items=[answer(line, package=package_path(folder, line.manifest).is_file()) for line in rows],
        total=total,
        next=cursor(rows[-1].manifest) if more else None,
    )


@router.get("/exports/stale", summary="List hand-overs that hold something that has changed since")
def stale(request: Request, view: View, limit: Limit = 50, after: After = None) -> StalePage:
    """List hand-overs that hold something that has changed since, newest first: their recipients should be told.

    Each is compared with the network, so a page looks through `limit` lines of the register at most, fewer where they
    hold many things, and has those of them that have changed.
    """
    before = position(after, str)
    folder = _folder(request)
    items: list[StaleAnswer] = []
    too_large: list[HandOverAnswer] = []
    looked, compared = 0, 0
    with Register(folder) as register:
        lines, more = cut(register.listed(after=None if before is None else before[0], limit=limit + 1), limit)
        for line in lines:
            if line.things > COMPARED:
                too_large.append(answer(line, package=package_path(folder, line.manifest).is_file()))
            elif compared + line.things > COMPARED:
                more = True
                break
            else:
                compared += line.things
                found = register.changes(view, line)
                if found is not None:
                    items.append(stale_answer(found, package=package_path(folder, line.manifest).is_file()))
            looked += 1
        total = register.count()
    return StalePage(
        items=items,
        too_large=too_large,
        looked_through=looked,
        registered=total,
        next=cursor(lines[looked - 1].manifest) if more else None,
    )


@router.get(
    "/exports/{manifest}/package",
    response_class=FileResponse,
    responses={
        **answers("not-found", "expired"),
        200: {
            "description": "The package.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
    summary="Fetch a package",
)
def package(manifest: Manifest, request: Request) -> FileResponse:
    """Fetch a package that the service wrote, as it was signed; it is kept until its last day of use is over."""
    folder = _folder(request)
    path = package_path(folder, manifest)
    if not path.is_file():
        with Register(folder) as register:
            last = register.last_day(manifest)
        if last is not None and last < today():
            raise Problem("expired", f"The last day of use, {last}, is over, and the package is not kept any more.")
        raise Problem("not-found", "No package of this manifest is kept here; GET /v1/exports lists those that are.")
    return FileResponse(
        path,
        media_type="application/zip",
        filename=f"tidewaiter-{manifest[:12]}.zip",
        headers={"Cache-Control": "private, no-store"},
    )
