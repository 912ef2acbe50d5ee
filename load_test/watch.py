"""The stack as it is from second to second: records that Kafka holds, those that bronze has committed, and memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import psutil

from playhead.contracts.model import event_topics
from playhead.io.kafka import client_config, committed_offsets, consumer_lag
from playhead.local.marks import marked_processes
from playhead.settings import Settings

_EVERY_S = 1.0
_MEMORY_EVERY = 5  # looks; it reads every process of the machine
_LOOKS_WITHIN_S = 60  # the broker may stand still meanwhile
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. `backlog` is how many records Kafka holds that bronze has not committed; `memory_gib` that of the whole stack, shared
    pages once.
    """

    at_s: float
    sent: int
    backlog: int
    memory_gib: float

    @property
    def landed(self) -> int:
        """Records that bronze has committed."""
        return self.sent - self.backlog


class Watch:
    """A context that looks every second; `samples` are all looks so far, their times counted from its beginning."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = client_config(settings)
        self._began_s = time.monotonic()
        self._looked = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._error: BaseException | None = None
        self.samples: list[Sample] = []

    @property
    def now_s(self) -> float:
        """Seconds since the watch began."""
        return time.monotonic() - self._began_s

    def monotonic(self, at_s: float) -> float:
        """A moment of the watch by the clock of this process (`time.monotonic`)."""
        return self._began_s + at_s

    def wait(self, is_so: Callable[[Sample], bool], limit_s: float) -> Sample | None:
        """The first new look of which something is so; None where there was none in time.

        Raises:
            RuntimeError: the watch cannot look any more.
        """
        deadline_s = self.now_s + limit_s
        with self._looked:
            while (left_s := deadline_s - self.now_s) > 0:
                self._looked.wait(left_s)
                if self._error is not None:
                    raise RuntimeError("the stack cannot be watched any more") from self._error
                if self.samples and is_so(self.samples[-1]):
                    return self.samples[-1]
        return None

    def after(self, seconds: float) -> Sample:
        """The first look after so many seconds.

        Raises:
            RuntimeError: the watch cannot look any more.
        """
        at_s = self.now_s + seconds
        found = self.wait(lambda sample: sample.at_s >= at_s, max(0.0, seconds) + _LOOKS_WITHIN_S)
        if found is None:
            raise RuntimeError(f"the stack was not looked at for {_LOOKS_WITHIN_S} s")
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look_on(self) -> None:
        number, memory_gib = 0, 0.0
        try:
            while not self._stop.wait(max(0.0, number * _EVERY_S - self.now_s)):
                if number % _MEMORY_EVERY == 0:
                    memory_gib = self._memory_gib()
                self._keep(memory_gib)
                number = 1 + int(self.now_s / _EVERY_S)
        except Exception as error:
            self._error = error
            with self._looked:
                self._looked.notify_all()

    def _keep(self, memory_gib: float) -> None:
        lag = consumer_lag(self._client, committed_offsets(self._settings.checkpoint), event_topics())
        backlog = sum(each.records for each in lag)
        with self._looked:
            self.samples.append(Sample(self.now_s, sum(each.end for each in lag), backlog, memory_gib))
            self._looked.notify_all()

    def _memory_gib(self) -> float:
        total = 0
        for process in marked_processes(self._settings.home):
            try:
                total += process.memory_full_info().pss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return total / _GIB
