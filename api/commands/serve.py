"""Running the service."""

import ipaddress
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.errors import UsageError
from api.commands.options import StoreOption, settings
from api.commands.output import remark

if TYPE_CHECKING:
    from types import FrameType

    import uvicorn
    from fastapi import FastAPI

_SECONDS_TO_END = 10


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address of this machine to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen at; 0 takes a free one.")] = 8000,
    insecure_bind: Annotated[
        bool,
        typer.Option(
            "--insecure-bind", help="Listen beyond this machine, though nobody is asked who they are: guard it."
        ),
    ] = False,
    store: StoreOption = None,
) -> None:
    """Answer over HTTP: the queue, shipments and entities in full, loading and scoring as jobs."""
    from graph.store.open import check_address

    chosen = settings(ctx, store)
    if not (insecure_bind or _is_loopback(host)):
        raise UsageError(
            f"--host {host} would let other machines in, and the service asks nobody who they are: leave it out, or "
            "add --insecure-bind where something in front guards it."
        )
    check_address(chosen.store)
    with listening(host, port) as listener:
        from api.app import create_app

        app = create_app(chosen)
        name = f"[{host}]" if ":" in host else host
        remark(f"Serving on http://{name}:{listener.getsockname()[1]}, with the reference at /docs; Ctrl-C ends it.")
        _run(app, listener)


def _is_loopback(host: str) -> bool:
    """Tell whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Lend a socket that listens at an address.

    Raises:
        UsageError: nothing can listen there.
    """
    # The protocol is named, because asyncio sends small answers at once only on sockets that name it; others hold each
    # back for 40 ms until the one before is acknowledged.
    kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        family, *_, place = socket.getaddrinfo(host, port, 0, *kind, socket.AI_PASSIVE)[0]
        listener = socket.socket(family, *kind)
    except OSError as error:
        raise _deaf(host, port, error) from error
    with listener:
        try:
            # A port whose service has just ended can be taken at once.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen(128)
        except OSError as error:
            raise _deaf(host, port, error) from error
        yield listener


def _deaf(host: str, port: int, error: OSError) -> UsageError:
    return UsageError(
        f"Nothing can listen at {host}, port {port} ({error.strerror or error}): another service may, "
        "or the address is not of this machine; choose others by --host and --port."
    )


def _run(app: "FastAPI", listener: socket.socket) -> None:
    """Run an application until the process is told to end; what is being answered is answered."""
    import uvicorn

    class Server(uvicorn.Server):
        """A server that ends the streams it feeds, and ends well when it is told to."""

        def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
            app.state.jobs.ending = True
            super().handle_exit(sig, frame)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            handlers: dict[signal.Signals, Any] = {
                sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGINT, signal.SIGTERM)
            }
            try:
                yield
            finally:
                for sig, handler in handlers.items():
                    signal.signal(sig, handler)

    Server(server_config(app)).run(sockets=[listener])


def server_config(app: "FastAPI") -> "uvicorn.Config":
    """Return how the service is run; addresses hold identifiers of traders, which belong into no log."""
    import uvicorn

    return uvicorn.Config(
        app,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_END,
    )
