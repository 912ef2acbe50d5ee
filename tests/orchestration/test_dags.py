"""DAG integrity and policy: what every DAG must have so that the UI explains itself and backfills work."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DAG_IDS = {"stream_watch", "build_hourly", "build_daily", "load_warehouse", "retrain_churn", "recommend_titles", "maintain"}
BACKFILLABLE = {"build_hourly", "build_daily", "load_warehouse", "retrain_churn", "recommend_titles"}


def test_all_dags_load_one_per_file(dags: dict[str, Any]) -> None:
    assert set(dags) == DAG_IDS
    assert {Path(d.fileloc).stem for d in dags.values()} == DAG_IDS


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_dag_policy(dags: dict[str, Any], dag_id: str) -> None:
    dag = dags[dag_id]
    assert dag.doc_md, "the UI shows the module docstring"
    assert len(dag.doc_md) > 100
    assert any(tag.startswith("tier:") for tag in dag.tags)
    assert not dag.catchup, "one pull run builds all missing history"
    assert dag.max_active_runs == 1
    for task in dag.tasks:
        assert "@" in task.owner
        assert task.retries >= 1
        assert task.on_failure_callback, "failures are mailed"


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS - {"stream_watch"}))
def test_schedules_have_real_intervals_and_are_periodic(dags: dict[str, Any], dag_id: str) -> None:
    # A cron string would give zero-length intervals; asset-only timetables are not periodic and cannot be backfilled.
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.assets import AssetOrTimeSchedule

    timetable = DagSerialization.from_dict(DagSerialization.to_dict(dags[dag_id])).timetable
    assert timetable.periodic
    assert isinstance(timetable, AssetOrTimeSchedule) == (dag_id in BACKFILLABLE)
    import pendulum

    interval = timetable.infer_manual_data_interval(run_after=pendulum.datetime(2026, 1, 2, 3, 4))
    assert interval.end > interval.start


def test_the_stream_is_watched_without_a_pause(dags: dict[str, Any]) -> None:
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.simple import ContinuousTimetable

    assert isinstance(DagSerialization.from_dict(DagSerialization.to_dict(dags["stream_watch"])).timetable, ContinuousTimetable)


def test_build_tasks_run_the_phases_in_order(dags: dict[str, Any]) -> None:
    daily = dags["build_daily"]
    order = ["plan", "silver_events", "silver_plays", "gold", "audience", "record"]
    assert set(daily.task_ids) == set(order)
    for before, after in pairwise(order):
        assert daily.get_task(after).upstream_task_ids == {before}
    assert not dags["build_hourly"].has_task("audience")


def test_every_task_names_a_known_job(dags: dict[str, Any]) -> None:
    from playhead.jobs.entry import JOBS

    jobs = {task.job for dag in dags.values() for task in dag.tasks if hasattr(task, "job")}
    assert jobs <= set(JOBS)


def test_the_nightly_look_at_the_books_waits_for_nothing_and_fails_with_what_differs(dags: dict[str, Any]) -> None:
    from playhead.errors import BooksError

    task = dags["maintain"].get_task("reconcile")
    assert not task.upstream_task_ids, "an audit that finds nothing is skipped, and would skip this too"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("playhead.jobs.reconcile.reconcile_open_days", _raise(BooksError("1 minutes differ")))
        with pytest.raises(BooksError, match="1 minutes differ"):
            task.python_callable()


def test_the_nightly_count_of_lost_reports_asks_the_collectors_memory_and_waits_for_nothing(dags: dict[str, Any]) -> None:
    from playhead.settings import get_settings

    task, asked = dags["maintain"].get_task("count_gaps"), list[Any]()
    assert not task.upstream_task_ids, "books that differ fail their task, and would keep this one from running"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("playhead.jobs.cmcd_gaps.count_gaps", lambda *given: asked.extend(given))
        task.python_callable()
    assert asked == [get_settings().lake, get_settings().plays_file]


def _raise(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_parsing_dags_imports_no_engine() -> None:
    # An engine at module level costs every Airflow process seconds and hundreds of megabytes.
    code = (
        "import sys, runpy, pathlib\n"
        f"for f in sorted(pathlib.Path({str(ROOT / 'dags')!r}).glob('*.py')): runpy.run_path(str(f))\n"
        "heavy = {'pyspark', 'great_expectations', 'mlflow', 'lightgbm', 'fakesnow', 'snowflake.connector'} & set(sys.modules)\n"
        "sys.exit(f'imported at parse time: {heavy}' if heavy else 0)\n"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr[-2000:]


def test_assets_of_a_layer_are_the_tables_that_builds_make() -> None:
    from playhead.orchestration.assets import layer_assets

    names = {asset.name for asset in layer_assets("gold")}
    assert "gold.user_daily" in names
    assert "gold.qoe_live" not in names, "the streaming app writes it, and no run of a DAG"
