-- A user's days from each told plan to the next; the day that tells a plan shows the movement, the others keep it.
WITH told AS (
    SELECT
        event_date,
        user_id,
        subscription_tier,
        user_signup_date,
        coalesce(lag(subscription_tier) OVER history, 'none') AS previous_tier,
        coalesce(bool_or(is_paid) OVER (history ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS has_paid,
        coalesce(lead(event_date) OVER history, (SELECT max(event_date) + 1 FROM gold.user_daily)) AS next_date
    FROM gold.user_daily
    WHERE user_id IS NOT NULL AND subscription_tier IS NOT NULL
    WINDOW history AS (PARTITION BY user_id ORDER BY event_date)
),
ranked AS (
    SELECT
        *,
        list_position(['free', 'basic', 'premium', 'enterprise'], subscription_tier) AS place,
        list_position(['free', 'basic', 'premium', 'enterprise'], previous_tier) AS previous_place
    FROM told
),
moved AS (
    SELECT
        event_date,
        next_date,
        previous_tier,
        subscription_tier,
        CASE
            WHEN previous_tier = subscription_tier THEN 'kept'
            WHEN previous_tier = 'none' AND user_signup_date >= event_date THEN 'new'
            WHEN previous_tier = 'none' THEN 'first_seen'
            WHEN previous_tier = 'free' AND has_paid THEN 'reactivated'
            WHEN previous_tier = 'free' THEN 'new'
            WHEN subscription_tier = 'free' THEN 'churned'
            WHEN place > previous_place THEN 'expansion'
            ELSE 'contraction'
        END AS movement
    FROM ranked
),
days AS (
    SELECT event_date, previous_tier, subscription_tier, movement
    FROM moved
    UNION ALL
    SELECT
        unnest(generate_series(event_date + 1, next_date - 1, INTERVAL 1 DAY))::DATE AS event_date,
        subscription_tier,
        subscription_tier,
        'kept'
    FROM moved
)
SELECT event_date, previous_tier, subscription_tier, movement, count(*) AS users_count
FROM days
GROUP BY ALL
