"""The BI views on hand-worked gold rows: every ratio is summed up in a comment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from playhead.gold.subscriptions_daily import TIERS
from playhead.gold.user_daily import PAID_TIERS

Ask = Callable[..., list[dict[str, Any]]]
Facts = Any  # conftest.Facts


def test_v_daily_active_users(facts: Facts, ask: Ask) -> None:
    def audience(day: str, daily: int, **values: Any) -> dict[str, Any]:
        return dict(facts.row("gold.audience_daily", event_date=facts.day(day), daily_active_viewers_count=daily, **values))

    told = {"weekly_active_viewers_count": 12, "monthly_active_viewers_count": 20, "premium_viewers_count": 3, "free_viewers_count": 5}
    sums = {"sessions_count": 12, "plays_count": 16, "completed_count": 4, "watched_ms": 4_800_000, "ad_revenue": Decimal("1.25")}
    days = [audience("2026-08-26", 1), audience("2026-08-27", 2), audience("2026-11-17", 10), audience("2026-11-24", 8, **told, **sums)]
    facts.put("gold.audience_daily", *days)
    merged = {"weekly_active_viewers_estimate": 12, "monthly_active_viewers_estimate": 21}
    facts.put("gold.audience_sketches", facts.row("gold.audience_sketches", event_date=facts.day("2026-11-24"), **merged))
    rows = ask("SELECT * FROM BI.V_DAILY_ACTIVE_USERS ORDER BY EVENT_DATE")
    # 90 days ending 2026-11-24 begin on 2026-08-27
    assert [str(r["EVENT_DATE"]) for r in rows] == ["2026-08-27", "2026-11-17", "2026-11-24"]
    newest = {name: float(value) if isinstance(value, Decimal) else value for name, value in rows[-1].items()}
    assert newest == {
        "EVENT_DATE": facts.day("2026-11-24"),
        "DAILY_ACTIVE_USERS": 8,
        "WEEKLY_ACTIVE_USERS": 12,
        "MONTHLY_ACTIVE_USERS": 20,
        "WEEKLY_ACTIVE_USERS_ESTIMATE": 12,
        "MONTHLY_ACTIVE_USERS_ESTIMATE": 21,
        "MONTHLY_ESTIMATE_ERROR_PCT": 5.0,  # 1 / 20
        "DAILY_ACTIVE_USERS_TREND_PCT": -20.0,  # 8 against 10 a week before
        "STICKINESS_PCT": 40.0,  # 8 / 20
        "PREMIUM_USERS": 3,
        "FREE_USERS": 5,
        "SESSIONS": 12,
        "PLAYS": 16,
        "WATCHED_MS": 4_800_000,
        "WATCH_MINUTES_PER_USER": 10.0,  # 80 min / 8
        "SESSIONS_PER_USER": 1.5,  # 12 / 8
        "COMPLETION_RATE_PCT": 25.0,  # 4 / 16
        "REVENUE": 1.25,
        "AS_OF": facts.day("2026-11-24"),
    }
    assert (rows[0]["DAILY_ACTIVE_USERS_TREND_PCT"], rows[0]["COMPLETION_RATE_PCT"]) == (None, None)


def test_v_top_content__counts_each_viewer_once_over_the_window(facts: Facts, ask: Ask) -> None:
    def title(day: str, content_id: str, plays: int, **values: Any) -> dict[str, Any]:
        told = {"content_title": f"Title {content_id} {day}", "content_type": "movie", "content_duration_s": 6000}
        return dict(facts.row("gold.content_daily", event_date=facts.day(day), content_id=content_id, plays_count=plays, **told, **values))

    def touch(day: str, viewer: str, content_id: str, plays: int = 1) -> dict[str, Any]:
        key = {"event_date": facts.day(day), "viewer_id": viewer, "content_id": content_id}
        return dict(facts.row("gold.user_content_daily", plays_count=plays, **key))

    uncounted = dict.fromkeys(("valid_plays_count", "reached_99pct_count", "played_within_ms", "offered_ms"))
    titles = [
        title("2026-10-25", "a", 100),  # the 31st day: outside
        title("2026-10-26", "a", 3, completed_count=1, watched_ms=3_600_000, ad_revenue=Decimal("0.50"), **uncounted),
        title(
            "2026-11-24",
            "a",
            2,
            completed_count=1,
            watched_ms=1_800_000,
            interactions_count=4,
            likes_count=3,
            ad_revenue=Decimal("0.25"),
            valid_plays_count=2,
            reached_99pct_count=1,
            played_within_ms=60_000,
            offered_ms=80_000,
        ),
        title("2026-11-24", "b", 7, interactions_count=7),
    ]
    touches = [
        touch("2026-10-26", "ann", "a", 3),
        touch("2026-11-24", "ann", "a"),
        touch("2026-11-24", "bob", "a"),
        touch("2026-11-24", "cyd", "b", 7),
    ]
    facts.put("gold.content_daily", *titles)
    facts.put("gold.user_content_daily", *touches, touch("2026-11-24", "dan", "a", plays=0))  # dan only liked it
    first, second = ask("SELECT * FROM BI.V_TOP_CONTENT ORDER BY VIEW_RANK")
    assert (first["CONTENT_ID"], first["TOTAL_VIEWS_30D"], first["UNIQUE_VIEWERS_30D"]) == ("b", 7, 1)
    assert (second["CONTENT_ID"], second["CONTENT_TITLE"]) == ("a", "Title a 2026-11-24")
    assert (second["TOTAL_VIEWS_30D"], second["WATCHED_MS_30D"], second["INTERACTIONS_30D"]) == (5, 5_400_000, 4)
    assert second["UNIQUE_VIEWERS_30D"] == 2  # ann on both days, bob; the days would sum to 3
    assert second["REVENUE_30D"] == Decimal("0.75")
    assert float(second["WATCH_HOURS_30D"]) == 1.5
    assert float(second["AVG_COMPLETION_RATE_PCT"]) == 40.0  # 2 / 5
    # Of the newer day alone: the other one was built before these were counted.
    assert (second["VALID_VIEWS_30D"], second["COMPLETE_VIEWS_30D"], float(second["AVG_PLAYED_PCT"])) == (2, 1, 75.0)
    assert float(second["ENGAGEMENT_PER_VIEW"]) == 0.8  # 4 / 5, less than b's 7 / 7
    assert (first["ENGAGEMENT_RANK"], second["ENGAGEMENT_RANK"]) == (1, 2)
    # newest 7 days: 2 plays; 23 days before: 3. (2/7 + 1) / (3/23 + 1)
    assert float(second["TRENDING_SCORE"]) == pytest.approx((2 / 7 + 1) / (3 / 23 + 1))
    assert {r["AS_OF"] for r in (first, second)} == {facts.day("2026-11-24")}


def test_v_platform_quality__ratios_of_sums_by_player(facts: Facts, ask: Ask) -> None:
    def hour(day: str, at: int, player: str, **values: Any) -> dict[str, Any]:
        told = {"platform": "web", "device_type": "desktop", "cdn": "edge-1", "country": "DE", "player": player, "app_version": "1"}
        when = datetime.fromisoformat(day).replace(hour=at, tzinfo=UTC)
        return dict(facts.row("gold.qoe_hourly", event_hour=when, **(told | values)))

    startup = {"startup_ms": 7_000, "startup_ms_count": 4, "startup_le_500ms_count": 1, "startup_le_1000ms_count": 2}
    upto = {f"startup_le_{ms}ms_count": n for ms, n in ((2000, 3), (4000, 4), (8000, 4), (16000, 4))}
    sums = {"plays_count": 10, "started_count": 6, "failed_count": 3, "startup_failures_count": 1, "exits_before_start_count": 2}
    ends = {"ended_count": 8, "ended_after_start_count": 5, "completed_count": 4, "errors_count": 5, "dropped_frames_count": 9}
    scores = {"startup_score": Decimal("330.5"), "smoothness_score": Decimal(540), "success_score": 560, "success_scored_count": 8}
    times = {"watched_ms": 400_000, "played_ms": 360_000, "stall_ms": 40_000, "stall_count": 5, "seek_ms": 1_000}
    media = {"media_bits": 900_000_000, "media_ms": 300_000}
    rows = [
        hour("2026-11-24", 5, "shaka", **sums, **ends, **scores, **times, **media, **startup, **upto),
        hour("2026-11-24", 6, "shaka", plays_count=10, country="FR"),
        hour("2026-11-24", 6, "hls.js", plays_count=1),
        hour("2026-10-25", 23, "shaka", plays_count=1000),  # the 31st day: outside
    ]
    facts.put("gold.qoe_hourly", *rows)
    real, shaka = ask("SELECT * FROM BI.V_PLATFORM_QUALITY ORDER BY PLAYER")
    assert (real["PLAYER"], real["PLAYS"], real["STARTUP_MEAN_MS"], real["STALLED_TIME_PCT"]) == ("hls.js", 1, None, None)
    assert {c: shaka[c] for c in ("PLATFORM", "DEVICE_TYPE", "PLAYER", "CDN", "PLAYS", "STARTED")} == {
        "PLATFORM": "web",
        "DEVICE_TYPE": "desktop",
        "PLAYER": "shaka",
        "CDN": "edge-1",
        "PLAYS": 20,
        "STARTED": 6,
    }
    worked = {
        "STARTUP_MEAN_MS": 1750.0,  # 7000 / 4
        # rank 0.5 * 4 = 2 is the last play of (500, 1000]; rank 3.8 lies 0.8 into the one play of (2000, 4000]
        "STARTUP_P50_ESTIMATE_MS": 1000.0,
        "STARTUP_P95_ESTIMATE_MS": 3600.0,
        "PLAYBACK_FAILURE_PCT": 15.0,  # 3 / 20
        "VSF_PCT": 5.0,  # 1 / 20
        "VPF_PCT": 40.0,  # (3 - 1) / 5 of those that started
        "EBVS_PCT": 10.0,  # 2 / 20
        "STALLED_TIME_PCT": 10.0,  # 40 s / 400 s
        "STALLS_PER_PLAY": 0.25,  # 5 / 20
        "STALLS_PER_WATCHED_MINUTE": 0.75,  # 5 / (400 / 60)
        "REBUFFERING_PCT": 10.0,  # 40 / (360 + 40)
        "AVERAGE_BITRATE_KBPS": 3000.0,  # 900e6 bit / 300e3 ms
        "COMPLETION_PCT": 20.0,  # 4 / 20
        "STARTUP_SCORE": 82.625,  # 330.5 / 4
        "SMOOTHNESS_SCORE": 90.0,  # 540 / 6
        "PLAYBACK_SUCCESS_SCORE": 70.0,  # 560 / 8
    }
    assert {name: float(shaka[name]) for name in worked} == pytest.approx(worked)
    assert shaka["AS_OF"] == facts.day("2026-11-24")


def test_v_platform_quality__hours_built_before_a_sum_was_kept_are_left_out_of_its_ratio(facts: Facts, ask: Ask) -> None:
    told = {"platform": "web", "device_type": "tv", "cdn": "unknown", "country": "DE", "player": "p", "app_version": "1", "plays_count": 10}
    new = {
        "failed_count": 3,
        "startup_failures_count": 1,
        "ended_after_start_count": 5,
        "startup_ms_count": 4,
        "startup_score": Decimal(320),
        "started_count": 8,
        "smoothness_score": Decimal(480),
        "success_score": 600,
        "success_scored_count": 8,
    }
    old = {
        "failed_count": 7,
        "ended_after_start_count": None,
        "startup_ms_count": 6,
        "startup_score": None,
        "started_count": 9,
        "smoothness_score": None,
        "success_score": None,
        "success_scored_count": None,
    }
    hours = [datetime(2026, 11, 24, at, tzinfo=UTC) for at in (5, 6)]
    facts.put(
        "gold.qoe_hourly",
        *(facts.row("gold.qoe_hourly", event_hour=at, **told, **sums) for at, sums in zip(hours, (old, new), strict=True)),
    )
    (row,) = ask("SELECT PLAYBACK_FAILURE_PCT, VPF_PCT, STARTUP_SCORE, SMOOTHNESS_SCORE, PLAYBACK_SUCCESS_SCORE FROM BI.V_PLATFORM_QUALITY")
    # (3 + 7) / 20; (3 - 1) / 5; 320 / 4; 480 / 8; 600 / 8
    assert [float(value) for value in row.values()] == [50.0, 40.0, 80.0, 60.0, 75.0]


def test_v_content_dropoff__days_whose_reach_was_not_counted_are_left_out(facts: Facts, ask: Ask) -> None:
    def title(day: str, content_id: str, started: int, *reached: int | None) -> dict[str, Any]:
        counts = {f"reached_{share}pct_count": count for share, count in zip((10, 25, 50, 75, 90, 100), reached, strict=True)}
        told = {"content_title": content_id.upper(), "content_type": "movie", "content_duration_s": 60}
        return dict(
            facts.row("gold.content_daily", event_date=facts.day(day), content_id=content_id, started_count=started, **counts, **told)
        )

    facts.put(
        "gold.content_daily",
        title("2026-11-24", "a", 6, 6, 5, 4, 3, 2, 1),
        title("2026-11-23", "a", 2, 2, 1, 0, 0, 0, 0),
        title("2026-11-22", "a", 100, *[None] * 6),  # built before
        title("2026-10-25", "a", 100, *[100] * 6),  # the 31st day
        title("2026-11-24", "b", 0, *[0] * 6),
    )
    (row,) = ask("SELECT * FROM BI.V_CONTENT_DROPOFF")
    assert (row["CONTENT_ID"], row["CONTENT_TITLE"], row["STARTED"], row["AS_OF"]) == ("a", "A", 8, facts.day("2026-11-24"))
    shares = (10, 25, 50, 75, 90, 100)
    assert [int(row[f"REACHED_{share}"]) for share in shares] == [8, 6, 4, 3, 2, 1]
    assert [float(row[f"REACHED_{share}_PCT"]) for share in shares] == [100.0, 75.0, 50.0, 37.5, 25.0, 12.5]


def test_v_platform_quality__startup_beyond_the_histogram_is_not_guessed(facts: Facts, ask: Ask) -> None:
    told = {"platform": "web", "device_type": "tv", "cdn": "unknown", "country": "DE", "player": "p", "app_version": "1"}
    slow = facts.row("gold.qoe_hourly", event_hour=datetime(2026, 11, 24, 5, tzinfo=UTC), startup_ms=40_000, startup_ms_count=2, **told)
    slow |= {"startup_le_16000ms_count": 1}  # 10 s and 30 s
    facts.put("gold.qoe_hourly", slow)
    (row,) = ask("SELECT STARTUP_P50_ESTIMATE_MS, STARTUP_P95_ESTIMATE_MS FROM BI.V_PLATFORM_QUALITY")
    # rank 1 of 2 is the last play of (8000, 16000]; rank 1.9 lies beyond 16 s
    assert (float(row["STARTUP_P50_ESTIMATE_MS"]), row["STARTUP_P95_ESTIMATE_MS"]) == (16_000.0, None)


def test_v_churn_risk__shows_the_newest_scores_only(facts: Facts, ask: Ask) -> None:
    def score(day: str, user: str, probability: float) -> dict[str, Any]:
        told = {"churn_risk_category": "High", "days_since_last_active": 9, "horizon_days": 7, "model_version": "3", "top_reasons": "idle"}
        return dict(facts.row("gold.churn_scores", score_date=facts.day(day), user_id=user, churn_probability=probability, **told))

    facts.put("gold.churn_scores", score("2026-11-23", "ann", 0.25), score("2026-11-24", "ann", 0.75))
    told = {"user_id": "ann", "subscription_tier": "premium", "is_paid": True, "country": "DE", "platform": "web"}
    facts.put("gold.user_daily", facts.row("gold.user_daily", event_date=facts.day("2026-11-15"), viewer_id="ann", **told))
    assert ask("SELECT * FROM BI.V_CHURN_RISK") == [
        {
            "USER_ID": "ann",
            "CHURN_RISK_CATEGORY": "High",
            "CHURN_RISK_SCORE": 0.75,
            "DAYS_SINCE_LAST_ACTIVE": 9,
            "TOP_REASONS": "idle",
            "SUBSCRIPTION_TIER": "premium",
            "COUNTRY": "DE",
            "HORIZON_DAYS": 7,
            "MODEL_VERSION": "3",
            "AS_OF": facts.day("2026-11-24"),
        }
    ]


def test_v_freshness__tells_what_is_late_by_its_deadline(facts: Facts, ask: Ask) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    midnight = hour.replace(hour=0)

    def load(run: str, table: str, key: str, at: datetime) -> dict[str, Any]:
        told = {"run_id": run, "table_name": table, "partition_key": key, "content_hash": "h", "published_at": at}
        return dict(facts.row("ops.load_log", **told))

    older, newest = midnight - timedelta(days=3), midnight - timedelta(days=1)
    facts.put(
        "ops.load_log",
        load("1", "gold.user_daily", f"{newest:%Y-%m-%d}", midnight),
        load("2", "gold.user_daily", f"{older:%Y-%m-%d}", hour),  # a day built again
        load("1", "gold.audience_daily", f"{older:%Y-%m-%d}", midnight),
        load("1", "gold.qoe_hourly", f"{hour - timedelta(hours=1):%Y-%m-%dT%H}", hour),
        load("1", "gold.content_daily", f"{midnight:%Y-%m-%d}", hour),
    )
    rows = {row.pop("TABLE_NAME"): row for row in ask("SELECT * FROM BI.V_FRESHNESS")}
    # yesterday's rows: the day ended at midnight; today's are due 6 h after it ends
    daily = rows["gold.user_daily"]
    assert (daily["NEWEST_INTERVAL"], daily["AS_OF"], daily["DEADLINE_MINUTES"]) == (f"{newest:%Y-%m-%d}", newest.date(), 360)
    assert (daily["INTERVAL_ENDS_AT"], daily["DUE_AT"]) == (_naive(midnight), _naive(midnight + timedelta(hours=30)))
    assert (daily["LOADED_AT"], daily["IS_LATE"]) == (_naive(hour), False)
    # three days ago: the next day's rows were due two days less 6 h ago at the latest
    assert (rows["gold.audience_daily"]["IS_LATE"], rows["gold.audience_daily"]["DUE_AT"]) == (True, _naive(older + timedelta(hours=54)))
    hourly = rows["gold.qoe_hourly"]
    assert (hourly["INTERVAL_ENDS_AT"], hourly["DUE_AT"]) == (_naive(hour), _naive(hour + timedelta(hours=3)))
    assert 0 <= hourly["AGE_MINUTES"] <= 61
    assert not hourly["IS_LATE"]
    # the day that still goes on
    assert (rows["gold.content_daily"]["AGE_MINUTES"], rows["gold.content_daily"]["IS_LATE"]) == (0, False)
    # never loaded
    never = rows["gold.churn_scores"]
    assert (never["NEWEST_INTERVAL"], never["AGE_MINUTES"], never["AS_OF"], never["IS_LATE"]) == (None, None, None, True)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def test_v_user_segments__idle_users_are_inactive_and_means_are_over_active_days(facts: Facts, ask: Ask) -> None:
    def active(day: str, viewer: str, engagement: str, minutes: int) -> dict[str, Any]:
        told = {"viewer_id": viewer, "user_id": viewer, "platform": "web", "watched_ms": minutes * 60_000}
        return dict(facts.row("gold.user_daily", event_date=facts.day(day), engagement_score=Decimal(engagement), **told))

    facts.put(
        "gold.user_daily",
        active("2026-10-25", "idle", "10", 600),  # the 31st day: outside
        active("2026-10-26", "pat", "6", 30),
        active("2026-11-24", "pat", "10", 90),  # means 8 and 60: just Power
        active("2026-11-24", "reg", "7.9999", 60),
        active("2026-11-24", "cas", "3", 15),
        active("2026-11-24", "lit", "9", 14),  # engaged, but hardly watched
        *(active(f"2026-11-{day:02d}", "often", "6", 30) for day in range(1, 12)),
    )
    rows = {row["VIEWER_ID"]: _plain(row) for row in ask("SELECT * FROM BI.V_USER_SEGMENTS")}
    assert {name: (row["SEGMENT"], row["ACTIVITY_LEVEL"], row["ACTIVE_DAYS_30D"]) for name, row in rows.items()} == {
        "idle": ("Inactive", "At Risk", 0),
        "pat": ("Power", "Low", 2),
        "reg": ("Regular", "Low", 1),
        "cas": ("Casual", "Low", 1),
        "lit": ("Light", "Low", 1),
        "often": ("Regular", "High", 11),
    }
    assert (rows["pat"]["ENGAGEMENT_MEAN"], rows["pat"]["WATCH_MINUTES_MEAN"]) == (8.0, 60.0)
    assert (rows["idle"]["ENGAGEMENT_MEAN"], rows["idle"]["WATCHED_MS_30D"], rows["idle"]["DAYS_SINCE_LAST_ACTIVE"]) == (None, 0, 30)


def test_v_executive_kpis__yesterday_against_the_same_weekday_and_nothing_is_null(facts: Facts, ask: Ask) -> None:
    assert ask("SELECT * FROM BI.V_EXECUTIVE_KPIS") == []

    def audience(day: str, daily: int, revenue: str, watched: int) -> dict[str, Any]:
        told = {"daily_active_viewers_count": daily, "ad_revenue": Decimal(revenue), "watched_ms": watched}
        return dict(facts.row("gold.audience_daily", event_date=facts.day(day), **told))

    facts.put("gold.audience_daily", audience("2026-11-16", 10, "0", 400), audience("2026-11-23", 12, "3", 300))
    facts.put("gold.audience_daily", audience("2026-11-24", 1, "9", 9))
    (row,) = ask("SELECT * FROM BI.V_EXECUTIVE_KPIS")
    told = _plain(row)
    assert (row["KPI_DATE"], row["COMPARED_DATE"], row["AS_OF"]) == tuple(facts.day(f"2026-11-{n}") for n in (23, 16, 24))
    assert (told["DAILY_ACTIVE_USERS"], told["DAILY_ACTIVE_USERS_BEFORE"], told["DAILY_ACTIVE_USERS_GROWTH_PCT"]) == (12, 10, 20.0)
    assert (told["REVENUE"], told["REVENUE_GROWTH_PCT"]) == (3.0, None)  # nothing was earned a week before
    assert told["WATCH_TIME_GROWTH_PCT"] == -25.0  # 300 against 400


def test_v_content_trends__by_day_type_and_genre(facts: Facts, ask: Ask) -> None:
    def title(day: str, content_id: str, genre: str | None, plays: int, **values: Any) -> dict[str, Any]:
        told = {"content_title": content_id if plays else None, "content_type": "movie", "content_genre": genre, "plays_count": plays}
        return dict(facts.row("gold.content_daily", event_date=facts.day(day), content_id=content_id, **told, **values))

    def touch(viewer: str, content_id: str, plays: int = 1) -> dict[str, Any]:
        key = {"event_date": facts.day("2026-11-24"), "viewer_id": viewer, "content_id": content_id}
        return dict(facts.row("gold.user_content_daily", plays_count=plays, **key))

    facts.put("gold.user_content_daily", touch("ann", "a"), touch("ann", "b"), touch("bob", "b"), touch("cyd", "b", plays=0))
    facts.put(
        "gold.content_daily",
        title("2026-08-26", "a", "drama", 9),  # the 91st day: outside
        title("2026-11-17", "a", "drama", 2),
        title("2026-11-24", "a", "drama", 1, completed_count=1, watched_ms=120_000),
        title("2026-11-24", "b", "drama", 2, watched_ms=60_000, ad_revenue=Decimal("0.5")),
        title("2026-11-23", "b", None, 0, interactions_count=4),  # only liked that day: its genre is known from the next
        title("2026-11-24", "c", None, 1),
    )
    rows = {(str(row["EVENT_DATE"]), row["CONTENT_GENRE"]): _plain(row) for row in ask("SELECT * FROM BI.V_CONTENT_TRENDS")}
    assert set(rows) == {("2026-11-17", "drama"), ("2026-11-23", "drama"), ("2026-11-24", "drama"), ("2026-11-24", "unknown")}
    drama = rows["2026-11-24", "drama"]
    assert (drama["TITLES_PLAYED"], drama["PLAYS"], drama["UNIQUE_VIEWERS"]) == (2, 3, 2)  # ann in both titles, bob; cyd did not play
    assert drama["PLAYS_TREND_PCT"] == 50.0  # 3 against 2 a week before
    assert drama["COMPLETION_RATE_PCT"] == pytest.approx(100 / 3)
    assert (drama["WATCH_MINUTES_PER_PLAY"], drama["REVENUE"]) == (1.0, 0.5)  # 3 min / 3
    quiet = rows["2026-11-23", "drama"]
    assert (quiet["TITLES_PLAYED"], quiet["COMPLETION_RATE_PCT"], quiet["PLAYS_TREND_PCT"], quiet["INTERACTIONS"]) == (0, None, None, 4)


def _context(facts: Facts, day: str, viewer: str, **told: Any) -> dict[str, Any]:
    place = {"platform": "web", "device_type": "tv", "country": "DE", "region": "Berlin"}
    return dict(facts.row("gold.user_context_daily", event_date=facts.day(day), viewer_id=viewer, **place | told))


def test_v_device_analytics__shares_of_the_window(facts: Facts, ask: Ask) -> None:
    facts.put(
        "gold.user_context_daily",
        _context(facts, "2026-10-25", "old", plays_count=100, watched_ms=1),  # the 31st day: outside
        _context(facts, "2026-10-26", "ann", sessions_count=2, plays_count=3, completed_count=1, failed_count=1, watched_ms=180_000),
        _context(facts, "2026-11-24", "ann", sessions_count=1, plays_count=1, watched_ms=60_000, region="Bremen"),
        _context(facts, "2026-11-24", "ann", device_type="mobile", watched_ms=80_000),
    )
    mobile, tv = (_plain(row) for row in ask("SELECT * FROM BI.V_DEVICE_ANALYTICS ORDER BY DEVICE_TYPE"))
    assert (tv["PLAYS"], tv["COMPLETION_RATE_PCT"], tv["PLAYBACK_FAILURE_PCT"], tv["IS_BIG_SCREEN"]) == (4, 25.0, 25.0, True)
    assert (tv["WATCH_MINUTES_PER_PLAY"], tv["WATCH_TIME_SHARE_PCT"]) == (1.0, 75.0)  # 4 min / 4; 240 s of 320 s
    assert (tv["USERS"], tv["SESSIONS_PER_USER"], tv["WATCH_MINUTES_PER_USER"]) == (1, 3.0, 4.0)  # ann, on two days
    assert (mobile["USERS"], mobile["COMPLETION_RATE_PCT"], mobile["WATCH_MINUTES_PER_PLAY"], mobile["IS_BIG_SCREEN"]) == (
        1,
        None,
        None,
        False,
    )


def test_v_geographic_analytics__a_traveller_is_a_user_of_each_place_and_one_of_the_country(facts: Facts, ask: Ask) -> None:
    facts.put(
        "gold.user_context_daily",
        _context(facts, "2026-10-25", "ann", plays_count=50),  # the 31st day: outside
        _context(facts, "2026-11-23", "ann", sessions_count=1, plays_count=3, completed_count=1, watched_ms=60_000),
        _context(facts, "2026-11-24", "ann", sessions_count=2, plays_count=1, ad_revenue=Decimal("0.5"), device_type="mobile"),
        _context(facts, "2026-11-24", "bob", watched_ms=180_000),
        _context(facts, "2026-11-24", "ann", region="Bremen"),
        _context(facts, "2026-11-22", "ann", country="FR", region="unknown", sessions_count=1),
        _context(facts, "2026-11-24", "cyd", country="unknown", region="unknown"),
    )
    rows = {(row["COUNTRY"], row["REGION"]): _plain(row) for row in ask("SELECT * FROM BI.V_GEOGRAPHIC_ANALYTICS")}
    assert {place: (row["USERS"], row["COUNTRY_USERS"]) for place, row in rows.items()} == {
        ("DE", "Berlin"): (2, 2), ("DE", "Bremen"): (1, 2), ("FR", "unknown"): (1, 1), ("unknown", "unknown"): (1, 1),
    }  # fmt: skip
    berlin = rows["DE", "Berlin"]
    assert (berlin["SESSIONS_PER_USER"], berlin["WATCH_MINUTES_PER_USER"]) == (1.5, 2.0)  # 3 / 2; 4 min / 2
    assert (berlin["COMPLETION_RATE_PCT"], berlin["REVENUE"]) == (25.0, 0.5)  # 1 / 4
    assert rows["FR", "unknown"]["COMPLETION_RATE_PCT"] is None


def _naive(moment: datetime) -> datetime:
    """A moment as the warehouse holds it: UTC, without a zone."""
    return moment.replace(tzinfo=None)


def test_v_ad_performance__rates_of_impressions_and_money_in_dollars(facts: Facts, ask: Ask) -> None:
    def ad(day: str, ad_type: str, **values: Any) -> dict[str, Any]:
        told = {"ad_campaign_id": "spring", "ad_id": "a", "ad_type": ad_type, "ad_position_from_min": 10}
        return dict(facts.row("gold.ad_daily", event_date=facts.day(day), **told, **values))

    uncounted = dict.fromkeys(("ad_first_quartiles_count", "ad_midpoints_count", "ad_third_quartiles_count"))
    quartiles = {"ad_first_quartiles_count": 21, "ad_midpoints_count": 15, "ad_third_quartiles_count": 12}
    shown = {"ad_impressions_count": 30, "ad_clicks_count": 1, "ad_skips_count": 9, "ad_completes_count": 12, "ad_errors_count": 10}
    facts.put(
        "gold.ad_daily",
        ad("2026-10-25", "mid_roll", ad_impressions_count=1000),  # the 31st day: outside
        ad("2026-10-26", "mid_roll", ad_impressions_count=10, ad_dollar_impressions_count=5, ad_revenue=Decimal("0.05"), **uncounted),
        ad("2026-11-24", "mid_roll", **shown, **quartiles, ad_dollar_impressions_count=20, ad_revenue=Decimal("0.20"), ad_view_ms=9_000),
        ad("2026-11-24", "post_roll", ad_errors_count=1),
    )
    mid, post = map(_plain, ask("SELECT * FROM BI.V_AD_PERFORMANCE ORDER BY AD_TYPE"))
    assert (mid["AD_CAMPAIGN_ID"], mid["AD_ID"], mid["AD_POSITION_FROM_MIN"], mid["IMPRESSIONS"]) == ("spring", "a", 10, 40)
    worked = {
        "CTR_PCT": 2.5,  # 1 / 40
        "SKIP_RATE_PCT": 22.5,  # 9 / 40
        "COMPLETION_RATE_PCT": 30.0,  # 12 / 40
        "FIRST_QUARTILE_PCT": 70.0,  # 21 / 30: the ten of the other day were built before quartiles were counted
        "MIDPOINT_PCT": 50.0,
        "THIRD_QUARTILE_PCT": 40.0,
        "ERROR_RATE_PCT": 20.0,  # 10 / (40 + 10)
        "REVENUE": 0.25,
        "ECPM": 10.0,  # 0.25 / 25 x 1000: 15 impressions were sold in another currency
    }
    assert {name: mid[name] for name in worked} == pytest.approx(worked)
    assert (post["CTR_PCT"], post["ECPM"], post["ERROR_RATE_PCT"]) == (None, None, 100.0)  # nothing was shown
    assert mid["AS_OF"] == facts.day("2026-11-24")


def test_v_ad_reach__viewers_are_counted_once(facts: Facts, ask: Ask) -> None:
    def shown(day: str, viewer: str, creative: str, **values: Any) -> dict[str, Any]:
        ad = {"advertiser_id": "acme", "ad_campaign_id": "spring", "ad_id": "a", "ad_creative_id": creative}
        return dict(facts.row("gold.user_ad_daily", event_date=facts.day(day), viewer_id=viewer, **ad, **values))

    earned = {"ad_revenue": Decimal("0.03"), "ad_dollar_impressions_count": 3}
    facts.put(
        "gold.user_ad_daily",
        shown("2026-10-25", "old", "dog", ad_impressions_count=9),  # the 31st day: outside
        shown("2026-10-26", "ann", "dog", ad_impressions_count=3, ad_completes_count=2, ad_midpoints_count=3, **earned),
        shown("2026-11-24", "ann", "dog", ad_impressions_count=1, ad_clicks_count=1),
        shown("2026-11-24", "ann", "cat", ad_impressions_count=1),
        shown("2026-11-24", "bob", "cat", ad_impressions_count=3, ad_skips_count=2),
        shown("2026-11-24", "cyd", "cat", ad_errors_count=1),  # nothing was shown to cyd
    )
    rows = {(row["BREAKDOWN"], row["BREAKDOWN_VALUE"]): _plain(row) for row in ask("SELECT * FROM BI.V_AD_REACH")}
    assert set(rows) == {
        ("advertiser_id", "acme"), ("ad_campaign_id", "spring"), ("ad_id", "a"), ("ad_creative_id", "dog"), ("ad_creative_id", "cat"),
    }  # fmt: skip
    whole, dog, cat = rows["ad_id", "a"], rows["ad_creative_id", "dog"], rows["ad_creative_id", "cat"]
    assert (whole["REACH"], dog["REACH"], cat["REACH"]) == (2, 1, 2), "ann saw both"
    assert (whole["IMPRESSIONS"], whole["FREQUENCY"], whole["CTR_PCT"], whole["COMPLETION_RATE_PCT"]) == (8, 4.0, 12.5, 25.0)
    told = ("VIEWERS_CLICKED", "VIEWERS_SKIPPED", "VIEWERS_MIDPOINT", "VIEWERS_COMPLETED", "VIEWERS_FIRST_QUARTILE")
    assert [whole[name] for name in told] == [1, 1, 1, 1, 0]
    assert (whole["REVENUE"], whole["ECPM"], cat["ECPM"]) == (0.03, 10.0, None)
    assert whole["AS_OF"] == facts.day("2026-11-24")


def _moved(facts: Facts, day: str, before: str, after: str, movement: str, users: int) -> dict[str, Any]:
    key = {"event_date": facts.day(day), "previous_tier": before, "subscription_tier": after, "movement": movement}
    return dict(facts.row("gold.subscriptions_daily", users_count=users, **key))


def test_v_mrr_analysis__movements_add_up_to_the_change(facts: Facts, ask: Ask) -> None:
    facts.put(
        "gold.subscriptions_daily",
        _moved(facts, "2026-10-31", "none", "free", "first_seen", 100),
        _moved(facts, "2026-10-31", "none", "basic", "first_seen", 50),
        _moved(facts, "2026-11-01", "basic", "basic", "kept", 50),
        _moved(facts, "2026-11-01", "free", "free", "kept", 90),
        _moved(facts, "2026-11-01", "free", "basic", "new", 10),
        _moved(facts, "2026-11-01", "none", "basic", "first_seen", 5),
        _moved(facts, "2026-11-01", "none", "free", "new", 25),
        _moved(facts, "2026-11-02", "basic", "basic", "kept", 53),
        _moved(facts, "2026-11-02", "basic", "premium", "expansion", 8),
        _moved(facts, "2026-11-02", "basic", "free", "churned", 4),
        _moved(facts, "2026-11-02", "free", "free", "kept", 115),
        _moved(facts, "2026-11-03", "basic", "basic", "kept", 53),
        _moved(facts, "2026-11-03", "premium", "premium", "kept", 5),
        _moved(facts, "2026-11-03", "premium", "basic", "contraction", 3),
        _moved(facts, "2026-11-03", "free", "basic", "reactivated", 2),
        _moved(facts, "2026-11-03", "free", "free", "kept", 117),
    )
    october, basic, premium = map(_plain, ask("SELECT * FROM BI.V_MRR_ANALYSIS ORDER BY EVENT_MONTH, SUBSCRIPTION_TIER"))
    assert (october["MRR"], october["OPENING_MRR"], october["NET_MRR"]) == (300.0, 300.0, 0.0)  # 50 x 6, all there before
    # basic: 50 of October and 5 of old seen now; 10 new, 4 left, 2 came back, 8 went up to premium at 12, 3 came down from it
    worked = {
        "SUBSCRIBERS": 58,  # 53 + 3 + 2
        "MRR": 348.0,
        "OPENING_MRR": 330.0,  # 55 x 6
        "FIRST_SEEN_MRR": 30.0,
        "NEW_MRR": 60.0,
        "EXPANSION_MRR": 0.0,
        "CONTRACTION_MRR": -18.0,  # 3 x (6 - 12)
        "CHURNED_MRR": -24.0,
        "REACTIVATED_MRR": 12.0,
        "TRANSFERRED_MRR": -12.0,  # 3 x 12 brought, 8 x 6 taken along
        "NET_MRR": 18.0,
        "ARPU": 6.0,
        "CONVERTED_USERS": 12,
        "FREE_USERS": 125,  # 100 and 25 new
        "CONVERSION_PCT": 9.6,
    }
    assert {name: basic[name] for name in worked} == pytest.approx(worked)
    assert (premium["SUBSCRIBERS"], premium["OPENING_MRR"], premium["MRR"], premium["NET_MRR"]) == (5, 0.0, 60.0, 60.0)
    assert (premium["EXPANSION_MRR"], premium["TRANSFERRED_MRR"]) == (48.0, 12.0)  # 8 x (12 - 6); 8 x 6 brought, 3 x 12 taken along
    movements = ("NEW_MRR", "EXPANSION_MRR", "CONTRACTION_MRR", "CHURNED_MRR", "REACTIVATED_MRR", "TRANSFERRED_MRR")
    for row in (october, basic, premium):
        assert sum(row[name] for name in movements) == row["NET_MRR"] == row["MRR"] - row["OPENING_MRR"]
    assert basic["TRANSFERRED_MRR"] + premium["TRANSFERRED_MRR"] == 0
    assert basic["OPENING_MRR"] - basic["FIRST_SEEN_MRR"] == october["MRR"]


def test_price_list__a_dearer_plan_has_a_higher_rank(facts: Facts, ask: Ask) -> None:
    facts.put("gold.subscriptions_daily", _moved(facts, "2026-11-01", "none", "free", "new", 1))
    plans = ask("SELECT * FROM DIM.DIM_PLAN ORDER BY PLAN_RANK")
    assert [row["SUBSCRIPTION_TIER"] for row in plans] == list(TIERS)
    prices = [row["MONTHLY_PRICE"] for row in plans]
    assert prices == sorted(set(prices))
    assert [row["IS_PAID"] for row in plans] == [tier in PAID_TIERS for tier in TIERS]


def test_v_revenue_per_user__each_viewer_has_the_last_plan_of_the_month(facts: Facts, ask: Ask) -> None:
    def active(day: str, viewer: str, tier: str | None, revenue: str) -> dict[str, Any]:
        told = {"viewer_id": viewer, "platform": "web", "subscription_tier": tier, "ad_revenue": Decimal(revenue)}
        return dict(facts.row("gold.user_daily", event_date=facts.day(day), **told))

    facts.put(
        "gold.user_daily",
        active("2026-10-31", "ann", "free", "9"),
        active("2026-11-01", "ann", "free", "1"),
        active("2026-11-02", "ann", "basic", "0.5"),
        active("2026-11-03", "ann", None, "0.25"),  # nobody told a plan that day
        active("2026-11-03", "bob", "basic", "0.25"),
        active("2026-11-03", "tv", None, "2"),
    )
    rows = {(str(row["EVENT_MONTH"]), row["SUBSCRIPTION_TIER"]): _plain(row) for row in ask("SELECT * FROM BI.V_REVENUE_PER_USER")}
    assert set(rows) == {("2026-10-01", "free"), ("2026-11-01", "basic"), ("2026-11-01", "unknown")}
    basic = rows["2026-11-01", "basic"]
    assert (basic["USERS"], basic["AD_REVENUE"], basic["SUBSCRIPTION_REVENUE"], basic["REVENUE"]) == (2, 2.0, 12.0, 14.0)
    assert (basic["AD_REVENUE_PER_USER"], basic["REVENUE_PER_USER"]) == (1.0, 7.0)
    assert (rows["2026-11-01", "unknown"]["SUBSCRIPTION_REVENUE"], rows["2026-10-01", "free"]["REVENUE_PER_USER"]) == (0.0, 9.0)
    assert basic["AS_OF"] == facts.day("2026-11-03")


def test_v_experiments__lift_is_against_control_on_the_newest_day(facts: Facts, ask: Ask) -> None:
    def group(day: str, experiment: str, variant: str, **values: Any) -> dict[str, Any]:
        return dict(facts.row("gold.experiments_daily", event_date=facts.day(day), experiment=experiment, variant=variant, **values))

    qoe = {"plays_count": 50, "failed_count": 1, "stall_ms": 6_000, "startup_ms": 9_000, "startup_ms_count": 12}
    facts.put(
        "gold.experiments_daily",
        group("2026-11-23", "autoplay", "treatment", exposed_viewers_count=999),  # the day before
        group("2026-11-24", "autoplay", "control", exposed_viewers_count=10, convertible_viewers_count=8, converted_viewers_count=2,
              watched_ms=6_000_000),
        group("2026-11-24", "autoplay", "treatment", exposed_viewers_count=20, convertible_viewers_count=16, converted_viewers_count=6,
              paying_viewers_count=8, churned_viewers_count=1, watched_ms=15_000_000, **qoe),
        group("2026-11-24", "autoplay", "(mixed)", exposed_viewers_count=1),
        group("2026-11-24", "poster", "unknown", exposed_viewers_count=3, watched_ms=60_000),
    )  # fmt: skip
    rows = {(row["EXPERIMENT"], row["VARIANT"]): _plain(row) for row in ask("SELECT * FROM BI.V_EXPERIMENTS")}
    assert {name: row["VIEWERS"] for name, row in rows.items()} == {
        ("autoplay", "control"): 10,
        ("autoplay", "treatment"): 20,
        ("autoplay", "(mixed)"): 1,
        ("poster", "unknown"): 3,
    }
    treatment, control = rows["autoplay", "treatment"], rows["autoplay", "control"]
    worked = {
        "CONVERSION_PCT": 37.5,  # 6 / 16
        "CONVERSION_LIFT_PCT": 50.0,  # against 2 / 8
        "CHURN_PCT": 12.5,  # 1 / 8
        "WATCH_MINUTES_PER_VIEWER": 12.5,  # 250 min / 20
        "WATCH_MINUTES_LIFT_PCT": 25.0,  # against 100 min / 10
        "PLAYBACK_FAILURE_PCT": 2.0,  # 1 / 50
        "STALLED_TIME_PCT": 0.04,  # 6 s / 15,000 s
        "STARTUP_MEAN_MS": 750.0,  # 9,000 / 12
    }
    assert {name: treatment[name] for name in worked} == pytest.approx(worked)
    assert (control["WATCH_MINUTES_LIFT_PCT"], control["PLAYBACK_FAILURE_PCT"]) == (None, None)
    assert rows["poster", "unknown"]["WATCH_MINUTES_LIFT_PCT"] is None
    assert treatment["AS_OF"] == facts.day("2026-11-24")


def test_v_root_causes__the_worst_values_of_all_breakdowns_by_what_they_cost(facts: Facts, ask: Ask) -> None:
    def hour(day: str, cdn: str, country: str, **values: Any) -> dict[str, Any]:
        told = {"platform": "web", "device_type": "tv", "cdn": cdn, "country": country, "player": "a", "app_version": "1"}
        return dict(facts.row("gold.qoe_hourly", event_hour=datetime.fromisoformat(day).replace(tzinfo=UTC), **told, **values))

    facts.put(
        "gold.qoe_hourly",
        hour("2026-11-17", "edge-1", "DE", plays_count=100, failed_count=100),  # the 8th day: outside
        hour("2026-11-18", "edge-1", "DE", plays_count=60, failed_count=3, startup_ms=20_000, startup_ms_count=20, watched_ms=500),
        hour("2026-11-24", "edge-2", "DE", plays_count=20, failed_count=5, startup_ms=30_000, startup_ms_count=10, watched_ms=300),
        hour("2026-11-24", "edge-2", "FR", plays_count=20, failed_count=2, watched_ms=200, stall_ms=20),
    )
    rows = [_plain(row) for row in ask("SELECT * FROM BI.V_ROOT_CAUSES ORDER BY METRIC, IMPACT_RANK")]
    failures = [row for row in rows if row["METRIC"] == "playback_failure_pct"]
    # 10 of 100 plays failed: at that mean 4 of edge-2's 40 would have, 7 did; FR is at the mean, DE (8 of 80) too
    assert [(row["BREAKDOWN"], row["BREAKDOWN_VALUE"], row["IMPACT_RANK"]) for row in failures] == [("cdn", "edge-2", 1)]
    assert (failures[0]["AFFECTED_PLAYS"], failures[0]["METRIC_VALUE"], failures[0]["MEAN_VALUE"]) == (40, 17.5, 10.0)
    assert (failures[0]["DISTANCE"], failures[0]["IMPACT"]) == (7.5, 300.0)
    startup = [row for row in rows if row["METRIC"] == "startup_mean_ms"]
    # 50 s of 30 plays; edge-2 3 s of 10. France tells no startup time, so DE is all there is
    assert [(row["BREAKDOWN_VALUE"], row["PLAYS"], row["AFFECTED_PLAYS"]) for row in startup] == [("edge-2", 40, 10)]
    assert startup[0]["IMPACT"] == pytest.approx(10 * (3000 - 5000 / 3))
    stalls = [(row["BREAKDOWN_VALUE"], row["IMPACT_RANK"], row["DISTANCE"]) for row in rows if row["METRIC"] == "stalled_time_pct"]
    assert stalls == [("FR", 1, 8.0), ("edge-2", 2, 2.0)]  # 10 % and 4 % against 2 %: 20 x 8 and 40 x 2
    assert "exits_before_start_pct" not in {row["METRIC"] for row in rows}


def test_v_quality_breakdown__by_title_region_and_the_rest(facts: Facts, ask: Ask) -> None:
    def told(day: str, breakdown: str, value: str, **values: Any) -> dict[str, Any]:
        key = {"event_date": facts.day(day), "breakdown": breakdown, "breakdown_value": value}
        return dict(facts.row("gold.qoe_breakdown_daily", **key, **values))

    title = {"content_title": "Northern Winter", "content_type": "movie", "content_duration_s": 6000}
    facts.put("gold.content_daily", facts.row("gold.content_daily", event_date=facts.day("2026-11-24"), content_id="c1", **title))
    sums = {"plays_count": 10, "started_count": 8, "failed_count": 3, "startup_failures_count": 1, "exits_before_start_count": 1}
    sums |= {"ended_after_start_count": 4, "completed_count": 5, "watched_ms": 400_000, "played_ms": 380_000, "stall_ms": 20_000}
    sums |= {"stall_count": 5, "seek_count": 4, "seek_ms": 1_000, "pause_count": 2, "quality_changes_count": 30, "upshifts_count": 20}
    sums |= {"downshifts_count": 10, "media_bits": 900_000_000, "media_ms": 300_000, "startup_ms": 7_000, "startup_ms_count": 4}
    sums |= {"startup_score": Decimal("330.5"), "smoothness_score": Decimal(720), "success_score": 560, "success_scored_count": 8}
    facts.put(
        "gold.qoe_breakdown_daily",
        told("2026-10-25", "content_id", "c1", plays_count=1000),  # the 31st day: outside
        told("2026-10-26", "content_id", "c1", plays_count=10),
        told("2026-11-24", "content_id", "c1", **sums),
        told("2026-11-24", "region", "DE, Berlin", plays_count=1),
    )
    row, region = map(_plain, ask("SELECT * FROM BI.V_QUALITY_BREAKDOWN ORDER BY BREAKDOWN"))
    assert (row["BREAKDOWN"], row["BREAKDOWN_VALUE"], row["CONTENT_TITLE"], row["PLAYS"]) == ("content_id", "c1", "Northern Winter", 20)
    worked = {
        "STARTUP_MEAN_MS": 1750.0,  # 7,000 / 4
        "PLAYBACK_FAILURE_PCT": 15.0,  # 3 / 20
        "VSF_PCT": 5.0,
        "VPF_PCT": 50.0,  # 2 of 4 that ended
        "EBVS_PCT": 5.0,
        "STALLED_TIME_PCT": 5.0,  # 20 s / 400 s
        "STALLS_PER_PLAY": 0.25,
        "REBUFFERING_PCT": 5.0,  # 20 s / (380 s + 20 s)
        "AVERAGE_BITRATE_KBPS": 3000.0,
        "STARTUP_SCORE": 82.625,  # 330.5 / 4
        "SMOOTHNESS_SCORE": 90.0,  # 720 / 8
        "PLAYBACK_SUCCESS_SCORE": 70.0,  # 560 / 8
        "COMPLETION_PCT": 25.0,
        "SEEKS_PER_PLAY": 0.2,
        "SEEK_WAIT_MEAN_MS": 250.0,  # 1 s / 4
        "PAUSES_PER_PLAY": 0.1,
        "RENDITION_CHANGES_PER_PLAY": 1.5,
        "UPSHIFTS_PER_PLAY": 1.0,
        "DOWNSHIFTS_PER_PLAY": 0.5,
    }
    assert {name: row[name] for name in worked} == pytest.approx(worked)
    assert (region["CONTENT_TITLE"], region["SEEK_WAIT_MEAN_MS"], region["AVERAGE_BITRATE_KBPS"]) == (None, None, None)
    assert row["AS_OF"] == facts.day("2026-11-24")


def test_v_user_cohorts__retention_starts_at_100_percent(facts: Facts, ask: Ask) -> None:
    def active(day: str, viewer: str, signup: str | None, **values: Any) -> dict[str, Any]:
        told = {"viewer_id": viewer, "user_signup_date": facts.day(signup) if signup else None, "platform": "web"}
        return dict(facts.row("gold.user_daily", event_date=facts.day(day), **told, **values))

    facts.put(
        "gold.user_daily",
        active("2026-09-03", "ann", "2026-09-03", watched_ms=60_000, engagement_score=Decimal(2)),
        active("2026-09-04", "ann", None, watched_ms=60_000, engagement_score=Decimal(4)),
        active("2026-09-30", "bob", "2026-09-30"),
        active("2026-10-05", "bob", "2026-09-30", watched_ms=300_000, engagement_score=Decimal(9)),
        active("2026-11-24", "ann", "2026-09-03"),
        active("2026-10-02", "cyd", "2026-10-01"),
        active("2026-09-20", "dan", "2025-01-01"),  # signed up before the records begin: no month 0
        active("2026-11-02", "eve", "2026-10-31"),  # first came in a later month
        active("2026-10-02", "a device", None),  # never signed up
    )
    rows = [_plain(row) for row in ask("SELECT * FROM BI.V_USER_COHORTS ORDER BY COHORT_MONTH, MONTHS_SINCE_SIGNUP")]
    told = ("COHORT_MONTH", "MONTHS_SINCE_SIGNUP", "COHORT_SIZE", "ACTIVE_USERS", "RETENTION_RATE_PCT", "IS_MONTH_OVER")
    assert [tuple(str(row[name]) if name == "COHORT_MONTH" else row[name] for name in told) for row in rows] == [
        ("2026-09-01", 0, 2, 2, 100.0, True),  # ann, bob
        ("2026-09-01", 1, 2, 1, 50.0, True),  # bob
        ("2026-09-01", 2, 2, 1, 50.0, False),  # ann came back
        ("2026-10-01", 0, 1, 1, 100.0, True),  # cyd
        ("2026-10-01", 1, 1, 0, 0.0, False),  # and nobody since
    ]
    first, second, *_, last = rows
    assert (first["WATCHED_MS"], first["WATCH_MINUTES_PER_ACTIVE_USER"], first["ENGAGEMENT_MEAN"]) == (120_000, 1.0, 2.0)  # 6 / 3 days
    assert (second["WATCH_MINUTES_PER_ACTIVE_USER"], second["ENGAGEMENT_MEAN"]) == (5.0, 9.0)
    assert (last["WATCHED_MS"], last["WATCH_MINUTES_PER_ACTIVE_USER"], last["ENGAGEMENT_MEAN"]) == (0, None, None)


def test_v_recommendations__shows_the_newest_lists_with_titles_and_reasons(facts: Facts, ask: Ask) -> None:
    def told(day: str, rank: int, title: str, because: str | None, ranked_by: str = "als") -> dict[str, Any]:
        key = {"score_date": facts.day(day), "viewer_id": "ann", "recommendation_rank": rank}
        values = {"content_id": title, "recommendation_score": 0.5, "because_content_id": because, "ranked_by": ranked_by}
        return dict(facts.row("gold.recommendations", **key, **values))

    def title(content_id: str, name: str | None) -> dict[str, Any]:
        described = {"content_title": name, "content_type": "movie", "content_genre": "drama" if name else None}
        return dict(facts.row("gold.content_daily", event_date=facts.day("2026-11-20"), content_id=content_id, **described))

    facts.put("gold.content_daily", title("a", "Alpha"), title("b", None), title("c", "Gamma"))
    facts.put(
        "gold.recommendations",
        told("2026-11-23", 1, "c", "a"),
        told("2026-11-24", 1, "a", "c"),
        told("2026-11-24", 2, "b", None),
        told("2026-11-24", 3, "c", None, "recency"),
        told("2026-11-24", 4, "new", None, "popularity"),
    )
    rows = ask("SELECT * FROM BI.V_RECOMMENDATIONS ORDER BY RECOMMENDATION_RANK")
    assert {row["AS_OF"] for row in rows} == {facts.day("2026-11-24")}
    assert [(r["CONTENT_TITLE"], r["CONTENT_GENRE"], r["REASON"]) for r in rows] == [
        ("Alpha", "drama", "because of Gamma"),
        ("b", "unknown", "liked by many"),
        ("Gamma", "drama", "popular in the last week"),
        (None, "unknown", "popular in the last four weeks"),
    ]
