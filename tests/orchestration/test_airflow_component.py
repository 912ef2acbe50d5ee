"""What forks of an Airflow component find already imported: of the component as it is when Airflow takes over."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# In place of Airflow's own main: do what a fork does, and tell what that imported.
_PROBE = """
import gc, json, runpy, sys, threading
from unittest.mock import patch

def probe():
    from playhead.contracts import model
    known, threads = set(sys.modules), threading.active_count()
    contracts_read = len(model.contracts()._documents)
    for dag in sys.argv[2:]:
        runpy.run_path(dag)
    if sys.argv[1] == "scheduler":
        from airflow.sdk.execution_time.supervisor import supervise_task
        from playhead.contracts.model import load_contract
        from playhead.jobs import build, entry, plan, record
        from playhead.jobs.load_warehouse import run_load
        from playhead.orchestration.spark import connect_session
        from playhead.quality.gate import open_gate
        from playhead.quality.profile import PartitionProfile
        from playhead.spark import connect
        from airflow.providers.apache.spark.hooks.spark_connect import SparkConnectHook
        with open_gate(None) as gate:
            gate.refused(load_contract("gold.user_daily"), [PartitionProfile("2026-01-01", 1, "hash")], "run")
    print(json.dumps({
        "threads": threads,
        "contracts_read": len(model.contracts()._documents) - contracts_read,
        "collects_after": gc.get_threshold()[0],
        "before": sorted({name.partition(".")[0] for name in known}),
        "new": sorted(set(sys.modules) - known),
    }), file=sys.stderr)

with patch("airflow.__main__.main", probe):
    from playhead.local import airflow_component
    airflow_component.main()
"""
HEAVY = {"airflow", "duckdb", "great_expectations", "grpc", "numpy", "pandas", "playhead", "pyarrow", "pyspark", "scipy", "snowflake"}
ENGINES = {"great_expectations", "pyspark", "scipy"}
DAGS = sorted((ROOT / "dags").glob("*.py"))


def _probe(component: str, dags: Sequence[Path] = ()) -> dict[str, Any]:
    arguments = [sys.executable, "-c", _PROBE, component, *map(str, dags)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stderr.strip().splitlines()[-1])
    return told


def _heavy(modules: Iterable[str]) -> set[str]:
    return {module for module in modules if module.partition(".")[0] in HEAVY}


def test_a_task_imports_nothing_that_the_scheduler_has_not() -> None:
    told = _probe("scheduler", DAGS)
    assert set(told["before"]) >= HEAVY
    assert _heavy(told["new"]) == set()
    assert told["contracts_read"] == 0
    assert told["threads"] == 1, "a thread would not survive the fork, but the locks it holds would"
    assert told["collects_after"] >= 10_000


def test_a_parse_imports_nothing_that_the_dag_processor_has_not_and_no_engine() -> None:
    told = _probe("dag-processor", DAGS)
    assert _heavy(told["new"]) == set()
    assert told["contracts_read"] == 0
    assert not ENGINES & set(told["before"]), "parsing needs none of them"
    assert told["collects_after"] >= 10_000
