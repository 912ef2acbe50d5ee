"""What the demo waits for: bronze to catch up with Kafka, and Airflow's scheduler to run the DAGs in the data's order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playhead.contracts.model import event_types
from playhead.errors import StackError
from playhead.io.airflow_api import FINISHED, AirflowApi
from playhead.io.kafka import client_config, committed_offsets, consumer_lag
from playhead.settings import Settings

# Called with what is being waited for, in words.
Tell = Callable[[str], None]
_POLL_S = 1.0
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
    topics = sorted({event.topic for event in event_types().values()})
    deadline = time.monotonic() + _CATCH_UP_S
    while time.monotonic() < deadline:
        lag = sum(each.records for each in consumer_lag(client, committed_offsets(Path(settings.checkpoint)), topics))
        if lag == 0:
            return
        tell(f"{lag:,} records to land")
        time.sleep(_POLL_S)
    raise StackError(f"bronze is still {lag:,} records behind after {_CATCH_UP_S} s; read `playhead logs stream`")


def run_dag(api: AirflowApi, dag_id: str, tell: Tell) -> None:
    """Unpause a DAG and see one new run through: the one its schedule starts, or else one asked for.

    Raises:
        StackError: the run failed, or takes too long.
    """
    known = {run["dag_run_id"] for run in api.runs(dag_id)}
    was_paused = api.is_paused(dag_id)
    api.pause(dag_id, paused=False)
    run_id = _new_run(api, dag_id, known) if was_paused else None
    see_through(api, dag_id, run_id or api.trigger(dag_id), tell)


def run_woken(api: AirflowApi, dag_id: str, known: set[str], tell: Tell) -> None:
    """See through the run that an asset event wakes; ask for one if none comes."""
    run_id = _new_run(api, dag_id, known)
    see_through(api, dag_id, run_id or api.trigger(dag_id), tell)


def known_runs(api: AirflowApi, dag_id: str) -> set[str]:
    """Ids of the runs that exist."""
    return {run["dag_run_id"] for run in api.runs(dag_id)}


def see_through(api: AirflowApi, dag_id: str, run_id: str, tell: Tell) -> None:
    """Wait until a run is over.

    Raises:
        StackError: it failed or takes too long; the message names its failed tasks.
    """
    deadline = time.monotonic() + _RUN_S
    while time.monotonic() < deadline:
        state = api.run(dag_id, run_id)["state"]
        tasks = api.task_instances(dag_id, run_id)
        if state in FINISHED:
            break
        tell(_progress(tasks))
        time.sleep(_POLL_S)
    else:
        raise StackError(f"{dag_id} {run_id} is not over after {_RUN_S} s; look at it in the Airflow UI")
    if state == "failed":
        failed = ", ".join(task["task_id"] for task in tasks if task["state"] == "failed")
        raise StackError(f"{dag_id} {run_id} failed in {failed}; read the task's log in the Airflow UI")


def settle(api: AirflowApi, dag_ids: list[str], tell: Tell) -> None:
    """Wait until none of the DAGs has a run under way or waiting."""
    deadline = time.monotonic() + _RUN_S
    while time.monotonic() < deadline:
        busy = [dag_id for dag_id in dag_ids if any(run["state"] not in FINISHED for run in api.runs(dag_id))]
        if not busy:
            return
        tell(f"{', '.join(busy)} at work")
        time.sleep(_POLL_S)
    raise StackError(f"{', '.join(busy)} still run after {_RUN_S} s; look at them in the Airflow UI")


def run_states(api: AirflowApi) -> dict[str, int]:
    """How many runs of all DAGs there are, by state."""
    return dict(sorted(Counter(run["state"] for run in api.runs()).items()))


def _new_run(api: AirflowApi, dag_id: str, known: set[str]) -> str | None:
    deadline = time.monotonic() + _WAKE_S
    while time.monotonic() < deadline:
        new = known_runs(api, dag_id) - known
        if new:
            return sorted(new)[-1]
        time.sleep(_POLL_S)
    return None


def _progress(tasks: list[dict[str, Any]]) -> str:
    done = sum(1 for task in tasks if task["state"] in {"success", "skipped"})
    running = [task["task_id"] for task in tasks if task["state"] == "running"]
    return f"{done}/{len(tasks)} tasks" + (f", {running[0]}" if running else "")
