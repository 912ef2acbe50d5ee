-- Each source is reduced to a row per day and title before they meet, so that the join is small.
WITH plays AS (
    SELECT
        event_date,
        content_id,
        count(*) AS plays_count,
        count(*) FILTER (is_started) AS started_count,
        count(*) FILTER (is_failed) AS failed_count,
        count(*) FILTER (is_completed) AS completed_count,
        sum(watched_ms) AS watched_ms,
        sum(played_ms) AS played_ms,
        sum(stall_ms) AS stall_ms,
        sum(stall_count) AS stall_count,
        count(DISTINCT viewer_id) AS unique_viewers_count,
        count(*) FILTER (is_started AND max_position_s * 100 >= content_duration_s * 10) AS reached_10pct_count,
        count(*) FILTER (is_started AND max_position_s * 100 >= content_duration_s * 25) AS reached_25pct_count,
        count(*) FILTER (is_started AND max_position_s * 100 >= content_duration_s * 50) AS reached_50pct_count,
        count(*) FILTER (is_started AND max_position_s * 100 >= content_duration_s * 75) AS reached_75pct_count,
        count(*) FILTER (is_started AND max_position_s * 100 >= content_duration_s * 90) AS reached_90pct_count,
        count(*) FILTER (is_started AND max_position_s * 100 >= content_duration_s * 99) AS reached_99pct_count,
        count(*) FILTER (is_started AND max_position_s * 100 >= content_duration_s * 100) AS reached_100pct_count,
        count(*) FILTER (is_started AND played_ms >= 30000) AS valid_plays_count,
        sum(least(played_ms, content_duration_s * 1000)) FILTER (is_started) AS played_within_ms,
        sum(content_duration_s * 1000) FILTER (is_started) AS offered_ms,
        max({
            place: started_at,
            tie: playback_id,
            content_title: content_title,
            content_type: content_type,
            content_genre: content_genre,
            content_duration_s: content_duration_s
        }) AS told
    FROM silver.playbacks
    GROUP BY ALL
),
interactions AS (
    SELECT
        event_date,
        content_id,
        count(*) AS interactions_count,
        count(*) FILTER (event_type = 'user_like') AS likes_count,
        count(*) FILTER (event_type = 'user_dislike') AS dislikes_count,
        count(*) FILTER (event_type = 'user_comment') AS comments_count,
        count(*) FILTER (event_type = 'user_share') AS shares_count,
        count(*) FILTER (event_type = 'user_bookmark') AS bookmarks_count,
        max({place: event_timestamp, tie: event_id, content_type: content_type}) AS told
    FROM silver.interactions
    GROUP BY ALL
),
ads AS (
    SELECT
        event_date,
        content_id,
        count(*) FILTER (event_type = 'ad_impression') AS ad_impressions_count,
        count(*) FILTER (event_type = 'ad_click') AS ad_clicks_count,
        sum(ad_price) FILTER (event_type = 'ad_impression' AND coalesce(currency, 'USD') = 'USD') AS ad_revenue,
        max({place: event_timestamp, tie: event_id, content_type: content_type}) AS told
    FROM silver.ad_events
    GROUP BY ALL
)
SELECT
    event_date,
    content_id,
    plays.told.content_title AS content_title,
    CASE
        WHEN plays.told IS NOT NULL THEN plays.told.content_type
        WHEN interactions.told IS NULL OR ads.told > interactions.told THEN ads.told.content_type
        ELSE interactions.told.content_type
    END AS content_type,
    plays.told.content_genre AS content_genre,
    plays.told.content_duration_s AS content_duration_s,
    coalesce(plays_count, 0) AS plays_count,
    coalesce(started_count, 0) AS started_count,
    coalesce(failed_count, 0) AS failed_count,
    coalesce(completed_count, 0) AS completed_count,
    coalesce(watched_ms, 0) AS watched_ms,
    coalesce(played_ms, 0) AS played_ms,
    coalesce(stall_ms, 0) AS stall_ms,
    coalesce(stall_count, 0) AS stall_count,
    coalesce(unique_viewers_count, 0) AS unique_viewers_count,
    coalesce(reached_10pct_count, 0) AS reached_10pct_count,
    coalesce(reached_25pct_count, 0) AS reached_25pct_count,
    coalesce(reached_50pct_count, 0) AS reached_50pct_count,
    coalesce(reached_75pct_count, 0) AS reached_75pct_count,
    coalesce(reached_90pct_count, 0) AS reached_90pct_count,
    coalesce(reached_99pct_count, 0) AS reached_99pct_count,
    coalesce(reached_100pct_count, 0) AS reached_100pct_count,
    coalesce(valid_plays_count, 0) AS valid_plays_count,
    coalesce(played_within_ms, 0) AS played_within_ms,
    coalesce(offered_ms, 0) AS offered_ms,
    coalesce(interactions_count, 0) AS interactions_count,
    coalesce(likes_count, 0) AS likes_count,
    coalesce(dislikes_count, 0) AS dislikes_count,
    coalesce(comments_count, 0) AS comments_count,
    coalesce(shares_count, 0) AS shares_count,
    coalesce(bookmarks_count, 0) AS bookmarks_count,
    coalesce(ad_impressions_count, 0) AS ad_impressions_count,
    coalesce(ad_clicks_count, 0) AS ad_clicks_count,
    coalesce(ad_revenue, 0) AS ad_revenue
FROM plays
FULL JOIN interactions USING (event_date, content_id)
FULL JOIN ads USING (event_date, content_id)
WHERE content_id IS NOT NULL
