"""Video events in conformed units, each once, whatever bronze holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F
from pyspark.testing import assertDataFrameEqual

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.silver.video_events import build_video_events

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Rows = Callable[..., "DataFrame"]
PLAY: dict[str, Any] = {
    "event_type": "video_play", "family": "video", "at": 11 * 3600 + 59 * 60 + 59.999, "playback_id": "play-1", "video_id": "title-1",
    "content_title": "One", "content_type": "movie", "content_duration": 1000, "playback_position": 7, "video_quality": "720p",
    "startup_time": 1.0005, "buffer_duration": 0.25, "bitrate": 2999.5, "bandwidth": 12.3456, "dropped_frames": 3, "fatal": False,
    "seek_from_position": 1.5, "seek_to_position": 2.0, "user_id": None, "extras": {"unknown": "1"},
}  # fmt: skip


def test_video_events__conformed_by_contract(rows: Rows) -> None:
    built = build_video_events(rows("bronze.events", PLAY), rows("ops.id_conflicts"))
    assert built.schema == spark_schema(load_contract("silver.video_events"))
    event = built.withColumns({"hour": F.col("event_hour").cast("string"), "date": F.col("event_date").cast("string")}).collect()[0]
    # 1.0005 s -> 1001 ms, 2999.5 kbit/s -> 3000, 12.3456 Mbit/s -> 12346 kbit/s (half-up)
    expected = {
        "viewer_id": "device-1", "user_id": None, "content_id": "title-1", "content_duration_s": 1000, "playback_position_s": 7,
        "startup_ms": 1001, "stall_ms": 250, "bitrate_kbps": 3000, "bandwidth_kbps": 12346, "dropped_frames_count": 3, "is_fatal": False,
        "seek_from_ms": 1500, "seek_to_ms": 2000, "hour": "2026-11-24 23:00:00", "date": "2026-11-24",
    }  # fmt: skip
    assert {name: event[name] for name in expected} == expected


def test_video_events__viewer_is_the_user_where_signed_in(rows: Rows) -> None:
    built = build_video_events(rows("bronze.events", PLAY | {"user_id": "user-9"}), rows("ops.id_conflicts"))
    assert [(row.viewer_id, row.device_id) for row in built.collect()] == [("user-9", "device-1")]


def test_video_events__each_once_whatever_the_order(rows: Rows) -> None:
    """Six records: one event three times, one rejected, one late, one good -> two events; the first copy's position (7) stays."""
    records = [
        PLAY | {"event_id": "a", "offset": 5, "playback_position": 9},
        PLAY | {"event_id": "a", "offset": 1},
        PLAY | {"event_id": "a", "offset": 8, "playback_position": 8},
        PLAY | {"event_id": "b", "rejected_because": ["wrong_topic"], "raw": b"{}"},
        PLAY | {"event_id": "c", "is_late": True},
        PLAY | {"event_id": "d", "playback_position": 5},
    ]
    conflicts = rows("ops.id_conflicts")
    built = build_video_events(rows("bronze.events", *records), conflicts)
    assert sorted((row.event_id, row.playback_position_s) for row in built.collect()) == [("a", 7), ("d", 5)]
    assertDataFrameEqual(build_video_events(rows("bronze.events", *reversed(records)), conflicts), built)


def test_video_events__known_conflict_is_left_out(rows: Rows) -> None:
    record = rows("bronze.events", PLAY | {"event_id": "a"})
    hour = F.lit("2026-11-24 23:00:00").cast("timestamp")
    conflicts = rows("ops.id_conflicts", {"event_id": "a"}).withColumn("event_hour", hour)
    assert build_video_events(record, conflicts).count() == 0
    assert build_video_events(record, rows("ops.id_conflicts")).count() == 1
