"""Quality by whatever tells plays apart: gold.qoe_breakdown_daily and its view.

Written from DOMAIN.md section 4; nothing of playhead is read. The table follows from the plays, and so does the view, not from the table.
"""

from __future__ import annotations

from oracle_gold import QUALITY_SUMS, SMOOTHNESS

TRAITS = (
    "platform", "device_type", "cdn", "country", "place", "player", "app_version", "connection_type", "content_type", "content_genre",
    "content_id", "ab_test_variant",
)  # fmt: skip
# Each play once under each of its traits. UNPIVOT leaves out what is NULL, so it is named before.
_APART = f"""
named AS (
    SELECT * REPLACE ({", ".join(f"coalesce({trait}, 'unknown') AS {trait}" for trait in TRAITS)})
    FROM (SELECT *, coalesce(country, 'unknown') || ', ' || coalesce(region, 'unknown') AS place FROM plays)
),
apart AS (
    SELECT * REPLACE (CASE trait WHEN 'place' THEN 'region' ELSE trait END AS trait)
    FROM (UNPIVOT named ON {", ".join(TRAITS)} INTO NAME trait VALUE told)
)"""
BREAKDOWN_TABLES = {
    "qoe_breakdown_daily": f"""
CREATE TABLE qoe_breakdown_daily AS
WITH {_APART}
SELECT day AS event_date, trait AS breakdown, told AS breakdown_value, {QUALITY_SUMS},
    sum(seeks) AS seek_count, sum(pauses) AS pause_count, sum(quality_changes) AS quality_changes_count, sum(upshifts) AS upshifts_count,
    sum(downshifts) AS downshifts_count
FROM apart GROUP BY ALL""",
}
BREAKDOWN_VIEWS = {
    "V_QUALITY_BREAKDOWN": f"""
WITH titles AS (
    SELECT content_id AS id, arg_max(content_title, {{told: content_title IS NOT NULL, day: event_date}}) AS title
    FROM content_daily GROUP BY ALL
),
{_APART},
month AS (FROM apart WHERE day > $as_of::DATE - 30 AND day <= $as_of::DATE)
SELECT trait AS BREAKDOWN, told AS BREAKDOWN_VALUE, any_value(title) AS CONTENT_TITLE, count(*) AS PLAYS, count_if(started) AS STARTED,
    sum(startup_ms)::DOUBLE / nullif(count(startup_ms), 0) AS STARTUP_MEAN_MS,
    count_if(failed) * 100.0::DOUBLE / count(*) AS PLAYBACK_FAILURE_PCT,
    count_if(failed AND NOT started) * 100.0::DOUBLE / count(*) AS VSF_PCT,
    count_if(failed AND started) * 100.0::DOUBLE / nullif(count_if(ended AND started), 0) AS VPF_PCT,
    count_if(NOT failed AND NOT started) * 100.0::DOUBLE / count(*) AS EBVS_PCT,
    sum(stall_ms) * 100.0::DOUBLE / nullif(sum(watched_ms), 0) AS STALLED_TIME_PCT, sum(stalls) / count(*)::DOUBLE AS STALLS_PER_PLAY,
    sum(stall_ms) * 100.0::DOUBLE / nullif(sum(played_ms + stall_ms), 0) AS REBUFFERING_PCT,
    sum(media_bits)::DOUBLE / nullif(sum(media_ms), 0) AS AVERAGE_BITRATE_KBPS,
    sum((16000000000 + 8000 + startup_ms) // (2 * (8000 + startup_ms)))::DOUBLE / 10000 / nullif(count(startup_ms), 0) AS STARTUP_SCORE,
    avg({SMOOTHNESS}) FILTER (started) AS SMOOTHNESS_SCORE,
    avg(CASE WHEN failed THEN 0 WHEN started THEN 100 WHEN watched_ms >= 1000 THEN 50 END) AS PLAYBACK_SUCCESS_SCORE,
    count_if(completed) * 100.0::DOUBLE / count(*) AS COMPLETION_PCT, sum(seeks) / count(*)::DOUBLE AS SEEKS_PER_PLAY,
    sum(seek_ms)::DOUBLE / nullif(sum(seeks), 0) AS SEEK_WAIT_MEAN_MS, sum(pauses) / count(*)::DOUBLE AS PAUSES_PER_PLAY,
    sum(quality_changes) / count(*)::DOUBLE AS RENDITION_CHANGES_PER_PLAY, sum(upshifts) / count(*)::DOUBLE AS UPSHIFTS_PER_PLAY,
    sum(downshifts) / count(*)::DOUBLE AS DOWNSHIFTS_PER_PLAY, sum(watched_ms) / 3600000::DOUBLE AS WATCH_HOURS,
    count_if(failed) AS FAILED, sum(watched_ms)::BIGINT AS WATCHED_MS, sum(played_ms)::BIGINT AS PLAYED_MS,
    sum(stall_ms)::BIGINT AS STALL_MS, coalesce(sum(startup_ms), 0)::BIGINT AS STARTUP_MS, count(startup_ms) AS STARTUP_KNOWN,
    $as_of::DATE AS AS_OF
FROM month LEFT JOIN titles ON trait = 'content_id' AND id = told GROUP BY ALL""",
}
