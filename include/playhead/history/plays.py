"""The plays of a viewer, each with what it was like and the ads within it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from playhead.gold.valid_plays import VALID_MS
from playhead.io.delta_table import register_table, utc_database
from playhead.io.partitions import day_key, days_between

MOST_PLAYS = 1_000
_NEWEST = "SELECT max(event_date) FROM playbacks WHERE viewer_id = $viewer"
# Silver's table has a row for each play; an ad belongs to a play by playback_id, within the day that a play lasts at most.
_PLAYS = f"""
WITH plays AS (SELECT * FROM playbacks WHERE viewer_id = $viewer AND event_date BETWEEN $first AND $last),
ads AS (
    SELECT p.playback_id, p.started_at,
        count(*) FILTER (a.event_type = 'ad_impression') AS ad_impressions_count,
        count(*) FILTER (a.event_type = 'ad_click') AS ad_clicks_count,
        count(*) FILTER (a.event_type = 'ad_skip') AS ad_skips_count,
        count(*) FILTER (a.event_type = 'ad_complete') AS ad_completes_count,
        count(*) FILTER (a.event_type = 'ad_error') AS ad_errors_count,
        coalesce(sum(a.view_ms) FILTER (a.event_type IN ('ad_skip', 'ad_complete')), 0)::BIGINT AS ad_view_ms
    FROM plays p JOIN ad_events a ON a.playback_id = p.playback_id AND a.viewer_id = $viewer
        AND a.event_date BETWEEN $first AND $last + 1 AND a.event_timestamp BETWEEN p.started_at AND p.started_at + INTERVAL 24 HOUR
    GROUP BY ALL
)
SELECT p.*,
    p.is_started AND p.played_ms >= {VALID_MS} AS is_valid_play,
    CASE WHEN p.content_duration_s > 0 THEN least(100.0, 100.0 * p.max_position_s / p.content_duration_s) END AS progress_pct,
    CASE WHEN p.content_duration_s > 0 THEN least(100.0, p.played_ms / 10.0 / p.content_duration_s) END AS played_pct,
    coalesce(a.ad_impressions_count, 0) AS ad_impressions_count,
    coalesce(a.ad_clicks_count, 0) AS ad_clicks_count,
    coalesce(a.ad_skips_count, 0) AS ad_skips_count,
    coalesce(a.ad_completes_count, 0) AS ad_completes_count,
    coalesce(a.ad_errors_count, 0) AS ad_errors_count,
    coalesce(a.ad_view_ms, 0) AS ad_view_ms
FROM plays p LEFT JOIN ads a USING (playback_id, started_at)
ORDER BY p.started_at DESC, p.playback_id LIMIT $most
"""  # noqa: S608  (a constant)


def plays_of(lake: str, viewer_id: str, *, days: int, last: date | None = None) -> list[dict[str, Any]]:
    """Plays of a viewer that began within `days` days, the newest first; the last of the days is the viewer's newest where none is given.

    Grain: one row per play, at most MOST_PLAYS. Columns: those of silver.playbacks (CTA-2066), and

    - is_valid_play: it started, and was on screen for half a minute or more (Snowplow's valid play);
    - progress_pct: how far the playhead came, of the title's duration; played_pct: how long the title was on screen, of the same;
    - ad_impressions_count, ad_clicks_count, ad_skips_count, ad_completes_count, ad_errors_count; ad_view_ms, as far as skips and
      completions tell it.
    """
    with utc_database() as database:
        register_table(database, lake, "silver.playbacks", "playbacks")
        newest = last or database.execute(_NEWEST, {"viewer": viewer_id}).fetchall()[0][0]
        if newest is None:
            return []
        first = newest - timedelta(days=days - 1)
        wanted = days_between(day_key(first), day_key(newest + timedelta(days=1)))
        register_table(database, lake, "silver.playbacks", "playbacks", days=wanted)
        register_table(database, lake, "silver.ad_events", "ad_events", days=wanted)
        values = {"viewer": viewer_id, "first": first, "last": newest, "most": MOST_PLAYS}
        return list(database.sql(_PLAYS, params=values).to_arrow_table().to_pylist())
