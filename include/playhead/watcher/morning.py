"""The daily digest is made by a process of its own: whatever keeps it waiting, a warehouse perhaps, does not keep the watcher."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

_COMMAND = (sys.executable, "-m", "playhead.digest.send")
_AT_MOST = timedelta(minutes=5)
_AGAIN_AFTER = timedelta(minutes=2)


class Morning:
    """Starts the digest when it is due, one at a time, and again after a while if it did not come about."""

    def __init__(self, is_due: Callable[[datetime], bool], command: tuple[str, ...] = _COMMAND) -> None:
        self._is_due = is_due
        self._command = command
        self._running: subprocess.Popen[bytes] | None = None
        self._started: datetime | None = None

    def look(self, now: datetime) -> bool:
        """Start the digest if it is due; returns whether this call did. One that takes too long is ended."""
        if self._running is not None and self._running.poll() is None:
            if self._started is not None and now - self._started > _AT_MOST:
                self.end()
            return False
        if (self._started is not None and now - self._started < _AGAIN_AFTER) or not self._is_due(now):
            return False
        self._running, self._started = subprocess.Popen(self._command), now
        return True

    def end(self) -> None:
        """End a digest that is under way."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None
