"""The gold tables and views of ads and subscriptions, as plain DuckDB SQL over the oracle's own events.

Written from DOMAIN.md section 3; nothing of playhead is read. `once` holds each event once, `user_daily` is the oracle's own. No event
tells a price: PRICES is the price list that the product ships.
"""

from __future__ import annotations

from oracle_validity import AD

PRICES = "(VALUES ('none', 0), ('free', 0), ('basic', 6), ('premium', 12), ('enterprise', 30)) AS prices(tier, price)"
FILLED = ("last_users", "first_users", "seen", "came", "back", "gone", "up", "down", "brought", "taken", "converted", "free")
# The part of an ad that its event tells to have been shown; never NULL, of which alone count_if makes NULL and not 0.
SHOWN = "coalesce(CASE event_type WHEN 'ad_complete' THEN 1 WHEN 'ad_skip' THEN view_ms::DOUBLE / ad_duration_ms END, 0)"
AD_SUMS = f"""count_if(event_type = 'ad_impression') AS ad_impressions_count,
    count_if(event_type = 'ad_click') AS ad_clicks_count, count_if(event_type = 'ad_skip') AS ad_skips_count,
    count_if(event_type = 'ad_complete') AS ad_completes_count, count_if(event_type = 'ad_error') AS ad_errors_count,
    count_if({SHOWN} >= 0.25) AS ad_first_quartiles_count, count_if({SHOWN} >= 0.5) AS ad_midpoints_count,
    count_if({SHOWN} >= 0.75) AS ad_third_quartiles_count,
    coalesce(sum(view_ms) FILTER (event_type IN ('ad_skip', 'ad_complete')), 0) AS ad_view_ms,
    count_if(event_type = 'ad_impression' AND in_dollars) AS ad_dollar_impressions_count,
    coalesce(sum(price) FILTER (event_type = 'ad_impression'), 0) AS ad_revenue"""
AD_DAILY_SQL = f"""
CREATE TABLE ad_daily AS
SELECT day AS event_date, coalesce(ad_campaign_id, 'unknown') AS ad_campaign_id, ad_id, ad_type,
    ad_position_ms // 600000 * 10 AS ad_position_from_min, {AD_SUMS}
FROM once WHERE event_type IN {AD} GROUP BY ALL"""
USER_AD_DAILY_SQL = f"""
CREATE TABLE user_ad_daily AS
SELECT day AS event_date, viewer AS viewer_id, coalesce(advertiser_id, 'unknown') AS advertiser_id,
    coalesce(ad_campaign_id, 'unknown') AS ad_campaign_id, ad_id, coalesce(ad_creative_id, 'unknown') AS ad_creative_id,
    {AD_SUMS}
FROM once WHERE event_type IN {AD} GROUP BY ALL"""
# Each user's plan on each day and the day before, looked up: no movement is added to another.
SUBSCRIPTIONS_DAILY_SQL = """
CREATE TABLE subscriptions_daily AS
WITH told AS (
    SELECT user_id, event_date AS day, subscription_tier AS tier, user_signup_date AS signup
    FROM user_daily WHERE user_id IS NOT NULL AND subscription_tier IS NOT NULL
),
users AS (SELECT user_id, min(day) AS first_day, min(day) FILTER (tier <> 'free') AS first_paid FROM told GROUP BY ALL),
days AS (SELECT unnest(generate_series(min(event_date), max(event_date), INTERVAL 1 DAY))::DATE AS day FROM user_daily),
held AS (SELECT days.day, users.*, told.tier FROM days JOIN users ON first_day <= day
    ASOF JOIN told ON told.user_id = users.user_id AND told.day <= days.day),
paired AS (SELECT held.*, coalesce(told.tier, 'none') AS before FROM held
    ASOF LEFT JOIN told ON told.user_id = held.user_id AND told.day < held.day),
named AS (
    SELECT b.day, before, b.tier, CASE
        WHEN before = b.tier THEN 'kept'
        WHEN before = 'none' THEN CASE WHEN signup >= b.day THEN 'new' ELSE 'first_seen' END
        WHEN before = 'free' THEN CASE WHEN first_paid < b.day THEN 'reactivated' ELSE 'new' END
        WHEN b.tier = 'free' THEN 'churned'
        WHEN (before, b.tier) IN (('basic', 'premium'), ('basic', 'enterprise'), ('premium', 'enterprise')) THEN 'expansion'
        ELSE 'contraction' END AS movement
    FROM paired b LEFT JOIN told t ON t.user_id = b.user_id AND t.day = b.day
)
SELECT day AS event_date, before AS previous_tier, tier AS subscription_tier, movement, count(*) AS users_count FROM named GROUP BY ALL"""
MONEY_TABLES = {
    "ad_daily": AD_DAILY_SQL,
    "user_ad_daily": USER_AD_DAILY_SQL,
    "subscriptions_daily": SUBSCRIPTIONS_DAILY_SQL,
}
# Each viewer's first day and each day that tells another plan than the one told before it, up to the next of these.
USER_PLAN_SQL = """
WITH told AS (
    SELECT viewer_id, event_date AS day, subscription_tier AS tier FROM user_daily WHERE subscription_tier IS NOT NULL
),
changes AS (
    SELECT t.viewer_id, t.day, t.tier FROM told t ASOF LEFT JOIN told b ON b.viewer_id = t.viewer_id AND b.day < t.day
    WHERE b.tier IS NULL OR b.tier <> t.tier
    UNION
    SELECT viewer_id, min(event_date), arg_min_null(subscription_tier, event_date) FROM user_daily GROUP BY ALL
)
SELECT viewer_id AS VIEWER_ID, tier AS SUBSCRIPTION_TIER, coalesce(tier <> 'free', false) AS IS_PAID, day AS VALID_FROM,
    coalesce((SELECT min(day) FROM changes n WHERE n.viewer_id = c.viewer_id AND n.day > c.day), DATE '9999-12-31') AS VALID_TO,
    day = max(day) OVER (PARTITION BY viewer_id) AS IS_CURRENT
FROM changes c WHERE day <= $as_of::DATE"""
MONEY_VIEWS = {
    "DIM.DIM_USER_PLAN": USER_PLAN_SQL,
    "V_AD_PERFORMANCE": f"""
WITH ads AS (FROM once WHERE event_type IN {AD} AND day <= $as_of::DATE),
newest AS (SELECT max(day) AS as_of FROM ads),  -- a day may have plays and no ads
told AS (
    SELECT coalesce(ad_campaign_id, 'unknown') AS campaign, ad_id, ad_type, floor(ad_position_ms / 600000)::BIGINT * 10 AS place,
        event_type, price, view_ms, in_dollars, {SHOWN} AS shown
    FROM ads WHERE day > (SELECT as_of FROM newest) - 30
)
SELECT campaign AS AD_CAMPAIGN_ID, ad_id AS AD_ID, ad_type AS AD_TYPE, place AS AD_POSITION_FROM_MIN,
    count_if(event_type = 'ad_impression') AS IMPRESSIONS, count_if(event_type = 'ad_click') AS CLICKS,
    count_if(event_type = 'ad_skip') AS SKIPS, count_if(event_type = 'ad_complete') AS COMPLETES,
    count_if(event_type = 'ad_error') AS ERRORS, coalesce(sum(view_ms) FILTER (event_type IN ('ad_skip', 'ad_complete')), 0) AS VIEW_MS,
    CLICKS * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS CTR_PCT, SKIPS * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS SKIP_RATE_PCT,
    COMPLETES * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS COMPLETION_RATE_PCT,
    count_if(shown >= 0.25) AS FIRST_QUARTILES, count_if(shown >= 0.5) AS MIDPOINTS, count_if(shown >= 0.75) AS THIRD_QUARTILES,
    FIRST_QUARTILES * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS FIRST_QUARTILE_PCT,
    MIDPOINTS * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS MIDPOINT_PCT,
    THIRD_QUARTILES * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS THIRD_QUARTILE_PCT,
    ERRORS * 100.0::DOUBLE / nullif(IMPRESSIONS + ERRORS, 0) AS ERROR_RATE_PCT,
    coalesce(sum(price) FILTER (event_type = 'ad_impression'), 0) AS REVENUE,
    REVENUE::DOUBLE * 1000 / nullif(count_if(event_type = 'ad_impression' AND in_dollars), 0) AS ECPM, (SELECT as_of FROM newest) AS AS_OF
FROM told GROUP BY ALL""",
    "V_AD_REACH": f"""
WITH ads AS (FROM once WHERE event_type IN {AD} AND day <= $as_of::DATE),
newest AS (SELECT max(day) AS as_of FROM ads),
named AS (
    SELECT viewer, event_type, price, in_dollars, {SHOWN} AS shown, coalesce(advertiser_id, 'unknown') AS advertiser_id,
        coalesce(ad_campaign_id, 'unknown') AS ad_campaign_id, ad_id, coalesce(ad_creative_id, 'unknown') AS ad_creative_id
    FROM ads WHERE day > (SELECT as_of FROM newest) - 30
),
apart AS (UNPIVOT named ON advertiser_id, ad_campaign_id, ad_id, ad_creative_id INTO NAME trait VALUE told)
SELECT trait AS BREAKDOWN, told AS BREAKDOWN_VALUE, count(DISTINCT viewer) FILTER (event_type = 'ad_impression') AS REACH,
    count_if(event_type = 'ad_impression') AS IMPRESSIONS, IMPRESSIONS / nullif(REACH, 0)::DOUBLE AS FREQUENCY,
    count_if(event_type = 'ad_click') AS CLICKS, count_if(event_type = 'ad_complete') AS COMPLETES,
    CLICKS * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS CTR_PCT,
    COMPLETES * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS COMPLETION_RATE_PCT,
    count(DISTINCT viewer) FILTER (event_type = 'ad_click') AS VIEWERS_CLICKED,
    count(DISTINCT viewer) FILTER (event_type = 'ad_skip') AS VIEWERS_SKIPPED,
    count(DISTINCT viewer) FILTER (shown >= 0.25) AS VIEWERS_FIRST_QUARTILE,
    count(DISTINCT viewer) FILTER (shown >= 0.5) AS VIEWERS_MIDPOINT,
    count(DISTINCT viewer) FILTER (shown >= 0.75) AS VIEWERS_THIRD_QUARTILE,
    count(DISTINCT viewer) FILTER (event_type = 'ad_complete') AS VIEWERS_COMPLETED,
    coalesce(sum(price) FILTER (event_type = 'ad_impression'), 0) AS REVENUE,
    REVENUE::DOUBLE * 1000 / nullif(count_if(event_type = 'ad_impression' AND in_dollars), 0) AS ECPM, (SELECT as_of FROM newest) AS AS_OF
FROM apart GROUP BY ALL""",
    "V_MRR_ANALYSIS": f"""
WITH moves AS (
    SELECT date_trunc('month', event_date)::DATE AS month, event_date AS day, previous_tier AS before, subscription_tier AS tier, movement,
        users_count AS n, b.price AS old, a.price AS now,
        day = min(day) OVER (PARTITION BY month) AS is_first, day = max(day) OVER (PARTITION BY month) AS is_last
    FROM subscriptions_daily d JOIN {PRICES.replace("prices(", "a(")} ON a.tier = d.subscription_tier
    JOIN {PRICES.replace("prices(", "b(")} ON b.tier = d.previous_tier
),
sums AS (
    SELECT m.month, p.tier, p.price, sum(n) FILTER (m.tier = p.tier AND is_last) AS last_users,
        sum(n) FILTER (before = p.tier AND is_first OR m.tier = p.tier AND movement = 'first_seen') AS first_users,
        sum(n) FILTER (m.tier = p.tier AND movement = 'first_seen') AS seen, sum(n) FILTER (m.tier = p.tier AND movement = 'new') AS came,
        sum(n) FILTER (m.tier = p.tier AND movement = 'reactivated') AS back,
        sum(n) FILTER (before = p.tier AND movement = 'churned') AS gone,
        sum(n * (now - old)) FILTER (m.tier = p.tier AND movement = 'expansion') AS up,
        sum(n * (now - old)) FILTER (m.tier = p.tier AND movement = 'contraction') AS down,
        sum(n * old) FILTER (m.tier = p.tier AND movement IN ('expansion', 'contraction')) AS brought,
        sum(n * old) FILTER (before = p.tier AND movement IN ('expansion', 'contraction')) AS taken,
        sum(n) FILTER (before = 'free' AND m.tier = p.tier) AS converted,
        sum(n) FILTER (before = 'free' AND is_first OR before = 'none' AND m.tier = 'free') AS free,
        count(*) FILTER (p.tier IN (before, m.tier)) AS told
    FROM moves m CROSS JOIN {PRICES.replace("prices(", "p(")} WHERE p.price > 0 GROUP BY ALL
),
filled AS (SELECT * REPLACE ({", ".join(f"coalesce({name}, 0) AS {name}" for name in FILLED)}) FROM sums WHERE told > 0)
SELECT month AS EVENT_MONTH, tier AS SUBSCRIPTION_TIER, price AS MONTHLY_PRICE, last_users AS SUBSCRIBERS,
    first_users AS OPENING_SUBSCRIBERS, seen AS FIRST_SEEN_SUBSCRIBERS, came AS NEW_SUBSCRIBERS, back AS REACTIVATED_SUBSCRIBERS,
    gone AS CHURNED_SUBSCRIBERS, price * last_users AS MRR, price * first_users AS OPENING_MRR, price * seen AS FIRST_SEEN_MRR,
    price * came AS NEW_MRR, up AS EXPANSION_MRR, down AS CONTRACTION_MRR, -price * gone AS CHURNED_MRR, price * back AS REACTIVATED_MRR,
    brought - taken AS TRANSFERRED_MRR, price * (last_users - first_users) AS NET_MRR,
    price::DOUBLE / CASE WHEN last_users > 0 THEN 1 END AS ARPU, converted AS CONVERTED_USERS, free AS FREE_USERS,
    converted * 100.0::DOUBLE / nullif(free, 0) AS CONVERSION_PCT, $as_of::DATE AS AS_OF
FROM filled""",
    "V_REVENUE_PER_USER": f"""
WITH months AS (
    SELECT date_trunc('month', event_date)::DATE AS month, viewer_id, sum(ad_revenue) AS ads,
        coalesce(arg_max(subscription_tier, event_date), 'unknown') AS tier
    FROM user_daily GROUP BY ALL
)
SELECT month AS EVENT_MONTH, tier AS SUBSCRIPTION_TIER, count(*) AS USERS, sum(ads) AS AD_REVENUE,
    sum(coalesce(price, 0)) AS SUBSCRIPTION_REVENUE, sum(ads) + sum(coalesce(price, 0)) AS REVENUE,
    sum(ads)::DOUBLE / count(*) AS AD_REVENUE_PER_USER, (sum(ads) + sum(coalesce(price, 0)))::DOUBLE / count(*) AS REVENUE_PER_USER,
    $as_of::DATE AS AS_OF
FROM months LEFT JOIN {PRICES} USING (tier) GROUP BY ALL""",
}
