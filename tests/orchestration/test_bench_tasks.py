"""The bench `dag` submits to Spark what the DAG asks of it."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.spark_submit import HOURLY_TASKS


def test_the_peer_has_the_tasks_of_build_hourly(dags: dict[str, Any]) -> None:
    tasks = dags["build_hourly"].topological_sort()
    assert [(task.job, task.options) for task in tasks] == HOURLY_TASKS
