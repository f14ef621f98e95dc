"""The service: one application over the store of the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api.batches import endpoints as batches
from api.communities import endpoints as communities
from api.entities import endpoints as entities
from api.exports import endpoints as exports
from api.exports.kept import tidy
from api.http.answers import NotModified, not_modified
from api.http.document import TITLE, VERSION, document
from api.http.guard import Guard
from api.http.headers import Secured
from api.http.limits import Limits
from api.http.problems import add_handlers
from api.http.rights import check_rights
from api.http.store import KeptStore
from api.jobs import endpoints as jobs
from api.jobs.keeper import JobKeeper
from api.paths import endpoints as paths
from api.reference import endpoints as reference
from api.settings import Settings
from api.shipments import endpoints as shipments
from api.shipments.warm import WarmNetwork, find_paths
from api.status import endpoints as status

NOUNS = (shipments, entities, communities, paths, exports, batches, jobs, status, reference)


def create_app(settings: Settings) -> FastAPI:
    """Return the service over the store of the settings; nothing is opened before it starts or is asked.

    Raises:
        ValueError: a route has no right; see `api.http.rights`.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(tidy, settings.handovers_folder)
        await run_in_threadpool(app.state.jobs.start)
        app.state.warm.start()
        try:
            yield
        finally:
            await run_in_threadpool(app.state.warm.stop)
            await run_in_threadpool(app.state.jobs.stop)
            await run_in_threadpool(app.state.store.close)

    app = FastAPI(
        title=TITLE,
        version=VERSION,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.store = KeptStore(settings)
    app.state.warm = WarmNetwork(settings, app.state.store)
    app.state.jobs = JobKeeper(settings, done=app.state.warm.renew)
    app.state.find_paths = find_paths(app)
    for noun in NOUNS:
        # One flat list, so that rights, methods and documentation are all read from it.
        app.router.routes.extend(noun.router.routes)
    check_rights(app.router.routes)
    add_handlers(app)
    app.add_exception_handler(NotModified, not_modified)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    # The last that is added is the first that a request meets.
    app.add_middleware(Limits)
    app.add_middleware(Guard, hosts=settings.hosts)
    app.add_middleware(Secured)
    return app
