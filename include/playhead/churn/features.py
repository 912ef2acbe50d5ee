"""Point-in-time churn features: what was known of each paid user at the end of each cut-off day, and whether they came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.churn.baseline import WINDOW_DAYS, rule_score
from playhead.churn.cutoffs import LOOKBACK_DAYS, CutoffPlan
from playhead.churn.feature_list import FEATURE_NAMES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

KEY = ("user_id", "cutoff_date")
# Order of the plans; 0 is not paid. The rank is also how the last known plan travels through a sum-like aggregate.
TIER_RANKS = {"free": 0, "basic": 1, "premium": 2, "enterprise": 3}
_RANK_BASE = 10
_MS_PER_MINUTE = 60_000
_MS_PER_HOUR = 3_600_000
# Users fall into buckets by a hash of their id, the same in every run: one in five calibrates and never trains.
USER_BUCKETS = 10_000
_CALIBRATION_ONE_IN = 5


def build_features(
    user_daily: DataFrame, user_content_daily: DataFrame, plan: CutoffPlan, *, labelled_buckets: int = USER_BUCKETS
) -> DataFrame:
    """Features of every paid user known at each cut-off, in one pass over the days for all cut-offs.

    Grain: one row per user and cut-off. A feature sees only rows of the cut-off day and before; the days after it, up to the horizon,
    tell nothing but the label. `churned` is NULL where the horizon is not fully observed (the score date). Anonymous viewers have no
    identity to come back with, and are left out. Sums are whole numbers and decimals until the last division, so a rerun gives the same
    doubles. `slice` says what a row is for: train, calibration, held_out or score.

    Args:
        user_daily: rows of gold.user_daily up to the score date.
        user_content_daily: rows of gold.user_content_daily up to the score date.
        plan: the cut-offs and the horizon.
        labelled_buckets: only users of a bucket below this have labelled rows; the score date has everyone.
    """
    known = _summed(_at_cutoffs(user_daily.filter("user_id IS NOT NULL"), plan, labelled_buckets))
    paid = known.filter((F.col("days_since_last_active") >= 0) & (F.col("tier_rank") > 0))
    # Both sides lie by user, each user's rows in one place: nothing moves for the join, nor is sorted.
    titles = _titles(user_content_daily, plan, labelled_buckets).hint("shuffle_hash")
    joined = paid.join(titles, on="user_id", how="left")
    counted = joined.withColumn("titles_14d", F.coalesce(F.col("titles_by_cutoff")[F.col("cutoff_date")], F.lit(0)))
    derived = counted.withColumns(_ratios()).withColumns(_rule_inputs()).withColumn("rule_score", rule_score())
    sliced = derived.withColumns(_slices(plan))
    rule_inputs = ("rule_engagement_mean", "rule_active_days", "rule_watched_min_mean", "rule_score")
    return sliced.select(
        *KEY, "slice", "user_bucket", "churned", *(F.col(name).cast("double").alias(name) for name in (*FEATURE_NAMES, *rule_inputs))
    )


def count_labelled(user_daily: DataFrame, plan: CutoffPlan) -> DataFrame:
    """`rows_count`: how many labelled rows the features of all users would have, for far less than it takes to build them."""
    paid_at = (F.coalesce(_last_rank(F.col("event_date") <= F.lit(day)) > 0, F.lit(False)) for day in plan.all if day != plan.score)
    of_user = sum((is_paid.cast("bigint") for is_paid in paid_at), F.lit(0).cast("bigint"))
    by_user = user_daily.filter("user_id IS NOT NULL").groupBy("user_id").agg(of_user.alias("labelled_count"))
    return by_user.agg(F.coalesce(F.sum("labelled_count"), F.lit(0)).alias("rows_count"))


def user_bucket(user: str) -> Column:
    """The bucket of a user: the same in every run."""
    return F.pmod(F.xxhash64(user), F.lit(USER_BUCKETS))


def _at_cutoffs(days: DataFrame, plan: CutoffPlan, labelled_buckets: int) -> DataFrame:
    """Each day beside every cut-off that may look at it; age_days is negative for days after the cut-off."""
    every, last = (F.array(*(F.lit(day) for day in cutoffs)) for cutoffs in (plan.all, [plan.score]))
    cutoffs = F.when(user_bucket("user_id") < labelled_buckets, every).otherwise(last)
    beside = days.repartition("user_id").withColumn("cutoff_date", F.explode(cutoffs))
    return beside.withColumn("age_days", F.date_diff("cutoff_date", "event_date")).filter(F.col("age_days") >= -plan.horizon_days)


def _within(days: int, value: Column | str, *, after: int = 0) -> Column:
    """Sum over the cut-off day and the days before it, `days` in all; `after` of the newest are skipped."""
    column = F.col(value) if isinstance(value, str) else value
    return F.coalesce(F.sum(F.when(F.col("age_days").between(after, days - 1), column)), F.lit(0))


def _summed(days: DataFrame) -> DataFrame:
    """Sums of each user's days by cut-off, over windows that all end at the cut-off."""
    is_past = F.col("age_days") >= 0
    one = F.lit(1).cast("bigint")
    in_14d = ("sessions_count", "plays_count", "completed_count", "failed_count", "watched_ms", "stall_ms", "startup_ms",
              "startup_ms_count", "app_crashes_count", "network_errors_count", "ad_impressions_count", "interactions_count",
              "engagement_score")  # fmt: skip
    return days.groupBy(*KEY).agg(
        F.min(F.when(is_past, F.col("age_days"))).alias("days_since_last_active"),
        F.max(F.when(is_past, F.col("age_days"))).alias("days_since_first_seen"),
        F.max(F.when(is_past, F.date_diff("cutoff_date", "user_signup_date"))).alias("days_since_signup"),
        _last_rank(is_past).alias("tier_rank"),
        F.max(~is_past).alias("came_back"),
        *(_within(window, one).alias(f"active_days_{window}d") for window in (3, 7, LOOKBACK_DAYS, WINDOW_DAYS)),
        *(_within(LOOKBACK_DAYS, name).alias(f"sum14_{name}") for name in in_14d),
        *(_within(7, name).alias(f"sum7_{name}") for name in ("watched_ms", "stall_ms", "engagement_score")),
        *(_within(WINDOW_DAYS, name).alias(f"sum30_{name}") for name in ("watched_ms", "engagement_score")),
    )


def _last_rank(is_past: Column) -> Column:
    """Rank of the plan that was told last among the rows of the past."""
    ranks = F.create_map(*(F.lit(part) for pair in TIER_RANKS.items() for part in pair))
    # The newest day's plan: the day in the high digits, the rank in the lowest, so that the maximum finds it.
    dated_rank = F.unix_date("event_date").cast("bigint") * _RANK_BASE + ranks[F.col("subscription_tier")]
    return F.max(F.when(is_past, dated_rank)) % _RANK_BASE


def _titles(user_content_daily: DataFrame, plan: CutoffPlan, labelled_buckets: int) -> DataFrame:
    """`titles_by_cutoff`: distinct titles that each user played in the two weeks up to each cut-off."""
    seen_from = [
        F.when(F.date_diff(F.lit(day), F.col("event_date")).between(0, LOOKBACK_DAYS - 1), F.lit(1 << bit)).otherwise(F.lit(0))
        for bit, day in enumerate(plan.all)
    ]
    of_score = F.lit(1 << plan.all.index(plan.score))
    asked = F.when(user_bucket("viewer_id") < labelled_buckets, F.lit((1 << len(plan.all)) - 1)).otherwise(of_score)
    # The cut-offs that see a day as bits of one number: a title is counted once for each, on however many days it was played.
    seen = sum(seen_from, F.lit(0)).bitwiseAND(asked)
    plays = user_content_daily.filter("plays_count > 0").select(F.col("viewer_id").alias("user_id"), "content_id", seen.alias("seen"))
    by_title = plays.filter("seen > 0").repartition("user_id").groupBy("user_id", "content_id").agg(F.bit_or("seen").alias("seen"))
    counts = [F.sum(F.getbit("seen", F.lit(bit)).cast("bigint")) for bit in range(len(plan.all))]
    by_cutoff = F.create_map(*(part for day, count in zip(plan.all, counts, strict=True) for part in (F.lit(day), count)))
    return by_title.groupBy("user_id").agg(by_cutoff.alias("titles_by_cutoff"))


def _over(part: Column | str, whole: Column | str) -> Column:
    """part / whole in doubles; NULL where the whole is 0: nothing was seen, which is not the same as a ratio of 0."""
    top, bottom = (F.col(side) if isinstance(side, str) else side for side in (part, whole))
    return F.try_divide(top.cast("double"), F.nullif(bottom.cast("double"), F.lit(0.0)))


def _ratios() -> dict[str, Column]:
    """The features that are made of sums."""
    engagement_before = _over(F.col("sum14_engagement_score") - F.col("sum7_engagement_score"),
                              F.col("active_days_14d") - F.col("active_days_7d"))  # fmt: skip
    return {
        "watched_min_7d": F.col("sum7_watched_ms") / _MS_PER_MINUTE,
        "watched_min_14d": F.col("sum14_watched_ms") / _MS_PER_MINUTE,
        "watch_trend": _over(2 * F.col("sum7_watched_ms") - F.col("sum14_watched_ms"), "sum14_watched_ms"),
        "sessions_14d": F.col("sum14_sessions_count"),
        "completion_ratio_14d": _over("sum14_completed_count", "sum14_plays_count"),
        "stall_ratio_7d": _over("sum7_stall_ms", "sum7_watched_ms"),
        "stall_ratio_14d": _over("sum14_stall_ms", "sum14_watched_ms"),
        "startup_mean_ms_14d": _over("sum14_startup_ms", "sum14_startup_ms_count"),
        "failure_ratio_14d": _over("sum14_failed_count", "sum14_plays_count"),
        "app_crashes_14d": F.col("sum14_app_crashes_count"),
        "network_errors_14d": F.col("sum14_network_errors_count"),
        "ads_per_hour_14d": _over(F.col("sum14_ad_impressions_count") * _MS_PER_HOUR, "sum14_watched_ms"),
        "interactions_14d": F.col("sum14_interactions_count"),
        "engagement_mean_7d": _over("sum7_engagement_score", "active_days_7d"),
        "engagement_mean_14d": _over("sum14_engagement_score", "active_days_14d"),
        "engagement_trend": _over("sum7_engagement_score", "active_days_7d") - engagement_before,
        "tenure_days": F.coalesce("days_since_signup", "days_since_first_seen"),
    }


def _rule_inputs() -> dict[str, Column]:
    """What the rule baseline reads: 30-day means over active days."""
    return {
        "rule_active_days": F.col("active_days_30d"),
        "rule_engagement_mean": _over("sum30_engagement_score", "active_days_30d"),
        "rule_watched_min_mean": _over("sum30_watched_ms", "active_days_30d") / _MS_PER_MINUTE,
    }


def _slices(plan: CutoffPlan) -> dict[str, Column]:
    """What each row is for, and its label where the whole horizon was observed."""
    bucket = user_bucket("user_id")
    is_calibration = bucket % _CALIBRATION_ONE_IN == 0
    cutoff = F.col("cutoff_date")
    purpose = F.when(cutoff == F.lit(plan.score), "score")
    if plan.held_out is not None:
        purpose = purpose.when(cutoff == F.lit(plan.held_out), "held_out")
    purpose = purpose.when(is_calibration, "calibration").otherwise("train")
    return {"user_bucket": bucket, "slice": purpose, "churned": F.when(cutoff != F.lit(plan.score), ~F.col("came_back"))}
