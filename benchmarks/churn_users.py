"""A lake of gold in which a planted hazard drives paid users away: what churn features are built from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.gold_lake import publish_days, select_table
from benchmarks.kept import kept_directory

DAYS = 35
_FIRST_DAY = date(2026, 1, 1)
# Everyone comes on the first day, then on two days of three; who is stalled more often leaves sooner, on the evening of a visit.
_VISITS_SQL = """
CREATE TABLE visits AS
WITH habits AS (
    SELECT n, if(hash(n, 'stalls') % 4 = 0, 0.15 + 0.15 * (hash(n, 'ratio') % 1000) / 1000, 0) AS stall_ratio FROM range($users) users(n)
), candidates AS (
    SELECT n, day, stall_ratio, hash(n, day, 'leaves') % 10000 < 100 + 6000 * stall_ratio AS leaves
    FROM habits, range($days) days(day) WHERE day = 0 OR hash(n, day, 'comes') % 3 < 2
), until_left AS (
    SELECT *, min(CASE WHEN leaves THEN day END) OVER (PARTITION BY n) AS last_day FROM candidates
)
SELECT n, day, stall_ratio, 600000 + hash(n, day, 'watched') % 4800000 AS watched_ms, 1 + hash(n, day, 'plays') % 3 AS plays_count
FROM until_left WHERE day <= coalesce(last_day, day)
"""
_USER_SQL = """
SELECT $first::DATE + $day::INT AS event_date, printf('bench-viewer-%07d', n) AS viewer_id, viewer_id AS user_id,
    ['basic', 'premium', 'enterprise'][1 + (n % 3)::INT] AS subscription_tier, true AS is_paid,
    $first::DATE - (hash(n, 'signup') % 700)::INT AS user_signup_date, 'DE' AS country, 'web' AS platform,
    1 + hash(n, day, 'sessions') % 2 AS sessions_count, plays_count, plays_count AS started_count, 0 AS failed_count,
    hash(n, day, 'completed') % 2 AS completed_count, plays_count AS unique_titles_count, watched_ms, watched_ms AS played_ms,
    (watched_ms * stall_ratio)::BIGINT AS stall_ms, (stall_ratio > 0)::BIGINT AS stall_count,
    plays_count * (500 + hash(n, day, 'startup') % 900) AS startup_ms, plays_count AS startup_ms_count,
    hash(n, day, 'interactions') % 4 AS interactions_count, hash(n, day, 'likes') % 2 AS likes_count,
    hash(n, day, 'ads') % 5 AS ad_impressions_count, 0 AS ad_clicks_count, 0 AS ad_revenue, 5 AS page_views_count,
    (hash(n, day, 'crashes') % 50 = 0)::BIGINT AS app_crashes_count, hash(n, day, 'network') % 3 AS network_errors_count,
    least(10, watched_ms / 540000.0) AS engagement_score
FROM visits WHERE day = $day
"""
_TITLE_SQL = """
SELECT $first::DATE + $day::INT AS event_date, printf('bench-viewer-%07d', n) AS viewer_id,
    printf('bench-title-%04d', (n * 37 + title * 71 + day) % 300) AS content_id,
    1 AS plays_count, hash(n, day, title) % 2 AS completed_count,
    (watched_ms / plays_count)::BIGINT AS watched_ms, (watched_ms / plays_count)::BIGINT AS played_ms, 0 AS interactions_count
FROM visits, range(plays_count::BIGINT) titles(title) WHERE day = $day
"""
TABLES = {"gold.user_daily": _USER_SQL, "gold.user_content_daily": _TITLE_SQL}


def churn_lake(state_dir: Path, users: int) -> Path:
    """Five weeks of paid users, all of whom are known on the last day; made at the first call, kept for the next ones."""
    return kept_directory(state_dir / f"churn-{users}", partial(_fill, users))


def _fill(users: int, lake: str) -> None:
    with closing(duckdb.connect()) as connection:
        connection.execute(_VISITS_SQL, {"users": users, "days": DAYS})
        for table, sql in TABLES.items():
            publish_days(lake, table, _days(connection, sql))


def _days(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[date, pa.Table]]:
    for number in range(DAYS):
        rows = select_table(connection, sql, {"first": _FIRST_DAY.isoformat(), "day": number})
        yield _FIRST_DAY + timedelta(days=number), rows
