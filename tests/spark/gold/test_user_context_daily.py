"""gold.user_context_daily: sums worked by hand."""

from __future__ import annotations

from decimal import Decimal

from playhead.gold.user_context_daily import build_user_context_daily


def test_user_context_daily__each_deed_counts_by_its_own_device_and_place(rows):
    berlin, bremen = {"country": "DE", "region": "Berlin"}, {"country": "DE", "region": "Bremen"}
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "watched_ms": 10, "is_completed": True, **berlin},
        {"at": "24 06:00", "watched_ms": 5, "is_started": False, "is_failed": True, **berlin},
        {"at": "24 07:00", "watched_ms": 1, "device_type": "mobile", **berlin},
        {"at": "24 08:00", "watched_ms": 2, "country": "DE"},
        {"at": "25 00:00", "watched_ms": 3, **berlin},
        {"at": "24 05:00", "viewer_id": "d7", "user_id": None, "watched_ms": 4, **berlin},
    )
    sessions = rows("silver.sessions", {"at": "24 04:59", **berlin}, {"at": "24 09:00", **bremen})
    ads = rows(
        "silver.ad_events",
        {"at": "24 05:01", "ad_price": Decimal("0.25"), **berlin},
        {"at": "24 05:02", "ad_price": Decimal("0.25"), "event_type": "ad_click", **berlin},
        {"at": "24 05:03", "ad_price": Decimal("0.25"), "currency": "EUR"},
    )

    found = {
        (r.event_date.day, r.viewer_id, r.device_type, r.country, r.region): (
            r.sessions_count, r.plays_count, r.started_count, r.failed_count, r.completed_count, r.watched_ms, float(r.ad_revenue),
        )
        for r in build_user_context_daily(playbacks, sessions, ads).collect()
    }  # fmt: skip

    assert found == {
        (24, "u1", "tv", "DE", "Berlin"): (1, 2, 1, 1, 1, 15, 0.25),
        (24, "u1", "mobile", "DE", "Berlin"): (0, 1, 1, 0, 0, 1, 0.0),
        (24, "u1", "tv", "DE", "unknown"): (0, 1, 1, 0, 0, 2, 0.0),
        (24, "u1", "tv", "DE", "Bremen"): (1, 0, 0, 0, 0, 0, 0.0),
        (24, "u1", "tv", "unknown", "unknown"): (0, 0, 0, 0, 0, 0, 0.0),
        (25, "u1", "tv", "DE", "Berlin"): (0, 1, 1, 0, 0, 3, 0.0),
        (24, "d7", "tv", "DE", "Berlin"): (0, 1, 1, 0, 0, 4, 0.0),
    }
