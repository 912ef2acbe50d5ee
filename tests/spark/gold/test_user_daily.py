"""gold.user_daily: sums worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from playhead.gold.user_daily import build_user_daily


def test_user_daily__sums_of_a_viewers_day(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "content_id": "c1", "watched_ms": 1_800_000, "startup_ms": 700, "is_completed": True},
        {"at": "24 06:00", "content_id": "c1", "watched_ms": 600_000, "startup_ms": None, "stall_ms": 50, "stall_count": 1},
        {"at": "24 07:00", "content_id": "c2", "is_started": False, "is_failed": True},
    )
    sessions = rows(
        "silver.sessions",
        {"at": "24 05:00", "page_views_count": 4, "app_crashes_count": 1},
        {"at": "24 23:59", "page_views_count": 2, "network_errors_count": 3},
    )
    interactions = rows("silver.interactions", {"at": "24 05:10"}, {"at": "24 05:11", "event_type": "user_share"})
    ads = rows("silver.ad_events", {"at": "24 05:00", "ad_price": Decimal("0.25")}, {"at": "24 05:01", "event_type": "ad_click"})

    (row,) = build_user_daily(playbacks, sessions, rows("silver.session_events"), interactions, ads).collect()

    assert (row.viewer_id, row.user_id, row.sessions_count, row.plays_count) == ("u1", "u1", 2, 3)
    assert (row.started_count, row.failed_count, row.completed_count, row.unique_titles_count) == (2, 1, 1, 2)
    assert (row.watched_ms, row.stall_ms, row.stall_count) == (2_400_000, 50, 1)
    assert (row.startup_ms, row.startup_ms_count) == (700, 1)
    assert (row.interactions_count, row.likes_count) == (2, 1)
    assert (row.ad_impressions_count, row.ad_clicks_count, row.ad_revenue) == (1, 1, Decimal("0.250000"))
    assert (row.page_views_count, row.app_crashes_count, row.network_errors_count) == (6, 1, 3)
    # 6 x 40/60 + 2 x 1/2 + 2/3 + 2/3 = 4 + 1 + 1.33333
    assert row.engagement_score == Decimal("6.3333")


def test_user_daily__each_kind_of_activity_makes_a_day(rows):
    built = build_user_daily(
        rows("silver.playbacks", {"at": "24 23:59", "viewer_id": "plays", "watched_ms": 9}),
        rows("silver.sessions", {"at": "24 05:00", "viewer_id": "visits"}),
        rows("silver.session_events", {"at": "25 00:01", "viewer_id": "visits"}),
        rows("silver.interactions", {"at": "24 05:00", "viewer_id": "likes"}),
        rows("silver.ad_events", {"at": "25 00:00", "viewer_id": "sees ads"}),
    )

    found = sorted((r.event_date.day, r.viewer_id, r.unique_titles_count) for r in built.collect())

    # the heartbeat after midnight belongs to the visit of the 24th and makes no day of its own
    assert found == [(24, "likes", 0), (24, "plays", 1), (24, "visits", 0), (25, "sees ads", 0)]


def test_user_daily__plan_is_the_last_known_on_the_day(rows):
    sessions = rows(
        "silver.sessions",
        {"at": "24 05:00", "viewer_id": "u1", "subscription_tier": "free", "user_signup_date": date(2026, 1, 2)},
        {"at": "24 06:00", "viewer_id": "u2", "subscription_tier": None},
    )
    session_events = rows(
        "silver.session_events",
        {"at": "24 05:00", "viewer_id": "u1", "subscription_tier": "basic"},
        {"at": "24 07:00", "viewer_id": "u1", "subscription_tier": None},
    )
    interactions = rows("silver.interactions", {"at": "24 06:00", "viewer_id": "u1", "subscription_tier": "premium"})
    nothing = (rows("silver.playbacks"), rows("silver.ad_events"))

    built = build_user_daily(nothing[0], sessions, session_events, interactions, nothing[1])
    found = {r.viewer_id: (r.subscription_tier, r.is_paid, r.user_signup_date) for r in built.collect()}
    without_like = build_user_daily(nothing[0], sessions, session_events, rows("silver.interactions"), nothing[1])
    plans = {r.viewer_id: r.subscription_tier for r in without_like.collect()}

    assert found == {"u1": ("premium", True, date(2026, 1, 2)), "u2": (None, False, None)}
    assert plans["u1"] == "basic"  # at 05:00 the event outranks the visit; NULL at 07:00 takes nothing away


def test_user_daily__anonymous_viewer_is_a_viewer_without_user(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "viewer_id": "d9", "user_id": None, "country": "DE", "platform": "web"},
        {"at": "24 06:00", "viewer_id": "d9", "user_id": None, "country": None, "platform": "ios"},
    )
    empty = [rows(f"silver.{name}") for name in ("sessions", "session_events", "interactions", "ad_events")]

    (row,) = build_user_daily(playbacks, *empty).collect()

    assert (row.viewer_id, row.user_id, row.plays_count, row.is_paid) == ("d9", None, 2, False)
    assert (row.country, row.platform) == ("DE", "ios")
    assert (row.sessions_count, row.ad_revenue) == (0, Decimal(0))
