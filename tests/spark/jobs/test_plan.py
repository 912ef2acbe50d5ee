"""Planning: what a run takes, what stays pending, and what moves the cursor."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from playhead.errors import BuildError
from playhead.io.delta_table import append_rows
from playhead.io.touched_hours import touched_metadata
from playhead.jobs.ingest import open_bronze
from playhead.jobs.plan import plan_build, read_plan
from playhead.jobs.published import read_cursor
from playhead.jobs.record import record_run
from playhead.jobs.registry import BUILDS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from playhead.jobs.plan import Plan

pytestmark = pytest.mark.spark


def pull(spark: SparkSession, lake: str, run_id: str, newest_hours: int | None = None) -> Plan:
    return plan_build(spark, lake, dag_id="build_test", run_id=run_id, kind="pull", newest_hours=newest_hours)


def test_plan__hourly_takes_the_newest_three_and_the_daily_takes_the_rest(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(*(event(f"31T0{hour}:10") for hour in range(5)))
    hourly = pull(spark, lake, "hourly-1", newest_hours=3)

    assert hourly.event_hours == ("2026-01-31T02", "2026-01-31T03", "2026-01-31T04")
    assert hourly.pending_hours == ("2026-01-31T00", "2026-01-31T01")
    assert hourly.gold_tables == ("gold.qoe_hourly",)

    record_run(spark, lake, "hourly-1")
    land(event("31T04:50"), event("31T01:20"))
    daily = pull(spark, lake, "daily-1")

    # 00 and 01 were left over; 01 and 04 have new events; 02 and 03 are built
    assert daily.event_hours == ("2026-01-31T00", "2026-01-31T01", "2026-01-31T04")
    assert daily.pending_hours == ()
    assert set(daily.gold_tables) == {name for name in BUILDS if name.startswith("gold.")}


def test_plan__rejected_and_late_rows_touch_nothing(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    rejected = {"event_hour": None, "raw": b"{", "rejected_because": ["malformed_json"]}
    land(event("31T05:10"), event("31T06:10", is_late=True), event("31T07:10", **rejected))

    assert pull(spark, lake, "run").event_hours == ("2026-01-31T05",)


def test_plan__is_kept_for_the_run(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    version = land(event("31T05:10"))
    first = pull(spark, lake, "run")
    land(event("31T06:10"))

    assert pull(spark, lake, "run") == first == read_plan(lake, "run")
    assert first.bronze_version == version
    with pytest.raises(BuildError, match="in use by DAG build_test"):
        plan_build(spark, lake, dag_id="other", run_id="run", kind="pull")


def test_plan__backfill_takes_its_interval_and_moves_no_cursor(spark: SparkSession, lake: str, land: Any, event: Any, at: Any) -> None:
    land(*(event(f"31T0{hour}:10") for hour in range(4)))
    pull(spark, lake, "hourly", newest_hours=3)
    record_run(spark, lake, "hourly")
    before = read_cursor(lake)
    land(event("31T01:30"))

    backfill = plan_build(
        spark, lake, dag_id="build_test", run_id="backfill", kind="backfill", interval=(at("31T00:00"), at("31T02:00")), newest_hours=3
    )
    record_run(spark, lake, "backfill")

    assert backfill.event_hours == ("2026-01-31T00", "2026-01-31T01")
    assert read_cursor(lake) == before
    assert before.pending_hours == ("2026-01-31T00",)
    # the next pull still takes what the backfill happened to build: it moved nothing
    assert pull(spark, lake, "next").event_hours == ("2026-01-31T00", "2026-01-31T01")
    with pytest.raises(BuildError, match="no interval"):
        plan_build(spark, lake, dag_id="build_test", run_id="bad", kind="backfill")


def test_plan__nothing_new_is_an_empty_plan_and_a_recorded_run_can_run_again(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    assert pull(spark, lake, "before-anything").bronze_version is None

    land(event("31T05:10"))
    assert pull(spark, lake, "run").log_id == "run"
    record_run(spark, lake, "run")
    again = pull(spark, lake, "run")

    assert (again.event_hours, again.pending_hours, again.log_id) == ((), (), "run~2")


def test_plan__id_conflicts_touch_their_hours_once(spark: SparkSession, lake: str, land: Any, event: Any, at: Any) -> None:
    land(event("31T05:10"), event("31T06:10"))
    pull(spark, lake, "first")
    record_run(spark, lake, "first")
    conflict = {"event_id": "x", "kept_event_hour": at("31T05:00"), "found_at": at("31T07:00")}
    rows = [conflict | {"event_hour": at("31T06:00"), "conflict": "other_hour"}]
    append_rows(lake, "ops.id_conflicts", rows, metadata=touched_metadata(["2026-01-31T06"]))

    assert pull(spark, lake, "second").event_hours == ("2026-01-31T06",)
    record_run(spark, lake, "second")
    assert pull(spark, lake, "third").event_hours == ()


def test_plan__where_a_commit_does_not_tell_its_hours_every_hour_counts_as_touched(
    spark: SparkSession, lake: str, land: Any, event: Any
) -> None:
    land(event("31T05:10"), event("31T06:10", is_late=True))
    pull(spark, lake, "first")
    record_run(spark, lake, "first")
    open_bronze(lake).commit([], date(2026, 1, 31), "another writer", 0)

    assert pull(spark, lake, "second").event_hours == ("2026-01-31T05",)


def test_cursor__newest_version_wins_whoever_finishes_last(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(event("31T05:10"))
    pull(spark, lake, "slow")
    newest = land(event("31T06:10"))
    pull(spark, lake, "quick")
    record_run(spark, lake, "quick")
    record_run(spark, lake, "slow")

    cursor = read_cursor(lake)

    assert cursor.bronze_version == newest


def test_cursor__what_another_run_built_meanwhile_does_not_stay_pending(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(*(event(f"31T0{hour}:10") for hour in range(5)))
    pull(spark, lake, "daily")
    land(event("31T01:50"), event("31T04:50"))
    hourly = pull(spark, lake, "hourly", newest_hours=3)
    assert hourly.pending_hours == ("2026-01-31T00", "2026-01-31T01")

    record_run(spark, lake, "daily")
    record_run(spark, lake, "hourly")

    # 00 was built by the daily run; 01 has an event that the daily run did not see
    assert read_cursor(lake).pending_hours == ("2026-01-31T01",)
