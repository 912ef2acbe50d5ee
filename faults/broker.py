"""The broker of a fault, which can be hurt: killed, held, and started again on what it has stored."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playhead.io.kafka import broker_answers
from playhead.local.broker import prepare
from playhead.local.processes import LOOPBACK, free_port, running_process, wait_until
from playhead.settings import get_settings

_READY_S = 60


class Broker:
    """A broker at one address, whatever happens to its process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._running = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where it listens."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it, on what it had stored before."""
        command = prepare(self.directory, get_settings().cache_dir, self.port, free_port())
        log = self.directory / "kafka.log"
        process = self._running.enter_context(running_process(command, {}, self.directory, log))
        wait_until(lambda: broker_answers(self.bootstrap), lambda: process.poll() is None, "Kafka", log, _READY_S)
        self._process = process

    def stop(self) -> None:
        """End it in order, where it runs."""
        self._process = None
        self._running.close()

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal."""
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
        broker.signal(signal.SIGCONT)
        broker.stop()
