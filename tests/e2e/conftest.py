"""A small demo on a real stack of its own, once for all end-to-end tests: few viewers, few days, every part real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from playhead.io.airflow_api import AirflowApi
from playhead.io.snowflake import fetch_rows, warehouse_connection
from playhead.local.airflow_env import ADMIN, admin_password
from playhead.settings import Settings

ROOT = Path(__file__).parents[2]
USERS, DAYS, PORT_BASE = 100, 6, 23000


class RunningDemo:
    """The stack after its demo: commands, warehouse and Airflow of it."""

    users, days = USERS, DAYS

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = Settings(state_dir=home, port_base=PORT_BASE)
        # Every scheduled run misses its deadline, so that the mail can be seen.
        self._environment = {
            **os.environ,
            "PLAYHEAD_STATE_DIR": str(home),
            "PLAYHEAD_PORT_BASE": str(PORT_BASE),
            "PLAYHEAD_PROJECT_DIR": str(ROOT),
            "PLAYHEAD_DEADLINE_SCALE": "0",
        }

    def playhead(self, *arguments: str, timeout: float = 900) -> str:
        command = [sys.executable, "-m", "playhead.cli", "--debug", *arguments]
        done = subprocess.run(command, env=self._environment, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"playhead {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def query(self, sql: str) -> list[dict[str, Any]]:
        with closing(warehouse_connection(self.settings)) as connection:
            return fetch_rows(connection, sql)

    def airflow(self) -> AirflowApi:
        return AirflowApi(self.settings.airflow_url, ADMIN, admin_password(self.home))

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "demo.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    running = RunningDemo(tmp_path_factory.mktemp("e2e") / "state")
    try:
        running.playhead("demo", "--users", str(USERS), "--days", str(DAYS), "--no-real-player", timeout=1500)
        yield running
    finally:
        running.playhead("down")
