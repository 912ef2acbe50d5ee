"""Worked plays: what happened second by second, and what CTA-2066 makes of it. All cases are built in one frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F
from pyspark.testing import assertDataFrameEqual

from playhead.contracts.model import load_contract
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


CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    # 100 s from request to stop = 2 s startup + 98 s on screen
    "simple_play": (
        [e(0, "play", startup_ms=2000), e(100, "stop", position=98)],
        {"is_started": True, "is_ended": True, "is_failed": False, "is_exit_before_start": False, "is_completed": False,
         "startup_ms": 2000, "watched_ms": 100_000, "played_ms": 98_000, "stall_ms": 0, "paused_ms": 0, "events_count": 2},
    ),
    # watched = (0..60) + (90..200) = 60 + 110 = 170; paused 60..90 = 30; on screen 170 - 2 = 168
    "pause_and_resume": (
        [e(0, "play", startup_ms=2000), e(60, "pause", position=58), e(90, "play", position=58), e(200, "stop", position=168)],
        {"watched_ms": 170_000, "paused_ms": 30_000, "played_ms": 168_000, "startup_ms": 2000, "pause_count": 1},
    ),
    # stalls 5 + 2.5 = 7.5 s lie within the 100 s watched; on screen 100 - 1 - 7.5 = 91.5
    "stalls": (
        [e(0, "play", startup_ms=1000), e(20, "buffer", stall_ms=5000), e(60, "buffer", stall_ms=2500), e(100, "stop", position=91)],
        {"watched_ms": 100_000, "stall_ms": 7500, "stall_count": 2, "played_ms": 91_500, "seek_ms": 0},
    ),
    # the wait 1.5 s after the seek is a seek wait (3 s); the one 5 s after the other seek is a stall (4 s)
    "seek_wait_is_no_stall": (
        [e(0, "play", startup_ms=1000), e(20, "seek"), e(21.5, "buffer", stall_ms=3000), e(50, "seek"), e(55, "buffer", stall_ms=4000),
         e(100, "stop", position=300)],
        {"seek_count": 2, "seek_ms": 3000, "stall_ms": 4000, "stall_count": 1, "played_ms": 92_000},
    ),
    # a seek wait 20..30 and a stall 25..35 overlap: 10 s are seek wait, the 5 s beyond it stall; on screen 100 - 1 - 10 - 5 = 84
    "stall_beyond_a_seek_wait": (
        [e(0, "play", startup_ms=1000), e(20, "seek"), e(20, "buffer", stall_ms=10_000), e(25, "buffer", stall_ms=10_000),
         e(100, "stop", position=300)],
        {"seek_ms": 10_000, "stall_ms": 5000, "stall_count": 1, "played_ms": 84_000},
    ),
    # an event between seek and wait: a stall
    "wait_after_something_else_than_the_seek": (
        [e(0, "play", startup_ms=1000), e(20, "seek"), e(20.5, "quality_change"), e(21, "buffer", stall_ms=3000),
         e(100, "stop", position=300)],
        {"seek_ms": 0, "stall_ms": 3000, "stall_count": 1},
    ),
    # a stall of 30 s reported at 90, but the viewer left at 100: 10 s of it were watched
    "stall_cut_by_the_stop": (
        [e(0, "play", startup_ms=1000), e(90, "buffer", stall_ms=30_000), e(100, "stop", position=80)],
        {"watched_ms": 100_000, "stall_ms": 10_000, "played_ms": 89_000},
    ),
    # stalls 10..30 and 20..35 overlap: 25 s of wall clock, not 35
    "overlapping_stalls_count_once": (
        [e(0, "play", startup_ms=1000), e(10, "buffer", stall_ms=20_000), e(20, "buffer", stall_ms=15_000), e(60, "stop", position=30)],
        {"stall_ms": 25_000, "stall_count": 2, "played_ms": 34_000},
    ),
    # a wait within the first 5 s is startup; the stall from 4 to 8 s counts from second 5 on
    "startup_is_no_stall": (
        [e(0, "play", startup_ms=5000), e(1, "buffer", stall_ms=2000), e(4, "buffer", stall_ms=4000), e(60, "stop", position=50)],
        {"startup_ms": 5000, "stall_ms": 3000, "stall_count": 1, "played_ms": 52_000},
    ),
    # the viewer sees no stall while paused
    "wait_while_paused": (
        [e(0, "play", startup_ms=1000), e(50, "pause", position=49), e(60, "buffer", stall_ms=5000), e(100, "stop", position=49)],
        {"watched_ms": 50_000, "paused_ms": 50_000, "stall_ms": 0, "stall_count": 0},
    ),
    # no end was seen: ends with the last event and the 7 s stall it reports
    "last_event_is_a_stall": (
        [e(0, "play", startup_ms=1000), e(50, "buffer", stall_ms=7000, position=49)],
        {"is_ended": False, "watched_ms": 57_000, "stall_ms": 7000, "played_ms": 49_000, "ended": 57},
    ),
    "no_end_seen": (
        [e(0, "play", startup_ms=1000), e(50, "quality_change", position=49)],
        {"is_ended": False, "is_started": True, "watched_ms": 50_000, "ended": 50},
    ),
    # asked at 0, left at 9 s without a first frame: all of it is startup, but there is no startup time
    "exit_before_start": (
        [e(0, "play"), e(9, "stop")],
        {"is_started": False, "is_exit_before_start": True, "is_failed": False, "is_startup_failure": False, "startup_ms": None,
         "watched_ms": 9000, "played_ms": 0, "stall_ms": 0},
    ),
    # waiting before a first frame that never came is not stalling; the start at 500 s of the title is no movement either
    "never_started_waits": (
        [e(0, "play", position=500), e(2, "buffer", stall_ms=3000, position=500), e(9, "stop", position=500)],
        {"is_started": False, "is_exit_before_start": True, "stall_ms": 0, "stall_count": 0, "played_ms": 0},
    ),
    # a seek before the start moves the playhead, but shows nothing
    "seek_before_start": (
        [e(0, "play"), e(2, "seek", position=300), e(9, "stop", position=300)],
        {"is_started": False, "is_exit_before_start": True, "seek_count": 1},
    ),
    "fatal_error_before_start": (
        [e(0, "play"), e(4, "error", is_fatal=True)],
        {"is_started": False, "is_failed": True, "is_startup_failure": True, "is_exit_before_start": False, "is_ended": True,
         "watched_ms": 4000, "errors_count": 1},
    ),
    "fatal_error_after_start": (
        [e(0, "play", startup_ms=1000), e(10, "error", position=9), e(40, "error", is_fatal=True, position=39)],
        {"is_started": True, "is_failed": True, "is_startup_failure": False, "is_ended": True, "watched_ms": 40_000, "errors_count": 2},
    ),
    # CMCD: startup time comes with the second video_play
    "startup_told_later": (
        [e(0, "play"), e(3, "play", startup_ms=3000), e(63, "stop", position=60)],
        {"is_started": True, "startup_ms": 3000, "watched_ms": 63_000, "played_ms": 60_000},
    ),
    # no startup time was told, but the playhead ran: started, all 60 s on screen
    "started_without_startup_time": (
        [e(0, "play", position=10), e(60, "stop", position=70)],
        {"is_started": True, "startup_ms": None, "watched_ms": 60_000, "played_ms": 60_000},
    ),
    # the request was lost (rejected, late): the first event opens the clock, 0..60 and 90..100
    "lost_request": (
        [e(0, "quality_change", position=30), e(60, "pause", position=90), e(90, "play", position=90), e(100, "stop", position=100)],
        {"is_started": True, "watched_ms": 70_000, "paused_ms": 30_000},
    ),
    # loading ahead for 60 s before the request: watched from the request on
    "loaded_ahead": (
        [e(0, "quality_change"), e(60, "play", startup_ms=500), e(100, "stop", position=39)],
        {"watched_ms": 40_000, "paused_ms": 0, "played_ms": 39_500},
    ),
    # timer reports after the end do not extend the play
    "echo_after_the_end": (
        [e(0, "play", startup_ms=1000), e(50, "complete", position=1000), e(80, "quality_change"), e(90, "buffer", stall_ms=9000)],
        {"watched_ms": 50_000, "ended": 50, "is_completed": True, "stall_ms": 0, "events_count": 4},
    ),
    # replay under the same playback_id: the same play goes on, 50 + 40 s watched
    "replay_after_the_end": (
        [e(0, "play", startup_ms=1000), e(50, "complete", position=1000), e(80, "play"), e(120, "stop", position=40)],
        {"watched_ms": 90_000, "ended": 120, "paused_ms": 0, "played_ms": 89_000},
    ),
    # 950 of 1000 s are 95 %
    "completed_by_position": (
        [e(0, "play", startup_ms=0), e(949, "stop", position=950)],
        {"is_completed": True, "max_position_s": 950},
    ),
    "not_completed": ([e(0, "play", startup_ms=0), e(949, "stop", position=949)], {"is_completed": False}),
    # 1 s startup; 19 s at 1000 kbit/s, 10 s stall, 30 s at 1000, 40 s at 3000:
    # bits = 49 000 ms x 1000 + 40 000 ms x 3000 = 169 000 000, over 89 000 ms
    "bits_played": (
        [e(0, "play", startup_ms=1000, bitrate_kbps=1000), e(20, "buffer", stall_ms=10_000), e(60, "quality_change", bitrate_kbps=3000),
         e(100, "stop", position=80)],
        {"media_bits": 169_000_000, "media_ms": 89_000, "quality_changes_count": 1},
    ),
    # the bitrate is known from second 30 on: 70 s x 2000 kbit/s
    "bitrate_unknown_at_first": (
        [e(0, "play", startup_ms=1000), e(30, "quality_change", bitrate_kbps=2000), e(100, "stop", position=80)],
        {"media_bits": 140_000_000, "media_ms": 70_000, "played_ms": 99_000},
    ),
    # each column from the first event that knows it; a viewer who signs in during the play is the user
    "dimensions": (
        [e(0, "play", user_id=None, cdn=None, country="DE", dropped_frames_count=2),
         e(10, "quality_change", cdn="cdn-a", country="FR", position=10, dropped_frames_count=3, platform="web"),
         e(20, "stop", cdn="cdn-b", position=20)],
        {"viewer_id": "user-1", "user_id": "user-1", "cdn": "cdn-a", "country": "DE", "platform": "roku", "dropped_frames_count": 5},
    ),
    "anonymous": ([e(0, "play", user_id=None), e(5, "stop", user_id=None)], {"user_id": None, "viewer_id": "device-1"}),
    # starts at 23:59:50, is watched for 30 s, and belongs whole to that hour and day
    "across_midnight": (
        [e(12 * HOUR - 10, "play", startup_ms=1000), e(12 * HOUR + 20, "stop", position=29)],
        {"watched_ms": 30_000, "hour": "2026-11-24 23:00:00", "date": "2026-11-24"},
    ),
    # pause and stop of the same instant: the play is paused at no time, and over
    "same_instant": (
        [e(0, "play", startup_ms=1000), e(50, "stop", position=49), e(50, "pause", position=49), e(60, "quality_change")],
        {"watched_ms": 50_000, "paused_ms": 0, "pause_count": 1, "ended": 50},
    ),
}  # fmt: skip


def _events(name: str) -> list[dict[str, Any]]:
    return [{"playback_id": name, "event_id": f"{name}-{n}"} | event for n, event in enumerate(CASES[name][0])]


@pytest.fixture(scope="module")
def all_events(rows: Rows) -> DataFrame:
    return rows("silver.video_events", *(event for name in CASES for event in _events(name)))


def _plays(frame: DataFrame) -> list[dict[str, Any]]:
    told = build_playbacks(frame).withColumns(
        {
            "ended": F.unix_seconds("ended_at") - F.unix_seconds(F.lit("2026-11-24 12:00:00").cast("timestamp")),
            "hour": F.col("event_hour").cast("string"),
            "date": F.col("event_date").cast("string"),
        }
    )
    return [row.asDict() for row in told.orderBy("playback_id", "started_at").collect()]


@pytest.fixture(scope="module")
def built(all_events: DataFrame) -> dict[str, dict[str, Any]]:
    return {play["playback_id"]: play for play in _plays(all_events)}


@pytest.mark.parametrize("name", CASES)
def test_playbacks__worked_example(name: str, built: dict[str, dict[str, Any]]) -> None:
    expected = CASES[name][1]
    assert {column: built[name][column] for column in expected} == expected


def test_playbacks__one_row_per_play_by_contract(built: dict[str, dict[str, Any]]) -> None:
    assert set(built) == set(CASES)
    required = [c.name for c in load_contract("silver.playbacks").columns if c.required]
    assert not [(name, c) for name, play in built.items() for c in required if play[c] is None]


def test_playbacks__watched_time_adds_up(built: dict[str, dict[str, Any]]) -> None:
    """watched = startup + seek waits + stalls + on screen, in every play that started with a known startup time."""
    for name, play in built.items():
        if play["is_started"]:
            parts = (play["startup_ms"] or 0) + play["seek_ms"] + play["stall_ms"] + play["played_ms"]
            assert play["watched_ms"] == parts, name
        assert play["is_started"] + play["is_startup_failure"] + play["is_exit_before_start"] == 1, name


def test_playbacks__order_of_arrival_makes_no_difference(all_events: DataFrame) -> None:
    shuffled = all_events.orderBy(F.xxhash64("event_id")).repartition(3)
    assertDataFrameEqual(build_playbacks(shuffled), build_playbacks(all_events), checkRowOrder=False)


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
