"""Devices and places: gold.user_context_daily and its two views. Written from DOMAIN.md section 3; nothing of playhead is read."""

from __future__ import annotations

from oracle_validity import AD

USER_CONTEXT_DAILY_SQL = f"""
CREATE TABLE user_context_daily AS
WITH deeds AS (
    SELECT day, viewer, platform, device_type, country, region, 1 AS plays, started::INT AS started, failed::INT AS failed,
        completed::INT AS completed, watched_ms FROM plays
    UNION ALL BY NAME
    SELECT day, viewer, platform, device_type, country, region, 1 AS visit FROM visits
    UNION ALL BY NAME
    SELECT day, viewer, platform, device_type, country, region, CASE WHEN event_type = 'ad_impression' THEN price END AS price
    FROM once WHERE event_type IN {AD}
)
SELECT day AS event_date, viewer AS viewer_id, platform, device_type, coalesce(country, 'unknown') AS country,
    coalesce(region, 'unknown') AS region, coalesce(sum(visit), 0) AS sessions_count, coalesce(sum(plays), 0) AS plays_count,
    coalesce(sum(started), 0) AS started_count, coalesce(sum(failed), 0) AS failed_count, coalesce(sum(completed), 0) AS completed_count,
    coalesce(sum(watched_ms), 0) AS watched_ms, coalesce(sum(price), 0) AS ad_revenue
FROM deeds GROUP BY ALL"""
CONTEXT_TABLES = {"user_context_daily": USER_CONTEXT_DAILY_SQL}
# Users are counted over the days, each once.
_AUDIENCE = """
    count(DISTINCT viewer_id) AS USERS, sum(sessions_count) AS SESSIONS, sum(plays_count) AS PLAYS, sum(completed_count) AS COMPLETED,
    sum(watched_ms) AS WATCHED_MS, sum(sessions_count) / count(DISTINCT viewer_id)::DOUBLE AS SESSIONS_PER_USER,
    sum(watched_ms) / 60000.0::DOUBLE / count(DISTINCT viewer_id) AS WATCH_MINUTES_PER_USER,
    sum(completed_count) * 100.0::DOUBLE / nullif(sum(plays_count), 0) AS COMPLETION_RATE_PCT"""
CONTEXT_VIEWS = {
    "V_DEVICE_ANALYTICS": f"""
SELECT platform AS PLATFORM, device_type AS DEVICE_TYPE, device_type IN ('tv', 'gaming_console') AS IS_BIG_SCREEN, {_AUDIENCE},
    sum(started_count) AS STARTED, sum(failed_count) AS FAILED,
    sum(failed_count) * 100.0::DOUBLE / nullif(sum(plays_count), 0) AS PLAYBACK_FAILURE_PCT,
    sum(watched_ms) / 60000.0::DOUBLE / nullif(sum(plays_count), 0) AS WATCH_MINUTES_PER_PLAY,
    sum(watched_ms) * 100.0::DOUBLE
        / nullif((SELECT sum(watched_ms) FROM user_context_daily WHERE event_date > $as_of::DATE - 30), 0) AS WATCH_TIME_SHARE_PCT,
    $as_of::DATE AS AS_OF
FROM user_context_daily WHERE event_date > $as_of::DATE - 30 GROUP BY ALL""",
    "V_GEOGRAPHIC_ANALYTICS": f"""
WITH month AS (FROM user_context_daily WHERE event_date > $as_of::DATE - 30)
SELECT country AS COUNTRY, region AS REGION, {_AUDIENCE}, sum(ad_revenue) AS REVENUE,
    (SELECT count(DISTINCT viewer_id) FROM month m WHERE m.country = month.country) AS COUNTRY_USERS, $as_of::DATE AS AS_OF
FROM month GROUP BY ALL""",
}
