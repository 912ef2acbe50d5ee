SELECT
    event_date,
    viewer_id,
    coalesce(advertiser_id, 'unknown') AS advertiser_id,
    coalesce(ad_campaign_id, 'unknown') AS ad_campaign_id,
    ad_id,
    coalesce(ad_creative_id, 'unknown') AS ad_creative_id,
    count(*) FILTER (event_type = 'ad_impression') AS ad_impressions_count,
    count(*) FILTER (event_type = 'ad_click') AS ad_clicks_count,
    count(*) FILTER (event_type = 'ad_skip') AS ad_skips_count,
    count(*) FILTER (event_type = 'ad_complete') AS ad_completes_count,
    count(*) FILTER (event_type = 'ad_complete' OR (event_type = 'ad_skip' AND view_ms * 4 >= ad_duration_ms)) AS ad_first_quartiles_count,
    count(*) FILTER (event_type = 'ad_complete' OR (event_type = 'ad_skip' AND view_ms * 2 >= ad_duration_ms)) AS ad_midpoints_count,
    count(*) FILTER (
        event_type = 'ad_complete' OR (event_type = 'ad_skip' AND view_ms * 4 >= ad_duration_ms * 3)
    ) AS ad_third_quartiles_count,
    count(*) FILTER (event_type = 'ad_error') AS ad_errors_count,
    coalesce(sum(view_ms) FILTER (event_type IN ('ad_skip', 'ad_complete')), 0) AS ad_view_ms,
    count(*) FILTER (event_type = 'ad_impression' AND coalesce(currency, 'USD') = 'USD') AS ad_dollar_impressions_count,
    coalesce(sum(ad_price) FILTER (event_type = 'ad_impression' AND coalesce(currency, 'USD') = 'USD'), 0) AS ad_revenue
FROM silver.ad_events
GROUP BY ALL
