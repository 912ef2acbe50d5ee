"""Upkeep of bronze.events while the streaming app lands: what has landed is joined every half minute, closed days are maintained hourly.

It runs in a process of its own, of the lowest priority: a batch that is due goes first, however much there is to join.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import threading
import time
from typing import IO

from deltalake.exceptions import DeltaError

from playhead.errors import StackError
from playhead.jobs.maintain import join_landed, maintain_bronze

logger = logging.getLogger(__name__)

_MAINTENANCE_S = 3600.0
_JOINING_S = 30.0
_LOOK_S = 0.2
_LOWEST_PRIORITY = 19


def run_keep_bronze(lake: str, stop: threading.Event, *, join_every_s: float = _JOINING_S) -> None:
    """Have bronze kept until `stop` is set, for its one writer. The process begins when there may be files to join.

    Raises:
        StackError: the process has ended by itself.
    """
    if stop.wait(join_every_s):
        return
    command = [sys.executable, "-m", "playhead.jobs.keep_bronze", lake, "--join-every", str(join_every_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            while process.poll() is None and not stop.wait(_LOOK_S):
                continue
        finally:
            process.kill()  # files that it has not committed yet are nobody's, and go with the next vacuum
    if not stop.is_set():
        raise StackError(f"what keeps bronze.events ended with {process.returncode}; what it said is above")


def keep_bronze(lake: str, stop: threading.Event, *, every_s: float = _MAINTENANCE_S, join_every_s: float = _JOINING_S) -> None:
    """Join what has landed every half minute, and maintain bronze every hour, until `stop` is set.

    A failure is logged and tried again: landing goes on without.
    """
    due = time.monotonic() + every_s
    while not stop.wait(join_every_s):
        try:
            join_landed(lake)
            if time.monotonic() >= due:
                maintain_bronze(lake)
                due = time.monotonic() + every_s
        except DeltaError:
            logger.exception("bronze.events could not be maintained; it is tried again in %d s", join_every_s)


def end_with(parent: IO[bytes]) -> None:
    """End this process at once when nobody is left who could write to `parent`, however that comes about."""

    def wait() -> None:
        parent.read()
        os._exit(0)

    threading.Thread(target=wait, name="end_with", daemon=True).start()


def main() -> None:
    """Keep bronze until the process that started this one ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lake")
    parser.add_argument("--join-every", type=float, default=_JOINING_S, help="seconds")
    arguments = parser.parse_args()
    os.nice(_LOWEST_PRIORITY)
    end_with(sys.stdin.buffer)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    keep_bronze(arguments.lake, threading.Event(), join_every_s=arguments.join_every)


if __name__ == "__main__":
    main()
