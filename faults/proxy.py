"""The way to a broker, which can be cut where the broker has taken records and is about to say so, or let nothing through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

from playhead.local.processes import LOOPBACK

_CHUNK_BYTES = 2**16
_ASKED_FOR = slice(4, 6)  # of a request, behind its length
_TO_TAKE_RECORDS = b"\0\0"


class Proxy(ThreadingTCPServer):
    """Passes on what clients and the broker at a port tell each other; `cuts` are the answers that are still to be cut off.

    While `lets_through` is not set, connections stay and nothing goes through.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, broker_port: int, *, cuts: int) -> None:
        self.broker_port = broker_port
        self.cuts = cuts
        self.lets_through = threading.Event()
        self.lets_through.set()
        super().__init__((LOOPBACK, port), _Connection)


class _Connection(BaseRequestHandler):
    server: Proxy
    request: socket.socket

    def handle(self) -> None:
        """Pass on requests; the answers come in beside."""
        self.has_sent_records = False
        with suppress(OSError), socket.create_connection((LOOPBACK, self.server.broker_port)) as broker:
            threading.Thread(target=self._answer, args=(broker,), daemon=True).start()
            while data := self.request.recv(_CHUNK_BYTES):
                self.server.lets_through.wait()
                self.has_sent_records = data[_ASKED_FOR] == _TO_TAKE_RECORDS
                broker.sendall(data)

    def _answer(self, broker: socket.socket) -> None:
        with suppress(OSError):
            while data := broker.recv(_CHUNK_BYTES):
                self.server.lets_through.wait()
                if self.has_sent_records and self.server.cuts:
                    self.server.cuts -= 1
                    break
                self.request.sendall(data)
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(port: int, broker_port: int, *, cuts: int) -> Iterator[Proxy]:
    """A proxy that listens at a port until the end."""
    with Proxy(port, broker_port, cuts=cuts) as server:
        threading.Thread(target=server.serve_forever, name="proxy", daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
