"""Who may ask: only under names that the service is known by, and no page of another site for a change.

A page of another site can make a browser send requests to a service on the same machine. What it reads is kept from it
by the browser; that it changes nothing, and that a name which it points at this machine is refused, is kept here.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.problems import Problem

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Refuses requests under an unknown host, and changes that another site asks for."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = {host.lower() for host in (*LOOPBACK, *hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            try:
                self._check(scope["method"], Headers(scope=scope))
            except Problem as problem:
                await problem.answer()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, method: str, headers: Headers) -> None:
        given = headers.getlist("host")
        host = _name(given[0]) if len(given) == 1 else None
        if host not in self._hosts:
            raise Problem(
                "other-host",
                "The service does not answer under this host name; TIDEWAITER_ALLOWED_HOSTS names further ones.",
            )
        if method in _SAFE:
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            same = site in ("same-origin", "none")
        else:
            same = origin is None or urlsplit(origin).netloc.lower() == given[0].lower()
        if not same:
            raise Problem("other-site", "Changes are only made for the service's own pages and for programs.")


def _name(host: str) -> str | None:
    """Return the name in a Host header, without port and brackets; None where it is not one."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname
