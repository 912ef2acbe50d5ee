"""gold.audience_daily: the audience of each day, with true distincts over 7 and 30 days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.sums import count_of
from playhead.gold.windows import every_requested_day, windows_of_row

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

WEEK_DAYS = 7
MONTH_DAYS = 30
_SUMS = ("sessions_count", "plays_count", "completed_count", "watched_ms", "ad_revenue")


def build_audience_daily(user_daily: DataFrame, dates: Sequence[date]) -> DataFrame:
    """Daily, weekly and monthly active viewers of each requested day, and the day's totals.

    Grain: one row per requested day, with zeros where nobody was active. A viewer counts once in a window, however many days active.
    When a day is rebuilt late, the 29 days after it change too: the caller requests them.

    Args:
        user_daily: rows of gold.user_daily of the requested days and the 29 days before each.
        dates: the days that come out.
    """
    in_window = user_daily.withColumn("window_date", F.explode(windows_of_row(dates, MONTH_DAYS)))
    age_days = F.date_diff("window_date", "event_date")
    is_today = age_days == 0
    viewers = in_window.groupBy("window_date", "viewer_id").agg(
        F.max(is_today).alias("is_daily"),
        F.max(age_days < WEEK_DAYS).alias("is_weekly"),
        F.max(is_today & F.col("is_paid")).alias("is_premium"),
        *(F.sum(F.when(is_today, F.col(name))).alias(name) for name in _SUMS),
    )
    days = viewers.groupBy(F.col("window_date").alias("event_date")).agg(
        F.sum(count_of(F.col("is_daily"))).alias("daily_active_viewers_count"),
        F.sum(count_of(F.col("is_weekly"))).alias("weekly_active_viewers_count"),
        F.count("viewer_id").alias("monthly_active_viewers_count"),
        F.sum(count_of(F.col("is_premium"))).alias("premium_viewers_count"),
        F.sum(count_of(F.col("is_daily") & ~F.col("is_premium"))).alias("free_viewers_count"),
        *(F.sum(name).alias(name) for name in _SUMS),
    )
    every_day = every_requested_day(user_daily.sparkSession, dates)
    contract = load_contract("gold.audience_daily")
    measures = [name for name in contract.column_names if name not in contract.key]
    counted = every_day.join(days, on="event_date", how="left").fillna(0, subset=measures)
    return conform(counted, contract)
