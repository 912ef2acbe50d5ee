"""gold.user_content_daily: sums worked by hand."""

from __future__ import annotations

from playhead.gold.user_content_daily import build_user_content_daily


def test_user_content_daily__one_row_per_day_viewer_and_title(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "watched_ms": 10, "played_ms": 8},
        {"at": "24 06:00", "watched_ms": 5, "is_completed": True},
        {"at": "24 07:00", "content_id": "c2", "watched_ms": 1},
        {"at": "25 00:00", "watched_ms": 2},
        {"at": "24 05:00", "viewer_id": "d7", "user_id": None, "watched_ms": 3},
    )
    interactions = rows("silver.interactions", {"at": "24 05:01"}, {"at": "24 05:01"}, {"at": "24 08:00", "content_id": "c3"})

    found = {
        (r.event_date.day, r.viewer_id, r.content_id): (r.plays_count, r.completed_count, r.watched_ms, r.played_ms, r.interactions_count)
        for r in build_user_content_daily(playbacks, interactions).collect()
    }

    assert found == {
        (24, "u1", "c1"): (2, 1, 15, 8, 2),
        (24, "u1", "c2"): (1, 0, 1, 0, 0),
        (24, "u1", "c3"): (0, 0, 0, 0, 1),
        (25, "u1", "c1"): (1, 0, 2, 0, 0),
        (24, "d7", "c1"): (1, 0, 3, 0, 0),
    }
