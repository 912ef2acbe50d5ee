"""Programs of the system as processes of their own, and how they are killed, or made to fail, at an exact point."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.processes import killed_process
from faults.alarms import Moment
from faults.model import NotInjectedError, NotSurvivedError, SilentError
from playhead.local.processes import log_tail

_ENDS_WITHIN_S = 180


@dataclass(frozen=True, slots=True)
class Program:
    """A command, the directory that it runs in and its environment. What it says goes to a log there; `harm` is when it was hurt."""

    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]
    log_name: str = "said.log"
    harm: Moment = field(default_factory=Moment)

    @property
    def log(self) -> Path:
        """What it says."""
        return self.directory / self.log_name

    def run(self) -> tuple[int, str]:
        """Run it to its end: its exit code, and what it said.

        Raises:
            NotSurvivedError: it did not end.
        """
        self.log.unlink(missing_ok=True)
        with killed_process(self.command, self.directory, self.environment, self.log) as process:
            try:
                code = process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                raise NotSurvivedError(f"{self.command[1:]} did not end within {_ENDS_WITHIN_S} s: {log_tail(self.log)}") from None
        return code, self.log.read_text(errors="replace")

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        """It as it runs; killed with all its processes on exit."""
        self.log.unlink(missing_ok=True)
        with killed_process(self.command, self.directory, self.environment, self.log) as process:
            yield process

    def killed_when(self, is_so: Callable[[], bool]) -> None:
        """Run it; it is killed with all its processes as soon as something is so.

        Raises:
            NotInjectedError: it never was.
        """
        with killed_process(self.command, self.directory, self.environment, self.log) as process:
            self.wait_for(is_so, process)
            if process.poll() is not None or not is_so():
                raise NotInjectedError(f"what the kill waited for never was so; {log_tail(self.log)}")
            self.harm.note()

    def killed_at(self, syscall: str, path: Path, *, is_quick: bool = False, after: Callable[[], bool] = lambda: True) -> None:
        """Run it; the process is killed a thread of which is about to make a system call on a path, and all others `after` something is so.

        Of calls with two paths the first one counts. The quick way stops a program at no other call, which a JVM needs, but strace
        loses some of the signals that it sends so.

        Raises:
            NotInjectedError: it never came to that point.
        """
        told = self.directory / "strace.log"
        command = self._injected(told, syscall, path, "signal=SIGKILL", is_quick=is_quick)
        with killed_process(command, self.directory, self.environment, self.log) as process:
            self.wait_for(lambda: _tells(told, "killed by SIGKILL"), process)
            self.harm.note()
            self.wait_for(after, process)
        if not _tells(told, "killed by SIGKILL"):
            raise NotInjectedError(f"nothing called {syscall} on {path.name}, so nothing was killed; {log_tail(self.log)}")

    def fails_at(self, syscall: str, path: Path, error: str) -> None:
        """Run it to its end; the system calls on a path fail with an error, and so must it.

        Raises:
            NotInjectedError: it never came to that point.
            SilentError: it went on.
        """
        told = self.directory / "strace.log"
        code, _ = replace(self, command=self._injected(told, syscall, path, f"error={error}")).run()
        self.harm.note()
        if not _tells(told, "(INJECTED)"):
            raise NotInjectedError(f"nothing called {syscall} on {path.name}, so nothing failed; {log_tail(self.log)}")
        if not code:
            raise SilentError(f"{syscall} of {path.name} failed with {error}, and nobody said so")

    def delayed(self, syscalls: str, seconds: float) -> Program:
        """It, with each of these system calls begun so much later."""
        what = f"inject={syscalls}:delay_enter={int(seconds * 1e6)}"
        return replace(
            self, command=("strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={syscalls}", "-e", what, *self.command)
        )

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """It as it runs for ever; asked to end on exit, and killed where it does not."""
        with self.started() as process:
            yield process
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_ENDS_WITHIN_S)

    def wait_for(self, is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        """Wait until something is so, its process has ended, or it has taken too long."""
        deadline = time.monotonic() + _ENDS_WITHIN_S
        while not is_so() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)  # the moment may be short, and nothing tells of it

    def _injected(self, told: Path, syscall: str, path: Path, what: str, *, is_quick: bool = True) -> tuple[str, ...]:
        """Its command, with something done to a system call on a path; `told` is where one reads that it was done."""
        told.unlink(missing_ok=True)
        where = ("-e", f"trace={syscall}", "-P", str(path), "-e", f"inject={syscall}:{what}")
        return ("strace", "-f", "-qq", *(["--seccomp-bpf"] if is_quick else []), "-o", str(told), *where, *self.command)


def _tells(log: Path, text: str) -> bool:
    return log.is_file() and text in log.read_text(errors="replace")
