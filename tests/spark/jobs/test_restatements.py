"""Receipts: a published number that changes says the old value, the new one, why, and by which run."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from playhead.gold import qoe_hourly
from playhead.gold.qoe_hourly import build_qoe_hourly
from playhead.io.delta_table import find_table, query_log
from playhead.jobs import publish
from playhead.jobs.audit import audit_ids
from playhead.jobs.build import run_build
from playhead.jobs.publish import publish_phase

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]

_RECEIPTS = "SELECT * FROM log ORDER BY table_name, partition_key, measure_name"


def build(spark: SparkSession, lake: str, run_id: str, **options: Any) -> None:
    usual = {"kind": "pull", "gold_tables": ("gold.qoe_hourly",)}
    run_build(spark, lake, dag_id="build_test", run_id=run_id, **(usual | options))


def receipts(lake: str) -> list[tuple[str, str, str, str, Decimal | None, Decimal]]:
    """(run, partition, measure, cause, old, new) of every receipt."""
    names = ("run_id", "partition_key", "measure_name", "cause", "old_value", "new_value")
    return [tuple(row[name] for name in names) for row in query_log(lake, "ops.restatements", _RECEIPTS)]  # type: ignore[misc]


def test_late_event__a_receipt_names_each_number_that_changed(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(event("31T05:10"), event("31T05:20", playback_id="p2"))
    build(spark, lake, "first")
    assert receipts(lake) == []

    land(event("31T05:30", playback_id="p3", platform="ios"))
    build(spark, lake, "second")

    expected = [
        ("second", "2026-01-31T05", "plays_count", "late_data", Decimal(2), Decimal(3)),
        ("second", "2026-01-31T05", "rows_count", "late_data", Decimal(1), Decimal(2)),
    ]
    assert [row for row in receipts(lake) if row[2] in {"plays_count", "rows_count", "failed_count"}] == expected


def test_replay__is_named_as_the_cause(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(event("31T05:10"), event("30T09:00", playback_id="old", replay_of="video_events/0/3"))
    build(spark, lake, "first")
    now = datetime.now(UTC)
    land(event("31T05:30", playback_id="p3", replay_of="video_events/0/7", landed_at=now, landed_date=now.date()))
    build(spark, lake, "second")

    assert {row[:2] + row[3:4] for row in receipts(lake)} == {("second", "2026-01-31T05", "replay")}


def test_id_in_two_hours__is_named_as_the_cause(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    first = event("31T05:10")
    land(first, event("31T08:10", playback_id="p2"))
    land(event("31T08:15", playback_id="p3", event_id=first["event_id"]))
    build(spark, lake, "first")
    audit_ids(spark, lake)
    build(spark, lake, "second")

    assert {row[:2] + row[3:4] for row in receipts(lake)} == {("second", "2026-01-31T08", "id_conflict")}


def test_backfill__with_other_code_is_named_and_with_the_same_code_restates_nothing(
    spark: SparkSession, lake: str, land: Any, event: Any, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counts_double(playbacks: DataFrame) -> DataFrame:
        return build_qoe_hourly(playbacks).withColumn("plays_count", F.col("plays_count") * 2)

    land(event("31T05:10"))
    build(spark, lake, "first")
    interval = (at("31T00:00"), at("31T23:00"))
    build(spark, lake, "again", kind="backfill", interval=interval)
    assert receipts(lake) == []

    monkeypatch.setattr(qoe_hourly, "build_qoe_hourly", counts_double)
    build(spark, lake, "repair", kind="backfill", interval=interval)

    assert receipts(lake) == [
        ("repair", "2026-01-31T05", "plays_count", "backfill", Decimal(1), Decimal(2)),
        ("repair", "2026-01-31T05", "rows_count", "backfill", Decimal(1), Decimal(1)),
    ]


def test_crash_before_the_publish_log__no_receipt_twice(
    spark: SparkSession, lake: str, land: Any, event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(event("31T05:10"))
    build(spark, lake, "first")
    land(event("31T05:30", playback_id="p3"))

    append = publish.append_rows

    def dies_at_gold(lake: str, name: str, rows: list[dict[str, Any]]) -> None:
        if rows[0]["table_name"] == "gold.qoe_hourly":
            raise KeyboardInterrupt
        append(lake, name, rows)

    with monkeypatch.context() as patched:
        patched.setattr(publish, "append_rows", dies_at_gold)
        with pytest.raises(KeyboardInterrupt):
            build(spark, lake, "second")
    before = receipts(lake)
    assert {row[0] for row in before} == {"second"}
    publish_phase(spark, lake, "second", "gold")
    assert receipts(lake) == before


def test_old_files_gone__the_receipt_has_no_old_value(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(event("31T05:10"))
    build(spark, lake, "first")
    told = find_table(lake, "gold.qoe_hourly")
    assert told is not None
    for uri in told.file_uris():
        Path(uri).unlink()
    land(event("31T05:30", playback_id="p3"))
    build(spark, lake, "second")

    assert {row[4] for row in receipts(lake)} == {None}
