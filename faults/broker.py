"""The broker of a fault, which can be hurt: killed, held, and started again on what it has stored."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from faults.proxy import Proxy, proxy
from playhead.local.broker import broker_process
from playhead.local.processes import LOOPBACK, free_port


class Broker:
    """A broker at one address, whatever happens to its process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
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

    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is None or self._process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, where it runs."""
        if self._process is not None:
            os.killpg(self._process.pid, number)


@contextmanager
def started_broker(directory: Path) -> Iterator[Broker]:
    """A broker that ends on exit."""
    broker = Broker(directory)
    try:
        broker.start()
        yield broker
    finally:
        broker.signal(signal.SIGCONT)  # one that stands still does not end
        broker.stop()
