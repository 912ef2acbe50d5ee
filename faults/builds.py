"""A build is killed at an exact point; done again, it must end where it would have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from faults.model import Fault, Guard, NotInjectedError
from playhead.io.delta_table import table_version

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "build crash"


def staged(scene: Scene) -> None:
    """Some rows are staged; none is judged, none is published."""
    scene.land(1, 2)
    scene.builder().killed_when(lambda: any(Path(scene.lake).glob("silver/*/runs/**/*.parquet")))
    if table_version(scene.lake, "ops.publish_log") is not None:
        raise NotInjectedError("tables were published already")


def between_publishes(scene: Scene) -> None:
    """The event tables are published, the plays made from them are about to be."""
    scene.land(1, 2)
    scene.builder().killed_at("linkat", scene.next_commit("silver.playbacks"))


def replacing_hours(scene: Scene) -> None:
    """Hours that were published before are about to be replaced, because more of their events have come."""
    scene.build()
    scene.land(1, 2)
    scene.builder().killed_at("linkat", scene.next_commit("silver.video_events"))


def replaced_hours(scene: Scene) -> None:
    """They have just been replaced, and nothing has written down that they were."""
    scene.build()
    scene.land(1, 2)
    scene.builder().killed_at("linkat", scene.next_commit("ops.publish_log"))
    scene.run_well("the build", scene.builder())


def unrecorded(scene: Scene) -> None:
    """Everything is published; that the run took place is about to be written down."""
    scene.land(1, 2)
    scene.builder().killed_at("linkat", scene.next_commit("ops.build_log"))


_DIED = ("StepDied",)
FAULTS = (
    Fault("staged", _GROUP, "killed when rows are staged and none is published", staged, _DIED),
    Fault("between_publishes", _GROUP, "killed between the publishing of two phases", between_publishes, _DIED),
    Fault("replacing_hours", _GROUP, "killed when hours are about to be replaced", replacing_hours, _DIED),
    Fault(
        "replaced_hours",
        _GROUP,
        "killed when hours are replaced and no log says so",
        replaced_hours,
        _DIED,
        Guard("replacement", "doubled"),
    ),
    Fault("unrecorded", _GROUP, "killed when all is published and the run is not recorded", unrecorded, _DIED),
)
