"""Worked sessions: what the app said, what was played, and the visit they make. All cases are built in one frame."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F
from pyspark.testing import assertDataFrameEqual

from playhead.contracts.model import load_contract
from playhead.silver.sessions import build_sessions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Rows = Callable[..., "DataFrame"]
HOUR = 3600


def s(at: float, event_type: str, **fields: Any) -> dict[str, Any]:
    """A session event so many seconds after noon."""
    return {"at": at, "event_type": event_type} | fields


def v(at: float, event_type: str, playback_id: str, **fields: Any) -> dict[str, Any]:
    """A video event of a play."""
    return {"at": at, "event_type": f"video_{event_type}", "playback_id": playback_id} | fields


# name: (session events, video events, expected)
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]] = {
    # two plays; counters run up to 5 pages and 2 titles; the client says it lasted 600.5 s
    "whole": (
        [s(0, "session_start", page_views_count=1), s(300, "session_heartbeat", page_views_count=5, videos_watched_count=1),
         s(600, "session_end", page_views_count=5, videos_watched_count=2, app_crashes_count=1, session_duration_ms=600_500)],
        [v(10, "play", "whole-1"), v(60, "stop", "whole-1"), v(100, "play", "whole-2"), v(590, "stop", "whole-2")],
        {"is_ended": True, "session_duration_ms": 600_500, "page_views_count": 5, "videos_watched_count": 2, "app_crashes_count": 1,
         "network_errors_count": 0, "plays_count": 2, "events_count": 7, "device_changes_count": 0},
    ),
    # neither start nor end came through: 700 - 100 = 600 s from first to last event
    "no_start_no_end": (
        [s(100, "session_heartbeat"), s(700, "session_heartbeat")], [],
        {"is_ended": False, "session_duration_ms": 600_000, "plays_count": 0, "videos_watched_count": 0, "events_count": 2},
    ),
    # the end does not say how long it was: 50 s from first to last
    "end_without_duration": (
        [s(0, "session_start"), s(50, "session_end")], [],
        {"is_ended": True, "session_duration_ms": 50_000},
    ),
    # a web player sends no session events: 40 s of video events are a session too
    "video_only": (
        [], [v(5, "play", "video-only-1", user_id=None), v(45, "stop", "video-only-1", user_id=None)],
        {"is_ended": False, "session_duration_ms": 40_000, "plays_count": 1, "events_count": 2, "subscription_tier": None,
         "viewer_id": "device-1"},
    ),
    # the play began in the session above it in time, and counts there only
    "began_play": ([], [v(0, "play", "shared")], {"plays_count": 1}),
    # (a later video_play is a resume); a play whose video_play was lost began with what came first
    "continued_play": (
        [], [v(50, "play", "shared"), v(55, "play", "shared"), v(60, "play", "own"), v(70, "pause", "lost-request")],
        {"plays_count": 2, "events_count": 4},
    ),
    # who and where from the first event that knows; the plan from the last
    "dimensions": (
        [s(0, "session_start", user_id=None, country=None, subscription_tier="free", user_signup_date=date(2026, 1, 2)),
         s(60, "device_change", country="FR", subscription_tier="premium", user_tier_change_date=date(2026, 11, 24), platform="ios"),
         s(90, "session_heartbeat", country="DE")],
        [v(30, "play", "dimensions-1", country="AT", platform="web")],
        {"viewer_id": "user-1", "country": "AT", "platform": "roku", "subscription_tier": "premium", "user_signup_date": date(2026, 1, 2),
         "user_tier_change_date": date(2026, 11, 24), "device_changes_count": 1},
    ),
    # 30 s on both sides of midnight: belongs whole to the hour it starts in
    "across_midnight": (
        [s(12 * HOUR - 30, "session_start"), s(12 * HOUR + 30, "session_end")], [],
        {"session_duration_ms": 60_000, "hour": "2026-11-24 23:00:00", "date": "2026-11-24"},
    ),
    # open for 40 h with an event every 10 h: 24 h at most, so events 0, 10 and 20 count
    "runaway": (
        [s(hours * HOUR, "session_heartbeat", page_views_count=hours) for hours in (0, 10, 20, 30, 40)], [],
        {"session_duration_ms": 20 * HOUR * 1000, "page_views_count": 20, "events_count": 3},
    ),
    # a client that claims 30 h is not believed beyond 24
    "claims_too_much": (
        [s(0, "session_start"), s(50, "session_end", session_duration_ms=30 * HOUR * 1000)], [],
        {"session_duration_ms": 24 * HOUR * 1000},
    ),
}  # fmt: skip


def _events(kind: int) -> list[dict[str, Any]]:
    return [
        {"session_id": name, "event_id": f"{name}-{kind}-{n}"} | event
        for name, case in CASES.items()
        for n, event in enumerate((case[0], case[1])[kind])
    ]


@pytest.fixture(scope="module")
def frames(rows: Rows) -> tuple[DataFrame, DataFrame]:
    return rows("silver.session_events", *_events(0)), rows("silver.video_events", *_events(1))


@pytest.fixture(scope="module")
def built(frames: tuple[DataFrame, DataFrame]) -> dict[str, dict[str, Any]]:
    told = build_sessions(*frames).withColumns({"hour": F.col("event_hour").cast("string"), "date": F.col("event_date").cast("string")})
    sessions = [row.asDict() for row in told.collect()]
    assert len(sessions) == len(CASES)
    return {session["session_id"]: session for session in sessions}


@pytest.mark.parametrize("name", CASES)
def test_sessions__worked_example(name: str, built: dict[str, dict[str, Any]]) -> None:
    expected = CASES[name][2]
    assert {column: built[name][column] for column in expected} == expected


def test_sessions__required_columns_are_known(built: dict[str, dict[str, Any]]) -> None:
    required = [c.name for c in load_contract("silver.sessions").columns if c.required]
    assert not [(name, c) for name, session in built.items() for c in required if session[c] is None]


def test_sessions__order_of_arrival_makes_no_difference(frames: tuple[DataFrame, DataFrame]) -> None:
    session_events, video_events = (frame.orderBy(F.xxhash64("event_id")).repartition(3) for frame in frames)
    assertDataFrameEqual(build_sessions(session_events, video_events), build_sessions(*frames), checkRowOrder=False)
