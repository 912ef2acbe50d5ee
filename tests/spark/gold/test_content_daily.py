"""gold.content_daily: sums worked by hand."""

from __future__ import annotations

from decimal import Decimal

from playhead.gold.content_daily import REACHED_PCT, build_content_daily


def test_content_daily__plays_interactions_and_ads_of_a_title(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "viewer_id": "u1", "watched_ms": 60_000, "played_ms": 50_000, "is_completed": True},
        {"at": "24 09:00", "viewer_id": "u1", "watched_ms": 30_000, "stall_ms": 400, "stall_count": 1},
        {"at": "24 10:00", "viewer_id": "u2", "is_started": False, "is_failed": True},
    )
    interactions = rows(
        "silver.interactions",
        {"at": "24 05:10", "event_type": "user_like"},
        {"at": "24 05:11", "event_type": "user_comment"},
        {"at": "24 05:12", "event_type": "user_subscribe"},
    )
    ads = rows(
        "silver.ad_events",
        {"at": "24 05:00", "ad_price": Decimal("0.010001"), "currency": "USD"},
        {"at": "24 05:01", "ad_price": Decimal("0.020000"), "currency": None},
        {"at": "24 05:02", "ad_price": None},
        {"at": "24 05:03", "ad_price": Decimal(9), "currency": "EUR"},
        {"at": "24 05:04", "event_type": "ad_click", "ad_price": Decimal(5)},
    )

    (row,) = build_content_daily(playbacks, interactions, ads).collect()

    assert (row.plays_count, row.started_count, row.failed_count, row.completed_count) == (3, 2, 1, 1)
    assert (row.watched_ms, row.played_ms, row.stall_ms, row.stall_count) == (90_000, 50_000, 400, 1)
    assert row.unique_viewers_count == 2  # u1 played twice
    assert (row.interactions_count, row.likes_count, row.comments_count, row.shares_count) == (3, 1, 1, 0)
    assert (row.ad_impressions_count, row.ad_clicks_count) == (4, 1)
    assert row.ad_revenue == Decimal("0.030001")  # 0.010001 + 0.02; not the euros, not the click's price


def test_content_daily__how_far_plays_came(rows):
    played = {"content_duration_s": 200, "is_started": True}
    playbacks = rows(
        "silver.playbacks",
        *({"at": "24 05:00", **played, "max_position_s": position} for position in (0, 19, 20, 99, 100, 199, 200)),
        {"at": "24 06:00", **played, "max_position_s": 200, "is_started": False},  # nobody saw a frame of it
    )

    (row,) = build_content_daily(playbacks, rows("silver.interactions"), rows("silver.ad_events")).collect()

    # 10 % is 20 s, 25 % 50, 50 % 100, 75 % 150, 90 % 180
    assert {share: row[f"reached_{share}pct_count"] for share in REACHED_PCT} == {10: 5, 25: 4, 50: 3, 75: 2, 90: 2, 99: 2, 100: 1}


def test_content_daily__how_much_of_a_title_was_played(rows):
    played = {"content_duration_s": 60, "is_started": True}
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", **played, "played_ms": 29_999},  # too short to be a valid play
        {"at": "24 06:00", **played, "played_ms": 30_000},
        {"at": "24 07:00", **played, "played_ms": 90_000},  # half of it twice: it counts as the whole
        {"at": "24 08:00", "content_duration_s": 60, "is_started": False},  # nobody was offered anything
    )

    (row,) = build_content_daily(playbacks, rows("silver.interactions"), rows("silver.ad_events")).collect()

    assert (row.plays_count, row.valid_plays_count) == (4, 2)
    assert (row.played_within_ms, row.offered_ms) == (119_999, 180_000)


def test_content_daily__title_touched_without_a_play_has_a_row(rows):
    playbacks = rows("silver.playbacks", {"at": "23 23:59", "content_id": "c1"})
    interactions = rows("silver.interactions", {"at": "24 00:05", "content_id": "c1", "content_type": "tv_show"})
    ads = rows("silver.ad_events", {"at": "24 00:07", "content_id": "c2", "content_type": "trailer", "ad_price": Decimal("0.5")})

    found = {(r.event_date.day, r.content_id): r for r in build_content_daily(playbacks, interactions, ads).collect()}

    assert sorted(found) == [(23, "c1"), (24, "c1"), (24, "c2")]
    liked, advertised = found[24, "c1"], found[24, "c2"]
    assert (liked.plays_count, liked.unique_viewers_count, liked.interactions_count, liked.content_type) == (0, 0, 1, "tv_show")
    assert (liked.reached_10pct_count, liked.reached_100pct_count) == (0, 0)
    assert (liked.content_title, liked.content_duration_s) == (None, None)  # the day itself does not tell
    assert (advertised.ad_revenue, advertised.watched_ms, advertised.content_type) == (Decimal("0.500000"), 0, "trailer")


def test_content_daily__description_is_the_last_plays(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 08:00", "content_title": "Renamed", "content_duration_s": 120, "content_genre": None},
        {"at": "24 07:00", "content_title": "Before", "content_duration_s": 60, "content_genre": "drama"},
    )
    later_like = rows("silver.interactions", {"at": "24 09:00", "content_type": "trailer"})

    (row,) = build_content_daily(playbacks, later_like, rows("silver.ad_events")).collect()

    assert (row.content_title, row.content_duration_s, row.content_genre, row.content_type) == ("Renamed", 120, None, "movie")
