"""Airflow loses a process while it builds; the run must end well by itself, and what it published must be there once."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from faults.changes import UNREPORTED
from faults.model import Fault, NotInjectedError, NotSurvivedError
from playhead.io.delta_table import query_log
from playhead.jobs.publish import PUBLISH_LOG

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "Airflow"
_TWICE = "SELECT table_name, partition_key FROM log GROUP BY ALL HAVING count(*) > 1"


def task_killed(scene: Scene) -> None:
    """A task has published, and is killed before it says so; it is done again."""
    scene.land(1, 2)
    airflow = scene.engine.airflow
    with airflow.scheduler(scene.lake, UNREPORTED) as scheduler:
        airflow.trigger()
        os.kill(airflow.task_that_stands_still(scene.lake, scheduler), signal.SIGKILL)
        _require_done_again(airflow.see_through(scheduler))
    _require_published_once(scene)


def _require_done_again(tasks: list[dict[str, Any]]) -> None:
    if all(task["try_number"] < 2 for task in tasks):
        raise NotInjectedError("no task was done again")


def _require_published_once(scene: Scene) -> None:
    if twice := query_log(scene.lake, PUBLISH_LOG, _TWICE):
        raise NotSurvivedError(f"{len(twice)} partitions were published twice")


FAULTS = (Fault("task_killed", _GROUP, "a task is killed when it has published and not said so", task_killed),)
