"""The dashboard's process before it is Streamlit: cheap, awake only for readers, and never a closed door."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from playhead.local.dashboard import app_script, app_secrets, wait_for_reader
from playhead.local.processes import LOOPBACK
from playhead.local.programs import programs
from playhead.settings import Settings

ROOT = Path(__file__).parents[3]
_PROBE = """
import json, sys
import playhead.local.dashboard
print(json.dumps(sorted(set(sys.modules) & set(sys.argv[1:]))))
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server


def call(listener: socket.socket, request: bytes) -> bytes:
    with socket.create_connection(listener.getsockname(), timeout=5) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while part := client.recv(65536):
            answer += part
    return answer


def test_waiting__imports_nothing_that_takes_long() -> None:
    heavy = ["streamlit", "pandas", "pydantic", "snowflake.connector", "uvicorn", "yaml"]
    done = subprocess.run([sys.executable, "-c", _PROBE, *heavy], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == []


def test_wait_for_reader__a_knock_wakes_nobody_and_a_request_is_told_to_ask_again(listener: socket.socket) -> None:
    with ThreadPoolExecutor(max_workers=1) as waiter:
        woken = waiter.submit(wait_for_reader, listener)
        assert call(listener, b"") == b""
        assert not woken.done()
        answer = call(listener, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        woken.result(timeout=5)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRefresh: 1\r\n" in answer
    assert b"The dashboard is starting" in answer


def test_wait_for_reader__who_comes_next_waits_in_the_open_socket(listener: socket.socket) -> None:
    with ThreadPoolExecutor(max_workers=2) as both:
        woken = both.submit(wait_for_reader, listener)
        call(listener, b"GET / HTTP/1.1\r\n\r\n")
        woken.result(timeout=5)
        early = both.submit(call, listener, b"GET / HTTP/1.1\r\n\r\n")
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1024).startswith(b"GET")
            connection.sendall(b"here")
        assert early.result(timeout=5) == b"here"


def test_app_script__is_there() -> None:
    assert app_script(ROOT).is_file()


def test_app_config__tells_nobody_who_reads_and_no_reader_what_broke() -> None:
    told = tomllib.loads((app_script(ROOT).parent / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert (told["browser"]["gatherUsageStats"], told["client"]["showErrorDetails"]) == (False, "none")


def test_app_secrets__reach_the_warehouse_as_all_others_do(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, port_base=20000, warehouse_password=SecretStr("hidden"))
    told = app_secrets(settings)["connections"]["snowflake"]
    assert (told["host"], told["port"], told["database"], told["password"]) == (LOOPBACK, 20084, "PLAYHEAD", "hidden")


def test_program__listens_on_loopback_and_its_command_tells_no_secret(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, warehouse_password=SecretStr("hidden"))
    program = programs(settings, ROOT)[-1]
    assert (program.name, program.address) == ("dashboard", f"http://{LOOPBACK}:{settings.port('dashboard')}")
    assert program.command[1:] == ("-m", "playhead.local.dashboard", LOOPBACK, str(settings.port("dashboard")))
