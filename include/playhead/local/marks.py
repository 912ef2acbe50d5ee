"""Finding every process of a stack by the mark in its environment, down to children whose parents died."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from playhead.errors import StackError
from playhead.local.programs import STACK_VARIABLE

_GRACE_S = 5


def marked_processes(home: Path) -> list[psutil.Process]:
    """The processes of the stack whose state lies in `home`, without this one."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and is_marked(process, home)]


def is_marked(process: psutil.Process, home: Path) -> bool:
    """Whether a process is of that stack, and still runs."""
    try:
        return process.environ().get(STACK_VARIABLE) == str(home) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def end_processes(processes: Sequence[psutil.Process]) -> None:
    """Ask processes to end, then make them.

    Raises:
        StackError: one does not end.
    """
    for act in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            try:
                act(process)
            except psutil.NoSuchProcess:
                continue
        _, processes = psutil.wait_procs(processes, timeout=_GRACE_S)
    if processes:
        raise StackError(f"process {', '.join(str(process.pid) for process in processes)} does not end; end it by hand (kill -9)")


def memory_mb(pid: int) -> int:
    """Resident memory of a process and its descendants (0: it is gone). Shared pages count once per process."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return total // 2**20
    return total // 2**20
