"""Builds from bronze to gold, as the DAGs run them: exact partitions, one commit each, the same content whenever and however often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from playhead.contracts.model import load_contract
from playhead.errors import BuildError, GateError
from playhead.io.delta import read_table
from playhead.io.delta_table import query_log, table_version
from playhead.jobs import publish
from playhead.jobs.audit import audit_ids
from playhead.jobs.build import run_build
from playhead.jobs.gate import gate_phase
from playhead.jobs.plan import plan_build
from playhead.jobs.publish import publish_phase
from playhead.jobs.published import read_cursor, read_published
from playhead.jobs.record import record_run
from playhead.jobs.stage import stage_phase
from playhead.quality.profile import table_hash
from playhead.silver import video_events
from playhead.silver.video_events import build_video_events

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]


def build(spark: SparkSession, lake: str, run_id: str, **options: Any) -> dict[str, Any]:
    """A pull run with the hourly gold, unless told otherwise."""
    usual = {"kind": "pull", "gold_tables": ("gold.qoe_hourly",)}
    return run_build(spark, lake, dag_id="build_test", run_id=run_id, **(usual | options))


def plan_and_stage(spark: SparkSession, lake: str, run_id: str) -> None:
    """A run that has built and passed its silver events, and published nothing."""
    plan_build(spark, lake, dag_id="build_test", run_id=run_id, kind="pull")
    stage_phase(spark, lake, run_id, "silver_events")
    gate_phase(spark, lake, run_id, "silver_events")


def hashes(spark: SparkSession, lake: str, *tables: str) -> dict[str, str]:
    return {table: table_hash(read_table(spark, lake, table), load_contract(table)) for table in tables}


def test_build__late_event_rebuilds_the_play_that_began_before_midnight(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(
        event("30T23:50", startup_time=1.0),
        event("30T23:55", playback_id="p2", startup_time=1.0),
        event("30T10:00", playback_id="p3", startup_time=1.0),
    )
    build(spark, lake, "first")
    land(event("31T00:10", "video_stop", playback_position=1200))
    build(spark, lake, "second")

    plays = {row.playback_id: row for row in read_table(spark, lake, "silver.playbacks").collect()}
    qoe = read_table(spark, lake, "gold.qoe_hourly").groupBy().sum("plays_count", "watched_ms").collect()[0]
    published = read_published(lake, {"silver.playbacks"})

    # p1 runs 23:50 to 00:10 = 20 min; p2 has no end, so it lasts until its last event
    assert plays["p1"].watched_ms == 20 * 60_000
    assert plays["p1"].is_ended
    assert not plays["p2"].is_ended
    assert (qoe[0], qoe[1]) == (3, 20 * 60_000)
    versions = {key: partition.table_version for key, partition in published.of("silver.playbacks").items()}
    # the start hour 23 was rebuilt with the event's own hour, the far hour 10 was not
    assert versions["2026-01-30T23"] == versions["2026-01-31T00"] > versions["2026-01-30T10"]
    with pytest.raises(BuildError, match="no plan"):
        stage_phase(spark, lake, "second", "gold")


@pytest.mark.parametrize("wrong", ["missing", "repeated", "altered"])
def test_build__an_hour_whose_books_differ_is_not_published(
    spark: SparkSession, lake: str, land: Any, event: Any, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    def builds_wrongly(events: DataFrame, id_conflicts: DataFrame) -> DataFrame:
        rows = build_video_events(events, id_conflicts)
        lost = rows.where("playback_id <> 'p2'")
        again = rows.where("playback_id = 'p3'").withColumn("event_id", F.lit("00000000-0000-0000-0000-00000000ffff"))
        other = rows.withColumn("country", F.when(F.col("playback_id") == "p2", F.lit("FR")).otherwise(F.col("country")))
        return {"missing": lost, "repeated": lost.union(again), "altered": other}[wrong]

    land(event("31T05:10"), event("31T06:10", playback_id="p2"), event("31T06:10", playback_id="p3"))
    monkeypatch.setattr(video_events, "build_video_events", builds_wrongly)
    told = {"missing": "books:missing", "repeated": "books:missing, books:unexpected", "altered": "books:altered"}[wrong]

    with pytest.raises(GateError, match=rf"silver.video_events/2026-01-31T06 \({told}\)"):
        build(spark, lake, "run")
    assert [row.playback_id for row in read_table(spark, lake, "silver.video_events").collect()] == ["p1"]

    monkeypatch.undo()
    build(spark, lake, "repaired")
    counts = query_log(lake, "ops.audit_counts", "SELECT * FROM log WHERE run_id = 'repaired' ORDER BY event_minute")
    assert [(row["bronze_count"], row["silver_count"]) for row in counts] == [(2, 2)]
    assert all(row["bronze_checksum"] == row["silver_checksum"] for row in counts)


def test_build__refused_partition_stays_pending_and_holds_nothing_back(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(event("31T05:10"), event("31T06:10", playback_id="p2", country="germany"))

    with pytest.raises(GateError, match=r"silver.video_events/2026-01-31T06 \(pattern:country\)"):
        build(spark, lake, "run")

    assert [row.playback_id for row in read_table(spark, lake, "silver.playbacks").collect()] == ["p1"]
    assert read_table(spark, lake, "gold.qoe_hourly").count() == 1
    cursor = read_cursor(lake)
    assert cursor is not None
    assert cursor.pending_hours == ("2026-01-31T06",)
    (row,) = query_log(lake, "ops.build_log", "SELECT planned_at, finished_at FROM log")
    assert row["planned_at"] < row["finished_at"]
    with pytest.raises(GateError):  # a record step that is tried again must not turn the refusal into success
        record_run(spark, lake, "run")


def test_publish__again_adds_nothing_and_a_crash_before_the_log_is_made_good(
    spark: SparkSession, lake: str, land: Any, event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(event("31T05:10"))
    plan_and_stage(spark, lake, "run")

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(publish, "append_rows", crash)
        with pytest.raises(KeyboardInterrupt):
            publish_phase(spark, lake, "run", "silver_events")
    committed = table_version(lake, "silver.video_events")
    assert read_published(lake).tables == {}

    first = publish_phase(spark, lake, "run", "silver_events")
    logged = read_table(spark, lake, "ops.publish_log").count()
    second = publish_phase(spark, lake, "run", "silver_events")

    assert table_version(lake, "silver.video_events") == committed, "the commit was found, not made again"
    assert read_published(lake).of("silver.video_events")["2026-01-31T05"].table_version == committed
    assert first == second == dict.fromkeys(first, 1)
    assert logged == read_table(spark, lake, "ops.publish_log").count() == 4


def test_publish__refuses_what_a_newer_run_published(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(event("31T05:10"), event("31T06:10"))
    plan_and_stage(spark, lake, "slow")
    newest = land(event("31T05:20", "video_pause"))
    plan_and_stage(spark, lake, "quick")
    publish_phase(spark, lake, "quick", "silver_events")
    after_quick = hashes(spark, lake, "silver.video_events")

    counts = publish_phase(spark, lake, "slow", "silver_events")

    assert counts["silver.video_events"] == 0
    assert hashes(spark, lake, "silver.video_events") == after_quick
    assert {p.bronze_version for p in read_published(lake).of("silver.video_events").values()} == {newest}


def test_backfill__rebuilds_exactly_its_day_with_the_same_content(spark: SparkSession, lake: str, land: Any, event: Any, at: Any) -> None:
    land(
        event("30T05:10", startup_time=0.5),
        event("30T05:20", "video_stop", playback_position=600),
        event("31T05:10", playback_id="p2", startup_time=0.5),
        event("31T06:10", "like"),
    )
    gold = ("gold.qoe_hourly", "gold.user_daily", "gold.audience_daily")
    build(spark, lake, "first", gold_tables=gold)
    tables = ("silver.video_events", "silver.playbacks", *gold)
    before, published = hashes(spark, lake, *tables), read_published(lake)

    build(spark, lake, "again", kind="backfill", interval=(at("30T00:00"), at("31T00:00")), gold_tables=gold)

    assert hashes(spark, lake, *tables) == before
    assert read_cursor(lake).pending_hours == ()
    now = read_published(lake)
    for table in tables:
        rebuilt = {key for key, p in now.of(table).items() if p.table_version > published.of(table).get(key, p).table_version}
        assert {key[:10] for key in rebuilt} == {"2026-01-30"}, table


def test_build__a_plan_told_long_ago_is_still_known_and_a_late_one_changes_all_days_after_it(
    spark: SparkSession, lake: str, land: Any, event: Any
) -> None:
    """subscriptions_daily reads all days before its own: the 1st is further back than the 30 days that other tables read."""
    gold = ("gold.user_daily", "gold.subscriptions_daily", "gold.experiments_daily")

    def told(when: str, user: str, tier: str) -> Any:
        plan = {"user_id": user, "session_id": f"{user} {when}", "subscription_tier": tier, "ab_test_variant": "autoplay:control"}
        return event(when, "session_start", **plan)

    def plans(day: int) -> dict[tuple[str, str], int]:
        rows = read_table(spark, lake, "gold.subscriptions_daily").where(F.dayofmonth("event_date") == day).collect()
        return {(row.subscription_tier, row.movement): row.users_count for row in rows}

    land(told("01T09:00", "u1", "basic"), told("31T09:00", "u2", "free"))
    build(spark, lake, "first", gold_tables=gold)
    assert plans(31) == {("basic", "kept"): 1, ("free", "first_seen"): 1}

    land(told("02T09:00", "u1", "premium"))
    build(spark, lake, "second", gold_tables=gold)
    assert plans(2) == {("premium", "expansion"): 1}
    assert plans(31) == {("premium", "kept"): 1, ("free", "first_seen"): 1}
    groups = {row.event_date.day: row.exposed_viewers_count for row in read_table(spark, lake, "gold.experiments_daily").collect()}
    # u1 was exposed on the 1st and the 2nd, u2 on the 31st, whose 30 days begin on the 2nd
    assert (groups[1], groups[30], groups[31]) == (1, 1, 2)
    receipts = query_log(lake, "ops.restatements", "SELECT * FROM log WHERE partition_key = '2026-01-31'")
    assert {row["cause"] for row in receipts if row["table_name"] == "gold.subscriptions_daily"} == {"late_data"}


def test_audit__conflict_across_hours_leaves_silver_with_the_next_build(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    first = event("31T05:10")
    land(first, event("31T07:10", event_id=first["event_id"]), first | {"offset": 900, "received_at": first["landed_at"]})
    build(spark, lake, "first")
    assert read_table(spark, lake, "silver.video_events").count() == 2

    assert audit_ids(spark, lake) == {"found": 1}
    assert audit_ids(spark, lake) == {"found": 0}
    build(spark, lake, "second")

    (kept,) = read_table(spark, lake, "silver.video_events").selectExpr("hour(event_hour) AS hour").collect()
    assert kept.hour == 5
