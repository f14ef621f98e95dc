"""Requests that no client library would send."""

import re
import socket
from collections.abc import Iterable
from contextlib import suppress

import httpx


def connected(service: httpx.Client) -> socket.socket:
    """Return a connection to a service."""
    connection = socket.create_connection((service.base_url.host, service.base_url.port or 80), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def chunked(service: httpx.Client, path: str, pieces: Iterable[bytes]) -> tuple[int, int, str]:
    """Send pieces of a body of unknown length until the service answers.

    Returns the status, the bytes sent, and the whole answer.
    """
    sent = 0
    with connected(service) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                sent += len(piece)
            connection.sendall(b"0\r\n\r\n")
        answer = read(connection)
    found = re.match(r"HTTP/1\.1 (\d+)", answer)
    return int(found[1]) if found else 0, sent, answer


def read(connection: socket.socket) -> str:
    """Return what a connection answers until it is closed, or until a whole answer with a length is there."""
    answer = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            answer += piece
            head, _, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            if length and len(body) >= int(length[1]):
                break
    return answer.decode()
