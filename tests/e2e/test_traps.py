"""The traps of Airflow 3.3 and the tests that hold each: a test that is renamed or removed leaves its trap open, and is missed here."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e
TESTS = Path(__file__).parents[1]
TRAPS = {
    "a cron string gives intervals of no length": "orchestration/test_dags.py::test_schedules_have_real_intervals_and_are_periodic",
    "asset-only schedules cannot be backfilled": "orchestration/test_dags.py::test_schedules_have_real_intervals_and_are_periodic",
    "a deadline by logical date floods on backfills": "orchestration/test_deadlines.py::test_only_scheduled_runs_have_a_deadline",
    "a deadline by queued time breaks clearing a run": "e2e/test_demo.py::test_a_run_with_a_deadline_can_be_cleared",
    "a deadline reference that no plugin registers is refused": "orchestration/test_deadlines.py::test_deadline_survives_serialisation",
    "in a deadline's context the run is a dict without run_id": (
        "orchestration/test_deadlines.py::test_a_run_that_missed_its_deadline_is_told_once_however_often_airflow_says_so"
    ),
    "a callback that returns anything but text kills the triggerer": (
        "orchestration/test_deadlines.py::test_a_run_that_missed_its_deadline_is_told_once_however_often_airflow_says_so"
    ),
    "one backfill at a time of a DAG": "unit/backfills/test_follow.py::test_another_range_that_is_under_way_is_named",
    "asset events get stuck: a run pulls all that it has not seen": "spark/jobs/test_plan.py::test_plan__hourly_takes_the_newest_three",
    "an executor that hangs is silent": "observability/test_rules.py::test_alert_is_tried_both_ways",
    "spark-submit starts a JVM for each task": "e2e/test_dag_bench.py::test_a_run_starts_no_jvm_and_restarts_nothing",
    "another API port cuts tasks off": "unit/local/test_airflow_env.py::test_addresses_agree_with_the_port",
    "the Snowflake hook drops the protocol": "warehouse/test_airflow_hook.py",
    "FastAPI apps of plugins ask nobody for a password": "orchestration/test_lakehouse_page.py",
    "files in plugins/ are run by every process": "orchestration/test_dags.py::test_parsing_dags_imports_no_engine",
    "engines at the top of a DAG file": "orchestration/test_dags.py::test_parsing_dags_imports_no_engine",
    "the api-server on SQLite refuses a run now and then": (
        "unit/test_airflow_api.py::test_trigger__a_server_that_fails_is_asked_again_for_the_same_run"
    ),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_held_by_a_test(trap: str, found: dict[str, Any]) -> None:
    file, _, name = TRAPS[trap].partition("::")
    tests = [node.name for node in ast.walk(ast.parse((TESTS / file).read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)]
    assert any(test.startswith(name or "test_") for test in tests), f"{file} has no test {name}"
    found["airflow_traps_covered"] += 1
