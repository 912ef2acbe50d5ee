"""Airflow for the faults: the stack's processes, settings and DAGs on a state of their own; all faults share it, but for the scheduler."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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
    import subprocess

DAG = "build_daily"
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

    def runs(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process is not None and self._process.poll() is None


class Airflow:
    """The processes at one address, and what is asked of them."""

    def __init__(self, home: Path, remote: str) -> None:
        usual = Settings(state_dir=home, project_dir=ROOT, spark_remote=remote)
        self.settings = usual.model_copy(update={"port_base": free_base(usual.ports(), usual.port_base)})
        self._environment = environment("", home) | stack_env(self.settings, ROOT)
        self.api_server = self.part("airflow-api-server")
        self.dag_processor = self.part("airflow-dag-processor")
        self._seen: set[str] = set()

    def part(self, name: str, lake: str = "", change: str = "") -> Part:
        """One of the stack's parts, which works on a lake, with a change where one is named."""
        _, _, module, *arguments = next(program.command for program in programs(self.settings, ROOT) if program.name == name)
        mark = Path(lake or self.settings.home / name)
        started = ["-m", "faults.changes", change, module] if change else ["-m", module]
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
        self._wait_for_api()
        wait_until(lambda: DAG in self._api.dag_ids(), self.dag_processor.runs, DAG, self.dag_processor.log, _STARTS_WITHIN_S)
        self._api.pause(DAG, paused=False)

    def _wait_for_api(self) -> None:
        """Wait until the api-server answers."""
        healthy = next(program.healthy for program in programs(self.settings, ROOT) if program.name == "airflow-api-server")
        wait_until(healthy, self.api_server.runs, "the api-server", self.api_server.log, _STARTS_WITHIN_S)
        self._api = AirflowApi(self.settings.airflow_url, ADMIN, admin_password(self.settings.home))

    @contextmanager
    def scheduler(self, lake: str, change: str) -> Iterator[Part]:
        """A scheduler whose tasks work on a lake, with a change; killed with them on exit."""
        part = self.part("airflow-scheduler", lake, change)
        try:
            part.start()
            yield part
        finally:
            part.kill()

    def trigger(self) -> None:
        """Ask for a build. Airflow itself asks for one more when a scheduler first sees the DAG."""
        self._api.trigger(DAG)

    def task_that_stands_still(self, lake: str, scheduler: Part) -> int:
        """Wait until a task stands still; returns its process.

        Raises:
            NotInjectedError: none does.
        """
        sign = sign_of(lake)
        try:
            wait_until(
                lambda: sign.is_file() and sign.read_text().endswith("\n"), scheduler.runs, "a task", scheduler.log, _BUILDS_WITHIN_S
            )
        except StackError as error:
            raise NotInjectedError(str(error)) from error
        return int(sign.read_text())

    def see_through(self, scheduler: Part) -> list[dict[str, Any]]:
        """Wait for the end of all builds; returns what is known of the tasks of those that were asked for since the last time.

        Raises:
            NotSurvivedError: one failed, or does not end.
        """
        try:
            wait_until(self._has_ended, scheduler.runs, f"the end of {DAG}", scheduler.log, _BUILDS_WITHIN_S)
        except StackError as error:
            raise NotSurvivedError(str(error)) from error
        new = {run["dag_run_id"]: run["state"] for run in self._api.runs(DAG) if run["dag_run_id"] not in self._seen}
        self._seen |= new.keys()
        if set(new.values()) != {"success"}:
            raise NotSurvivedError(f"builds ended as {sorted(new.values())}; {log_tail(scheduler.log)}")
        return [task for run in new for task in self._api.task_instances(DAG, run)]

    def _has_ended(self) -> bool:
        return all(run["state"] in FINISHED for run in self._api.runs(DAG))


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
