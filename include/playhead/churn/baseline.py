"""The rule that the model must beat: churn risk by thresholds over the last 30 days, first match (DOMAIN.md section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column

RULE_VERSION = "rule-baseline"
WINDOW_DAYS = 30


def _rules() -> list[tuple[Column, float, str]]:
    """Condition, score and words of each rule, in order; a user idle for the whole window has only an absence, and meets the first."""
    absent, engagement = F.col("days_since_last_active"), F.col("rule_engagement_mean")
    return [
        (absent >= 14, 0.8, "not active for 14 days or more"),
        (absent >= 7, 0.6, "not active for 7 days or more"),
        (engagement < 2, 0.7, "engagement below 2 of 10"),
        (F.col("rule_active_days") <= 3, 0.5, "active on 3 days or fewer of 30"),
        (F.col("rule_watched_min_mean") < 5, 0.4, "less than 5 minutes watched per active day"),
    ]


def rule_score() -> Column:
    """The score of the first rule that matches, else 0.1."""
    score = F.lit(0.1)
    for condition, value, _ in reversed(_rules()):
        score = F.when(condition, F.lit(value)).otherwise(score)
    return score


def rule_reason() -> Column:
    """The first rule that matches, in words."""
    reason = F.lit("no rule raises the risk")
    for condition, _, words in reversed(_rules()):
        reason = F.when(condition, F.lit(words)).otherwise(reason)
    return reason
