"""The BI views over the oracle's gold rows equal what the oracle says of the raw events; a definition changed on either side is seen."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
from snowflake.connector import SnowflakeConnection

from playhead.events.simulator import JsonlSink, SimulationOptions, run_simulation
from playhead.io.snowflake import execute, fetch_rows, warehouse_connection
from playhead.settings import Settings
from playhead.warehouse.schema import ensure_objects, view_statement

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
from differences import differences
from oracle_told import Told

from oracle import oracle_gold, oracle_views

VIEWS = (
    "V_USER_SEGMENTS", "V_CONTENT_TRENDS", "V_EXECUTIVE_KPIS", "V_DEVICE_ANALYTICS", "V_GEOGRAPHIC_ANALYTICS", "V_AD_PERFORMANCE",
    "V_MRR_ANALYSIS", "V_REVENUE_PER_USER", "V_EXPERIMENTS", "V_DAILY_ACTIVE_USERS", "V_TOP_CONTENT", "V_PLATFORM_QUALITY",
    "V_CHURN_RISK", "V_CONTENT_DROPOFF", "V_ROOT_CAUSES", "V_USER_COHORTS", "V_RECOMMENDATIONS",
    "V_QUALITY_BREAKDOWN", "V_AD_REACH",
)  # fmt: skip
# Few simulated viewers change their plans: these do, each on a day by its session. Ann signs up, bob did long ago, cyd subscribes at once.
PLANS = {
    ("ann", "2026-10-20"): "10-20 free, 10-25 basic, 11-02 premium, 11-05 basic, 11-10 free, 11-12 premium",
    ("bob", "2025-01-01"): "11-03 enterprise, 11-15 premium, 11-20 free",
    ("cyd", "2026-11-04"): "11-04 premium, 11-20 enterprise",
    ("dan", "2026-11-01"): "11-01 free, 11-06 basic",
    ("eve", "2026-11-01"): "11-01 free, 11-09 basic",
}
# What their visits tell: ann is moved to the other group, bob leaves his plan, cyd is in a test without variants, dan subscribes on a day
# that does not count.
VARIANTS = {
    ("ann", "11-05"): "autoplay:control", ("ann", "11-12"): "autoplay:treatment", ("bob", "11-03"): "autoplay:control",
    ("bob", "11-20"): "autoplay:control",
    ("cyd", "11-04"): "poster", ("dan", "11-01"): "autoplay:control", ("eve", "11-01"): "autoplay:treatment",
    ("eve", "11-09"): "autoplay:treatment",
}  # fmt: skip
AS_OF, SCORED_ON = date(2026, 11, 23), date(2026, 11, 20)
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
# The newest hour is not that of the newest load: a backfill came after it. Some tables were never loaded.
LOADS = [
    ("gold.qoe_hourly", "2026-11-24T08", "2026-11-24 09:40"), ("gold.qoe_hourly", "2026-11-21T23", "2026-11-24 10:10"),
    ("gold.user_daily", "2026-11-23", "2026-11-24 04:00"), ("gold.ad_daily", "2026-11-21", "2026-11-22 03:00"),
    ("gold.churn_scores", "2026-11-22", "2026-11-24 05:30"),
]  # fmt: skip
OPTIONS = SimulationOptions(12, 60, 40, 42, 0.01, 0.01, 0.001, 0.02, 0.01)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Raw events of a few simulated viewers, and of some who change their plans, in files."""
    home = tmp_path_factory.mktemp("oracle")
    run_simulation(OPTIONS, home=home, now_day=date(2026, 11, 24), open_sink=lambda: JsonlSink(home / "events"))
    sessions = [_session(user, signup, *day.split()) for (user, signup), days in PLANS.items() for day in days.split(", ")]
    (home / "events" / "plans.jsonl").write_text("\n".join(map(json.dumps, sessions)), encoding="utf-8")
    return sorted((home / "events").glob("*.jsonl"))


def _session(user: str, signup: str, day: str, tier: str) -> dict[str, Any]:
    at = f"2026-{day}T12:00:00Z"
    return {
        "event_id": str(uuid5(NAMESPACE_OID, user + day)), "event_type": "session_start", "event_timestamp": at, "received_at": at,
        "schema_version": 1, "session_id": f"{user}-{day}", "device_id": f"{user}-tv", "user_id": user, "ip_address": "10.0.0.1",
        "user_agent": "test", "device_type": "tv", "platform": "roku", "app_version": "1", "subscription_tier": tier,
        "user_signup_date": signup, "ab_test_variant": VARIANTS.get((user, day)),
    }  # fmt: skip


@pytest.fixture(scope="module")
def expected(events: list[Path]) -> dict[str, list[dict[str, Any]]]:
    gold = oracle_gold(events, AS_OF)
    return oracle_gold(events, AS_OF, told=_told(gold)) | oracle_views(events, AS_OF)


def _told(gold: dict[str, list[dict[str, Any]]]) -> Told:
    """Scores of the users whose newest plan is paid and lists of titles for every viewer, of two days, and what was loaded."""
    scores = []
    for score_date in (SCORED_ON - timedelta(days=7), SCORED_ON):
        past = [row for row in gold["gold.user_daily"] if row["user_id"] and row["event_date"] <= score_date]
        newest = {row["user_id"]: row for row in sorted(past, key=lambda row: row["event_date"])}
        plans = {row["user_id"]: row["is_paid"] for row in sorted(past, key=lambda r: r["event_date"]) if row["subscription_tier"]}
        paid = sorted(user for user, is_paid in plans.items() if is_paid)
        scores += [
            {
                "score_date": score_date, "user_id": user, "churn_probability": (place * 0.125) % 1,
                "churn_risk_category": ("Healthy", "Low", "Medium", "Medium", "High", "High", "High", "High")[place % 8],
                "days_since_last_active": (score_date - newest[user]["event_date"]).days, "horizon_days": 7, "model_version": "3",
                "top_reasons": f"reason {place}",
            }
            for place, user in enumerate(paid)
        ]  # fmt: skip
    loads = [
        {
            "run_id": f"load/{place}", "table_name": table, "partition_key": key, "table_version": place, "rows_count": 1,
            "content_hash": "h", "published_at": datetime.fromisoformat(f"{at}+00:00"),
        }
        for place, (table, key, at) in enumerate(LOADS)
    ]  # fmt: skip
    return Told(scores, [row for day in (SCORED_ON - timedelta(days=7), SCORED_ON) for row in _lists(gold, day)], loads, NOW)


def _lists(gold: dict[str, list[dict[str, Any]]], score_date: date) -> list[dict[str, Any]]:
    """For every viewer the ten titles that most viewers liked in the four weeks and this one has not seen, every second with a reason."""
    watched: dict[str, dict[str, int]] = {}
    for row in gold["gold.user_content_daily"]:
        if score_date - timedelta(days=28) < row["event_date"] <= score_date and row["plays_count"] > 0:
            seen = watched.setdefault(row["viewer_id"], {})
            seen[row["content_id"]] = seen.get(row["content_id"], 0) + row["watched_ms"]
    viewers = Counter(title for seen in watched.values() for title, watched_ms in seen.items() if watched_ms >= 30_000)
    return [
        {
            "score_date": score_date, "viewer_id": viewer, "recommendation_rank": rank, "content_id": title, "ranked_by": "popularity",
            "recommendation_score": float(viewers[title]), "because_content_id": min(seen) if rank % 2 else None,
        }
        for viewer, seen in sorted(watched.items())
        if set(viewers) & set(seen)
        for rank, title in enumerate(sorted(set(viewers) - set(seen), key=lambda title: (-viewers[title], title))[:10], 1)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def loaded(
    server: Settings, expected: dict[str, list[dict[str, Any]]], make_facts: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SnowflakeConnection]:
    """A warehouse that holds the oracle's gold rows."""
    with closing(warehouse_connection(server.model_copy(update={"warehouse_database": "TEST_ORACLE"}))) as connection:
        ensure_objects(connection)
        facts = make_facts(connection, tmp_path_factory.mktemp("facts"))
        for table, rows in expected.items():
            if table.startswith("gold."):
                facts.put(table, *rows)
        told = _told(expected)
        facts.put("gold.churn_scores", *told.scores)
        facts.put("gold.recommendations", *told.lists)
        facts.put("ops.load_log", *told.loads)
        yield connection


def test_the_oracles_gold_agrees_with_its_older_views(events: list[Path], expected: dict[str, list[dict[str, Any]]]) -> None:
    """Those are held against the whole product by the end-to-end test, and count visits and actives by other SQL."""
    daily = {
        "EVENT_DATE": "event_date",
        "DAILY_ACTIVE_USERS": "daily_active_viewers_count",
        "WEEKLY_ACTIVE_USERS": "weekly_active_viewers_count",
        "MONTHLY_ACTIVE_USERS": "monthly_active_viewers_count",
        "SESSIONS": "sessions_count",
        "PLAYS": "plays_count",
        "WATCHED_MS": "watched_ms",
        "REVENUE": "ad_revenue",
    }
    views = oracle_views(events, AS_OF)
    audience = [{view: row[column] for view, column in daily.items()} for row in expected["gold.audience_daily"]]
    audience = [{view: row[column] for view, column in daily.items()} for row in expected["gold.audience_daily"]]
    assert differences(audience, [{view: row[view] for view in daily} for row in views["V_DAILY_ACTIVE_USERS"]]) == []
    newest = [row for row in expected["gold.content_daily"] if row["event_date"] > AS_OF - timedelta(days=30)]
    for title in views["V_TOP_CONTENT"]:
        days = [row for row in newest if row["content_id"] == title["CONTENT_ID"]]
        assert [sum(row[c] for row in days) for c in ("plays_count", "watched_ms", "interactions_count", "likes_count", "ad_revenue")] == [
            title[c] for c in ("TOTAL_VIEWS_30D", "WATCHED_MS_30D", "INTERACTIONS_30D", "LIKES_30D", "REVENUE_30D")
        ]
    quality = [row for row in expected["gold.qoe_hourly"] if row["event_date"] > AS_OF - timedelta(days=30)]
    for view, column in (("PLAYS", "plays_count"), ("STALL_MS", "stall_ms"), ("MEDIA_BITS", "media_bits"), ("STARTUP_MS", "startup_ms")):
        assert sum(row[column] for row in quality) == sum(row[view] for row in views["V_PLATFORM_QUALITY"])


def test_freshness_equals_the_oracle_at_one_moment(loaded: SnowflakeConnection, expected: dict[str, list[dict[str, Any]]]) -> None:
    asked = fetch_rows(loaded, _freshness_at(NOW))
    assert differences(asked, expected["V_FRESHNESS"]) == []
    late = {row["TABLE_NAME"]: row["IS_LATE"] for row in asked}
    # the hour from 9 to 10 is due at 12:00; the day after the ads' newest was due on the 23rd at 6:00
    assert (late["gold.qoe_hourly"], late["gold.ad_daily"], late["gold.content_daily"]) == (False, True, True)
    a_day_later = fetch_rows(loaded, _freshness_at(NOW + timedelta(days=1)))
    assert {name for name, *_ in differences(a_day_later, expected["V_FRESHNESS"])} == {"AGE_MINUTES", "IS_LATE"}


def _freshness_at(moment: datetime) -> str:
    """The query of the view as if it were that moment."""
    _, _, query = view_statement("v_freshness").partition(" AS\n")
    assert "SYSDATE()" in query
    return query.replace("SYSDATE()", f"'{moment:%Y-%m-%d %H:%M:%S}'::TIMESTAMP_NTZ")


def test_history_of_plans_equals_the_oracle(loaded: SnowflakeConnection, expected: dict[str, list[dict[str, Any]]]) -> None:
    told = ", ".join(expected["DIM.DIM_USER_PLAN"][0])
    assert differences(fetch_rows(loaded, f"SELECT {told} FROM DIM.DIM_USER_PLAN"), expected["DIM.DIM_USER_PLAN"]) == []
    # every viewer's day has one plan, and it is the one that the day tells
    day = "U.EVENT_DATE >= P.VALID_FROM AND U.EVENT_DATE < P.VALID_TO"
    joined = fetch_rows(
        loaded,
        "SELECT COUNT(*) AS N, COUNT_IF(U.SUBSCRIPTION_TIER <> P.SUBSCRIPTION_TIER) AS OTHERS, "
        "COUNT_IF(U.IS_PAID AND NOT P.IS_PAID) AS FREE "
        f"FROM GOLD.USER_DAILY AS U INNER JOIN DIM.DIM_USER_PLAN AS P ON P.VIEWER_ID = U.VIEWER_ID AND {day}",
    )
    assert joined == [{"N": len(expected["gold.user_daily"]), "OTHERS": 0, "FREE": 0}]


@pytest.mark.parametrize("view", VIEWS)
def test_view_equals_the_oracle(loaded: SnowflakeConnection, expected: dict[str, list[dict[str, Any]]], view: str) -> None:
    assert expected[view]
    assert differences(fetch_rows(loaded, f"SELECT * FROM BI.{view}"), expected[view]) == []


@pytest.mark.parametrize(
    ("view", "right", "wrong"),
    [
        ("V_USER_SEGMENTS", "M.WATCHED_MS >= 900000", "M.WATCHED_MS >= 6000000"),
        ("V_USER_SEGMENTS", "DATEADD(DAY, -30", "DATEADD(DAY, -29"),
        ("V_CONTENT_TRENDS", "WHERE U.PLAYS_COUNT > 0", "WHERE U.PLAYS_COUNT > 1"),
        ("V_CONTENT_TRENDS", "DATEADD(DAY, -7", "DATEADD(DAY, -6"),
        ("V_EXECUTIVE_KPIS", "DATEADD(DAY, -8", "DATEADD(DAY, -7"),
        ("V_DEVICE_ANALYTICS", "S.COMPLETED / NULLIF(S.PLAYS, 0)", "S.COMPLETED / NULLIF(S.STARTED, 0)"),
        ("V_GEOGRAPHIC_ANALYTICS", "COUNT(DISTINCT U.VIEWER_ID)", "COUNT(U.VIEWER_ID)"),
        ("V_GEOGRAPHIC_ANALYTICS", "COUNT(DISTINCT VIEWER_ID)", "COUNT(*)"),
        ("V_DEVICE_ANALYTICS", "COUNT(DISTINCT U.VIEWER_ID)", "COUNT(*)"),
        ("V_AD_PERFORMANCE", "S.SKIPS / NULLIF(S.IMPRESSIONS, 0)", "S.SKIPS / NULLIF(S.COMPLETES, 0)"),
        ("V_AD_PERFORMANCE", "SUM(A.AD_MIDPOINTS_COUNT", "SUM(A.AD_FIRST_QUARTILES_COUNT"),
        ("V_TOP_CONTENT", "R.PLAYED_WITHIN_MS / NULLIF(R.OFFERED_MS, 0)", "R.WATCHED_MS / NULLIF(R.OFFERED_MS, 0)"),
        ("V_TOP_CONTENT", "SUM(C.VALID_PLAYS_COUNT", "SUM(C.PLAYS_COUNT"),
        ("V_AD_PERFORMANCE", "1000.0 * S.REVENUE", "100.0 * S.REVENUE"),
        ("V_MRR_ANALYSIS", "IFF(MOVEMENT = 'first_seen', USERS, 0) AS OPENING", "0 AS OPENING"),
        ("V_MRR_ANALYSIS", "IFF(IS_CHANGE, -USERS * PRICE_BEFORE, 0)", "0"),
        ("V_MRR_ANALYSIS", "IFF(MOVEMENT = 'reactivated', USERS, 0) AS REACTIVATED", "0 AS REACTIVATED"),
        ("V_REVENUE_PER_USER", "EVENT_DATE DESC", "EVENT_DATE"),
        ("V_DAILY_ACTIVE_USERS", "K.WEEKLY_ACTIVE_VIEWERS_ESTIMATE AS", "K.DAILY_ACTIVE_VIEWERS_ESTIMATE AS"),
        ("V_DAILY_ACTIVE_USERS", "DATEADD(DAY, -7", "DATEADD(DAY, -6"),
        ("V_DAILY_ACTIVE_USERS", "D.COMPLETED_COUNT / NULLIF(D.PLAYS_COUNT, 0)", "D.COMPLETED_COUNT / NULLIF(D.SESSIONS_COUNT, 0)"),
        ("V_TOP_CONTENT", "/ 23.0", "/ 30.0"),
        ("V_CONTENT_DROPOFF", "S.REACHED_90 / NULLIF", "S.REACHED_75 / NULLIF"),
        ("V_CONTENT_DROPOFF", "C.STARTED_COUNT", "C.PLAYS_COUNT"),
        ("V_TOP_CONTENT", "ORDER BY R.ENGAGEMENT_PER_VIEW DESC", "ORDER BY R.INTERACTIONS DESC"),
        ("V_PLATFORM_QUALITY", "(0.95 * STARTUP_KNOWN - BELOW)", "(0.9 * STARTUP_KNOWN - BELOW)"),
        ("V_PLATFORM_QUALITY", "S.PLAYED_MS + S.STALL_MS", "S.PLAYED_MS"),
        ("V_ROOT_CAUSES", "THEN S.STARTUP_KNOWN ELSE S.PLAYS END AS AFFECTED_PLAYS", "THEN S.PLAYS ELSE S.PLAYS END AS AFFECTED_PLAYS"),
        ("V_USER_COHORTS", "WHERE EVENT_MONTH = COHORT_MONTH", "WHERE EVENT_MONTH >= COHORT_MONTH"),
        ("V_ROOT_CAUSES", "DATEADD(DAY, -7, F.AS_OF)", "DATEADD(DAY, -8, F.AS_OF)"),
        ("V_PLATFORM_QUALITY", "S.FAILED_AFTER_START / ", "S.FAILED / "),
        ("V_PLATFORM_QUALITY", "S.STARTUP_SCORES / NULLIF(S.STARTUP_SCORED, 0)", "S.STARTUP_SCORES / NULLIF(S.PLAYS, 0)"),
        ("V_AD_REACH", "COUNT(DISTINCT IFF(U.AD_IMPRESSIONS_COUNT > 0, U.VIEWER_ID, NULL))", "COUNT(DISTINCT U.VIEWER_ID)"),
        ("V_AD_REACH", "WHEN 'ad_id' THEN U.AD_ID", "WHEN 'ad_id' THEN U.AD_CREATIVE_ID"),
        ("V_QUALITY_BREAKDOWN", "S.SEEK_MS / NULLIF(S.SEEKS, 0)", "S.SEEK_MS / NULLIF(S.PLAYS, 0)"),
        ("V_QUALITY_BREAKDOWN", "SUM(Q.UPSHIFTS_COUNT", "SUM(Q.QUALITY_CHANGES_COUNT"),
        ("V_CHURN_RISK", "SELECT MAX(SCORE_DATE)", "SELECT MIN(SCORE_DATE)"),
        ("V_CHURN_RISK", "WHERE S.SCORE_DATE = (SELECT MAX(SCORE_DATE) FROM GOLD.CHURN_SCORES)", ""),
        ("V_RECOMMENDATIONS", "SELECT MAX(SCORE_DATE)", "SELECT MIN(SCORE_DATE)"),
        ("V_RECOMMENDATIONS", "BECAUSE.CONTENT_ID = R.BECAUSE_CONTENT_ID", "BECAUSE.CONTENT_ID = R.CONTENT_ID"),
        ("V_EXPERIMENTS", "F.AS_OF = E.EVENT_DATE", "F.AS_OF = DATEADD(DAY, 1, E.EVENT_DATE)"),
        ("V_EXPERIMENTS", "/ NULLIF(CONTROL.WATCH_MINUTES_PER_VIEWER, 0)", "/ NULLIF(R.WATCH_MINUTES_PER_VIEWER, 0)"),
    ],
)
def test_a_view_told_wrong_is_seen(
    loaded: SnowflakeConnection, expected: dict[str, list[dict[str, Any]]], view: str, right: str, wrong: str
) -> None:
    statement = view_statement(view.lower())
    assert right in statement
    execute(loaded, statement.replace(right, wrong))
    try:
        assert differences(fetch_rows(loaded, f"SELECT * FROM BI.{view}"), expected[view])
    finally:
        execute(loaded, statement)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "seen_in"),
    [
        ("V_USER_SEGMENTS", "days <= 10", "days <= 3", "V_USER_SEGMENTS"),
        ("V_CONTENT_TRENDS", "s.day - 7", "s.day - 6", "V_CONTENT_TRENDS"),
        ("V_EXECUTIVE_KPIS", "$as_of::DATE - 8 LEFT", "$as_of::DATE - 7 LEFT", "V_EXECUTIVE_KPIS"),
        ("V_USER_COHORTS", "count(DISTINCT viewer_id) AS users", "count(*) AS users", "V_USER_COHORTS"),
        ("V_ROOT_CAUSES", "count_if(NOT failed AND NOT started)", "count_if(NOT started)", "V_ROOT_CAUSES"),
        ("V_DEVICE_ANALYTICS", "sum(failed_count) AS FAILED", "sum(plays_count - started_count) AS FAILED", "V_DEVICE_ANALYTICS"),
        (
            "user_context_daily",
            "1 AS visit FROM visits",
            "1 AS visit FROM visits WHERE false",
            "V_GEOGRAPHIC_ANALYTICS",
        ),
        ("user_context_daily", "coalesce(region, 'unknown')", "coalesce(country, 'unknown')", "V_GEOGRAPHIC_ANALYTICS"),
        ("V_AD_REACH", "count(DISTINCT viewer) FILTER (event_type = 'ad_skip')", "count_if(event_type = 'ad_skip')", "V_AD_REACH"),
        ("V_QUALITY_BREAKDOWN", "coalesce(country, 'unknown') || ', '", "'in '", "V_QUALITY_BREAKDOWN"),
        ("V_QUALITY_BREAKDOWN", "count_if(ended AND started), 0)", "count_if(ended), 0)", "V_QUALITY_BREAKDOWN"),
        ("user_daily", "least(watched_ms, 3600000) * 6", "least(watched_ms, 3600000) * 5", "V_USER_SEGMENTS"),
        ("user_daily", "count(DISTINCT title)", "count(title)", "V_USER_SEGMENTS"),
        ("V_AD_PERFORMANCE", "/ nullif(IMPRESSIONS + ERRORS, 0)", "/ nullif(IMPRESSIONS, 0)", "V_AD_PERFORMANCE"),
        ("V_AD_PERFORMANCE", "count_if(shown >= 0.5)", "count_if(shown >= 0.75)", "V_AD_PERFORMANCE"),
        ("subscriptions_daily", "signup >= b.day", "signup > b.day", "V_MRR_ANALYSIS"),
        ("subscriptions_daily", "first_paid < b.day", "false", "V_MRR_ANALYSIS"),
        ("V_MRR_ANALYSIS", "movement = 'churned'", "movement = 'contraction'", "V_MRR_ANALYSIS"),
        ("experiments_daily", "WHEN count(DISTINCT variant) = 1", "WHEN true", "V_EXPERIMENTS"),
        ("experiments_daily", "told.day > days.day - 30", "told.day > days.day - 29", "V_EXPERIMENTS"),
        ("experiments_daily", "arg_max(subscription_tier, event_date) = 'free'", "false", "V_EXPERIMENTS"),
        ("experiments_daily", "list_contains(exposed, event_date)", "event_date > day - 30 AND event_date <= day", "V_EXPERIMENTS"),
        ("V_REVENUE_PER_USER", "arg_max(subscription_tier", "arg_min(subscription_tier", "V_REVENUE_PER_USER"),
        ("V_CONTENT_DROPOFF", "share <= furthest_s", "share < furthest_s", "V_CONTENT_DROPOFF"),
        ("V_CHURN_RISK", "HAVING tier <> 'free'", "HAVING true", "V_CHURN_RISK"),
        ("V_CHURN_RISK", "arg_max(subscription_tier, event_date)", "arg_min(subscription_tier, event_date)", "V_CHURN_RISK"),
        ("V_CHURN_RISK", "min(age) AS idle", "max(age) AS idle", "V_CHURN_RISK"),
        ("V_CHURN_RISK", "CHURN_RISK_SCORE >= 0.25", "CHURN_RISK_SCORE > 0.25", "V_CHURN_RISK"),
        ("V_RECOMMENDATIONS", "day - 28", "day - 35", "V_RECOMMENDATIONS"),
        ("V_RECOMMENDATIONS", "WHERE liked", "", "V_RECOMMENDATIONS"),
        ("V_RECOMMENDATIONS", "ANTI JOIN seen USING (viewer_id, content_id)", "", "V_RECOMMENDATIONS"),
    ],
)
def test_an_oracle_told_wrong_is_seen(
    loaded: SnowflakeConnection,
    events: list[Path],
    expected: dict[str, list[dict[str, Any]]],
    name: str,
    right: str,
    wrong: str,
    seen_in: str,
) -> None:
    changed = oracle_gold(events, AS_OF, (name, right, wrong), _told(expected))
    assert differences(fetch_rows(loaded, f"SELECT * FROM BI.{seen_in}"), changed[seen_in])
