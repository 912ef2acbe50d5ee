"""One writer per table: a lock that names its holder (DESIGN invariant 5).

Two JVMs that write one local Delta table lose acknowledged commits, so a process holds the table's lock while it writes. The lock is
an flock, which the kernel drops when its holder dies; the text inside only says who holds it.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from playhead.errors import LockHeldError


@contextmanager
def table_lock(lake: str, table: str, *, holder: str, wait_s: float = 60) -> Iterator[None]:
    """Hold a table for writing; a short write of another run is waited for.

    On an object store the multi-cluster log store keeps writers apart, so nothing is locked there.

    Raises:
        LockHeldError: another process holds the table; the message names it.
    """
    if "://" in lake:
        yield
        return
    path = Path(lake) / "_locks" / f"{table}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            _acquire(file, wait_s)
        except BlockingIOError:
            raise LockHeldError(_held(file, table)) from None
        _sign(file, holder)
        yield


def _acquire(file: IO[str], wait_s: float) -> None:
    attempts = Retrying(retry=retry_if_exception_type(BlockingIOError), stop=stop_after_delay(wait_s), wait=wait_fixed(0.2), reraise=True)
    attempts(fcntl.flock, file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(file: IO[str], holder: str) -> None:
    file.truncate(0)
    file.write(f"{holder}, process {os.getpid()} on {socket.gethostname()} since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    file.flush()


def _held(file: IO[str], table: str) -> str:
    file.seek(0)
    return f"{table} is being written by {file.read() or 'another process'}; wait for it, or end that process, then try again"
