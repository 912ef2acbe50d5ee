"""The broker of a fault, which can be hurt: killed, held, and started again on what it has stored."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.processes import killed_process
from faults.alarms import Moment
from faults.proxy import Proxy, proxy
from playhead.local.broker import broker_process
from playhead.local.processes import LOOPBACK, free_port, wait_until

_DIES_WITHIN_S = 60


class Broker:
    """A broker at one address, whatever happens to its process."""

    def __init__(self, directory: Path, harm: Moment | None = None) -> None:
        self.directory = directory
        self._harm = harm or Moment()
        self._port = free_port()
        self._running = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where it listens."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.directory / "kafka.log"

    def start(self) -> None:
        """Start it, on what it had stored before."""
        self._process = self._running.enter_context(broker_process(self.directory, self._port))

    @contextmanager
    def behind_proxy(self, *, cuts: int = 0) -> Iterator[Proxy]:
        """It is started again, and reached by a way that is cut so often; on exit it is as it was."""
        self.stop()
        hidden = free_port()
        with proxy(self._port, hidden, cuts=cuts) as way:
            address = f"advertised.listeners=PLAINTEXT://{self.bootstrap}"
            self._process = self._running.enter_context(broker_process(self.directory, hidden, "--override", address))
            yield way
            self.stop()
        self.start()

    def stop(self) -> None:
        """End it in order, where it runs."""
        self._process = None
        self._running.close()

    def kill_and_start(self) -> None:
        """End it at once, whatever it is about to do, and start it again on what it has stored."""
        self.signal(signal.SIGKILL)
        self.stop()
        self.start()

    @contextmanager
    def killed_at(self, syscall: str, *paths: Path) -> Iterator[None]:
        """Meanwhile it is killed when a thread of it is about to make a system call on a path; on exit it has been started again.

        Raises:
            StackError: it never came to that point.
        """
        where = [argument for path in paths for argument in ("-P", str(path))]
        what = ("-e", f"trace={syscall}", "-e", f"inject={syscall}:signal=SIGKILL")
        command = ("strace", "-f", "-qq", "-p", str(self._pid), *where, *what, "-o", os.devnull)
        with killed_process(command, self.directory, os.environ, self.log) as tracer:
            wait_until(self._is_traced, lambda: tracer.poll() is None, "strace", self.log, _DIES_WITHIN_S)
            yield
            wait_until(self.has_ended, lambda: True, "the broker's end", self.log, _DIES_WITHIN_S)
            self._harm.note()
        self.stop()
        self.start()

    def _is_traced(self) -> bool:
        """Whether no thread of it is without a tracer any more."""
        with suppress(OSError):  # of a thread that has just ended
            threads = Path(f"/proc/{self._pid}/task").glob("*/status")
            return all("TracerPid:\t0\n" not in status.read_text() for status in threads)
        return False

    @property
    def _pid(self) -> int:
        return -1 if self._process is None else self._process.pid

    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is None or self._process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, where it runs."""
        if number in (signal.SIGKILL, signal.SIGSTOP):
            self._harm.note()
        if self._process is not None:
            os.killpg(self._process.pid, number)


@contextmanager
def started_broker(broker: Broker) -> Iterator[Broker]:
    """It is started, and ends on exit."""
    try:
        broker.start()
        yield broker
    finally:
        broker.signal(signal.SIGCONT)  # one that stands still does not end
        broker.stop()
