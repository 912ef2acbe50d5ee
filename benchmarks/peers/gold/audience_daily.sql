-- A viewer has one row a day, so only the windows need distincts.
WITH days AS (
    SELECT unnest(generate_series(min(event_date), max(event_date), INTERVAL 1 DAY))::DATE AS day
    FROM gold.user_daily
)
SELECT
    day AS event_date,
    count(*) FILTER (event_date = day) AS daily_active_viewers_count,
    count(DISTINCT viewer_id) FILTER (event_date > day - 7) AS weekly_active_viewers_count,
    count(DISTINCT viewer_id) AS monthly_active_viewers_count,
    count(*) FILTER (event_date = day AND is_paid) AS premium_viewers_count,
    count(*) FILTER (event_date = day AND NOT is_paid) AS free_viewers_count,
    coalesce(sum(sessions_count) FILTER (event_date = day), 0) AS sessions_count,
    coalesce(sum(plays_count) FILTER (event_date = day), 0) AS plays_count,
    coalesce(sum(completed_count) FILTER (event_date = day), 0) AS completed_count,
    coalesce(sum(watched_ms) FILTER (event_date = day), 0) AS watched_ms,
    coalesce(sum(ad_revenue) FILTER (event_date = day), 0) AS ad_revenue
FROM days
LEFT JOIN gold.user_daily ON event_date BETWEEN day - 29 AND day
GROUP BY day
