-- A sum of BIGINT is a HUGEINT, so that squares of 30 days are exact.
WITH days AS (
    SELECT unnest(generate_series(min(event_date), max(event_date), INTERVAL 1 DAY))::DATE AS day
    FROM gold.user_daily
),
told AS (
    SELECT
        event_date,
        viewer_id,
        split_part(ab_test_variant, ':', 1) AS experiment,
        CASE
            WHEN contains(ab_test_variant, ':') THEN ab_test_variant[strpos(ab_test_variant, ':') + 1 :]
            ELSE 'unknown'
        END AS variant
    FROM silver.sessions
    WHERE ab_test_variant <> ''
),
exposed AS (
    SELECT event_date, viewer_id, experiment, min(variant) AS least, max(variant) AS most
    FROM told
    GROUP BY ALL
),
viewers AS (
    SELECT
        day,
        experiment,
        viewer_id,
        CASE WHEN min(least) = max(most) THEN min(least) ELSE '(mixed)' END AS variant,
        coalesce(arg_min(subscription_tier, event_date) = 'free', false) AS is_convertible,
        bool_or(is_paid) AS has_paid,
        arg_min(subscription_tier, event_date) IN ('basic', 'premium', 'enterprise') AS is_paying,
        arg_max(subscription_tier, event_date) = 'free' AS is_free_last,
        sum(watched_ms) AS watched,
        sum(plays_count) AS plays,
        sum(failed_count) AS failed,
        sum(stall_ms) AS stall,
        sum(startup_ms) AS startup,
        sum(startup_ms_count) AS startups
    FROM days
    JOIN gold.user_daily ON event_date BETWEEN day - 29 AND day
    JOIN exposed USING (event_date, viewer_id)
    GROUP BY ALL
)
SELECT
    day AS event_date,
    experiment,
    variant,
    count(*) AS exposed_viewers_count,
    count(*) FILTER (is_convertible) AS convertible_viewers_count,
    count(*) FILTER (is_convertible AND has_paid) AS converted_viewers_count,
    count(*) FILTER (is_paying) AS paying_viewers_count,
    count(*) FILTER (is_paying AND is_free_last) AS churned_viewers_count,
    sum(watched) AS watched_ms,
    sum(watched * watched) AS watched_squares,
    sum(plays) AS plays_count,
    sum(plays * plays) AS plays_squares,
    sum(failed) AS failed_count,
    sum(failed * failed) AS failed_squares,
    sum(failed * plays) AS failed_plays_products,
    sum(stall) AS stall_ms,
    sum(stall * stall) AS stall_squares,
    sum(stall * watched) AS stall_watched_products,
    sum(startup) AS startup_ms,
    sum(startup * startup) AS startup_squares,
    sum(startups) AS startup_ms_count,
    sum(startups * startups) AS startup_count_squares,
    sum(startup * startups) AS startup_count_products
FROM viewers
GROUP BY ALL
