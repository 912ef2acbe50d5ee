"""What a lost driver costs: 5,000 events per second, the streaming app killed (kill -9) when a third has happened, and started again.

The figure is the time from the start of the new process to its first commit, by the Delta log's timestamp. Events go on happening all
the while. Rows are compared by ids with the producer's ledger: one lost or doubled event, and there is no figure. There is no peer.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.bronze_table import commits
from benchmarks.harness import Bench, Goal, Measurement
from benchmarks.live_stream import difference, kill, live_stream, prepared

RATE = 5_000
_KILLED, _NEW = "killed_app", "new_app"


def _run(records: Path, size: int, directory: Path) -> Measurement:
    with live_stream(directory) as stream:
        with stream.app(_KILLED) as killed:
            stream.wait_started(killed, _KILLED)
            with stream.sender(records, RATE, size):
                stream.wait_sent(killed, _KILLED, size // 3)
                stream.wait_landed(killed, _KILLED, 1)
                kill(killed)
                left = len(commits(stream.table))
                landed_before = stream.landed()
                require_some_left(landed_before, size)
                started_at_s = time.time()
                with stream.app(_NEW) as app:
                    stream.wait_landed(app, _NEW, landed_before + 1)
                    first_commit_s = commits(stream.table)[left].at_ms / 1000 - started_at_s
                    stream.wait_landed(app, _NEW, size)
        return Measurement(first_commit_s, stream.books(), {"landed_before": landed_before})


def require_some_left(landed: int, size: int) -> None:
    """Stops where nothing is left for the new app to land, so that its first commit would never come.

    Raises:
        RuntimeError: all had landed before the kill.
    """
    if landed >= size:
        raise RuntimeError(f"all {size} events had landed before the app was killed; give a larger size")


BENCH = Bench(
    name="recover",
    unit="s from start to first commit",
    goal=Goal("a commit at most 15 s after the new process starts; nothing lost, nothing doubled", {}, "lower", at_most={"figure": 15}),
    size=300_000,
    prepare=prepared("recover", _run),
    difference=difference,
)
