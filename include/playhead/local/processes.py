"""Starting, awaiting and ending server processes on loopback."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playhead.errors import StackError

LOOPBACK = "127.0.0.1"
_POLL_S = 0.1
_GRACE_S = 20


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Whoever comes second waits for the first, who may be another process."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def wait_until(ready: Callable[[], bool], alive: Callable[[], bool], what: str, log: Path, timeout_s: float) -> None:
    """Wait until a server is ready.

    Raises:
        StackError: it ended or took too long; the message quotes the last lines of its log.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        if not alive():
            raise StackError(f"{what} ended while starting; its log {log} ends with: {log_tail(log)}")
        if time.monotonic() > deadline:
            raise StackError(f"{what} is not ready after {timeout_s:.0f} s; see {log}, which ends with: {log_tail(log)}")
        time.sleep(_POLL_S)


def log_tail(log: Path, lines: int = 3) -> str:
    """The last lines of a log, on one line."""
    if not log.is_file():
        return "(no log)"
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 4096))
        text = stream.read().decode("utf-8", errors="replace")
    return " | ".join(line.strip() for line in text.splitlines()[-lines:]) or "(empty)"


@contextmanager
def running_process(command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, with its output in `log`; the whole group is ended on exit."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            list(command), env=os.environ | dict(env), cwd=cwd, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    _signal_group(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _signal_group(group: int, signal_number: int) -> None:
    try:
        os.killpg(group, signal_number)
    except ProcessLookupError:
        return
