WITH deeds AS (
    SELECT
        event_date, viewer_id, platform, device_type, country, region, 0 AS sessions, 1 AS plays, is_started::INT AS started,
        is_failed::INT AS failed, is_completed::INT AS completed, watched_ms, 0::DECIMAL(18, 6) AS revenue
    FROM silver.playbacks
    UNION ALL
    SELECT event_date, viewer_id, platform, device_type, country, region, 1, 0, 0, 0, 0, 0, 0 FROM silver.sessions
    UNION ALL
    SELECT
        event_date, viewer_id, platform, device_type, country, region, 0, 0, 0, 0, 0, 0,
        CASE WHEN event_type = 'ad_impression' AND coalesce(currency, 'USD') = 'USD' THEN coalesce(ad_price, 0) ELSE 0 END
    FROM silver.ad_events
)
SELECT
    event_date,
    viewer_id,
    platform,
    device_type,
    coalesce(country, 'unknown') AS country,
    coalesce(region, 'unknown') AS region,
    sum(sessions) AS sessions_count,
    sum(plays) AS plays_count,
    sum(started) AS started_count,
    sum(failed) AS failed_count,
    sum(completed) AS completed_count,
    sum(watched_ms) AS watched_ms,
    sum(revenue) AS ad_revenue
FROM deeds
GROUP BY ALL
