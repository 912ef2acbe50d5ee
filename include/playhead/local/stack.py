"""The embedded stack as one thing: up, down, status.

`up` may be run again at any time: it starts what does not run and leaves alone what does. `down` ends every process that carries this
stack's mark, also those whose parent died.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from playhead.errors import StackError
from playhead.io.kafka import client_config, ensure_topics
from playhead.io.topics import declared_topics
from playhead.local.airflow_env import ensure_secrets
from playhead.local.airflow_setup import Migration, unpause_dags
from playhead.local.jars import GROUPS, ensure_jars
from playhead.local.java import require_java
from playhead.local.marks import end_processes, marked_processes, memory_mb
from playhead.local.ports import check_free
from playhead.local.processes import log_tail, one_at_a_time
from playhead.local.programs import Program, programs, project_dir, stack_env
from playhead.local.supervision import ProcessState, Supervisor, log_file, render_conf
from playhead.settings import Settings

# Receives progress: (part, what it is doing now); HEALTHY and STOPPED end a part's line.
Report = Callable[[str, str], None]

HEALTHY = "healthy"
STOPPED = "stopped"
_HEALTH_TIMEOUT_S = 180
_STOP_TIMEOUT_S = 75
_POLL_S = 0.3


@dataclass(frozen=True)
class PartStatus:
    """One line of `playhead status`."""

    name: str
    state: str
    healthy: bool
    pid: int
    uptime_s: int
    memory_mb: int
    address: str


class Stack:
    """The embedded stack of one state directory.

    Raises:
        StackError: the checkout with dags/ and spark_apps/ cannot be found.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = settings.home
        self.project = project_dir(settings)
        self.programs = programs(settings, self.project)
        self.supervisor = Supervisor(self.home)

    def up(self, report: Report, only: Sequence[str] = (), *, unpause: bool = True) -> bool:
        """Start what does not run and wait until all of it is healthy; returns whether anything had to be started.

        Args:
            report: receives progress.
            only: names of parts to start; by default all.
            unpause: whether a fresh Airflow's DAGs are unpaused.

        Raises:
            StackError: Java is missing, a port is taken, or a part does not become healthy.
        """
        chosen = self._choose(only)
        (self.home / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
        with one_at_a_time(self.home / "run" / "up.lock"):
            states = self._states()
            missing = [part for part in chosen if part.name not in states or not states[part.name].is_up]
            if missing:
                self._prepare(missing, report)
            self._start_in_order(chosen, missing, report, unpause=unpause)
        return bool(missing)

    def _choose(self, only: Sequence[str]) -> list[Program]:
        names = [part.name for part in self.programs]
        unknown = sorted(set(only) - set(names))
        if unknown:
            raise StackError(f"the stack has no part {', '.join(unknown)}; its parts are {', '.join(names)}")
        return [part for part in self.programs if not only or part.name in only]

    def _prepare(self, missing: Sequence[Program], report: Report) -> None:
        """Everything that must hold before the first process starts."""
        require_java()
        running = self.supervisor.is_running()
        if not running:
            self._end_leftovers(report)
        check_free({name: self.settings.port(name) for part in missing for name in part.ports}, self.settings.port_base)
        for group in GROUPS:
            ensure_jars(self.settings.cache_dir, group, lambda line: report("jars", line))
        report("jars", HEALTHY)
        for directory in ("logs", "airflow"):
            (self.home / directory).mkdir(exist_ok=True)
        ensure_secrets(self.home)
        if not running:
            self.supervisor.launch(render_conf(self.home, self.project, self.programs), stack_env(self.settings, self.project))

    def _start_in_order(self, chosen: Sequence[Program], missing: Sequence[Program], report: Report, *, unpause: bool) -> None:
        """Storage and engines, and beside them Airflow, which first needs nothing but its database; then the topics, and what uses them."""
        foundations = [part for part in chosen if part.needs_first]
        airflow = [part for part in chosen if part.name.startswith("airflow")]
        applications = [part for part in chosen if part not in foundations and part not in airflow]
        self._launch(foundations, missing, report)
        if any(part in missing for part in airflow):
            self._migrate(report)
        self._launch(airflow, missing, report)
        self._await(foundations, report)
        self._ensure_topics(chosen)
        self._launch(applications, missing, report)
        self._await([*applications, *airflow], report)
        if unpause and any(part in missing for part in airflow):
            unpause_dags(self.settings)

    def _migrate(self, report: Report) -> None:
        report("airflow database", "checking")
        with Migration(self.home, self.settings.cache_dir, stack_env(self.settings, self.project)) as migration:
            migration.finish()
        report("airflow database", HEALTHY)

    def _ensure_topics(self, chosen: Sequence[Program]) -> None:
        if any(part.name == "kafka" for part in chosen):
            topics = declared_topics(self.settings.topic_partitions, self.settings.topic_replication)
            ensure_topics(client_config(self.settings), list(topics.values()))

    def _launch(self, parts: Sequence[Program], missing: Sequence[Program], report: Report) -> None:
        for part in parts:
            report(part.name, "starting")
            if part in missing:
                self.supervisor.start(part.name)

    def _await(self, parts: Sequence[Program], report: Report) -> None:
        """Wait until the parts are healthy.

        Raises:
            StackError: one does not run, or takes too long.
        """
        deadline = time.monotonic() + _HEALTH_TIMEOUT_S
        waiting = list(parts)
        while waiting:
            states, late = self.supervisor.states(), time.monotonic() > deadline
            waiting = [part for part in waiting if not self._is_healthy(part, states[part.name], late=late)]
            for part in set(parts) - set(waiting):
                report(part.name, HEALTHY)
            if waiting:
                time.sleep(_POLL_S)

    def _is_healthy(self, part: Program, state: ProcessState, *, late: bool) -> bool:
        log = log_file(self.home, part.name)
        if not state.is_up:
            raise StackError(f"{part.name} does not run ({state.state}); {log} ends with: {log_tail(log)}")
        healthy = part.healthy()
        if late and not healthy:
            raise StackError(f"{part.name} is not healthy after {_HEALTH_TIMEOUT_S} s; {log} ends with: {log_tail(log)}")
        return healthy

    def down(self, report: Report) -> bool:
        """Stop everything, applications before what they depend on; returns whether anything ran.

        Raises:
            StackError: a process does not end.
        """
        ran = bool(marked_processes(self.home))
        if self.supervisor.is_running():
            supervisor = psutil.Process(self.supervisor.pid())
            for needs_first in (False, True):
                self._stop([part for part in self.programs if part.needs_first == needs_first], report)
            self.supervisor.shutdown()
            psutil.wait_procs([supervisor], timeout=_STOP_TIMEOUT_S)
        self._end_leftovers(report)
        return ran

    def _stop(self, parts: Sequence[Program], report: Report) -> None:
        states = self._states()
        stopping = [part.name for part in parts if part.name in states and states[part.name].is_up]
        for name in stopping:
            report(name, "stopping")
            self.supervisor.stop(name)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while stopping and time.monotonic() < deadline:
            time.sleep(_POLL_S)
            states = self._states()
            for name in [name for name in stopping if not states[name].pid]:
                stopping.remove(name)
                report(name, STOPPED)

    def _end_leftovers(self, report: Report) -> None:
        """End marked processes that no supervisor holds any more."""
        leftovers = marked_processes(self.home)
        if leftovers:
            report("leftovers", f"ending {len(leftovers)} processes")
            end_processes(leftovers)
            report("leftovers", STOPPED)

    def status(self) -> list[PartStatus]:
        """Every part as it is now. A part is healthy when the supervisor holds it and it answers."""
        states = self._states()
        return [self._part_status(part, states.get(part.name)) for part in self.programs]

    def _part_status(self, part: Program, state: ProcessState | None) -> PartStatus:
        if state is None or not state.pid:
            return PartStatus(part.name, state.state if state else "STOPPED", False, 0, 0, 0, part.address)
        return PartStatus(part.name, state.state, part.healthy(), state.pid, state.uptime_s, memory_mb(state.pid), part.address)

    def _states(self) -> dict[str, ProcessState]:
        return self.supervisor.states() if self.supervisor.is_running() else {}
