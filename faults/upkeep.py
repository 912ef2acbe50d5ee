"""The upkeep of bronze is killed at an exact point; `python -m faults.upkeep LAKE TODAY` does it once, as the streaming app does."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from deltalake import DeltaTable

from faults.model import Fault, NotInjectedError
from playhead.io.delta_table import FEW_FILES
from playhead.jobs.maintain import join_landed, maintain_bronze

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "upkeep crash"


def joining(scene: Scene) -> None:
    """Small files of bronze are joined, and the commit that shows it is about to get its name."""
    _land_many_files(scene)
    scene.upkeep(_today()).killed_at("linkat", scene.next_commit("bronze.events"))
    scene.run_well("the upkeep of bronze", scene.upkeep(_today()))


def _land_many_files(scene: Scene) -> None:
    """More files of a day than are left alone."""
    scene.land(1)
    scene.land(2)
    if len(DeltaTable(scene.bronze).file_uris()) <= FEW_FILES:
        raise NotInjectedError("there are too few files to join")


def _today() -> date:
    return datetime.now(UTC).date()


FAULTS = (Fault("joining", _GROUP, "killed when small files are joined and no commit shows them", joining),)


def main() -> None:
    """Join what landed on the day, and maintain the days before it."""
    lake, today = sys.argv[1], date.fromisoformat(sys.argv[2])
    join_landed(lake, today=today)
    maintain_bronze(lake, today=today)


if __name__ == "__main__":
    main()
