"""The gold tables and the views that follow from them, as plain DuckDB SQL over the oracle's own events, plays and visits.

Written from DOMAIN.md sections 3 and 4; nothing of playhead is read. `once` holds each event once, `plays` each play walked, `visits` each
visit with what its app told.
"""

from __future__ import annotations

from oracle_validity import AD, INTERACTION, SESSION, VIDEO

DAY_MS = 86_400_000
# Mux's, of one play, to four decimals.
SMOOTHNESS = "round(50 / sqrt(1 + (stalls / 2.0::DOUBLE) ** 2) + 50 * exp(-10 * coalesce(stall_ms / nullif(watched_ms, 0)::DOUBLE, 0)), 4)"
# What the app tells goes before what its player tells, at one instant.
VISITS_SQL = f"""
CREATE TABLE visits AS
WITH told AS (
    SELECT session_id, at_ms, user_id, device_id, country, region, platform, device_type,
        event_type IN {SESSION} AS by_app, {{ms: at_ms, by_player: event_type IN {VIDEO}, id: event_id}} AS place,
        subscription_tier AS tier, signup, page_views, app_crashes, network_errors, ab_test_variant,
        at_ms - lag(at_ms) OVER (PARTITION BY session_id ORDER BY at_ms) AS silent_ms
    FROM once WHERE event_type IN {(*VIDEO, *SESSION)}
),
numbered AS (
    SELECT *, count(*) FILTER (WHERE coalesce(silent_ms >= {DAY_MS}, true))
        OVER (PARTITION BY session_id ORDER BY at_ms RANGE UNBOUNDED PRECEDING) AS visit
    FROM told
),
placed AS (SELECT *, min(at_ms) OVER (PARTITION BY session_id, visit) AS start_ms FROM numbered)
SELECT session_id, start_ms, CAST(epoch_ms(start_ms) AS DATE) AS day, arg_min(user_id, place) AS user_id,
    coalesce(arg_min(user_id, place), arg_min(device_id, place)) AS viewer,
    arg_min(country, place) AS country, arg_min(region, place) AS region, arg_min(platform, place) AS platform,
    arg_min(device_type, place) AS device_type, arg_min(ab_test_variant, place) AS variant,
    arg_max(tier, place) FILTER (WHERE by_app) AS tier, arg_min(signup, place) FILTER (WHERE by_app) AS signup,
    coalesce(max(page_views) FILTER (WHERE by_app), 0) AS page_views,
    coalesce(max(app_crashes) FILTER (WHERE by_app), 0) AS app_crashes,
    coalesce(max(network_errors) FILTER (WHERE by_app), 0) AS network_errors
FROM placed WHERE at_ms - start_ms <= {DAY_MS} GROUP BY session_id, visit, start_ms"""
USER_DAILY_SQL = f"""
CREATE TABLE user_daily AS
WITH traits AS (
    SELECT day, viewer, {{ms: start_ms, source: 0, id: session_id}} AS place, user_id, tier, signup, country, platform FROM visits
    UNION ALL BY NAME
    SELECT day, viewer, {{ms: started_ms, source: 1, id: playback_id}} AS place, user_id, country, platform FROM plays
    UNION ALL BY NAME
    SELECT day, viewer, {{ms: at_ms, source: 2, id: event_id}} AS place, user_id, country, platform,
        CASE WHEN event_type NOT IN {AD} THEN subscription_tier END AS tier, CASE WHEN event_type IN {SESSION} THEN signup END AS signup
    FROM once WHERE event_type IN {(*AD, *INTERACTION, *SESSION)}
),
known AS (
    SELECT day, viewer, arg_max(user_id, place) AS user_id, arg_max(tier, place) AS subscription_tier,
        arg_max(signup, place) AS user_signup_date, arg_max(country, place) AS country, arg_max(platform, place) AS platform
    FROM traits GROUP BY ALL
),
deeds AS (
    SELECT day, viewer, 1 AS plays, started::INT AS started, failed::INT AS failed, completed::INT AS completed, content_id AS title,
        watched_ms, played_ms, stall_ms, stalls, startup_ms FROM plays
    UNION ALL BY NAME
    SELECT day, viewer, 1 AS visit, page_views, app_crashes, network_errors FROM visits
    UNION ALL BY NAME
    SELECT day, viewer, (event_type IN {INTERACTION})::INT AS interaction, (event_type = 'user_like')::INT AS liked,
        (event_type = 'ad_impression')::INT AS impression, (event_type = 'ad_click')::INT AS click,
        CASE WHEN event_type = 'ad_impression' THEN price END AS price
    FROM once WHERE event_type IN {(*AD, *INTERACTION)}
),
days AS (
    SELECT day, viewer, coalesce(sum(visit), 0) AS sessions_count, coalesce(sum(plays), 0) AS plays_count,
        coalesce(sum(started), 0) AS started_count, coalesce(sum(failed), 0) AS failed_count,
        coalesce(sum(completed), 0) AS completed_count, count(DISTINCT title) AS unique_titles_count,
        coalesce(sum(watched_ms), 0) AS watched_ms, coalesce(sum(played_ms), 0) AS played_ms, coalesce(sum(stall_ms), 0) AS stall_ms,
        coalesce(sum(stalls), 0) AS stall_count, coalesce(sum(startup_ms), 0) AS startup_ms, count(startup_ms) AS startup_ms_count,
        coalesce(sum(interaction), 0) AS interactions_count, coalesce(sum(liked), 0) AS likes_count,
        coalesce(sum(impression), 0) AS ad_impressions_count, coalesce(sum(click), 0) AS ad_clicks_count,
        coalesce(sum(price), 0) AS ad_revenue, coalesce(sum(page_views), 0) AS page_views_count,
        coalesce(sum(app_crashes), 0) AS app_crashes_count, coalesce(sum(network_errors), 0) AS network_errors_count
    FROM deeds GROUP BY ALL
)
SELECT day AS event_date, viewer AS viewer_id, * EXCLUDE (day, viewer),
    coalesce(subscription_tier IN ('basic', 'premium', 'enterprise'), false) AS is_paid,
    -- 6 points for an hour watched, 2 for two titles completed, 1 for three interactions, 1 for three titles; half up in whole numbers
    (((least(watched_ms, 3600000) * 6 + least(completed_count, 2) * 3600000 + least(interactions_count, 3) * 1200000
        + least(unique_titles_count, 3) * 1200000)::HUGEINT * 10000 + 1800000) // 3600000 / 10000)::DECIMAL(6, 4) AS engagement_score
FROM days JOIN known USING (day, viewer)"""
# The shares of its duration that a play came past, as a list: each is a column, and a count of the plays that have it.
SHARES = (10, 25, 50, 75, 90, 100)
COUNTED_SHARES = (*SHARES, 99)
PASSED = f"CASE WHEN started THEN list_filter({list(COUNTED_SHARES)}, lambda share: share <= furthest_s * 100 / duration_s) ELSE [] END"
REACHED = ", ".join(f"coalesce(count_if(list_contains(passed, {share})), 0) AS reached_{share}pct_count" for share in COUNTED_SHARES)
CONTENT_DAILY_SQL = f"""
CREATE TABLE content_daily AS
WITH deeds AS (
    SELECT day, content_id, {{by_play: 1, ms: started_ms, id: playback_id}} AS place, viewer,
        {{title: content_title, type: content_type, genre: content_genre, duration: duration_s}} AS described,
        1 AS plays, started::INT AS started, failed::INT AS failed, completed::INT AS completed, watched_ms, played_ms, stall_ms, stalls,
        {PASSED} AS passed, (started AND played_ms / 1000 >= 30)::INT AS valid,
        CASE WHEN started THEN duration_s * 1000 END AS offered_ms, least(played_ms, offered_ms) AS within_ms
    FROM plays
    UNION ALL BY NAME
    SELECT day, content_id, {{by_play: 0, ms: at_ms, id: event_id}} AS place,
        {{title: NULL::VARCHAR, type: content_type, genre: NULL::VARCHAR, duration: NULL::BIGINT}} AS described,
        (event_type IN {INTERACTION})::INT AS interaction, (event_type = 'user_like')::INT AS liked,
        (event_type = 'user_dislike')::INT AS disliked, (event_type = 'user_comment')::INT AS commented,
        (event_type = 'user_share')::INT AS shared, (event_type = 'user_bookmark')::INT AS bookmarked,
        (event_type = 'ad_impression')::INT AS impression, (event_type = 'ad_click')::INT AS click,
        CASE WHEN event_type = 'ad_impression' THEN price END AS price
    FROM once WHERE event_type IN {(*AD, *INTERACTION)}
),
sums AS (
    SELECT day AS event_date, content_id, arg_max(described, place) AS described,
        coalesce(sum(plays), 0) AS plays_count, coalesce(sum(started), 0) AS started_count, coalesce(sum(failed), 0) AS failed_count,
        coalesce(sum(completed), 0) AS completed_count, coalesce(sum(watched_ms), 0) AS watched_ms,
        coalesce(sum(played_ms), 0) AS played_ms, coalesce(sum(stall_ms), 0) AS stall_ms, coalesce(sum(stalls), 0) AS stall_count,
        count(DISTINCT viewer) AS unique_viewers_count, {REACHED}, coalesce(sum(valid), 0) AS valid_plays_count,
        coalesce(sum(within_ms) FILTER (offered_ms IS NOT NULL), 0) AS played_within_ms, coalesce(sum(offered_ms), 0) AS offered_ms,
        coalesce(sum(interaction), 0) AS interactions_count,
        coalesce(sum(liked), 0) AS likes_count, coalesce(sum(disliked), 0) AS dislikes_count,
        coalesce(sum(commented), 0) AS comments_count, coalesce(sum(shared), 0) AS shares_count,
        coalesce(sum(bookmarked), 0) AS bookmarks_count, coalesce(sum(impression), 0) AS ad_impressions_count,
        coalesce(sum(click), 0) AS ad_clicks_count, coalesce(sum(price), 0) AS ad_revenue
    FROM deeds GROUP BY ALL
)
SELECT * EXCLUDE (described), described.title AS content_title, described.type AS content_type, described.genre AS content_genre,
    described.duration AS content_duration_s
FROM sums"""
USER_CONTENT_DAILY_SQL = f"""
CREATE TABLE user_content_daily AS
WITH deeds AS (
    SELECT day, viewer, content_id, 1 AS plays, completed::INT AS completed, watched_ms, played_ms FROM plays
    UNION ALL BY NAME
    SELECT day, viewer, content_id, 1 AS interaction FROM once WHERE event_type IN {INTERACTION}
)
SELECT day AS event_date, viewer AS viewer_id, content_id, coalesce(sum(plays), 0) AS plays_count,
    coalesce(sum(completed), 0) AS completed_count, coalesce(sum(watched_ms), 0) AS watched_ms, coalesce(sum(played_ms), 0) AS played_ms,
    coalesce(sum(interaction), 0) AS interactions_count
FROM deeds GROUP BY ALL"""
# What plays add up to, whatever they are grouped by.
QUALITY_SUMS = f"""count(*) AS plays_count, count_if(started) AS started_count,
    count_if(failed) AS failed_count, count_if(failed AND NOT started) AS startup_failures_count,
    count_if(NOT failed AND NOT started) AS exits_before_start_count, count_if(ended) AS ended_count,
    count_if(completed) AS completed_count, count_if(ended AND started) AS ended_after_start_count,
    -- each play's to four decimals, half up in whole numbers
    (coalesce(sum((16000000000 + 8000 + startup_ms) // (2 * (8000 + startup_ms))), 0) / 10000)::DECIMAL(18, 4) AS startup_score,
    coalesce(sum({SMOOTHNESS}::DECIMAL(18, 4)) FILTER (started), 0) AS smoothness_score,
    coalesce(sum(CASE WHEN failed THEN 0 WHEN started THEN 100 WHEN watched_ms >= 1000 THEN 50 END), 0) AS success_score,
    count_if(failed OR started OR watched_ms >= 1000) AS success_scored_count,
    sum(watched_ms) AS watched_ms, sum(played_ms) AS played_ms, sum(stall_ms) AS stall_ms, sum(stalls) AS stall_count,
    sum(seek_ms) AS seek_ms, sum(media_bits) AS media_bits, sum(media_ms) AS media_ms, coalesce(sum(startup_ms), 0) AS startup_ms,
    count(startup_ms) AS startup_ms_count, count(*) FILTER (startup_ms <= 500) AS startup_le_500ms_count,
    count(*) FILTER (startup_ms <= 1000) AS startup_le_1000ms_count, count(*) FILTER (startup_ms <= 2000) AS startup_le_2000ms_count,
    count(*) FILTER (startup_ms <= 4000) AS startup_le_4000ms_count, count(*) FILTER (startup_ms <= 8000) AS startup_le_8000ms_count,
    count(*) FILTER (startup_ms <= 16000) AS startup_le_16000ms_count, sum(dropped) AS dropped_frames_count, sum(errors) AS errors_count"""
QOE_HOURLY_SQL = f"""
CREATE TABLE qoe_hourly AS
SELECT day AS event_date, date_trunc('hour', epoch_ms(started_ms)) AS event_hour, platform, device_type, cdn,
    coalesce(country, 'unknown') AS country, player, app_version, {QUALITY_SUMS}
FROM plays GROUP BY ALL"""
AUDIENCE_DAILY_SQL = """
CREATE TABLE audience_daily AS
SELECT d.event_date, count(DISTINCT viewer_id) FILTER (u.event_date = d.event_date) AS daily_active_viewers_count,
    count(DISTINCT viewer_id) FILTER (u.event_date > d.event_date - 7) AS weekly_active_viewers_count,
    count(DISTINCT viewer_id) AS monthly_active_viewers_count,
    count(DISTINCT viewer_id) FILTER (u.event_date = d.event_date AND is_paid) AS premium_viewers_count,
    count(DISTINCT viewer_id) FILTER (u.event_date = d.event_date AND NOT is_paid) AS free_viewers_count,
    sum(sessions_count) FILTER (u.event_date = d.event_date) AS sessions_count,
    sum(plays_count) FILTER (u.event_date = d.event_date) AS plays_count,
    sum(completed_count) FILTER (u.event_date = d.event_date) AS completed_count,
    sum(watched_ms) FILTER (u.event_date = d.event_date) AS watched_ms,
    sum(ad_revenue) FILTER (u.event_date = d.event_date) AS ad_revenue
FROM (SELECT DISTINCT event_date FROM user_daily) d
JOIN user_daily u ON u.event_date > d.event_date - 30 AND u.event_date <= d.event_date
GROUP BY d.event_date"""
TABLES = {
    "user_daily": USER_DAILY_SQL,
    "content_daily": CONTENT_DAILY_SQL,
    "user_content_daily": USER_CONTENT_DAILY_SQL,
    "qoe_hourly": QOE_HOURLY_SQL,
    "audience_daily": AUDIENCE_DAILY_SQL,
    # So few viewers that a sketch counts them exactly (oracle.py).
    "audience_sketches": """
CREATE TABLE audience_sketches AS
SELECT event_date, daily_active_viewers_count AS daily_active_viewers_estimate,
    weekly_active_viewers_count AS weekly_active_viewers_estimate, monthly_active_viewers_count AS monthly_active_viewers_estimate
FROM audience_daily""",
}
VIEWS = {
    "V_USER_SEGMENTS": """
WITH known AS (
    SELECT viewer_id, arg_max({u: user_id, t: subscription_tier, p: is_paid, c: country},
        {told: subscription_tier IS NOT NULL, day: event_date}) AS d, max(event_date) AS last_day
    FROM user_daily GROUP BY ALL
),
month AS (
    SELECT viewer_id, count(*) AS days, sum(engagement_score) AS e, sum(watched_ms) AS w
    FROM user_daily WHERE event_date > $as_of::DATE - 30 GROUP BY ALL
)
SELECT viewer_id AS VIEWER_ID, d.u AS USER_ID, d.t AS SUBSCRIPTION_TIER, d.p AS IS_PAID, d.c AS COUNTRY,
    CASE WHEN days IS NULL THEN 'Inactive' WHEN e >= days * 8 AND w >= days * 60 * 60000 THEN 'Power'
        WHEN e >= days * 6 AND w >= days * 30 * 60000 THEN 'Regular' WHEN e >= days * 3 AND w >= days * 15 * 60000 THEN 'Casual'
        ELSE 'Light' END AS SEGMENT,
    CASE WHEN days IS NULL THEN 'At Risk' WHEN days <= 3 THEN 'Low' WHEN days <= 10 THEN 'Medium' ELSE 'High' END AS ACTIVITY_LEVEL,
    coalesce(days, 0) AS ACTIVE_DAYS_30D, coalesce(w, 0) AS WATCHED_MS_30D, e::DOUBLE / days AS ENGAGEMENT_MEAN,
    w / 60000.0::DOUBLE / days AS WATCH_MINUTES_MEAN, last_day AS LAST_ACTIVE_DATE, $as_of::DATE - last_day AS DAYS_SINCE_LAST_ACTIVE,
    $as_of::DATE AS AS_OF
FROM known LEFT JOIN month USING (viewer_id)""",
    "V_CONTENT_TRENDS": f"""
WITH titles AS (
    SELECT content_id, arg_max({{t: content_type, g: content_genre}}, {{told: content_title IS NOT NULL, day: event_date}}) AS d
    FROM content_daily GROUP BY ALL
),
deeds AS (
    SELECT day, content_id, viewer, content_id AS played, 1 AS plays, completed::INT AS completed, watched_ms FROM plays
    UNION ALL BY NAME
    SELECT day, content_id, (event_type IN {INTERACTION})::INT AS interaction,
        CASE WHEN event_type = 'ad_impression' THEN price END AS price
    FROM once WHERE event_type IN {(*AD, *INTERACTION)}
),
sums AS (
    SELECT day, d.t AS kind, coalesce(d.g, 'unknown') AS genre, count(DISTINCT played) AS titles, coalesce(sum(plays), 0) AS plays,
        count(DISTINCT viewer) AS viewers, coalesce(sum(completed), 0) AS completed, coalesce(sum(watched_ms), 0) AS watched,
        coalesce(sum(interaction), 0) AS interactions, coalesce(sum(price), 0) AS revenue
    FROM deeds JOIN titles USING (content_id) GROUP BY ALL
)
SELECT s.day AS EVENT_DATE, s.kind AS CONTENT_TYPE, s.genre AS CONTENT_GENRE, s.titles AS TITLES_PLAYED, s.plays AS PLAYS,
    (s.plays - b.plays) * 100.0::DOUBLE / nullif(b.plays, 0) AS PLAYS_TREND_PCT, s.viewers AS UNIQUE_VIEWERS, s.completed AS COMPLETED,
    s.completed * 100.0::DOUBLE / nullif(s.plays, 0) AS COMPLETION_RATE_PCT, s.watched AS WATCHED_MS,
    s.watched / 60000.0::DOUBLE / nullif(s.plays, 0) AS WATCH_MINUTES_PER_PLAY, s.interactions AS INTERACTIONS, s.revenue AS REVENUE,
    $as_of::DATE AS AS_OF
FROM sums s LEFT JOIN sums b ON b.day = s.day - 7 AND b.kind = s.kind AND b.genre = s.genre
WHERE s.day > $as_of::DATE - 90""",
    "V_CONTENT_DROPOFF": f"""
WITH titles AS (
    SELECT content_id, arg_max({{n: content_title, t: content_type, g: content_genre, s: content_duration_s}},
        {{told: content_title IS NOT NULL, day: event_date}}) AS d
    FROM content_daily GROUP BY ALL
),
sums AS (
    SELECT content_id, count(*) AS started, {", ".join(f"count_if(list_contains({PASSED}, {n})) AS n{n}" for n in SHARES)}
    FROM plays WHERE started AND day > $as_of::DATE - 30 GROUP BY ALL
)
SELECT content_id AS CONTENT_ID, d.n AS CONTENT_TITLE, d.t AS CONTENT_TYPE, d.g AS CONTENT_GENRE, d.s AS CONTENT_DURATION_S,
    started AS STARTED, {", ".join(f"n{n} AS REACHED_{n}, n{n} * 100.0::DOUBLE / started AS REACHED_{n}_PCT" for n in SHARES)},
    $as_of::DATE AS AS_OF
FROM sums JOIN titles USING (content_id)""",
    "V_EXECUTIVE_KPIS": """
WITH days AS (
    SELECT event_date AS day, count(*) AS users, sum(ad_revenue)::DOUBLE AS revenue, sum(watched_ms) AS watched FROM user_daily GROUP BY ALL
)
SELECT $as_of::DATE - 1 AS KPI_DATE, $as_of::DATE - 8 AS COMPARED_DATE, y.users AS DAILY_ACTIVE_USERS, b.users AS DAILY_ACTIVE_USERS_BEFORE,
    (y.users - b.users) * 100.0::DOUBLE / b.users AS DAILY_ACTIVE_USERS_GROWTH_PCT, y.revenue AS REVENUE, b.revenue AS REVENUE_BEFORE,
    (y.revenue - b.revenue) * 100 / nullif(b.revenue, 0) AS REVENUE_GROWTH_PCT, y.watched AS WATCHED_MS, b.watched AS WATCHED_MS_BEFORE,
    (y.watched - b.watched) * 100.0::DOUBLE / nullif(b.watched, 0) AS WATCH_TIME_GROWTH_PCT, $as_of::DATE AS AS_OF
FROM (SELECT 1) LEFT JOIN days b ON b.day = $as_of::DATE - 8 LEFT JOIN days y ON y.day = $as_of::DATE - 1""",
    # The same play stands under each of its six traits; one division of whole numbers says how far a value is from the mean.
    "V_ROOT_CAUSES": """
WITH week AS (
    SELECT platform, device_type, cdn, coalesce(country, 'unknown') AS country, player, app_version, failed, started, stall_ms, watched_ms,
        startup_ms FROM plays WHERE day BETWEEN $as_of::DATE - 6 AND $as_of::DATE
),
traits AS (UNPIVOT week ON platform, device_type, cdn, country, player, app_version INTO NAME trait VALUE told),
counted AS (
    SELECT trait, told, count(*) AS plays, count(startup_ms) AS timed, sum(startup_ms) AS startup, count_if(failed) AS failed,
        count_if(NOT failed AND NOT started) AS left_early, sum(stall_ms) AS stalled, sum(watched_ms) AS watched FROM traits GROUP BY ALL
),
measured AS (
    SELECT 'playback_failure_pct' AS metric, trait, told, plays, plays AS affected, failed AS n, plays AS d, 100 AS unit FROM counted
    UNION ALL SELECT 'exits_before_start_pct', trait, told, plays, plays, left_early, plays, 100 FROM counted
    UNION ALL SELECT 'stalled_time_pct', trait, told, plays, plays, stalled, watched, 100 FROM counted
    UNION ALL SELECT 'startup_mean_ms', trait, told, plays, timed, startup, timed, 1 FROM counted
),
means AS (SELECT metric, sum(n) AS n, sum(d) AS d FROM measured WHERE trait = 'cdn' GROUP BY ALL)
SELECT m.metric AS METRIC, m.trait AS BREAKDOWN, m.told AS BREAKDOWN_VALUE, m.plays AS PLAYS, m.affected AS AFFECTED_PLAYS,
    unit * m.n::DOUBLE / m.d AS METRIC_VALUE, unit * a.n::DOUBLE / a.d AS MEAN_VALUE,
    unit * (m.n::HUGEINT * a.d - a.n::HUGEINT * m.d)::DOUBLE / (m.d::DOUBLE * a.d) AS DISTANCE, m.affected * DISTANCE AS IMPACT,
    rank() OVER (PARTITION BY m.metric ORDER BY IMPACT DESC) AS IMPACT_RANK, $as_of::DATE AS AS_OF
FROM measured m JOIN means a USING (metric) WHERE m.d > 0 AND m.n::HUGEINT * a.d > a.n::HUGEINT * m.d""",
    "V_USER_COHORTS": """
WITH told AS (
    SELECT *, date_trunc('month', event_date)::DATE AS month, date_trunc('month', min(user_signup_date) OVER (PARTITION BY viewer_id))::DATE
        AS cohort FROM user_daily
),
members AS (SELECT DISTINCT viewer_id FROM told WHERE month = cohort),
sizes AS (SELECT cohort, count(DISTINCT viewer_id) AS size FROM told WHERE month = cohort GROUP BY ALL),
seen AS (
    SELECT cohort, month, count(DISTINCT viewer_id) AS users, count(*) AS days, sum(watched_ms)::BIGINT AS watched,
        sum(engagement_score) AS e FROM told SEMI JOIN members USING (viewer_id) GROUP BY ALL
)
SELECT s.cohort AS COHORT_MONTH, date_diff('month', s.cohort, m.month) AS MONTHS_SINCE_SIGNUP, m.month AS EVENT_MONTH, size AS COHORT_SIZE,
    coalesce(users, 0) AS ACTIVE_USERS, coalesce(users, 0) * 100.0::DOUBLE / size AS RETENTION_RATE_PCT, coalesce(watched, 0) AS WATCHED_MS,
    watched / 60000.0::DOUBLE / users AS WATCH_MINUTES_PER_ACTIVE_USER, e::DOUBLE / days AS ENGAGEMENT_MEAN,
    m.month < date_trunc('month', $as_of::DATE) AS IS_MONTH_OVER, $as_of::DATE AS AS_OF
FROM sizes s JOIN (SELECT DISTINCT month FROM told) m ON m.month >= s.cohort
LEFT JOIN seen ON (seen.cohort, seen.month) = (s.cohort, m.month)""",
}
