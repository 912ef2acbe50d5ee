"""Programs of the system as processes of their own, and how they are killed at an exact point."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import killed_process
from faults.model import NotInjectedError, NotSurvivedError
from playhead.local.processes import log_tail

_ENDS_WITHIN_S = 180


@dataclass(frozen=True, slots=True)
class Program:
    """A command, the directory that it runs in and its environment. What it says goes to `said.log` there."""

    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]

    def run(self) -> tuple[int, str]:
        """Run it to its end: its exit code, and what it said.

        Raises:
            NotSurvivedError: it did not end.
        """
        log = self.directory / "said.log"
        log.unlink(missing_ok=True)
        with killed_process(self.command, self.directory, self.environment, log) as process:
            try:
                code = process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                raise NotSurvivedError(f"{self.command[1:]} did not end within {_ENDS_WITHIN_S} s: {log_tail(log)}") from None
        return code, log.read_text(errors="replace")

    def killed_when(self, is_so: Callable[[], bool]) -> None:
        """Run it; it is killed with all its processes as soon as something is so.

        Raises:
            NotInjectedError: it never was.
        """
        with killed_process(self.command, self.directory, self.environment, self.directory / "said.log") as process:
            _wait(is_so, process)
            if process.poll() is not None or not is_so():
                raise NotInjectedError("what the kill waited for never was so")


def _wait(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something is so, the process has ended, or it has taken too long."""
    deadline = time.monotonic() + _ENDS_WITHIN_S
    while not is_so() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)  # the moment may be short, and nothing tells of it
