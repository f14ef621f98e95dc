"""Which right each route will need once there is access control; a route without an entry is a fault."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from starlette.routing import BaseRoute


class Right(StrEnum):
    """What somebody may do."""

    OPEN = "open"
    READ = "read"
    SCORE = "score"
    LOAD = "load"
    EXPORT = "export"
    ADMIN = "admin"


RIGHTS: Mapping[tuple[str, str], Right] = {
    ("GET", "/livez"): Right.OPEN,
    ("GET", "/readyz"): Right.OPEN,
    ("GET", "/docs"): Right.OPEN,
    ("GET", "/docs/style.css"): Right.OPEN,
    ("GET", "/openapi.json"): Right.OPEN,
    ("GET", "/v1/status"): Right.READ,
    ("GET", "/v1/shipments"): Right.READ,
    ("GET", "/v1/shipments/portrait"): Right.READ,
    ("GET", "/v1/shipments/evidence"): Right.READ,
    ("POST", "/v1/entities/search"): Right.READ,
    ("POST", "/v1/entities/expand"): Right.READ,
    ("POST", "/v1/shipments:score"): Right.SCORE,
    ("GET", "/v1/entities/portrait"): Right.READ,
    ("GET", "/v1/entities/evidence"): Right.READ,
    ("GET", "/v1/communities"): Right.READ,
    ("GET", "/v1/communities/portrait"): Right.READ,
    ("GET", "/v1/communities/members"): Right.READ,
    ("POST", "/v1/paths"): Right.READ,
    ("GET", "/v1/batches"): Right.READ,
    ("POST", "/v1/batches"): Right.LOAD,
    ("GET", "/v1/batches/{batch}"): Right.READ,
    ("DELETE", "/v1/batches/{batch}"): Right.LOAD,
    ("GET", "/v1/batches/{batch}/quarantine"): Right.READ,
    ("GET", "/v1/exports"): Right.EXPORT,
    ("POST", "/v1/exports"): Right.EXPORT,
    ("GET", "/v1/exports/stale"): Right.EXPORT,
    ("GET", "/v1/exports/{manifest}/package"): Right.EXPORT,
    ("GET", "/v1/jobs"): Right.READ,
    ("POST", "/v1/jobs"): Right.SCORE,
    ("GET", "/v1/jobs/{job}"): Right.READ,
    ("DELETE", "/v1/jobs/{job}"): Right.ADMIN,
    ("GET", "/v1/jobs/{job}/events"): Right.READ,
}


def check_rights(routes: Iterable[BaseRoute]) -> None:
    """Raise ValueError where a route has no right, or a right no route."""
    there = {
        (method, getattr(route, "path", ""))
        for route in routes
        for method in (getattr(route, "methods", None) or {"?"})
    }
    without, idle = there - set(RIGHTS), set(RIGHTS) - there
    if without or idle:
        raise ValueError(f"routes without a right: {sorted(without)}; rights without a route: {sorted(idle)}")
