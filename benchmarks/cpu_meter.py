"""How much processor time this process and all that descend from it spend while something runs, by what they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Self

import psutil

from benchmarks.harness import OURS

_LOOK_EVERY_S = 0.2


class CpuMeter:
    """A context that watches the tree of processes; each is known by words of its command line, else it is `ours`.

    What a process spends between the last look and its end is missed. A look costs time itself, which is not counted.

    Args:
        kinds: kind of process by words that only its command line has.
    """

    def __init__(self, kinds: Mapping[str, str] | None = None) -> None:
        self._kinds = dict(kinds or {})
        self._spent: dict[int, tuple[str, float]] = {}
        self._before: dict[int, float] = {}
        self._watching_s = 0.0
        self._own_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def core_s(self, kind: str = OURS) -> float:
        """Core-seconds of a kind; this process is one of ours."""
        own = self._own_s - self._watching_s if kind == OURS else 0.0
        return own + sum(seconds - self._before.get(pid, 0.0) for pid, (of, seconds) in self._spent.items() if of == kind)

    def __enter__(self) -> Self:
        self._look()
        self._before = {pid: seconds for pid, (_, seconds) in self._spent.items()}
        self._own_s = -time.process_time()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._own_s += time.process_time()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            self._look()
        self._look()
        self._watching_s = time.thread_time()

    def _look(self) -> None:
        for process in psutil.Process().children(recursive=True):
            try:
                times = process.cpu_times()
                known = self._spent.get(process.pid)
                # A process that has just begun may be about to become another program.
                kind = known[0] if known and known[1] > 1 else self._kind(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            self._spent[process.pid] = (kind, times.user + times.system)

    def _kind(self, process: psutil.Process) -> str:
        command = " ".join(process.cmdline())
        return next((kind for words, kind in self._kinds.items() if words in command), OURS)
