"""A wire to a server that can be cut at the worst moment: the server has done it, and cannot say so any more."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.neo4j.server import HOST, Server

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""The message that ends a transaction, with its frame, as Bolt has it."""


@dataclass
class Wire:
    """What went over a wire; `transactions` is what clients sent for each transaction up to its COMMIT."""

    address: str
    cut_at: int | None
    transactions: list[bytes] = field(default_factory=list)
    is_cut: bool = False
    _ends: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def connect(self, client: socket.socket, server: socket.socket) -> None:
        """Let a client and the server talk to each other."""
        with self._lock:
            self._ends += [client, server]
        for end in (client, server):
            # Small messages are not kept back to be sent together.
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        committing = threading.Event()
        for work in (self._ask, self._answer):
            threading.Thread(target=work, args=(client, server, committing), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, committing: threading.Event) -> None:
        sent = b""
        with suppress(OSError):
            while said := client.recv(1 << 16):
                sent += said
                while (end := sent.find(COMMIT)) >= 0:
                    with self._lock:
                        self.transactions.append(sent[:end])
                        if len(self.transactions) == self.cut_at:
                            committing.set()
                    sent = sent[end + len(COMMIT) :]
                server.sendall(said)
        _close(client, server)

    def _answer(self, client: socket.socket, server: socket.socket, committing: threading.Event) -> None:
        with suppress(OSError):
            while said := server.recv(1 << 16):
                if committing.is_set():
                    self.cut()
                    return
                client.sendall(said)
        _close(client, server)

    def cut(self) -> None:
        """End all connections that there are; new ones can be made."""
        with self._lock:
            self.is_cut = True
            ends, self._ends = self._ends, []
        _close(*ends)


@contextmanager
def wire(server: Server, *, cut_at: int | None = None) -> Iterator[Wire]:
    """Put a wire before a server; at the transaction with the number `cut_at` all its connections are cut.

    That is between the server's answer to the COMMIT, which is kept back, and the client.
    """
    host, port = server.address.removeprefix("neo4j://").split(":")
    with socket.create_server((HOST, 0)) as listener:
        made = Wire(f"bolt://{HOST}:{listener.getsockname()[1]}", cut_at)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    made.connect(client, socket.create_connection((host, int(port))))

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield made
        finally:
            _close(listener)
            made.cut()


def _close(*ends: socket.socket) -> None:
    for end in ends:
        # What another thread waits for ends at once, which closing alone does not do.
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
