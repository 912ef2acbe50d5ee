"""The gold tables and views of ads and subscriptions, as plain DuckDB SQL over the oracle's own events.

Written from DOMAIN.md section 3; nothing of playhead is read. `once` holds each event once.
"""

from __future__ import annotations

from oracle_validity import AD

AD_DAILY_SQL = f"""
CREATE TABLE ad_daily AS
SELECT day AS event_date, coalesce(ad_campaign_id, 'unknown') AS ad_campaign_id, ad_id, ad_type,
    ad_position_ms // 600000 * 10 AS ad_position_from_min, count_if(event_type = 'ad_impression') AS ad_impressions_count,
    count_if(event_type = 'ad_click') AS ad_clicks_count, count_if(event_type = 'ad_skip') AS ad_skips_count,
    count_if(event_type = 'ad_complete') AS ad_completes_count, count_if(event_type = 'ad_error') AS ad_errors_count,
    coalesce(sum(view_ms) FILTER (event_type IN ('ad_skip', 'ad_complete')), 0) AS ad_view_ms,
    count_if(event_type = 'ad_impression' AND in_dollars) AS ad_dollar_impressions_count,
    coalesce(sum(price) FILTER (event_type = 'ad_impression'), 0) AS ad_revenue
FROM once WHERE event_type IN {AD} GROUP BY ALL"""
MONEY_TABLES = {
    "ad_daily": AD_DAILY_SQL,
}
MONEY_VIEWS = {
    "V_AD_PERFORMANCE": f"""
WITH told AS (
    SELECT coalesce(ad_campaign_id, 'unknown') AS campaign, ad_id, ad_type, floor(ad_position_ms / 600000)::BIGINT * 10 AS place,
        event_type, price, view_ms, in_dollars
    FROM once WHERE event_type IN {AD} AND day > $as_of::DATE - 30 AND day <= $as_of::DATE
)
SELECT campaign AS AD_CAMPAIGN_ID, ad_id AS AD_ID, ad_type AS AD_TYPE, place AS AD_POSITION_FROM_MIN,
    count_if(event_type = 'ad_impression') AS IMPRESSIONS, count_if(event_type = 'ad_click') AS CLICKS,
    count_if(event_type = 'ad_skip') AS SKIPS, count_if(event_type = 'ad_complete') AS COMPLETES,
    count_if(event_type = 'ad_error') AS ERRORS, coalesce(sum(view_ms) FILTER (event_type IN ('ad_skip', 'ad_complete')), 0) AS VIEW_MS,
    CLICKS * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS CTR_PCT, SKIPS * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS SKIP_RATE_PCT,
    COMPLETES * 100.0::DOUBLE / nullif(IMPRESSIONS, 0) AS COMPLETION_RATE_PCT,
    ERRORS * 100.0::DOUBLE / nullif(IMPRESSIONS + ERRORS, 0) AS ERROR_RATE_PCT,
    coalesce(sum(price) FILTER (event_type = 'ad_impression'), 0) AS REVENUE,
    REVENUE::DOUBLE * 1000 / nullif(count_if(event_type = 'ad_impression' AND in_dollars), 0) AS ECPM, $as_of::DATE AS AS_OF
FROM told GROUP BY ALL""",
}
