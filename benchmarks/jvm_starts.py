"""Counting the JVMs that a stack starts while something runs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Self

import psutil

from playhead.local.marks import is_marked

_LOOK_EVERY_S = 0.1  # no JVM starts Spark in less


class JvmStarts:
    """A context that watches for new `java` processes with the mark of the stack whose state lies in `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known = set(psutil.pids())
        self._found: set[int] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self._found)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            self._look()
        self._look()

    def _look(self) -> None:
        # What is no JVM yet may become one: a process keeps its id when it replaces its program.
        for pid in set(psutil.pids()) - self._known - self._found:
            if _is_jvm_of(pid, self._home):
                self._found.add(pid)


def _is_jvm_of(pid: int, home: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.name() == "java" and is_marked(process, home)
    except psutil.NoSuchProcess:
        return False
