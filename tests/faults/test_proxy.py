"""The way to a broker: as it is, cut, and where nothing goes through."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from faults.proxy import proxy
from playhead.local.processes import LOOPBACK, free_port

RECORDS = b"\0\0\0\x04\0\0take these"
QUESTION = b"\0\0\0\x04\0\x03what is there"


class Echo(ThreadingTCPServer):
    """What stands for a broker: it remembers what it was sent, and sends it back."""

    daemon_threads = True

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        super().__init__((LOOPBACK, 0), EchoConnection)


class EchoConnection(BaseRequestHandler):
    server: Echo

    def handle(self) -> None:
        while data := self.request.recv(100):
            self.server.taken.append(data)
            self.request.sendall(data)


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ask(port: int, *requests: bytes) -> list[bytes]:
    with socket.create_connection((LOOPBACK, port), timeout=10) as client:
        answers = []
        for request in requests:
            client.sendall(request)
            answers.append(client.recv(100))
        return answers


def test_only_answers_to_records_are_cut_off_and_the_broker_has_taken_them(echo: Echo) -> None:
    port = free_port()
    with proxy(port, echo.server_address[1], cuts=1) as way:
        assert ask(port, QUESTION, RECORDS) == [QUESTION, b""]
        assert way.cuts == 0
        assert ask(port, RECORDS, QUESTION) == [RECORDS, QUESTION]
    assert echo.taken == [QUESTION, RECORDS, RECORDS, QUESTION]


def test_nothing_goes_through_until_it_is_let_and_nothing_is_missing_then(echo: Echo) -> None:
    port = free_port()
    with proxy(port, echo.server_address[1], cuts=0) as way, socket.create_connection((LOOPBACK, port), timeout=0.3) as client:
        way.lets_through.clear()
        client.sendall(QUESTION)
        with pytest.raises(TimeoutError):
            client.recv(100)
        assert echo.taken == []
        way.lets_through.set()
        client.settimeout(10)
        assert client.recv(100) == QUESTION
