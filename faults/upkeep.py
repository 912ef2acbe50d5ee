"""The upkeep of bronze is killed at an exact point.

`python -m faults.upkeep LAKE TODAY` does it once; with a HOME before them it has a process of its own do so, as the streaming app does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from deltalake import DeltaTable

from faults.model import Fault, NotInjectedError
from playhead.errors import StackError
from playhead.io.delta_table import FEW_FILES
from playhead.jobs.keep import start_keeping
from playhead.jobs.maintain import join_landed, maintain_bronze
from playhead.observability.heartbeat import read_heartbeat
from playhead.observability.stream_life import StreamLife

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "upkeep crash"
_LONG_AGO = timedelta(days=60)  # longer than any file is retained that nothing needs


def joining(scene: Scene) -> None:
    """Small files of bronze are joined, and the commit that shows it is about to get its name."""
    _land_many_files(scene)
    scene.upkeep(_today()).killed_at("linkat", scene.next_commit("bronze.events"), after=lambda: _is_noted(scene))
    scene.wait_for_alarm()
    scene.run_well("the upkeep of bronze", scene.upkeep(_today()))


def vacuuming(scene: Scene) -> None:
    """Some of the files that nothing needs are removed."""
    _land_many_files(scene)
    day = next(scene.bronze.glob("landed_date=*"))
    needless = [day / f"part-needless-{number}.zstd.parquet" for number in range(3)]
    then = (datetime.now(UTC) - _LONG_AGO).timestamp()
    for path in needless:
        path.write_bytes(b"what a crashed writer left")
        os.utime(path, (then, then))
    tomorrow = _today() + timedelta(days=1)
    scene.upkeep(tomorrow).killed_at("unlink", needless[1], after=lambda: _is_noted(scene))
    if not needless[1].exists():
        raise NotInjectedError("the file was removed already")


def _land_many_files(scene: Scene) -> None:
    """More files of a day than are left alone."""
    scene.land(1)
    scene.land(2)
    if len(DeltaTable(scene.bronze).file_uris()) <= FEW_FILES:
        raise NotInjectedError("there are too few files to join")


def _is_noted(scene: Scene) -> bool:
    """Whether whoever had the upkeep done has seen that it failed."""
    beat = read_heartbeat(scene.directory)
    return beat is not None and bool(beat.failures)


def _today() -> date:
    return datetime.now(UTC).date()


FAULTS = (
    Fault("joining", _GROUP, "killed when small files are joined and no commit shows them", joining, ("WorkFailed",)),
    Fault("vacuuming", _GROUP, "killed while files are removed that nothing needs", vacuuming, ("WorkFailed",)),
)


def have_done(home: Path, lake: str, today: str) -> None:
    """Have it done by a process of its own, again where that fails."""
    done = threading.Event()

    def run() -> None:
        if subprocess.run([sys.executable, "-m", "faults.upkeep", lake, today], check=False).returncode:
            raise StackError("the upkeep of bronze failed")
        done.set()

    with StreamLife(home) as life:
        start_keeping("keep_bronze", run, done, life.work_failed).join()


def main() -> None:
    """Join what landed on the day, and maintain the days before it; or have somebody do so."""
    *home, lake, day = sys.argv[1:]
    if home:
        have_done(Path(home[0]), lake, day)
        return
    today = date.fromisoformat(day)
    join_landed(lake, today=today)
    maintain_bronze(lake, today=today)


if __name__ == "__main__":
    main()
