"""Airflow loses a process while it builds, or is asked for more; each run must end well by itself, and publish what it does once."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil

from faults.airflow_parts import LOST_AFTER_S
from faults.changes import UNPUBLISHED, UNREPORTED
from faults.model import Fault, Guard, NotInjectedError, NotSurvivedError
from playhead.io.delta_table import query_log
from playhead.jobs.publish import PUBLISH_LOG
from playhead.quality.accounting import take_accounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.airflow_parts import Part
    from faults.scene import Scene

_GROUP = "Airflow"
_HELD_S = 2 * LOST_AFTER_S
_ENDS_WITHIN_S = 60
_EVENTS = 3
_TWICE = "SELECT table_name, partition_key FROM log GROUP BY ALL HAVING count(*) > 1"
_TWICE_BY_A_RUN = "SELECT run_id, table_name, partition_key FROM log GROUP BY ALL HAVING count(*) > 1"
_OLDER = """
SELECT table_name, partition_key FROM log
QUALIFY bronze_version < max(bronze_version) OVER (PARTITION BY table_name, partition_key ORDER BY table_version)
"""


def task_killed(scene: Scene) -> None:
    """A task has published, and is killed before it says so; it is done again."""
    airflow = scene.engine.airflow
    with airflow.scheduler(scene.lake, UNREPORTED, scene.unguarded) as scheduler:
        airflow.trigger()
        airflow.task_that_stands_still(scene.lake, scheduler).kill()
        scene.harm.note()
        _require_done_again(airflow.see_through(scheduler))
    _require_published_once(scene)


def scheduler_killed(scene: Scene) -> None:
    """A task has published, and is killed with the scheduler before anyone is told; another scheduler finds that nobody hears of it."""
    airflow = scene.engine.airflow
    with airflow.scheduler(scene.lake, UNREPORTED) as scheduler:
        airflow.trigger()
        airflow.task_that_stands_still(scene.lake, scheduler)
    scene.harm.note()
    scene.wait_for_alarm()
    with airflow.scheduler(scene.lake) as scheduler:
        _require_done_again(airflow.see_through(scheduler))
    _require_published_once(scene)


def heartbeat_lost(scene: Scene) -> None:
    """Nobody hears any more of a task that is about to publish, so another one does its work; then it wakes, with what watches over it."""
    airflow = scene.engine.airflow
    with airflow.scheduler(scene.lake, UNPUBLISHED) as scheduler:
        airflow.trigger()
        task = airflow.task_that_stands_still(scene.lake, scheduler)
        watcher = psutil.Process(task.ppid())
        watcher.suspend()
        scene.harm.note()
        _require_done_again(airflow.see_through(scheduler))
        task.resume()
        watcher.resume()
        if psutil.wait_procs([task], _ENDS_WITHIN_S)[1]:
            raise NotSurvivedError("a task that another one was done for goes on")
    _require_published_once(scene)


def scheduler_held(scene: Scene) -> None:
    """The scheduler stands still for longer than any task may, while one is at work."""

    def hold(scheduler: Part) -> None:
        scheduler.signal(signal.SIGSTOP)
        scene.harm.note()
        time.sleep(_HELD_S)
        scene.wait_for_alarm()
        scheduler.signal(signal.SIGCONT)

    _hurt_while_building(scene, hold)


def api_server_killed(scene: Scene) -> None:
    """The api-server, to which tasks report, is killed while one is at work, and started again."""

    def kill_and_start(_: Part) -> None:
        scene.engine.airflow.api_server.kill()
        scene.harm.note()
        scene.wait_for_alarm()
        scene.engine.airflow.api_server.start()
        scene.engine.airflow.wait_for_api()

    _hurt_while_building(scene, kill_and_start)


def dag_processor_killed(scene: Scene) -> None:
    """The DAG processor is killed while a task is at work, and started again."""

    def kill_and_start(_: Part) -> None:
        scene.engine.airflow.dag_processor.kill()
        scene.harm.note()
        scene.wait_for_alarm()
        scene.engine.airflow.dag_processor.start()

    _hurt_while_building(scene, kill_and_start)


def triggered_twice(scene: Scene) -> None:
    """Someone asks for a build while the same one is under way."""
    _hurt_while_building(scene, lambda _: scene.engine.airflow.trigger())


def backfilled_meanwhile(scene: Scene) -> None:
    """A scheduled build is about to publish gold when more lands and a day of it is backfilled, from more than it has read; it goes on."""
    scene.land(1)
    airflow = scene.engine.airflow
    airflow.build_by_time()
    with airflow.scheduler(scene.lake, UNPUBLISHED, scene.unguarded) as scheduler:
        task = airflow.task_that_stands_still(scene.lake, scheduler)
        scene.land(2)
        airflow.backfill(_day_of_most(scene))
        airflow.see_through(scheduler, "backfill")
        task.resume()
        airflow.see_through(scheduler)
    _require_published_once(scene, _TWICE_BY_A_RUN)
    if older := query_log(scene.lake, PUBLISH_LOG, _OLDER):
        raise NotSurvivedError(f"{len(older)} partitions were replaced by older ones", lost=len(older))


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


def _hurt_while_building(scene: Scene, hurt: Callable[[Part], None]) -> None:
    airflow = scene.engine.airflow
    with airflow.scheduler(scene.lake) as scheduler:
        airflow.trigger()
        airflow.wait_for_rows(scene.lake, scheduler)
        hurt(scheduler)
        airflow.see_through(scheduler)
    _require_published_once(scene)


def _day_of_most(scene: Scene) -> datetime:
    """The day that most events are of."""
    (row,) = query_log(scene.lake, "bronze.events", "SELECT mode(event_hour) AS hour FROM log")
    hour: datetime = row["hour"].astimezone(UTC)
    return hour.replace(hour=0)


def _require_done_again(tasks: list[dict[str, Any]]) -> None:
    if all(task["try_number"] < 2 for task in tasks):
        raise NotInjectedError("no task was done again")


def _require_published_once(scene: Scene, twice_means: str = _TWICE) -> None:
    if twice := query_log(scene.lake, PUBLISH_LOG, twice_means):
        raise NotSurvivedError(f"{len(twice)} partitions were published twice", doubled=len(twice))


_AGAIN = ("StepDied", "StepRepeated")
_LOST = ("StepSilent", *_AGAIN)
_SILENT = ("AirflowSilent",)
_NOBODY = ()  # what is asked for twice, or by several, is asked for in order
_LOGGED = Guard("publish_log", "doubled")
_NEWER = Guard("newer_stays", "lost")


def _fault(name: str, what: str, run: Callable[[Scene], None], alarms: tuple[str, ...], guard: Guard | None = None) -> Fault:
    return Fault(name, _GROUP, what, run, alarms, guard, has_landed=True)


FAULTS = (
    _fault("task_killed", "a task is killed when it has published and not said so", task_killed, _AGAIN, _LOGGED),
    _fault("scheduler_killed", "the scheduler is killed with a task that has published and not said so", scheduler_killed, _SILENT),
    _fault("heartbeat_lost", "nobody hears of a task that is about to publish, it is done again, and wakes", heartbeat_lost, _LOST),
    _fault("scheduler_held", f"the scheduler stands still for {_HELD_S} s while a task is at work", scheduler_held, _SILENT),
    _fault("api_server_killed", "the api-server is killed while a task is at work", api_server_killed, ("AirflowDown",)),
    _fault("dag_processor_killed", "the DAG processor is killed while a task is at work", dag_processor_killed, _SILENT),
    _fault("triggered_twice", "a build is asked for while the same one is under way", triggered_twice, _NOBODY),
    Fault(
        "backfilled_meanwhile",
        _GROUP,
        "a day is backfilled from newer events while a scheduled build of it is under way",
        backfilled_meanwhile,
        _NOBODY,
        _NEWER,
    ),
    Fault("woken_thrice", _GROUP, f"more lands and {_EVENTS} events wake builds at once while one is under way", woken_thrice, _NOBODY),
)
