"""The steps of a build put together: one phase, as Airflow's tasks run it, or the whole build in one process."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.io.attempts import attempt
from playhead.jobs.audit import audit_ids
from playhead.jobs.gate import gate_phase
from playhead.jobs.plan import plan_build
from playhead.jobs.publish import publish_phase
from playhead.jobs.record import record_run
from playhead.jobs.registry import PHASES
from playhead.jobs.run_context import RunKind
from playhead.jobs.stage import stage_phase

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEWEST_HOURS = 3  # touched hours that an hourly run rebuilds; older ones wait for the daily run (DESIGN invariant 3)


def build_hour(spark: SparkSession, lake: str, run_id: str, *, docs: Path | None = None) -> dict[str, Any]:
    """The hourly pull: the newest touched hours of silver, and the hourly gold."""
    return run_build(spark, lake, dag_id="build_hourly", run_id=run_id, kind="pull", newest_hours=NEWEST_HOURS, docs=docs)


def build_day(spark: SparkSession, lake: str, run_id: str, *, docs: Path | None = None) -> dict[str, Any]:
    """The daily pull: the id audit, every touched hour of silver, and all gold."""
    audit_ids(spark, lake)
    return run_build(spark, lake, dag_id="build_daily", run_id=run_id, kind="pull", docs=docs)


def build_interval(
    spark: SparkSession, lake: str, run_id: str, start: datetime, end: datetime, *, docs: Path | None = None
) -> dict[str, Any]:
    """A backfill: exactly the hours of [start, end), and the days that lie wholly within; the cursor stays."""
    return run_build(spark, lake, dag_id="build_daily", run_id=run_id, kind="backfill", interval=(start, end), docs=docs)


def run_build(
    spark: SparkSession,
    lake: str,
    *,
    dag_id: str,
    run_id: str,
    kind: RunKind,
    interval: tuple[datetime, datetime] | None = None,
    newest_hours: int | None = None,
    gold_tables: tuple[str, ...] | None = None,
    docs: Path | None = None,
) -> dict[str, Any]:
    """Plan, then stage, gate and publish each phase, then record; returns the record's summary.

    Raises:
        GateError: the gate refused partitions; everything else is published.
    """
    plan_build(spark, lake, dag_id=dag_id, run_id=run_id, kind=kind, interval=interval, newest_hours=newest_hours, gold_tables=gold_tables)
    for phase in PHASES:
        with attempt(lake, run_id, phase):
            build_phase(spark, lake, run_id, phase, docs=docs)
    with attempt(lake, run_id, "record"):
        return record_run(spark, lake, run_id)


def build_phase(spark: SparkSession, lake: str, run_id: str, phase: str, *, docs: Path | None = None) -> dict[str, Any]:
    """Write, audit, publish the tables of a phase; returns visible partitions and refused ones, by table.

    Done again after a crash it takes up where it was: what is staged and judged stays so, what is published is passed over.
    """
    stage_phase(spark, lake, run_id, phase)
    refused = gate_phase(spark, lake, run_id, phase, docs=docs)
    return {"published": publish_phase(spark, lake, run_id, phase), "refused": refused}
