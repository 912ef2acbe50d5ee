"""What the demo waits for: bronze to catch up with Kafka, and Airflow's scheduler to run the DAGs in the data's order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from playhead.contracts.model import event_topics
from playhead.errors import StackError
from playhead.io.airflow_api import FINISHED, AirflowApi
from playhead.io.kafka import client_config, committed_offsets, consumer_lag
from playhead.settings import Settings

# Called with what is being waited for, in words.
Tell = Callable[[str], None]
T = TypeVar("T")
_POLL_S = 1.0
# Every answer costs the api-server CPU that the awaited tasks need: what is only shown is asked for less often than what is awaited.
_PROGRESS_S = 5.0
_CATCH_UP_S = 600
_RUN_S = 1200
# A run that the scheduler should start by itself; past this the demo asks for one (asset events may be lost, airflow#56050).
_WAKE_S = 25


def wait_for_bronze(settings: Settings, tell: Tell) -> None:
    """Wait until the streaming app has committed every record that Kafka holds.

    Raises:
        StackError: it does not catch up in time; the message names the lag and the next step.
    """
    client = client_config(settings)
    topics = event_topics()

    def has_landed() -> bool:
        lag = sum(each.records for each in consumer_lag(client, committed_offsets(settings.checkpoint), topics))
        tell(f"{lag:,} records to land")
        return lag == 0

    if not _poll(has_landed, _CATCH_UP_S):
        raise StackError(f"bronze is still behind Kafka after {_CATCH_UP_S} s; see `playhead topics lag` and `playhead logs stream`")


def run_dags(api: AirflowApi, dag_ids: list[str], tell: Tell) -> None:
    """Unpause DAGs and see one new run of each through: the one its schedule starts, or else one asked for.

    Raises:
        StackError: a run failed, or takes too long.
    """
    known = {dag_id: _run_ids(api, dag_id) for dag_id in dag_ids}
    was_paused = [dag_id for dag_id in dag_ids if api.is_paused(dag_id)]
    for dag_id in was_paused:
        api.pause(dag_id, paused=False)
    started = {dag_id: _new_run(api, dag_id, known[dag_id]) for dag_id in was_paused}
    runs = {dag_id: started.get(dag_id) or api.trigger(dag_id) for dag_id in dag_ids}
    for dag_id, run_id in runs.items():
        see_through(api, dag_id, run_id, tell)


def see_through(api: AirflowApi, dag_id: str, run_id: str, tell: Tell) -> None:
    """Wait until a run is over.

    Raises:
        StackError: it failed or takes too long; the message names its failed tasks.
    """

    next_progress = time.monotonic()

    def end_state() -> str | None:
        nonlocal next_progress
        state = str(api.run(dag_id, run_id)["state"])
        if state in FINISHED:
            return state
        if time.monotonic() >= next_progress:
            next_progress = time.monotonic() + _PROGRESS_S
            tell(_progress(api.task_instances(dag_id, run_id)))
        return None

    state = _poll(end_state, _RUN_S)
    if state is None:
        raise StackError(f"{dag_id} {run_id} is not over after {_RUN_S} s; look at it in the Airflow UI")
    if state == "failed":
        failed = ", ".join(task["task_id"] for task in api.task_instances(dag_id, run_id) if task["state"] == "failed")
        raise StackError(f"{dag_id} {run_id} failed in {failed}; read the task's log in the Airflow UI")


def settle(api: AirflowApi, dag_ids: list[str], tell: Tell) -> None:
    """Wait until none of the DAGs has a run under way or waiting."""

    def is_quiet() -> bool:
        busy = [dag_id for dag_id in dag_ids if any(run["state"] not in FINISHED for run in api.runs(dag_id))]
        tell(f"{', '.join(busy)} at work")
        return not busy

    if not _poll(is_quiet, _RUN_S):
        raise StackError(f"DAGs still run after {_RUN_S} s; look at {', '.join(dag_ids)} in the Airflow UI")


def run_states(api: AirflowApi) -> dict[str, int]:
    """How many runs of all DAGs there are, by state."""
    return dict(sorted(Counter(run["state"] for run in api.runs()).items()))


def _new_run(api: AirflowApi, dag_id: str, known: set[str]) -> str | None:
    return _poll(lambda: max(_run_ids(api, dag_id) - known, default=None), _WAKE_S)


def _run_ids(api: AirflowApi, dag_id: str) -> set[str]:
    return {str(run["dag_run_id"]) for run in api.runs(dag_id)}


def _poll(ask: Callable[[], T | None], limit_s: float) -> T | None:
    """Ask until the answer is something, and return it; None when the time is over. The other side is a process that tells nobody."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(_POLL_S)
    return None


def _progress(tasks: list[dict[str, Any]]) -> str:
    done = sum(1 for task in tasks if task["state"] in {"success", "skipped"})
    running = [task["task_id"] for task in tasks if task["state"] == "running"]
    return f"{done}/{len(tasks)} tasks" + (f", {running[0]}" if running else "")
