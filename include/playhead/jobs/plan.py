"""Plan a build: pin one bronze version and say which event hours the run builds (DESIGN invariant 3)."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from playhead.bronze.buildable import BUILDABLE
from playhead.errors import BuildError
from playhead.io.delta import read_table
from playhead.io.delta_table import table_version
from playhead.io.partitions import hours_between
from playhead.io.run_files import read_json, run_directory, write_json
from playhead.io.touched_hours import read_touched_hours
from playhead.jobs.published import Cursor, next_log_id, read_cursor
from playhead.jobs.registry import DAILY_GOLD, HOURLY_GOLD
from playhead.jobs.run_context import RunKind

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_HOUR_TEXT = "date_format(event_hour, \"yyyy-MM-dd'T'HH\")"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run builds. Kept as JSON beside the lake, so that every later step of the run finds the same plan.

    `log_id` is the run's name in the ops tables: a run that is cleared and run again after it was recorded is a new one there.
    `cursor_run` is the run that had moved the pull cursor last.
    """

    run_id: str
    log_id: str
    dag_id: str
    kind: RunKind
    bronze_version: int | None
    conflicts_version: int | None
    event_hours: tuple[str, ...]
    pending_hours: tuple[str, ...]
    gold_tables: tuple[str, ...]
    cursor_run: str | None
    planned_at: str | None = None

    @property
    def is_backfill(self) -> bool:
        """True where the run builds exactly its interval and moves no cursor."""
        return self.kind == "backfill"

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """The inverse of dataclasses.asdict over JSON, whose lists become tuples again."""
        fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**fields)


def plan_build(
    spark: SparkSession,
    lake: str,
    *,
    dag_id: str,
    run_id: str,
    kind: RunKind,
    interval: tuple[datetime, datetime] | None = None,
    newest_hours: int | None = None,
    gold_tables: tuple[str, ...] | None = None,
) -> Plan:
    """Pin a bronze version and choose the event hours to build; asked again, the run's existing plan is the answer.

    A pull run takes every hour that bronze versions or id conflicts since the cursor touched, and what was left pending; with
    `newest_hours` only so many of the newest, the rest stays pending. A backfill takes exactly the hours of [start, end). Without
    `gold_tables`, a bounded (hourly) run builds the hourly gold and an unbounded one all of it.

    Raises:
        BuildError: a backfill without an interval, or a run_id that another DAG has in use.
    """
    existing = read_plan(lake, run_id)
    if existing is not None:
        if existing.dag_id != dag_id:
            raise BuildError(f"run {run_id} is in use by DAG {existing.dag_id}; give {dag_id} a run id of its own")
        return existing
    bronze_version = table_version(lake, "bronze.events")
    conflicts_version = table_version(lake, "ops.id_conflicts")
    cursor = read_cursor(lake)
    if kind == "backfill":
        hours, pending = _hours_of_interval(run_id, interval), []
    else:
        touched = touched_hours(spark, lake, cursor, bronze_version, conflicts_version)
        split = 0 if newest_hours is None else max(0, len(touched) - newest_hours)
        hours, pending = touched[split:], touched[:split]
    plan = Plan(
        run_id=run_id,
        log_id=next_log_id(lake, "ops.build_log", run_id),
        dag_id=dag_id,
        kind=kind,
        bronze_version=bronze_version,
        conflicts_version=conflicts_version,
        event_hours=tuple(hours) if bronze_version is not None else (),
        pending_hours=tuple(pending),
        gold_tables=gold_tables or (DAILY_GOLD if newest_hours is None else HOURLY_GOLD),
        cursor_run=cursor.run_id,
        planned_at=datetime.now(UTC).isoformat(),
    )
    write_json(_plan_path(lake, run_id), asdict(plan))
    logger.info("run=%s bronze_version=%s hours=%d pending=%d", run_id, bronze_version, len(plan.event_hours), len(plan.pending_hours))
    return plan


def read_plan(lake: str, run_id: str) -> Plan | None:
    """The plan of a run, or None before it is planned and after it is recorded."""
    values = read_json(_plan_path(lake, run_id))
    return None if values is None else Plan.from_dict(values)


def require_plan(lake: str, run_id: str) -> Plan:
    """The plan of a run.

    Raises:
        BuildError: the run has none.
    """
    plan = read_plan(lake, run_id)
    if plan is None:
        raise BuildError(f"run {run_id} has no plan: it was recorded already, or never planned; start again from its plan step")
    return plan


def _hours_of_interval(run_id: str, interval: tuple[datetime, datetime] | None) -> list[str]:
    if interval is None:
        raise BuildError(f"backfill {run_id} has no interval; give the first and the last hour to build")
    return hours_between(*interval)


def _plan_path(lake: str, run_id: str) -> str:
    return f"{run_directory(lake, run_id)}/plan.json"


def touched_hours(spark: SparkSession, lake: str, cursor: Cursor, bronze_version: int | None, conflicts_version: int | None) -> list[str]:
    """Hours that something new has happened to since the cursor, up to the versions, and those left pending, ascending."""
    hours = set(cursor.pending_hours)
    if bronze_version is not None and bronze_version > cursor.bronze_version:
        hours |= _hours_since(spark, lake, "bronze.events", BUILDABLE, cursor.bronze_version, bronze_version)
    seen = -1 if cursor.conflicts_version is None else cursor.conflicts_version
    if conflicts_version is not None and conflicts_version > seen:
        hours |= _hours_since(spark, lake, "ops.id_conflicts", "conflict = 'other_hour'", seen, conflicts_version)
    return sorted(hours)


def _hours_since(spark: SparkSession, lake: str, table: str, condition: str, after: int, upto: int) -> set[str]:
    """Event hours that the versions (after, upto] tell of; all that the table has rows of where they do not tell."""
    told = read_touched_hours(lake, table, after=after, upto=upto)
    if told is not None:
        return told
    logger.warning("%s: not every version after %d tells its hours any more, so every hour counts as touched", table, after)
    hours = read_table(spark, lake, table, upto).where(condition).where("event_hour IS NOT NULL").select("event_hour").distinct()
    found = hours.selectExpr(f"{_HOUR_TEXT} AS hour")  # once per hour: formatting every row would cost more than reading it
    return {row.hour for row in found.collect()}
