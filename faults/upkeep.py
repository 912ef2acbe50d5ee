"""The upkeep of bronze is killed at an exact point; `python -m faults.upkeep LAKE TODAY` does it once, as the streaming app does."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from deltalake import DeltaTable

from faults.model import Fault, NotInjectedError
from playhead.io.delta_table import FEW_FILES
from playhead.jobs.maintain import join_landed, maintain_bronze

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "upkeep crash"
_LONG_AGO = timedelta(days=60)  # longer than any file is retained that nothing needs


def joining(scene: Scene) -> None:
    """Small files of bronze are joined, and the commit that shows it is about to get its name."""
    _land_many_files(scene)
    scene.upkeep(_today()).killed_at("linkat", scene.next_commit("bronze.events"))
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
    scene.upkeep(tomorrow).killed_at("unlink", needless[1])
    if not needless[1].exists():
        raise NotInjectedError("the file was removed already")


def _land_many_files(scene: Scene) -> None:
    """More files of a day than are left alone."""
    scene.land(1)
    scene.land(2)
    if len(DeltaTable(scene.bronze).file_uris()) <= FEW_FILES:
        raise NotInjectedError("there are too few files to join")


def _today() -> date:
    return datetime.now(UTC).date()


FAULTS = (
    Fault("joining", _GROUP, "killed when small files are joined and no commit shows them", joining),
    Fault("vacuuming", _GROUP, "killed while files are removed that nothing needs", vacuuming),
)


def main() -> None:
    """Join what landed on the day, and maintain the days before it."""
    lake, today = sys.argv[1], date.fromisoformat(sys.argv[2])
    join_landed(lake, today=today)
    maintain_bronze(lake, today=today)


if __name__ == "__main__":
    main()
