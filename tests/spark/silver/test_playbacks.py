"""What is Playhead's own about plays: their dimensions, their bounds, building again. tests/conformance works their metrics by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playhead.silver.playbacks import build_playbacks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Rows = Callable[..., "DataFrame"]
HOUR = 3600


def e(at: float, event_type: str, **fields: Any) -> dict[str, Any]:
    """A video event so many seconds after noon; the playhead is given as `position`."""
    if "position" in fields:
        fields["playback_position_s"] = fields.pop("position")
    return {"at": at, "event_type": f"video_{event_type}"} | fields


def _plays(frame: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict() for row in build_playbacks(frame).orderBy("playback_id", "started_at").collect()]


def test_playbacks__dimensions_come_from_the_first_event_that_knows_them(rows: Rows) -> None:
    """A viewer who signs in during the play is the user; what every event carries is the first event's."""
    events = [
        e(0, "play", user_id=None, cdn=None, country="DE", dropped_frames_count=2),
        e(10, "quality_change", cdn="cdn-a", country="FR", position=10, dropped_frames_count=3, platform="web"),
        e(20, "stop", cdn="cdn-b", position=20),
    ]
    (play,) = _plays(rows("silver.video_events", *events))
    expected = {
        "viewer_id": "user-1", "user_id": "user-1", "cdn": "cdn-a", "country": "DE", "platform": "roku", "dropped_frames_count": 5,
    }  # fmt: skip
    assert {column: play[column] for column in expected} == expected


def test_playbacks__viewer_without_a_user_is_the_device(rows: Rows) -> None:
    (play,) = _plays(rows("silver.video_events", e(0, "play", user_id=None), e(5, "stop", user_id=None)))
    assert (play["user_id"], play["viewer_id"]) == (None, "device-1")


def test_playbacks__shifts_are_between_the_bitrates_that_were_told(rows: Rows) -> None:
    """1000 up to 3000, down to 2000, the same again, and what tells none; the connection is the first that was told."""
    told = (1000, 3000, None, 2000, 2000)
    events = [e(at, "quality_change", bitrate_kbps=bitrate, position=at) for at, bitrate in enumerate(told, 1)]
    (play,) = _plays(rows("silver.video_events", e(0, "play"), *events, e(9, "stop", connection_type="wifi", position=9)))
    assert (play["quality_changes_count"], play["upshifts_count"], play["downshifts_count"]) == (5, 1, 1)
    assert play["connection_type"] == "wifi"


def test_playbacks__late_stop_extends_play(rows: Rows) -> None:
    on_time = [e(0, "play", startup_ms=1000), e(50, "quality_change", position=49)]
    late = [*on_time, e(300, "stop", position=299)]
    assert [(p["watched_ms"], p["is_ended"]) for p in _plays(rows("silver.video_events", *on_time))] == [(50_000, False)]
    assert [(p["watched_ms"], p["is_ended"]) for p in _plays(rows("silver.video_events", *late))] == [(300_000, True)]


def test_playbacks__runaway_lasts_24_hours(rows: Rows) -> None:
    """A player that reports every 10 h for 40 h: one play of 24 h at most (events at 0, 10, 20), no play for the rest."""
    runaway = [e(hours * HOUR, "quality_change", position=hours) for hours in (0, 10, 20, 30, 40)]
    plays = _plays(rows("silver.video_events", *runaway))
    assert [(p["events_count"], p["watched_ms"]) for p in plays] == [(3, 20 * HOUR * 1000)]


def test_playbacks__stall_ends_24_hours_after_the_start(rows: Rows) -> None:
    """A stall of 2 h reported 23 h after the start: 1 h of it counts."""
    plays = _plays(rows("silver.video_events", e(0, "play", startup_ms=0), e(23 * HOUR, "buffer", stall_ms=2 * HOUR * 1000)))
    assert [(p["stall_ms"], p["watched_ms"]) for p in plays] == [(HOUR * 1000, 24 * HOUR * 1000)]


def test_playbacks__id_used_again_after_a_day_is_another_play(rows: Rows) -> None:
    events = [e(0, "play", startup_ms=1000), e(24 * HOUR, "play", startup_ms=3000), e(24 * HOUR + 10, "stop", position=7)]
    plays = _plays(rows("silver.video_events", *events))
    # exactly 24 h of silence start a new play; one millisecond less does not
    assert [(p["startup_ms"], p["watched_ms"]) for p in plays] == [(1000, 0), (3000, 10_000)]
    events[1]["at"] -= 0.001
    assert [p["startup_ms"] for p in _plays(rows("silver.video_events", *events))] == [1000]


def test_playbacks__no_events_no_plays(spark: SparkSession, rows: Rows) -> None:
    assert build_playbacks(rows("silver.video_events")).count() == 0
