-- The last known value of a trait: by time, at one instant events over plays over visits, then by id. arg_max passes NULL over.
WITH plays AS (
    SELECT
        event_date,
        viewer_id,
        count(*) AS plays_count,
        count(*) FILTER (is_started) AS started_count,
        count(*) FILTER (is_failed) AS failed_count,
        count(*) FILTER (is_completed) AS completed_count,
        count(DISTINCT content_id) AS unique_titles_count,
        sum(watched_ms) AS watched_ms,
        sum(played_ms) AS played_ms,
        sum(stall_ms) AS stall_ms,
        sum(stall_count) AS stall_count,
        sum(startup_ms) AS startup_ms,
        count(startup_ms) AS startup_ms_count
    FROM silver.playbacks
    GROUP BY ALL
),
visits AS (
    SELECT
        event_date,
        viewer_id,
        count(*) AS sessions_count,
        sum(page_views_count) AS page_views_count,
        sum(app_crashes_count) AS app_crashes_count,
        sum(network_errors_count) AS network_errors_count
    FROM silver.sessions
    GROUP BY ALL
),
interactions AS (
    SELECT event_date, viewer_id, count(*) AS interactions_count, count(*) FILTER (event_type = 'user_like') AS likes_count
    FROM silver.interactions
    GROUP BY ALL
),
ads AS (
    SELECT
        event_date,
        viewer_id,
        count(*) FILTER (event_type = 'ad_impression') AS ad_impressions_count,
        count(*) FILTER (event_type = 'ad_click') AS ad_clicks_count,
        sum(ad_price) FILTER (event_type = 'ad_impression' AND coalesce(currency, 'USD') = 'USD') AS ad_revenue
    FROM silver.ad_events
    GROUP BY ALL
),
facts AS (
    SELECT
        event_date, viewer_id, user_id, subscription_tier, user_signup_date, country, platform,
        {place: started_at, source: 0, tie: session_id} AS recency
    FROM silver.sessions
    UNION ALL BY NAME
    SELECT
        event_date, viewer_id, user_id, country, platform,
        {place: started_at, source: 1, tie: playback_id} AS recency
    FROM silver.playbacks
    UNION ALL BY NAME
    SELECT
        event_date, viewer_id, user_id, country, platform,
        {place: event_timestamp, source: 2, tie: event_id} AS recency
    FROM silver.ad_events
    UNION ALL BY NAME
    SELECT
        event_date, viewer_id, user_id, subscription_tier, country, platform,
        {place: event_timestamp, source: 2, tie: event_id} AS recency
    FROM silver.interactions
    UNION ALL BY NAME
    SELECT
        event_date, viewer_id, user_id, subscription_tier, user_signup_date, country, platform,
        {place: event_timestamp, source: 2, tie: event_id} AS recency
    FROM silver.session_events
),
told AS (
    -- Traits hardly change within a day: one maximum for each combination, and few rows for the five below.
    SELECT event_date, viewer_id, user_id, subscription_tier, user_signup_date, country, platform, max(recency) AS recency
    FROM facts
    GROUP BY ALL
),
profiles AS (
    SELECT
        event_date,
        viewer_id,
        arg_max(user_id, recency) AS user_id,
        arg_max(subscription_tier, recency) AS subscription_tier,
        arg_max(user_signup_date, recency) AS user_signup_date,
        arg_max(country, recency) AS country,
        arg_max(platform, recency) AS platform
    FROM told
    GROUP BY ALL
),
days AS (
    SELECT *
    FROM plays
    FULL JOIN visits USING (event_date, viewer_id)
    FULL JOIN interactions USING (event_date, viewer_id)
    FULL JOIN ads USING (event_date, viewer_id)
),
complete AS (
    SELECT
        event_date,
        viewer_id,
        user_id,
        subscription_tier,
        coalesce(subscription_tier IN ('basic', 'premium', 'enterprise'), FALSE) AS is_paid,
        user_signup_date,
        country,
        platform,
        coalesce(sessions_count, 0) AS sessions_count,
        coalesce(plays_count, 0) AS plays_count,
        coalesce(started_count, 0) AS started_count,
        coalesce(failed_count, 0) AS failed_count,
        coalesce(completed_count, 0) AS completed_count,
        coalesce(unique_titles_count, 0) AS unique_titles_count,
        coalesce(watched_ms, 0) AS watched_ms,
        coalesce(played_ms, 0) AS played_ms,
        coalesce(stall_ms, 0) AS stall_ms,
        coalesce(stall_count, 0) AS stall_count,
        coalesce(startup_ms, 0) AS startup_ms,
        coalesce(startup_ms_count, 0) AS startup_ms_count,
        coalesce(interactions_count, 0) AS interactions_count,
        coalesce(likes_count, 0) AS likes_count,
        coalesce(ad_impressions_count, 0) AS ad_impressions_count,
        coalesce(ad_clicks_count, 0) AS ad_clicks_count,
        coalesce(ad_revenue, 0) AS ad_revenue,
        coalesce(page_views_count, 0) AS page_views_count,
        coalesce(app_crashes_count, 0) AS app_crashes_count,
        coalesce(network_errors_count, 0) AS network_errors_count
    FROM days
    JOIN profiles USING (event_date, viewer_id)
)
SELECT
    *,
    -- Points times 3,600,000, divided half up to four digits in whole numbers.
    ((
        (
            least(watched_ms, 3600000) * 6
            + least(completed_count, 2) * 3600000
            + least(interactions_count, 3) * 1200000
            + least(unique_titles_count, 3) * 1200000
        ) * 10000 + 1800000
    ) // 3600000 / 10000)::DECIMAL(6, 4) AS engagement_score
FROM complete
