"""The gold table and the view of experiments, as plain DuckDB SQL over the oracle's own visits and viewers' days.

Written from DOMAIN.md sections 3 and 4; nothing of playhead is read. A viewer counts in a variant on the days that begin a visit of it.
"""

from __future__ import annotations

# Each viewer's numbers over the 30 days, and those of each pair of numbers that a ratio needs.
EXPERIMENTS_DAILY_SQL = """
CREATE TABLE experiments_daily AS
WITH told AS (
    SELECT DISTINCT day, viewer, regexp_extract(variant, '^([^:]*)', 1) AS experiment,
        CASE WHEN variant LIKE '%:%' THEN regexp_extract(variant, '^[^:]*:(.*)$', 1) ELSE 'unknown' END AS variant
    FROM visits WHERE length(variant) > 0
),
days AS (SELECT unnest(generate_series(min(event_date), max(event_date), INTERVAL 1 DAY))::DATE AS day FROM user_daily),
marked AS (
    SELECT days.day, experiment, viewer, CASE WHEN count(DISTINCT variant) = 1 THEN min(variant) ELSE '(mixed)' END AS variant,
        list(DISTINCT told.day) AS exposed
    FROM days JOIN told ON told.day > days.day - 30 AND told.day <= days.day GROUP BY ALL
),
viewers AS (
    SELECT day, experiment, variant, viewer, coalesce(arg_min(subscription_tier, event_date) = 'free', false) AS could,
        could AND bool_or(is_paid) AS did, coalesce(arg_min(subscription_tier, event_date) <> 'free', false) AS paying,
        paying AND arg_max(subscription_tier, event_date) = 'free' AS gone,
        sum(watched_ms)::HUGEINT AS w, sum(plays_count)::HUGEINT AS p, sum(failed_count)::HUGEINT AS f,
        sum(stall_ms)::HUGEINT AS s, sum(startup_ms)::HUGEINT AS u, sum(startup_ms_count)::HUGEINT AS c
    FROM marked JOIN user_daily ON viewer_id = viewer AND list_contains(exposed, event_date) GROUP BY ALL
)
SELECT day AS event_date, experiment, variant, count(*) AS exposed_viewers_count, count_if(could) AS convertible_viewers_count,
    count_if(did) AS converted_viewers_count, count_if(paying) AS paying_viewers_count, count_if(gone) AS churned_viewers_count,
    sum(w) AS watched_ms, sum(w * w) AS watched_squares, sum(p) AS plays_count,
    sum(p * p) AS plays_squares, sum(f) AS failed_count, sum(f * f) AS failed_squares, sum(f * p) AS failed_plays_products,
    sum(s) AS stall_ms, sum(s * s) AS stall_squares, sum(s * w) AS stall_watched_products, sum(u) AS startup_ms,
    sum(u * u) AS startup_squares, sum(c) AS startup_ms_count, sum(c * c) AS startup_count_squares, sum(u * c) AS startup_count_products
FROM viewers GROUP BY ALL"""
EXPERIMENT_TABLES = {"experiments_daily": EXPERIMENTS_DAILY_SQL}
EXPERIMENT_VIEWS = {
    "V_EXPERIMENTS": """
WITH newest AS (
    SELECT *, converted_viewers_count * 100.0::DOUBLE / nullif(convertible_viewers_count, 0) AS conversion,
        watched_ms / 60000.0::DOUBLE / exposed_viewers_count AS minutes
    FROM experiments_daily WHERE event_date = $as_of::DATE
)
SELECT n.experiment AS EXPERIMENT, n.variant AS VARIANT, n.exposed_viewers_count AS VIEWERS,
    n.convertible_viewers_count AS CONVERTIBLE_VIEWERS, n.converted_viewers_count AS CONVERTED_VIEWERS, n.conversion AS CONVERSION_PCT,
    (n.conversion / CASE WHEN c.conversion > 0 THEN c.conversion END - 1) * 100 AS CONVERSION_LIFT_PCT, n.watched_ms AS WATCHED_MS,
    n.paying_viewers_count AS PAYING_VIEWERS, n.churned_viewers_count AS CHURNED_VIEWERS,
    n.churned_viewers_count * 100.0::DOUBLE / nullif(n.paying_viewers_count, 0) AS CHURN_PCT,
    n.minutes AS WATCH_MINUTES_PER_VIEWER, (n.minutes / CASE WHEN c.minutes > 0 THEN c.minutes END - 1) * 100 AS WATCH_MINUTES_LIFT_PCT,
    n.plays_count AS PLAYS, n.failed_count * 100.0::DOUBLE / nullif(n.plays_count, 0) AS PLAYBACK_FAILURE_PCT,
    n.stall_ms * 100.0::DOUBLE / nullif(n.watched_ms, 0) AS STALLED_TIME_PCT,
    n.startup_ms::DOUBLE / nullif(n.startup_ms_count, 0) AS STARTUP_MEAN_MS, $as_of::DATE AS AS_OF
FROM newest n LEFT JOIN newest c ON c.experiment = n.experiment AND c.variant = 'control' AND n.variant <> 'control'""",
}
