"""What Airflow needs once: its database, and DAGs that run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from playhead.errors import StackError
from playhead.io.airflow_api import AirflowApi
from playhead.local.airflow_env import ADMIN, DATABASE, admin_password
from playhead.local.processes import LOOPBACK, log_tail
from playhead.local.programs import project_dir
from playhead.local.supervision import log_file
from playhead.settings import Settings

_MIGRATION_TIMEOUT_S = 180


class Migration:
    """Makes or upgrades Airflow's database, once per version, while other parts start.

    A new database is kept as it came out, empty, in the cache: the next new stack starts from a copy. A context, so that the process
    never outlives `up`.
    """

    def __init__(self, home: Path, cache_dir: Path, env: Mapping[str, str]) -> None:
        self._log = log_file(home, "airflow-migrate")
        self._database = home / "airflow" / DATABASE
        self._marker = home / "airflow" / f"migrated-{version('apache-airflow')}"
        self._template = cache_dir / "airflow" / f"empty-{version('apache-airflow')}.db"
        self._is_new = not self._database.exists()
        self._process: subprocess.Popen[bytes] | None = None
        if self._is_new and self._template.exists():
            _copy(self._template, self._database)
            self._marker.touch()
        if not self._marker.exists():
            with self._log.open("wb") as stream:
                command = [sys.executable, "-m", "airflow", "db", "migrate"]
                self._process = subprocess.Popen(command, env=os.environ | dict(env), stdout=stream, stderr=subprocess.STDOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to migrate."""
        return self._process is not None

    def finish(self) -> None:
        """Wait for the end of the migration.

        Raises:
            StackError: it failed.
        """
        if self._process is None:
            return
        if self._process.wait(_MIGRATION_TIMEOUT_S):
            raise StackError(f"Airflow's database cannot be migrated; {self._log} ends with: {log_tail(self._log)}")
        if self._is_new:
            _copy(self._database, self._template)
        self._marker.touch()


def _copy(source: Path, target: Path) -> None:
    """Copy a database, in one step for whoever looks for the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    with closing(sqlite3.connect(source)) as given, closing(sqlite3.connect(part)) as copy:
        given.backup(copy)
    part.replace(target)


def unpause_dags(settings: Settings) -> None:
    """Once in this stack's life, unpause the DAGs; what operators pause later stays paused.

    Raises:
        StackError: Airflow refuses.
    """
    marker = settings.home / "airflow" / "unpaused"
    if marker.exists():
        return
    with AirflowApi(f"http://{LOOPBACK}:{settings.port('airflow')}", ADMIN, admin_password(settings.home)) as api:
        for dag_id in sorted(api.dag_ids(at_least=len(list((project_dir(settings) / "dags").glob("*.py"))))):
            api.pause(dag_id, paused=False)
    marker.touch()
