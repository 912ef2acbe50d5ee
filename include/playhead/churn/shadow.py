"""The model in the shadow: it scores beside the one in service, nobody acts on it, and once outcomes are known both are judged by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from playhead.churn.features import USER_BUCKETS, user_bucket
from playhead.churn.train import LEAST_PER_CLASS

if TYPE_CHECKING:
    import numpy as np
    from pyspark.sql import DataFrame

_RESAMPLINGS = 200
_LEAST_SHARE = 0.95
_SEED = 20_260_101
# Users beyond this many are left out by a hash of their id: what they would add to the judgement is nothing.
MAX_JUDGED_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class ShadowVerdict:
    """PR-AUC of both models on what came. `is_better` where the one in the shadow wins in at least 95 of 100 resamplings of the users."""

    rows: int
    churned: int
    champion: float | None = None
    challenger: float | None = None
    is_better: bool = False

    @property
    def told(self) -> str:
        """In words."""
        if self.champion is None or self.challenger is None:
            return f"outcomes of {self.rows} shadow scores are known, {self.churned} left: too few to judge by"
        compared = f"{self.challenger:.4f} in the shadow, {self.champion:.4f} in service"
        return f"PR-AUC on {self.rows} outcomes: {compared}; {'better' if self.is_better else 'not better'} beyond chance"


def build_shadow_outcomes(scores: DataFrame, user_daily: DataFrame, *, horizon_days: int, as_of: date) -> DataFrame:
    """Scores of both models for users whose horizon is over, and whether they stayed away.

    Grain: one row per score date and user, of at most about MAX_JUDGED_ROWS. Days after `as_of` are not looked at.

    Args:
        scores: rows of gold.churn_scores made by the two models to compare, of dates after both were trained.
        user_daily: rows of gold.user_daily.
        horizon_days: H of the label.
        as_of: the last complete day.
    """
    over = scores.filter(F.date_add("score_date", horizon_days) <= F.lit(as_of)).filter("challenger_probability IS NOT NULL")
    active = user_daily.filter(F.col("user_id").isNotNull() & (F.col("event_date") <= F.lit(as_of))).select("user_id", "event_date")
    in_horizon = (F.col("event_date") > F.col("score_date")) & (F.col("event_date") <= F.date_add("score_date", horizon_days))
    back = over.select("score_date", "user_id").join(active, on="user_id").filter(in_horizon).select("score_date", "user_id").distinct()
    joined = over.join(back.withColumn("came_back", F.lit(True)), on=["score_date", "user_id"], how="left")
    kept = user_bucket("user_id") < F.least(F.lit(USER_BUCKETS), F.lit(USER_BUCKETS * MAX_JUDGED_ROWS) / F.col("rows"))
    counted = joined.crossJoin(over.agg(F.count("*").alias("rows"))).filter(kept)
    return counted.select(
        "score_date", "user_id", "churn_probability", "challenger_probability", F.col("came_back").isNull().alias("churned")
    )


def judge_shadow(
    labels: np.ndarray[Any, Any], users: np.ndarray[Any, Any], champion: np.ndarray[Any, Any], challenger: np.ndarray[Any, Any]
) -> ShadowVerdict:
    """Which of two models told better who left, beyond chance: users are drawn again, for a user's days are no independent witnesses.

    Args:
        labels: whether each row's user left.
        users: whose row it is, as numbers from 0 on.
        champion: what the model in service said.
        challenger: what the one in the shadow said.
    """
    import numpy as np
    from sklearn.metrics import average_precision_score

    rows, churned = len(labels), int(labels.sum())
    if min(churned, rows - churned) < LEAST_PER_CLASS:
        return ShadowVerdict(rows, churned)
    rng = np.random.default_rng(_SEED)
    wins = 0
    for _ in range(_RESAMPLINGS):
        weights = rng.poisson(1.0, int(users.max()) + 1)[users]
        of_challenger, of_champion = (average_precision_score(labels, said, sample_weight=weights) for said in (challenger, champion))
        wins += of_challenger > of_champion
    return ShadowVerdict(
        rows,
        churned,
        champion=float(average_precision_score(labels, champion)),
        challenger=float(average_precision_score(labels, challenger)),
        is_better=bool(wins >= _LEAST_SHARE * _RESAMPLINGS),
    )
