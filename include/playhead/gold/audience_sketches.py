"""gold.audience_sketches: the viewers of each day as a sketch, and how many the merged sketches say that a week and a month had."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.audience_daily import MONTH_DAYS, WEEK_DAYS
from playhead.gold.windows import every_requested_day, windows_of_row

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# A sketch keeps the 4,096 smallest hashes: fewer viewers are counted exactly, of more the standard error is 1 / sqrt(4095), 1.6 %.
LG_HASHES = 12


def build_audience_sketches(user_daily: DataFrame, dates: Sequence[date]) -> DataFrame:
    """The active viewers of each requested day as a Theta sketch (Apache DataSketches), and estimates from sketches alone.

    Grain: one row per requested day. Sketches of days can be merged over any window, at a cost that does not grow with viewers, where
    gold.audience_daily counts every viewer. The estimates are such merges, over 7 and 30 days. A sketch follows from who was active
    alone: it is cut down to the hashes that a set of viewers has in any order, so a rebuild gives the same text.

    Args:
        user_daily: rows of gold.user_daily of the requested days and the 29 days before each.
        dates: the days that come out.
    """
    by_day = user_daily.groupBy("event_date").agg(F.theta_sketch_agg("viewer_id", LG_HASHES).alias("told"))
    days = by_day.select("event_date", F.theta_union("told", "told", LG_HASHES).alias("sketch"))
    in_window = days.withColumn("window_date", F.explode(windows_of_row(dates, MONTH_DAYS)))
    age_days = F.date_diff("window_date", "event_date")
    merged = in_window.groupBy(F.col("window_date").alias("event_date")).agg(
        F.max(F.when(age_days == 0, F.base64("sketch"))).alias("viewers_sketch"),
        _estimate(F.when(age_days == 0, F.col("sketch"))).alias("daily_active_viewers_estimate"),
        _estimate(F.when(age_days < WEEK_DAYS, F.col("sketch"))).alias("weekly_active_viewers_estimate"),
        _estimate(F.col("sketch")).alias("monthly_active_viewers_estimate"),
    )
    every_day = every_requested_day(user_daily.sparkSession, dates)
    estimates = [name for name in merged.columns if name.endswith("_estimate")]
    return conform(every_day.join(merged, on="event_date", how="left").fillna(0, subset=estimates), load_contract("gold.audience_sketches"))


def _estimate(sketches: Column) -> Column:
    """How many viewers there are in all of these sketches."""
    return F.theta_sketch_estimate(F.theta_union_agg(sketches, LG_HASHES))
