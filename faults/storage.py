"""Storage that is full, fails, or has lost something: the app must stop and say so, and go on from where it was once that is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults.model import Fault
from faults.small_disk import full_disk

if TYPE_CHECKING:
    from pathlib import Path

    from faults.scene import Scene

_GROUP = "storage"
_FULL = "No space left on device"


def full_at_log(scene: Scene) -> None:
    """The disk is full when a batch is committed."""
    _landing_fails_on(scene, scene.bronze / "_delta_log")
    scene.land(2)


def _landing_fails_on(scene: Scene, directory: Path) -> None:
    scene.send(1)
    with full_disk(directory):
        scene.land_stops(_FULL)


FAULTS = (Fault("full_at_log", _GROUP, "the disk is full when a batch is committed", full_at_log),)
