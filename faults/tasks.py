"""Airflow loses a process while it builds, or is asked for more; each run must end well by itself, and publish what it does once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faults.changes import UNREPORTED
from faults.model import Fault, Guard, NotInjectedError, NotSurvivedError
from playhead.io.delta_table import query_log
from playhead.jobs.publish import PUBLISH_LOG
from playhead.quality.accounting import take_accounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.scene import Scene

_GROUP = "Airflow"
_EVENTS = 3
_TWICE = "SELECT table_name, partition_key FROM log GROUP BY ALL HAVING count(*) > 1"
_TWICE_BY_A_RUN = "SELECT run_id, table_name, partition_key FROM log GROUP BY ALL HAVING count(*) > 1"


def task_killed(scene: Scene) -> None:
    """A task has published, and is killed before it says so; it is done again."""
    airflow = scene.engine.airflow
    with airflow.scheduler(scene.lake, UNREPORTED, scene.unguarded) as scheduler:
        airflow.trigger()
        airflow.task_that_stands_still(scene.lake, scheduler).kill()
        _require_done_again(airflow.see_through(scheduler))
    _require_published_once(scene)


def woken_thrice(scene: Scene) -> None:
    """While a build is under way more lands, and three events that wake builds come at once; what has landed must not wait for another."""
    scene.land(1)
    airflow = scene.engine.airflow
    with airflow.scheduler(scene.lake, UNREPORTED) as scheduler:
        airflow.trigger()
        task = airflow.task_that_stands_still(scene.lake, scheduler)
        scene.land(2)
        for _ in range(_EVENTS):
            airflow.wake("ops.id_conflicts")
        task.resume()
        airflow.see_through(scheduler, "asset_triggered")
        airflow.see_through(scheduler)
    _require_published_once(scene, _TWICE_BY_A_RUN)
    if waiting := take_accounts(scene.lake, scene.ledgers).awaiting_build:
        raise NotSurvivedError(f"{waiting} events that landed before the events came are not built")


def _require_done_again(tasks: list[dict[str, Any]]) -> None:
    if all(task["try_number"] < 2 for task in tasks):
        raise NotInjectedError("no task was done again")


def _require_published_once(scene: Scene, twice_means: str = _TWICE) -> None:
    if twice := query_log(scene.lake, PUBLISH_LOG, twice_means):
        raise NotSurvivedError(f"{len(twice)} partitions were published twice", doubled=len(twice))


_LOGGED = Guard("publish_log", "doubled")


def _fault(name: str, what: str, run: Callable[[Scene], None], guard: Guard | None = None) -> Fault:
    return Fault(name, _GROUP, what, run, guard, has_landed=True)


FAULTS = (
    _fault("task_killed", "a task is killed when it has published and not said so", task_killed, _LOGGED),
    Fault("woken_thrice", _GROUP, f"more lands and {_EVENTS} events wake builds at once while one is under way", woken_thrice),
)
