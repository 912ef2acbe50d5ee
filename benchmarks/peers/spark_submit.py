"""Peer: the tasks of a build, each submitted as a Spark application of its own, as an Airflow without Spark Connect runs them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, environment, run_command
from benchmarks.spark_time import covered_s, logged_spans
from playhead.jobs.build import NEWEST_HOURS
from playhead.jobs.registry import HOURLY_GOLD, PHASES, tables_of
from playhead.jobs.run_context import RunContext
from playhead.local.jars import ensure_jars, pyspark_home
from playhead.local.processes import LOOPBACK
from playhead.local.spark_connect import server_env
from playhead.settings import get_settings
from playhead.spark import BATCH_CONF, classpath

# As dags/build_hourly.py has them: job and options.
HOURLY_TASKS: list[tuple[str, dict[str, Any]]] = [
    ("plan", {"newest_hours": NEWEST_HOURS, "gold_tables": list(HOURLY_GOLD)}),
    *(("phase", {"phase": phase}) for phase in PHASES if tables_of(phase, HOURLY_GOLD)),
    ("record", {}),
]


def submit(directory: Path, lake: Path, run: RunContext, job: str, options: dict[str, Any]) -> tuple[float, float]:
    """Run one task; seconds that it took, and seconds of them in which Spark was at work."""
    directory.mkdir()
    conf = BATCH_CONF | {
        "spark.master": "local[*]",
        "spark.driver.memory": "3g",
        "spark.driver.host": LOOPBACK,
        "spark.driver.bindAddress": LOOPBACK,
        "spark.driver.extraClassPath": classpath(ensure_jars(get_settings().cache_dir, "spark")),
        "spark.local.dir": str(directory / "scratch"),
        "spark.ui.enabled": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": directory.as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }
    told = [text for name, value in conf.items() for text in ("--conf", f"{name}={value}")]
    task = ["--job", job, "--run", json.dumps(run.to_dict()), "--options", json.dumps(options)]
    command = [str(pyspark_home() / "bin" / "spark-submit"), *told, str(ROOT / "spark_apps" / "run_job.py"), *task]
    began = time.time()
    run_command(command, directory, environment("", directory) | server_env() | {"PLAYHEAD_LAKE_URI": str(lake)})
    ended = time.time()
    (event_log,) = directory.glob("local-*")
    return ended - began, covered_s(logged_spans(event_log), began, ended)
