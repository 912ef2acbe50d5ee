-- Each play once under each thing that it may be told apart by. UNPIVOT leaves out what is NULL, so it is named before.
WITH named AS (
    SELECT
        * REPLACE (
            coalesce(platform, 'unknown') AS platform,
            coalesce(device_type, 'unknown') AS device_type,
            coalesce(cdn, 'unknown') AS cdn,
            coalesce(country, 'unknown') AS country,
            coalesce(country, 'unknown') || ', ' || coalesce(region, 'unknown') AS region,
            coalesce(player, 'unknown') AS player,
            coalesce(app_version, 'unknown') AS app_version,
            coalesce(connection_type, 'unknown') AS connection_type,
            coalesce(content_type, 'unknown') AS content_type,
            coalesce(content_genre, 'unknown') AS content_genre,
            coalesce(content_id, 'unknown') AS content_id,
            coalesce(ab_test_variant, 'unknown') AS ab_test_variant
        )
    FROM silver.playbacks
),
apart AS (
    UNPIVOT named
    ON platform, device_type, cdn, country, region, player, app_version, connection_type, content_type, content_genre, content_id,
        ab_test_variant
    INTO NAME breakdown VALUE breakdown_value
)
SELECT
    event_date,
    breakdown,
    breakdown_value,
    count(*) AS plays_count,
    count(*) FILTER (is_started) AS started_count,
    count(*) FILTER (is_failed) AS failed_count,
    count(*) FILTER (is_startup_failure) AS startup_failures_count,
    count(*) FILTER (is_exit_before_start) AS exits_before_start_count,
    count(*) FILTER (is_ended) AS ended_count,
    count(*) FILTER (is_started AND is_ended) AS ended_after_start_count,
    count(*) FILTER (is_completed) AS completed_count,
    coalesce(sum(watched_ms), 0) AS watched_ms,
    coalesce(sum(played_ms), 0) AS played_ms,
    coalesce(sum(stall_ms), 0) AS stall_ms,
    coalesce(sum(stall_count), 0) AS stall_count,
    coalesce(sum(seek_ms), 0) AS seek_ms,
    coalesce(sum(media_bits), 0) AS media_bits,
    coalesce(sum(media_ms), 0) AS media_ms,
    coalesce(sum(startup_ms), 0) AS startup_ms,
    count(startup_ms) AS startup_ms_count,
    count(*) FILTER (startup_ms <= 500) AS startup_le_500ms_count,
    count(*) FILTER (startup_ms <= 1000) AS startup_le_1000ms_count,
    count(*) FILTER (startup_ms <= 2000) AS startup_le_2000ms_count,
    count(*) FILTER (startup_ms <= 4000) AS startup_le_4000ms_count,
    count(*) FILTER (startup_ms <= 8000) AS startup_le_8000ms_count,
    count(*) FILTER (startup_ms <= 16000) AS startup_le_16000ms_count,
    coalesce(sum(dropped_frames_count), 0) AS dropped_frames_count,
    coalesce(sum(errors_count), 0) AS errors_count,
    coalesce(sum(round(800000 / (8000 + startup_ms), 4)::DECIMAL(7, 4)), 0) AS startup_score,
    coalesce(sum(
        round(50 / sqrt(1 + stall_count * stall_count / 4) + 50 * exp(-10 * coalesce(stall_ms / nullif(watched_ms, 0), 0)), 4)::DECIMAL(7, 4)
    ) FILTER (is_started), 0) AS smoothness_score,
    coalesce(sum(CASE WHEN is_failed THEN 0 WHEN is_exit_before_start THEN 50 ELSE 100 END)
        FILTER (NOT is_exit_before_start OR watched_ms >= 1000), 0) AS success_score,
    count(*) FILTER (NOT is_exit_before_start OR watched_ms >= 1000) AS success_scored_count,
    coalesce(sum(seek_count), 0) AS seek_count,
    coalesce(sum(pause_count), 0) AS pause_count,
    coalesce(sum(quality_changes_count), 0) AS quality_changes_count,
    coalesce(sum(upshifts_count), 0) AS upshifts_count,
    coalesce(sum(downshifts_count), 0) AS downshifts_count
FROM apart
GROUP BY ALL
