WITH plays AS (
    SELECT
        event_date,
        viewer_id,
        content_id,
        count(*) AS plays_count,
        count(*) FILTER (is_completed) AS completed_count,
        sum(watched_ms) AS watched_ms,
        sum(played_ms) AS played_ms
    FROM silver.playbacks
    GROUP BY ALL
),
interactions AS (
    SELECT event_date, viewer_id, content_id, count(*) AS interactions_count
    FROM silver.interactions
    GROUP BY ALL
)
SELECT
    event_date,
    viewer_id,
    content_id,
    coalesce(plays_count, 0) AS plays_count,
    coalesce(completed_count, 0) AS completed_count,
    coalesce(watched_ms, 0) AS watched_ms,
    coalesce(played_ms, 0) AS played_ms,
    coalesce(interactions_count, 0) AS interactions_count
FROM plays
FULL JOIN interactions USING (event_date, viewer_id, content_id)
