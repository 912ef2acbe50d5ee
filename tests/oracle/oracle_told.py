"""The views of churn, recommendations and freshness: what models said and what was loaded when is the product's to tell, all else follows.

Whom there is a score of, how long they were away, their category and, where no model is in service, the rule's score follow from the
events; whom there is a list for, which titles may be on it and, where a baseline ranks, the whole of it; of loads, when each table is due.
Written from DOMAIN.md section 3; nothing of playhead is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa


@dataclass(frozen=True)
class Told:
    """Rows of GOLD.CHURN_SCORES, GOLD.RECOMMENDATIONS and OPS.LOAD_LOG, and the moment that V_FRESHNESS was asked at.

    What is empty or None leaves out what follows from it.
    """

    scores: Sequence[dict[str, Any]]
    lists: Sequence[dict[str, Any]]
    loads: Sequence[dict[str, Any]]
    now: datetime | None = None

    def put(self, db: duckdb.DuckDBPyConnection) -> None:
        """Make tables of what there is."""
        for name, rows in (("scores", self.scores), ("lists", self.lists), ("loads", self.loads)):
            if rows:
                db.register(name, pa.Table.from_pylist(list(rows)))
        db.register("asked", pa.table({"now": [self.now]}, pa.schema([("now", pa.timestamp("us", "UTC"))])))

    def views(self) -> dict[str, str]:
        """The SQL of the views by their names, of those that there is something to tell of."""
        freshness = FRESHNESS_SQL.format(asked="" if self.now is None else ASKED_SQL)
        told = {
            "V_CHURN_RISK": (CHURN_SQL, self.scores),
            "V_RECOMMENDATIONS": (LISTS_SQL, self.lists),
            "V_FRESHNESS": (freshness, self.loads),
        }
        return {name: sql for name, (sql, rows) in told.items() if rows}


# Every user whose newest plan told by the score date is paid. A user and a viewer are told by one name.
CHURN_SQL = """
WITH newest AS (SELECT max(score_date) AS day FROM scores),
past AS (
    SELECT u.*, newest.day - event_date AS age FROM user_daily u, newest WHERE user_id IS NOT NULL AND event_date <= newest.day
),
users AS (
    SELECT user_id, arg_max(subscription_tier, event_date) AS tier, min(age) AS idle, count_if(age < 30) AS days,
        sum(engagement_score) FILTER (age < 30) AS e, sum(watched_ms) FILTER (age < 30) AS w
    FROM past GROUP BY ALL HAVING tier <> 'free'
),
known AS (
    SELECT viewer_id, arg_max({t: subscription_tier, c: country}, {told: subscription_tier IS NOT NULL, day: event_date}) AS d
    FROM user_daily GROUP BY ALL
),
by_rule AS (
    SELECT *, CASE WHEN idle >= 14 THEN 0.8 WHEN idle >= 7 THEN 0.6 WHEN e < 2 * days THEN 0.7 WHEN days <= 3 THEN 0.5
        WHEN w < 5 * 60000 * days THEN 0.4 ELSE 0.1 END::DOUBLE AS rule_score FROM users
)
SELECT r.user_id AS USER_ID, CASE WHEN s.model_version = 'rule-baseline' THEN rule_score ELSE s.churn_probability END AS CHURN_RISK_SCORE,
    CASE WHEN CHURN_RISK_SCORE >= 0.5 THEN 'High' WHEN CHURN_RISK_SCORE >= 0.25 THEN 'Medium' WHEN CHURN_RISK_SCORE >= 0.125 THEN 'Low'
        ELSE 'Healthy' END AS CHURN_RISK_CATEGORY,
    idle AS DAYS_SINCE_LAST_ACTIVE, s.top_reasons AS TOP_REASONS, d.t AS SUBSCRIPTION_TIER, d.c AS COUNTRY,
    s.horizon_days AS HORIZON_DAYS, s.model_version AS MODEL_VERSION, newest.day AS AS_OF
FROM by_rule r CROSS JOIN newest JOIN known ON viewer_id = r.user_id
LEFT JOIN scores s ON s.user_id = r.user_id AND s.score_date = newest.day"""
# A title that is on a list and may not be is not told of again here, nor one that is missing: both are differences.
LISTS_SQL = """
WITH newest AS (SELECT score_date AS day, any_value(ranked_by) AS maker FROM lists GROUP BY ALL ORDER BY day DESC LIMIT 1),
seen AS (
    SELECT viewer_id, content_id, sum(watched_ms) >= 30000 AS liked, bool_or(event_date > day - 7) AS lately
    FROM user_content_daily, newest WHERE event_date > day - 28 AND event_date <= day AND plays_count > 0 GROUP BY ALL
),
catalogue AS (SELECT content_id, count(*) AS viewers, count_if(lately) AS recently FROM seen WHERE liked GROUP BY ALL),
candidates AS (
    SELECT viewer_id, c.* FROM (SELECT DISTINCT viewer_id FROM seen SEMI JOIN catalogue USING (content_id)) CROSS JOIN catalogue c
),
ranked AS (
    SELECT c.viewer_id, c.content_id, s.because_content_id AS because, maker, day,
        CASE maker WHEN 'popularity' THEN viewers WHEN 'recency' THEN recently ELSE s.recommendation_score END::DOUBLE AS score,
        row_number() OVER (PARTITION BY c.viewer_id ORDER BY score DESC NULLS LAST, c.content_id) AS place
    FROM candidates c ANTI JOIN seen USING (viewer_id, content_id) CROSS JOIN newest
    LEFT JOIN lists s ON s.score_date = day AND s.viewer_id = c.viewer_id AND s.content_id = c.content_id
),
titles AS (
    SELECT content_id, arg_max({t: coalesce(content_title, content_id), k: content_type, g: coalesce(content_genre, 'unknown')},
        {told: content_title IS NOT NULL, day: event_date}) AS d
    FROM content_daily GROUP BY ALL
)
SELECT viewer_id AS VIEWER_ID, place AS RECOMMENDATION_RANK, r.content_id AS CONTENT_ID, t.d.t AS CONTENT_TITLE, t.d.k AS CONTENT_TYPE,
    t.d.g AS CONTENT_GENRE, score AS RECOMMENDATION_SCORE,
    CASE WHEN because IS NOT NULL THEN 'because of ' || b.d.t WHEN maker = 'popularity' THEN 'popular in the last four weeks'
        WHEN maker = 'recency' THEN 'popular in the last week' ELSE 'liked by many' END AS REASON,
    maker AS RANKED_BY, day AS AS_OF
FROM ranked r JOIN titles t USING (content_id) LEFT JOIN titles b ON b.content_id = because WHERE place <= 10"""
# A table is due when its next interval is over and as much time has passed as was promised.
FRESHNESS_SQL = """
WITH promised AS (
    FROM (VALUES ('gold.qoe_hourly', 120), ('gold.churn_scores', 1500), ('gold.recommendations', 1500),
        ('gold.ad_daily', 360), ('gold.audience_daily', 360), ('gold.audience_sketches', 360),
        ('gold.content_daily', 360), ('gold.experiments_daily', 360), ('gold.subscriptions_daily', 360),
        ('gold.qoe_breakdown_daily', 360), ('gold.user_content_daily', 360), ('gold.user_context_daily', 360),
        ('gold.user_ad_daily', 360), ('gold.user_daily', 360)) AS p(name, minutes)
),
newest AS (
    SELECT table_name AS name, max(partition_key) AS key, max(published_at)::TIMESTAMP AS loaded,
        CASE WHEN key LIKE '%T%' THEN INTERVAL 1 HOUR ELSE INTERVAL 1 DAY END AS length,
        strptime(CASE WHEN key LIKE '%T%' THEN key ELSE key || 'T00' END, '%Y-%m-%dT%H') + length AS ends
    FROM loads GROUP BY ALL
)
SELECT p.name AS TABLE_NAME, key AS NEWEST_INTERVAL, ends AS INTERVAL_ENDS_AT, loaded AS LOADED_AT, p.minutes AS DEADLINE_MINUTES,
    ends + length + to_minutes(p.minutes) AS DUE_AT{asked}, (ends - length)::DATE AS AS_OF
FROM promised p LEFT JOIN newest n USING (name) CROSS JOIN asked"""
ASKED_SQL = """, CASE WHEN ends > now::TIMESTAMP THEN 0 ELSE date_diff('minute', ends, now::TIMESTAMP) END AS AGE_MINUTES,
    coalesce(now::TIMESTAMP > DUE_AT, true) AS IS_LATE"""
