"""The views of the audience, titles and quality, as plain DuckDB SQL over the oracle's own events, visits and plays.

Of its gold they take only who had a paid plan on a day. Written from DOMAIN.md sections 3 and 4; nothing of playhead is read.
"""

from __future__ import annotations

from oracle_gold import SMOOTHNESS
from oracle_validity import AD, INTERACTION

ACTIVE_SQL = f"""
CREATE TABLE active AS
SELECT DISTINCT day, viewer FROM (
    SELECT CAST(epoch_ms(started_ms) AS DATE) AS day, viewer FROM plays
    UNION ALL SELECT day, viewer FROM visits
    UNION ALL SELECT day, viewer FROM once WHERE event_type IN {(*INTERACTION, *AD)}
)"""
# Each day by itself, and beside it the same weekday a week before.
DAILY_SQL = """
WITH days AS (
    SELECT d.day,
        (SELECT count(DISTINCT viewer) FROM active a WHERE a.day = d.day) AS daily,
        (SELECT count(DISTINCT viewer) FROM active a WHERE a.day BETWEEN d.day - 6 AND d.day) AS weekly,
        (SELECT count(DISTINCT viewer) FROM active a WHERE a.day BETWEEN d.day - 29 AND d.day) AS monthly,
        (SELECT count(DISTINCT viewer_id) FROM user_daily u WHERE u.event_date = d.day AND is_paid) AS premium,
        (SELECT count(*) FROM visits v WHERE v.day = d.day) AS visits,
        (SELECT count(*) FROM plays p WHERE p.day = d.day) AS plays,
        (SELECT count(*) FROM plays p WHERE p.day = d.day AND completed) AS completed,
        (SELECT coalesce(sum(watched_ms), 0)::BIGINT FROM plays p WHERE p.day = d.day) AS watched,
        (SELECT coalesce(sum(price), 0) FROM once o WHERE o.day = d.day AND o.event_type = 'ad_impression') AS revenue
    FROM (SELECT DISTINCT day FROM active) d
)
SELECT d.day AS EVENT_DATE, d.daily AS DAILY_ACTIVE_USERS, d.weekly AS WEEKLY_ACTIVE_USERS, d.monthly AS MONTHLY_ACTIVE_USERS,
    d.weekly AS WEEKLY_ACTIVE_USERS_ESTIMATE, d.monthly AS MONTHLY_ACTIVE_USERS_ESTIMATE, 0::DOUBLE AS MONTHLY_ESTIMATE_ERROR_PCT,
    (d.daily / b.daily::DOUBLE - 1) * 100 AS DAILY_ACTIVE_USERS_TREND_PCT, d.daily * 100.0::DOUBLE / d.monthly AS STICKINESS_PCT,
    d.premium AS PREMIUM_USERS, d.daily - d.premium AS FREE_USERS, d.visits AS SESSIONS, d.plays AS PLAYS, d.watched AS WATCHED_MS,
    d.watched / 60000.0::DOUBLE / d.daily AS WATCH_MINUTES_PER_USER, d.visits::DOUBLE / d.daily AS SESSIONS_PER_USER,
    d.completed * 100.0::DOUBLE / nullif(d.plays, 0) AS COMPLETION_RATE_PCT, d.revenue AS REVENUE, $as_of::DATE AS AS_OF
FROM days d LEFT JOIN days b ON b.day = d.day - 7
WHERE d.day > $after AND d.day <= $as_of ORDER BY 1"""
# A title is what its last play called it, else what the last event of an ad or a viewer said it is.
CONTENT_SQL = f"""
WITH named AS (
    SELECT content_id, {{by_play: 1, ms: started_ms, id: playback_id}} AS place, content_title AS title, content_type AS kind,
        content_genre AS genre FROM plays
    UNION ALL
    SELECT content_id, {{by_play: 0, ms: at_ms, id: event_id}}, content_id, content_type, NULL
    FROM once WHERE event_type IN {(*INTERACTION, *AD)}
),
titles AS (SELECT content_id, arg_max({{title: title, kind: kind, genre: genre}}, place) AS d FROM named GROUP BY content_id),
parts AS (
    SELECT day, content_id, 1 AS plays, viewer, watched_ms, completed::INT AS completed, 0 AS interactions, 0 AS likes, 0 AS price,
        (started AND played_ms >= 30000)::INT AS valid, (started AND furthest_s >= duration_s * 0.99)::INT AS whole,
        CASE WHEN started THEN least(played_ms, duration_s * 1000) END AS shown_ms, CASE WHEN started THEN duration_s END AS offered_s
    FROM plays WHERE day > $after AND day <= $as_of
    UNION ALL
    SELECT day, content_id, 0, NULL, 0, 0, (event_type IN {INTERACTION})::INT, (event_type = 'user_like')::INT,
        CASE WHEN event_type = 'ad_impression' THEN coalesce(price, 0) ELSE 0 END, 0, 0, NULL, NULL
    FROM once WHERE event_type IN {(*INTERACTION, *AD)} AND day > $after AND day <= $as_of
),
sums AS (
    SELECT content_id, sum(plays)::BIGINT AS views, coalesce(sum(plays) FILTER (day > $as_of::DATE - 7), 0)::BIGINT AS newest,
        count(DISTINCT viewer) AS viewers, sum(watched_ms)::BIGINT AS watched, sum(completed) AS completed,
        sum(interactions)::BIGINT AS interactions, sum(likes)::BIGINT AS likes, sum(price) AS revenue,
        sum(valid)::BIGINT AS valid, sum(whole)::BIGINT AS whole, sum(shown_ms) / 10.0::DOUBLE / nullif(sum(offered_s), 0) AS shown_pct,
        sum(interactions)::DOUBLE / nullif(sum(plays), 0) AS engagement
    FROM parts GROUP BY content_id
)
SELECT rank() OVER (ORDER BY views DESC) AS VIEW_RANK, content_id AS CONTENT_ID, d.title AS CONTENT_TITLE, d.kind AS CONTENT_TYPE,
    d.genre AS CONTENT_GENRE, views AS TOTAL_VIEWS_30D, valid AS VALID_VIEWS_30D,
    whole AS COMPLETE_VIEWS_30D, shown_pct AS AVG_PLAYED_PCT, viewers AS UNIQUE_VIEWERS_30D, watched AS WATCHED_MS_30D,
    watched::DOUBLE / 3600000 AS WATCH_HOURS_30D, completed * 100.0::DOUBLE / nullif(views, 0) AS AVG_COMPLETION_RATE_PCT,
    interactions AS INTERACTIONS_30D, likes AS LIKES_30D, engagement AS ENGAGEMENT_PER_VIEW,
    rank() OVER (ORDER BY engagement DESC NULLS LAST) AS ENGAGEMENT_RANK, revenue AS REVENUE_30D,
    (newest / 7.0::DOUBLE + 1) / ((views - newest) / 23.0::DOUBLE + 1) AS TRENDING_SCORE, $as_of::DATE AS AS_OF
FROM sums JOIN titles USING (content_id) ORDER BY VIEW_RANK, CONTENT_ID"""
# The quantiles stand in the one bucket of startup times that the play of that rank fell into, plays in it taken as evenly spread.
QUALITY_SQL = f"""
WITH month AS (FROM plays WHERE day > $after AND day <= $as_of),
placed AS (
    SELECT platform, device_type, player, cdn, list_filter([500, 1000, 2000, 4000, 8000, 16000], lambda x: x >= startup_ms)[1] AS most,
        coalesce(list_filter([500, 1000, 2000, 4000, 8000, 16000], lambda x: x < startup_ms)[-1], 0) AS least, count(*) AS inside
    FROM month WHERE startup_ms IS NOT NULL GROUP BY ALL
),
summed AS (
    SELECT *, sum(inside) OVER (PARTITION BY platform, device_type, player, cdn ORDER BY least) AS upto,
        sum(inside) OVER (PARTITION BY platform, device_type, player, cdn) AS known
    FROM placed
),
estimates AS (
    SELECT platform, device_type, player, cdn, share,
        max(least + (most - least) * (share * known - upto + inside)::DOUBLE / inside)
            FILTER (upto - inside < share * known AND share * known <= upto) AS ms
    FROM summed CROSS JOIN (VALUES (0.50), (0.95)) AS shares(share) GROUP BY ALL
),
sums AS (
    SELECT platform, device_type, player, cdn, count(*) AS PLAYS,
        count_if(started)::BIGINT AS STARTED, count_if(failed)::BIGINT AS FAILED,
        count_if(failed AND NOT started)::BIGINT AS STARTUP_FAILURES, count_if(failed AND started)::BIGINT AS broke,
        count_if(NOT failed AND NOT started)::BIGINT AS EXITS_BEFORE_START, count_if(ended)::BIGINT AS ENDED,
        count_if(ended AND started)::BIGINT AS ENDED_AFTER_START,
        count_if(completed)::BIGINT AS COMPLETED, sum(watched_ms)::BIGINT AS WATCHED_MS, sum(played_ms)::BIGINT AS PLAYED_MS,
        sum(stall_ms)::BIGINT AS STALL_MS, sum(stalls)::BIGINT AS STALLS, sum(seek_ms)::BIGINT AS SEEK_MS,
        sum(media_bits)::BIGINT AS MEDIA_BITS, sum(media_ms)::BIGINT AS MEDIA_MS, coalesce(sum(startup_ms), 0)::BIGINT AS STARTUP_MS,
        count(startup_ms) AS STARTUP_KNOWN, sum(dropped)::BIGINT AS DROPPED_FRAMES, sum(errors)::BIGINT AS ERRORS,
        avg(startup_ms)::DOUBLE AS STARTUP_MEAN_MS,
        -- to four decimals, half up in whole numbers
        avg((16000000000 + 8000 + startup_ms) // (2 * (8000 + startup_ms))) / 10000 AS STARTUP_SCORE,
        avg({SMOOTHNESS}) FILTER (started) AS SMOOTHNESS_SCORE,
        avg(CASE WHEN failed THEN 0 WHEN started THEN 100 WHEN watched_ms >= 1000 THEN 50 END) AS PLAYBACK_SUCCESS_SCORE
    FROM month GROUP BY ALL
)
SELECT s.platform AS PLATFORM, s.device_type AS DEVICE_TYPE, s.player AS PLAYER, s.cdn AS CDN,
    s.* EXCLUDE (platform, device_type, player, cdn, broke),
    half.ms AS STARTUP_P50_ESTIMATE_MS, most.ms AS STARTUP_P95_ESTIMATE_MS, FAILED * 100.0::DOUBLE / PLAYS AS PLAYBACK_FAILURE_PCT,
    STARTUP_FAILURES * 100.0::DOUBLE / PLAYS AS VSF_PCT, broke * 100.0::DOUBLE / nullif(ENDED_AFTER_START, 0) AS VPF_PCT,
    EXITS_BEFORE_START * 100.0::DOUBLE / PLAYS AS EBVS_PCT, STALL_MS * 100.0::DOUBLE / nullif(WATCHED_MS, 0) AS STALLED_TIME_PCT,
    STALLS::DOUBLE / PLAYS AS STALLS_PER_PLAY, STALLS * 60000.0::DOUBLE / nullif(WATCHED_MS, 0) AS STALLS_PER_WATCHED_MINUTE,
    STALL_MS * 100.0::DOUBLE / nullif(PLAYED_MS + STALL_MS, 0) AS REBUFFERING_PCT,
    MEDIA_BITS::DOUBLE / nullif(MEDIA_MS, 0) AS AVERAGE_BITRATE_KBPS, COMPLETED * 100.0::DOUBLE / PLAYS AS COMPLETION_PCT,
    WATCHED_MS::DOUBLE / 3600000 AS WATCH_HOURS, $as_of::DATE AS AS_OF
FROM sums s
LEFT JOIN estimates half ON (half.platform, half.device_type, half.player, half.cdn) = (s.platform, s.device_type, s.player, s.cdn)
    AND half.share = 0.50
LEFT JOIN estimates most ON (most.platform, most.device_type, most.player, most.cdn) = (s.platform, s.device_type, s.player, s.cdn)
    AND most.share = 0.95
ORDER BY 1, 2, 3, 4"""
