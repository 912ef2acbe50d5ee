"""Airflow for the faults: the stack's processes, settings and DAGs on a state of their own; all faults share it, but for the scheduler."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.processes import ROOT, environment
from faults.changes import sign_of
from faults.model import NotInjectedError, NotSurvivedError
from faults.programs import Program
from playhead.errors import StackError
from playhead.io.airflow_api import FINISHED, AirflowApi
from playhead.local.airflow_env import ADMIN, admin_password, ensure_secrets
from playhead.local.airflow_setup import Migration
from playhead.local.marks import marked_processes
from playhead.local.ports import free_base
from playhead.local.processes import log_tail, wait_until
from playhead.local.programs import STACK_VARIABLE, programs, stack_env
from playhead.settings import Settings

if TYPE_CHECKING:
    import signal
    import subprocess
    from datetime import datetime

DAG = "build_daily"
LOST_AFTER_S = 20  # a task that was not heard of for so long; the stack waits for minutes
_OPTIONS = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(LOST_AFTER_S),
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
}
_STARTS_WITHIN_S = 180
_BUILDS_WITHIN_S = 300


class Part:
    """A process of Airflow, whatever happens to it."""

    def __init__(self, program: Program, mark: Path) -> None:
        self.log = program.log
        self._program = program
        self._mark = mark
        self._running = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        self._process = self._running.enter_context(self._program.started())

    def kill(self) -> None:
        """Kill it with all that it has started."""
        for process in marked_processes(self._mark):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process = None
        self._running.close()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, and not to what it has started."""
        if self._process is not None:
            os.kill(self._process.pid, number)

    def runs(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process is not None and self._process.poll() is None


class Airflow:
    """The processes at one address, and what is asked of them."""

    def __init__(self, home: Path, remote: str) -> None:
        usual = Settings(state_dir=home, project_dir=ROOT, spark_remote=remote)
        self.settings = usual.model_copy(update={"port_base": free_base(usual.ports(), usual.port_base)})
        self._environment = environment("", home) | stack_env(self.settings, ROOT) | _OPTIONS
        self.api_server = self.part("airflow-api-server")
        self.dag_processor = self.part("airflow-dag-processor")
        self._seen: set[tuple[str, str | None]] = set()

    def part(self, name: str, lake: str = "", changes: Sequence[str] = ()) -> Part:
        """One of the stack's parts, which works on a lake, with these changes."""
        _, _, module, *arguments = next(program.command for program in programs(self.settings, ROOT) if program.name == name)
        mark = Path(lake or self.settings.home / name)
        started = ["-m", "faults.changes", ",".join(changes), module] if changes else ["-m", module]
        own = {STACK_VARIABLE: str(mark), "PLAYHEAD_LAKE_URI": lake}
        program = Program((sys.executable, *started, *arguments), self.settings.home, self._environment | own, f"{name}.log")
        return Part(program, mark)

    def start(self) -> None:
        """Start what all faults share, and wait until the DAGs are known."""
        for directory in ("logs", "airflow"):
            (self.settings.home / directory).mkdir()
        ensure_secrets(self.settings.home)
        with Migration(self.settings.home, self.settings.cache_dir, self._environment) as migration:
            migration.finish()
        self.api_server.start()
        self.dag_processor.start()
        self.wait_for_api()
        wait_until(lambda: DAG in self._api.dag_ids(), self.dag_processor.runs, DAG, self.dag_processor.log, _STARTS_WITHIN_S)
        self._api.pause(DAG, paused=False)

    def wait_for_api(self) -> None:
        """Wait until the api-server answers."""
        healthy = next(program.healthy for program in programs(self.settings, ROOT) if program.name == "airflow-api-server")
        wait_until(healthy, self.api_server.runs, "the api-server", self.api_server.log, _STARTS_WITHIN_S)
        self._api = _Api(self.settings.airflow_url, ADMIN, admin_password(self.settings.home))

    @contextmanager
    def scheduler(self, lake: str, *changes: str) -> Iterator[Part]:
        """A scheduler whose tasks work on a lake, with these changes; killed with them on exit."""
        part = self.part("airflow-scheduler", lake, [change for change in changes if change])
        try:
            part.start()
            yield part
        finally:
            part.kill()

    def trigger(self) -> None:
        """Ask for a build. Airflow itself asks for one more when a scheduler first sees the DAG."""
        self._api.trigger(DAG)

    def build_by_time(self) -> None:
        """Ask for the build that Airflow asks for by itself to be done again; where there is none yet, the next scheduler asks for it."""
        scheduled = [run["dag_run_id"] for run in self._api.runs(DAG) if run["run_type"] == "scheduled"]
        if scheduled:
            self._api.clear(DAG, scheduled[0])

    def backfill(self, day: datetime) -> None:
        """Ask for a backfill of a day."""
        self._api.backfill(DAG, day, day)

    def wake(self, table: str) -> None:
        """Tell that a table has changed, which wakes the builds that wait for it."""
        self._api.tell_of(table)

    def wait_for_rows(self, lake: str, scheduler: Part) -> None:
        """Wait until a task is at work: it has staged rows.

        Raises:
            NotInjectedError: none has, or all builds have ended.
        """
        rows = partial(Path(lake).glob, "silver/*/runs/**/*.parquet")
        self._wait(lambda: any(rows()), scheduler, "a task")
        if self._have_ended():
            raise NotInjectedError("no task was at work any more")

    def task_that_stands_still(self, lake: str, scheduler: Part) -> psutil.Process:
        """Wait until a task stands still.

        Raises:
            NotInjectedError: none does.
        """
        sign = sign_of(lake)
        self._wait(lambda: sign.is_file() and sign.read_text().endswith("\n"), scheduler, "a task that stands still")
        return psutil.Process(int(sign.read_text()))

    def see_through(self, scheduler: Part, run_type: str = "") -> list[dict[str, Any]]:
        """Wait for the end of all builds; returns what is known of the tasks of those that have ended since the last time.

        With `run_type` only builds of that type count, and one at least is waited for.

        Raises:
            NotSurvivedError: one failed, or does not end.
        """
        try:
            wait_until(
                lambda: self._have_ended(run_type),
                scheduler.runs,
                f"the end of {run_type or 'all'} runs of {DAG}",
                scheduler.log,
                _BUILDS_WITHIN_S,
            )
        except StackError as error:
            raise NotSurvivedError(str(error)) from error
        new = self._new_runs(run_type)
        self._seen |= {_ending(run) for run in new}
        if {run["state"] for run in new} != {"success"}:
            raise NotSurvivedError(f"builds ended as {sorted(run['state'] for run in new)}; {log_tail(scheduler.log)}")
        return [task for run in new for task in self._api.task_instances(DAG, run["dag_run_id"])]

    def _have_ended(self, run_type: str = "") -> bool:
        runs = self._new_runs(run_type)
        return bool(runs) and all(run["state"] in FINISHED for run in runs)

    def _new_runs(self, run_type: str) -> list[dict[str, Any]]:
        """Builds whose end nobody has waited for yet."""
        runs = (run for run in self._api.runs(DAG) if run_type in ("", run["run_type"]))
        return [run for run in runs if _ending(run) not in self._seen]

    def _wait(self, is_so: Callable[[], bool], scheduler: Part, what: str) -> None:
        try:
            wait_until(is_so, scheduler.runs, what, scheduler.log, _BUILDS_WITHIN_S)
        except StackError as error:
            raise NotInjectedError(str(error)) from error


class _Api(AirflowApi):
    """Airflow's API, and what else an operator may ask of it."""

    def clear(self, dag_id: str, run_id: str) -> None:
        """Have a run done again."""
        self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False})

    def tell_of(self, table: str) -> None:
        """Make an event of a table's asset."""
        (asset,) = self._request("GET", "/api/v2/assets", params={"name_pattern": table})["assets"]
        self._request("POST", "/api/v2/assets/events", json={"asset_id": asset["id"]})


def _ending(run: dict[str, Any]) -> tuple[str, str | None]:
    """What tells an ended run from what it was before it was done again."""
    return run["dag_run_id"], run["end_date"]


@contextmanager
def started_airflow(state_dir: Path, remote: str) -> Iterator[Airflow]:
    """Airflow on an engine; it ends on exit."""
    with tempfile.TemporaryDirectory(prefix="airflow-", dir=state_dir) as home:
        airflow = Airflow(Path(home), remote)
        try:
            airflow.start()
            yield airflow
        finally:
            airflow.dag_processor.kill()
            airflow.api_server.kill()
