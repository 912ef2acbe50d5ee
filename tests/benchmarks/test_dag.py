"""What the bench `dag` counts: Spark's own time, JVMs that start, equal content; and that its peer runs a task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from benchmarks.dag import difference
from benchmarks.jvm_starts import JvmStarts
from benchmarks.peers.spark_submit import submit
from benchmarks.spark_time import covered_s, logged_spans
from playhead.jobs.run_context import RunContext
from playhead.local.java import java_binary
from playhead.local.programs import STACK_VARIABLE

_OURS = {"silver.playbacks/10": "a", "gold.qoe_hourly/10": "b"}
_EVENT_LOG = [
    {"Event": "SparkListenerApplicationStart"},
    {"Event": "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart", "executionId": 1, "time": 1_000},
    {"Event": "SparkListenerJobStart", "Job ID": 1, "Submission Time": 2_000},
    {"Event": "SparkListenerJobEnd", "Job ID": 1, "Completion Time": 4_000},
    {"Event": "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionEnd", "executionId": 1, "time": 3_000},
    {"Event": "SparkListenerJobStart", "Job ID": 2, "Submission Time": 9_000},
]


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        pytest.param([(1, 3), (2, 5)], 4, id="overlapping ones count once"),
        pytest.param([(2, 3), (1, 9)], 8, id="one within another"),
        pytest.param([(1, 2), (4, 6)], 3, id="nothing between"),
        pytest.param([(-5, 1), (9, 20), (30, 40)], 2, id="cut to the interval"),
        pytest.param([], 0, id="none"),
    ],
)
def test_time_is_covered_by_at_least_one_span(spans: list[tuple[float, float]], seconds: float) -> None:
    assert covered_s(spans, 0, 10) == seconds


def test_an_event_log_tells_queries_and_jobs_that_ended(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("\n".join(json.dumps(event) for event in _EVENT_LOG), encoding="utf-8")
    assert sorted(logged_spans(tmp_path / "log")) == [(1, 3), (2, 4)]


@contextmanager
def _running(command: list[str], home: Path) -> Iterator[None]:
    with subprocess.Popen(command, env=os.environ | {STACK_VARIABLE: str(home)}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        yield
        process.kill()


def _jvm(directory: Path) -> list[str]:
    (directory / "Waits.java").write_text(
        'class Waits { public static void main(String[] a) throws Exception { System.out.print("up"); System.out.flush(); '
        "Thread.sleep(60_000); } }",
        encoding="utf-8",
    )
    return [str(java_binary()), str(directory / "Waits.java")]


def test_new_jvms_of_a_stack_are_counted_and_nothing_else(tmp_path: Path) -> None:
    other = tmp_path / "other"
    python = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    with (
        _running(_jvm(tmp_path), tmp_path),
        JvmStarts(tmp_path) as jvms,
        _running(_jvm(tmp_path), tmp_path),
        _running(_jvm(tmp_path), other),
        _running(python, tmp_path),
    ):
        pass
    assert jvms.count == 1


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        pytest.param(_OURS, None, id="equal"),
        pytest.param(_OURS | {"gold.a/11": "c"}, "published otherwise: gold.a/11", id="one more"),
        pytest.param(_OURS | {"gold.qoe_hourly/10": "c"}, "published otherwise: gold.qoe_hourly/10", id="other content"),
        pytest.param({"silver.playbacks/10": "a"}, "no hour of gold was built", id="nothing built"),
    ],
)
def test_unequal_content_is_told(ours: Mapping[str, Any], told: str | None) -> None:
    found = difference({"ours": ours, "spark_submit": _OURS}, 1)
    assert found is None if told is None else (found or "").startswith(told)


@pytest.mark.slow
def test_a_submitted_task_does_its_work_and_says_how_long_spark_was_at_it(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    wall_s, spark_s = submit(tmp_path / "task", lake, RunContext("maintain", "bench"), "audit", {})
    assert 0 <= spark_s < wall_s
    assert not DeltaTable.is_deltatable(str(lake / "silver" / "video_events"))
