"""Record a run: its scores, and the ops.build_log row that names the table versions that belong together, written last."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from playhead.errors import BuildError, GateError
from playhead.io.delta_table import append_rows, query_log
from playhead.io.lock import table_lock
from playhead.io.partitions import hour_key
from playhead.io.run_files import remove_tree, run_directory
from playhead.jobs.gate import Verdict, read_verdict
from playhead.jobs.plan import Plan, read_plan, touched_hours
from playhead.jobs.published import RECORDS_OF_RUN, read_cursor, read_published
from playhead.jobs.quality_scores import write_scores
from playhead.jobs.registry import BUILDS
from playhead.quality.profile import WITHOUT_PARTITION

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

BUILD_LOG = "ops.build_log"


def record_run(spark: SparkSession, lake: str, run_id: str) -> dict[str, Any]:
    """Write the run's scores and its build_log row, remove its plan, and say what it did.

    A pull row moves the cursor: hours that were left over, and hours of refused partitions, stay pending. Recorded again, a run only
    tells again what it told.

    Raises:
        GateError: the gate refused partitions; the sound ones are published all the same.
    """
    plan = read_plan(lake, run_id)
    if plan is None:
        return _tell_again(lake, run_id)
    verdicts = [verdict for table in BUILDS if (verdict := read_verdict(lake, run_id, table)) is not None]
    failed = [f"{verdict.table}/{key}" for verdict in verdicts for key in sorted(verdict.refused)]
    if plan.bronze_version is not None and not _is_recorded(lake, plan.log_id):
        as_of = datetime.now(UTC) if plan.planned_at is None else datetime.fromisoformat(plan.planned_at)
        write_scores(lake, plan.log_id, plan.dag_id, {verdict.table: verdict.scores for verdict in verdicts}, as_of=as_of)
        _append_row(spark, lake, plan, verdicts, failed)
    remove_tree(run_directory(lake, run_id))
    if failed:
        raise GateError(
            _refusal(run_id, [f"{v.table}/{key} ({', '.join(codes)})" for v in verdicts for key, codes in sorted(v.refused.items())])
        )
    return {
        "run_id": plan.log_id,
        "kind": plan.kind,
        "hours": len(plan.event_hours),
        "pending": len(plan.pending_hours),
        "partitions": sum(len(verdict.rows) for verdict in verdicts),
    }


def still_pending(spark: SparkSession, lake: str, plan: Plan, verdicts: list[Verdict]) -> list[str]:
    """Hours that a pull run leaves to later ones: those it did not take, and those whose silver was refused.

    Another pull run may have moved the cursor since this one was planned, and built hours that this one left: what is pending is then
    counted from where the cursor stands now.
    """
    cursor = read_cursor(lake)
    left = set(plan.pending_hours)
    if cursor.run_id != plan.cursor_run and plan.bronze_version is not None and cursor.bronze_version <= plan.bronze_version:
        left = set(touched_hours(spark, lake, cursor, plan.bronze_version, plan.conflicts_version)) - set(plan.event_hours)
    return sorted(left | _refused_hours(plan, verdicts))


def _refused_hours(plan: Plan, verdicts: list[Verdict]) -> set[str]:
    refused = {key for verdict in verdicts if verdict.table.startswith("silver.") for key in verdict.refused}
    # A row without an hour could belong to any of them.
    return set(plan.event_hours) if WITHOUT_PARTITION in refused else refused


def _append_row(spark: SparkSession, lake: str, plan: Plan, verdicts: list[Verdict], failed: list[str]) -> None:
    published = read_published(lake)
    versions = {table: version for table in BUILDS if (version := published.version(table)) is not None}
    if plan.conflicts_version is not None:
        versions["ops.id_conflicts"] = plan.conflicts_version
    with table_lock(lake, BUILD_LOG, holder=plan.log_id):
        pending = [] if plan.is_backfill else still_pending(spark, lake, plan, verdicts)
        row = {
            "run_id": plan.log_id,
            "dag_id": plan.dag_id,
            "run_kind": plan.kind,
            "bronze_version": plan.bronze_version,
            "touched_hours": [_moment(hour) for hour in plan.event_hours],
            "pending_hours": [_moment(hour) for hour in pending],
            "published": versions,
            "failed_partitions": failed,
            "planned_at": None if plan.planned_at is None else datetime.fromisoformat(plan.planned_at),
            "finished_at": datetime.now(UTC),
        }
        append_rows(lake, BUILD_LOG, [row])
    logger.info("run=%s recorded: hours=%d failed=%d", plan.run_id, len(plan.event_hours), len(failed))


def _is_recorded(lake: str, log_id: str) -> bool:
    return bool(query_log(lake, BUILD_LOG, "SELECT 1 FROM log WHERE run_id = $run_id", {"run_id": log_id}))


def _tell_again(lake: str, run_id: str) -> dict[str, Any]:
    """What the record of a finished run says; a task that died after recording must not turn a refusal into success."""
    rows = query_log(lake, BUILD_LOG, RECORDS_OF_RUN, {"run_id": run_id})
    if not rows:
        raise BuildError(f"run {run_id} was never planned, so there is nothing to record; start from its plan step")
    last = rows[0]
    if last["failed_partitions"]:
        raise GateError(_refusal(run_id, last["failed_partitions"]))
    return {"run_id": last["run_id"], "kind": last["run_kind"], "hours": len(last["touched_hours"])}


def _refusal(run_id: str, partitions: list[str]) -> str:
    told = "; ".join(partitions[:10]) + (f" and {len(partitions) - 10} more" if len(partitions) > 10 else "")
    return f"the gate refused {len(partitions)} partitions of {run_id}: {told}. They stay pending; see Data Docs, then build again"


def _moment(hour: str) -> datetime:
    return datetime.fromisoformat(f"{hour_key(hour)}:00:00+00:00")
