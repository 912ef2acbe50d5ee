"""Builds leave a score of every partition they judged, in one commit, and the stored partitions come to the same scores."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from playhead.contracts.model import load_contract
from playhead.errors import GateError
from playhead.io.delta_table import query_log, table_version
from playhead.jobs.build import run_build
from playhead.jobs.published import read_published
from playhead.jobs.quality_scores import QUALITY_SCORES, read_scores
from playhead.jobs.recompute_scores import Recomputation, ScoreDifference, recompute_scores
from playhead.silver import video_events
from playhead.silver.video_events import build_video_events

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]

LATE = timedelta(minutes=load_contract("silver.video_events").freshness_minutes + 1)


def build(spark: SparkSession, lake: str, run_id: str, **options: Any) -> None:
    usual = {"kind": "pull", "gold_tables": ("gold.qoe_hourly", "gold.user_daily")}
    run_build(spark, lake, dag_id="build_test", run_id=run_id, **(usual | options))


def test_build__leaves_a_score_of_every_published_partition_that_what_is_stored_comes_to(
    spark: SparkSession, lake: str, land: Any, event: Any, at: Any, tmp_path: Path
) -> None:
    land(
        event("31T05:10", startup_time=0.5),
        event("31T05:20", "video_stop", playback_position=600, received_at=at("31T05:20") + LATE),
        event("31T06:10", playback_id="p2"),
        event("31T06:20", "like"),
    )
    build(spark, lake, "run", docs=tmp_path / "docs")

    rows = read_scores(lake)
    published = read_published(lake)
    keys = {(table, key) for table, partitions in published.tables.items() for key in partitions}
    assert {(row["table_name"], row["partition_key"]) for row in rows} == keys
    assert table_version(lake, QUALITY_SCORES) == 1, "the table's own commit, and one"
    worst = rows[0]
    # one of two events came too late for its hour's promise
    assert (worst["table_name"], worst["partition_key"], worst["timeliness_score"]) == ("silver.video_events", "2026-01-31T05", 50.0)
    assert (worst["total_score"], worst["completeness_score"], worst["watched_means"]) == (50.0, 100.0, {"startup_ms": 500.0})
    assert {row["total_score"] for row in rows[1:]} == {100.0}
    assert all((tmp_path / "docs" / row["docs_page"]).is_file() for row in rows)
    assert recompute_scores(spark, lake, rows) == Recomputation(len(keys), 0, ())

    with_other = [row | {"validity_score": 99.0} if row is worst else row for row in rows]
    wrong = ScoreDifference("silver.video_events", "2026-01-31T05", "validity_score", 99.0, 100.0)
    assert recompute_scores(spark, lake, with_other) == Recomputation(len(keys), 0, (wrong,))


def test_build__again_scores_what_it_built_again_and_the_older_score_is_passed_over(
    spark: SparkSession, lake: str, land: Any, event: Any
) -> None:
    land(event("31T05:10"))
    build(spark, lake, "first")
    first = read_scores(lake, table="silver.video_events")
    land(event("31T05:30", playback_id="p2"))
    build(spark, lake, "second")

    assert [row["rows_count"] for row in read_scores(lake, table="silver.video_events")] == [2]
    assert recompute_scores(spark, lake, first) == Recomputation(0, 1, ())
    assert recompute_scores(spark, lake, [first[0] | {"contract_version": "0.9.0"}]).passed_over_count == 1


def test_build__a_refused_partition_is_scored_and_says_what_broke(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    land(event("31T05:10"), event("31T06:10", playback_id="p2", country="germany"), event("31T06:20", playback_id="p2"))
    with pytest.raises(GateError):
        build(spark, lake, "run")

    worst = read_scores(lake)[0]
    assert (worst["table_name"], worst["partition_key"], worst["is_refused"]) == ("silver.video_events", "2026-01-31T06", True)
    assert (worst["validity_score"], worst["total_score"], worst["completeness_score"]) == (50.0, 50.0, 100.0)
    assert worst["broken_rules"] == {"pattern:country": 1}
    assert recompute_scores(spark, lake, [worst]) == Recomputation(0, 1, ())


def test_build__an_event_that_the_books_miss_is_incomplete(
    spark: SparkSession, lake: str, land: Any, event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drops_one(events: DataFrame, id_conflicts: DataFrame) -> DataFrame:
        return build_video_events(events, id_conflicts).where(F.col("playback_id") != "lost")

    monkeypatch.setattr(video_events, "build_video_events", drops_one)
    kept = [event(when, playback_id="kept") for when in ("31T05:10", "31T06:10", "31T06:11", "31T06:12")]
    land(*kept, event("31T06:13", playback_id="lost"))
    with pytest.raises(GateError):
        build(spark, lake, "run")

    (row,) = query_log(lake, QUALITY_SCORES, "SELECT * FROM log WHERE is_refused")
    # three of the four events that bronze holds
    assert (row["completeness_score"], row["total_score"], row["broken_rules"]) == (75.0, 75.0, [("books:missing", 1)])
