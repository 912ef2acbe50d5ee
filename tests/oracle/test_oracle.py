"""The oracle on raw records and days worked by hand, and its independence of the product; tests/conformance works plays by hand."""

from __future__ import annotations

import ast
import json
import sys
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from oracle_told import Told

from oracle import oracle_gold, oracle_views

T0 = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
AS_OF = date(2026, 11, 24)
VIDEO = {
    "playback_id": "p1", "video_id": "t1", "content_title": "Title", "content_type": "movie", "content_duration": 100,
    "playback_position": 0, "video_quality": "720p",
}  # fmt: skip


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(event_type: str, at_s: float = 0, *, received_after_s: float = 1, **values: Any) -> dict[str, Any]:
    at = T0 + timedelta(seconds=at_s)
    told = {
        "event_id": str(uuid.uuid4()), "event_type": event_type, "event_timestamp": iso(at), "schema_version": 1,
        "received_at": iso(at + timedelta(seconds=received_after_s)), "session_id": "s1", "device_id": "d1", "user_id": "ann",
        "ip_address": "10.0.0.1", "user_agent": "test", "device_type": "tv", "platform": "web", "app_version": "1",
    }  # fmt: skip
    return told | (VIDEO if event_type.startswith("video_") else {}) | values


def write(directory: Path, topic: str, *events: dict[str, Any] | bytes) -> Path:
    path = directory / f"{topic}.jsonl"
    path.write_bytes(b"".join((e if isinstance(e, bytes) else json.dumps(e).encode()) + b"\n" for e in events))
    return path


def play() -> list[dict[str, Any]]:
    """0 request, 2 s startup, 10-14 stall, 20 seek with a wait of 1 s, 30-50 pause, 60 stop."""
    return [
        event("video_play", 0, startup_time=2.0, bitrate=1000),
        event("video_buffer", 10, buffer_duration=4.0, playback_position=8),
        event("video_seek", 20, seek_from_position=14, seek_to_position=40, playback_position=40),
        event("video_buffer", 20.2, buffer_duration=1.0, playback_position=40),
        event("video_pause", 30, playback_position=48, bitrate=2000),
        event("video_play", 50, playback_position=48),
        event("video_stop", 60, playback_position=58),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff\xfe not text",
        b'{"event_id": "cut',
        b'["an array"]',
        event("video_teleport"),
        event("user_like", content_id="t1", content_type="movie"),  # on the wrong topic
        event("video_play", device_type="fridge"),
        event("video_play", playback_position="twelve"),
        event("video_play", playback_position=101),
        event("video_play", bitrate=0),
        event("video_play", user_agent="x" * 1025),
        event("video_play", received_after_s=-301),
        event("video_play", received_after_s=7 * 86_400 + 1),  # late: kept, but not built
        {name: value for name, value in event("video_play").items() if name != "ip_address"},
        event("video_buffer"),
        event("video_play", event_id="not-a-uuid"),
    ],
    ids=lambda bad: bad[:12].decode("latin1") if isinstance(bad, bytes) else None,
)
def test_bad_and_late_records_count_nowhere(tmp_path: Path, bad: dict[str, Any] | bytes) -> None:
    other = {"playback_id": "bad", "session_id": "bad", "user_id": "bad", "device_id": "bad"}
    record = bad if isinstance(bad, bytes) else {name: other.get(name, value) for name, value in bad.items()}
    views = oracle_views([write(tmp_path, "video_events", *play(), record)], AS_OF)
    assert views == oracle_views([write(tmp_path, "video_events", *play())], AS_OF)


def test_duplicates_count_once(tmp_path: Path) -> None:
    events = play()
    once = oracle_views([write(tmp_path, "video_events", *events)], AS_OF)
    assert oracle_views([write(tmp_path, "video_events", *events, *reversed(events))], AS_OF) == once


def test_daily_and_content(tmp_path: Path) -> None:
    day = 86_400
    bob = {"user_id": "bob", "session_id": "s2", "device_id": "d2"}
    like = event("user_like", 0, content_id="t1", content_type="movie", **bob)
    early = event("user_comment", -8 * day, content_id="t1", content_type="movie", comment_text="!", **bob)
    visit = {"user_id": "cyd", "session_id": "s3", "device_id": "d3"}
    anonymous = event("session_start", -day, session_id="s4", device_id="d4")
    del anonymous["user_id"]
    ad = {"ad_id": "a", "ad_type": "pre_roll", "ad_duration": 15, "ad_position": 0, "content_id": "t1", "content_type": "movie"}
    ads = [
        event("ad_impression", -1, **ad, ad_price=0.012345, currency="USD"),
        event("ad_impression", -1, **ad, ad_price=9, currency="EUR"),
    ]
    paths = [
        write(tmp_path, "video_events", *play()),
        write(tmp_path, "user_interactions", like, early),
        write(tmp_path, "session_events", event("session_start", -day, **visit), event("session_end", 10 - day, **visit), anonymous),
        write(tmp_path, "ad_events", *ads, event("ad_click", 0, **ad)),
    ]
    views = oracle_views(paths, AS_OF)
    assert [
        (str(r["EVENT_DATE"]), r["DAILY_ACTIVE_USERS"], r["WEEKLY_ACTIVE_USERS"], r["MONTHLY_ACTIVE_USERS"])
        for r in views["V_DAILY_ACTIVE_USERS"]
    ] == [
        ("2026-11-16", 1, 1, 1),  # bob's comment
        ("2026-11-23", 2, 2, 3),  # cyd, and d4 without a name; bob 7 days ago
        ("2026-11-24", 2, 4, 4),  # ann, bob
    ]
    today = views["V_DAILY_ACTIVE_USERS"][-1]
    ratios = ("STICKINESS_PCT", "WATCH_MINUTES_PER_USER", "SESSIONS_PER_USER", "COMPLETION_RATE_PCT", "DAILY_ACTIVE_USERS_TREND_PCT")
    # 2 of 4; 40 s for 2; a visit for 2; the play was stopped; nobody a week ago
    assert [today[name] for name in ratios] == [50.0, pytest.approx(1 / 3), 0.5, 0.0, None]
    assert (today["PREMIUM_USERS"], today["FREE_USERS"]) == (0, 2)
    assert [row["DAILY_ACTIVE_USERS_TREND_PCT"] for row in views["V_DAILY_ACTIVE_USERS"]] == [None, 100.0, None]  # 2 after 1
    # ann's player made a visit (s1); the ads 1 s earlier are no visit
    assert (today["SESSIONS"], today["PLAYS"], today["WATCHED_MS"], today["REVENUE"]) == (1, 1, 40_000, Decimal("0.012345"))
    (title,) = views["V_TOP_CONTENT"]
    assert title == {
        "VIEW_RANK": 1, "CONTENT_ID": "t1", "CONTENT_TITLE": "Title", "CONTENT_TYPE": "movie", "CONTENT_GENRE": None,
        "TOTAL_VIEWS_30D": 1, "VALID_VIEWS_30D": 1, "COMPLETE_VIEWS_30D": 0, "AVG_PLAYED_PCT": 33.0,
        "UNIQUE_VIEWERS_30D": 1, "WATCHED_MS_30D": 40_000, "WATCH_HOURS_30D": pytest.approx(1 / 90),
        "AVG_COMPLETION_RATE_PCT": 0.0, "INTERACTIONS_30D": 2, "LIKES_30D": 1, "ENGAGEMENT_PER_VIEW": 2.0, "ENGAGEMENT_RANK": 1,
        "REVENUE_30D": Decimal("0.012345"), "TRENDING_SCORE": pytest.approx(8 / 7), "AS_OF": AS_OF,
    }  # fmt: skip


def test_what_the_product_did_not_tell_is_left_out(tmp_path: Path) -> None:
    paths = [write(tmp_path, "video_events", *play())]
    load = {"table_name": "gold.user_daily", "partition_key": "2026-11-24", "published_at": T0}
    assert {"V_CHURN_RISK", "V_RECOMMENDATIONS", "V_FRESHNESS"} & set(oracle_gold(paths, AS_OF, told=Told([], [], []))) == set()
    answers = oracle_gold(paths, AS_OF, told=Told([], [], [load]))
    assert "V_CHURN_RISK" not in answers
    newest = next(row for row in answers["V_FRESHNESS"] if row["TABLE_NAME"] == "gold.user_daily")
    # the day ends at midnight; the next one is due 6 h after its own end
    assert (newest["INTERVAL_ENDS_AT"], newest["DUE_AT"]) == (datetime(2026, 11, 25), datetime(2026, 11, 26, 6))  # noqa: DTZ001
    assert "IS_LATE" not in newest


MODULES = sorted(path.stem for path in Path(__file__).parent.glob("oracle*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_the_oracle_reads_nothing_of_the_product(module: str) -> None:
    tree = ast.parse((Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    used = {"__future__", "collections", "dataclasses", "datetime", "itertools", "pathlib", "typing", "duckdb", "pyarrow"}
    assert imported <= {*used, *MODULES}
