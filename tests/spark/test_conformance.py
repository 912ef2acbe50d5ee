"""The product's plays conform: raw events through parser, silver and gold, all cases in one frame, each play against its case."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyspark.sql import functions as F
from pyspark.testing import assertDataFrameEqual

from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.gold.qoe_hourly import build_qoe_hourly
from playhead.silver.playbacks import build_playbacks
from playhead.silver.video_events import build_video_events

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
from differences import differences

from conformance import Case, disagreements, load_cases, write_events
from oracle import oracle_gold

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark
CASES = {case.name: case for case in load_cases()}
LANDED_AT = datetime(2026, 11, 25, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases' events as they arrive."""
    return write_events(tmp_path_factory.mktemp("conformance") / "video_events.jsonl")


@pytest.fixture(scope="module")
def video_events(spark: SparkSession, raw: Path) -> DataFrame:
    """silver.video_events, of records as the streaming app lands them."""
    known = {"topic": "video_events", "partition": 0, "kafka_timestamp": LANDED_AT}
    records = [{"value": line, "offset": offset, **known} for offset, line in enumerate(raw.read_bytes().splitlines())]
    landed = build_events(pa.Table.from_pylist(records, RECORD_SCHEMA), Landing(LANDED_AT, timedelta(days=7)))
    bronze = spark.createDataFrame(landed, spark_schema(load_contract("bronze.events")))
    return build_video_events(bronze, spark.createDataFrame([], spark_schema(load_contract("ops.id_conflicts"))))


@pytest.fixture(scope="module")
def plays(video_events: DataFrame) -> dict[str, dict[str, Any]]:
    """The rows of silver.playbacks by playback_id."""
    told = build_playbacks(video_events).withColumns(
        {"ended_ms": F.unix_millis("ended_at"), "hour": F.date_format("event_hour", "yyyy-MM-dd'T'HH:mm:ss'Z'")}
    )
    rows = [row.asDict() for row in told.collect()]
    assert len({row["playback_id"] for row in rows}) == len(rows)
    return {row["playback_id"]: row for row in rows}


def _facts(play: dict[str, Any], case: Case) -> dict[str, Any]:
    flags = ("started", "ended", "failed", "completed")
    counts = {"stalls": "stall", "seeks": "seek", "pauses": "pause"} | {name: name for name in ("quality_changes", "errors", "events")}
    seconds = {"startup": "startup", "watched": "watched", "played": "played", "paused": "paused", "stalled": "stall", "seek_wait": "seek"}
    return {
        **{name: play[f"is_{name}"] for name in flags},
        **{name: play[f"{column}_count"] for name, column in counts.items()},
        **{f"{name}_s": play[f"{column}_ms"] and play[f"{column}_ms"] / 1000 for name, column in seconds.items()},
        "failed_before_start": play["is_startup_failure"],
        "left_before_start": play["is_exit_before_start"],
        "kilobits_played": play["media_bits"] / 1000,
        "media_s": play["media_ms"] / 1000,
        "furthest_s": play["max_position_s"],
        "ended_at": play["ended_ms"] / 1000 - case.start.timestamp(),
        "hour": play["hour"],
    }


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.play])
def test_play_conforms(plays: dict[str, dict[str, Any]], name: str) -> None:
    assert disagreements(_facts(plays[name], CASES[name]), CASES[name].play) == {}


def test_sums_are_those_whose_ratios_conform(video_events: DataFrame, raw: Path) -> None:
    """gold.qoe_hourly of all cases is the oracle's, over which tests/warehouse/test_conformance.py asks the view."""
    hours = build_qoe_hourly(build_playbacks(video_events)).withColumn("event_hour", F.col("event_hour").cast("string"))
    expected = [row | {"event_hour": str(row["event_hour"])} for row in oracle_gold([raw], date(2026, 11, 25))["gold.qoe_hourly"]]
    assert differences([row.asDict() for row in hours.collect()], expected) == []


def test_every_play_is_by_contract_and_its_watched_time_adds_up(plays: dict[str, dict[str, Any]]) -> None:
    """watched = startup + seek waits + stalls + on screen, in every play that started; each attempt went one way."""
    required = [column.name for column in load_contract("silver.playbacks").columns if column.required]
    for name, play in plays.items():
        assert not [column for column in required if play[column] is None], name
        if play["is_started"]:
            # A play last heard of within its startup was watched no longer than that.
            startup_ms = min(play["startup_ms"] or 0, play["watched_ms"])
            assert play["watched_ms"] == startup_ms + play["seek_ms"] + play["stall_ms"] + play["played_ms"], name
        assert play["is_started"] + play["is_startup_failure"] + play["is_exit_before_start"] == 1, name


def test_order_of_rows_makes_no_difference(video_events: DataFrame) -> None:
    shuffled = video_events.orderBy(F.xxhash64("event_id")).repartition(3)
    assertDataFrameEqual(build_playbacks(shuffled), build_playbacks(video_events), checkRowOrder=False)
